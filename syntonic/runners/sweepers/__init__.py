"""Sweepers: which points of a space are run. Importing this package registers them and imports no optimiser."""

from syntonic.runners.sweepers.basic import Basic as Basic
from syntonic.runners.sweepers.random import Random as Random
from syntonic.runners.sweepers.tpe import Tpe as Tpe
