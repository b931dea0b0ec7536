"""Launchers: where and when the runs of a sweep are carried out. Importing this package imports no pool."""

from syntonic.runners.launchers.basic import Basic as Basic
from syntonic.runners.launchers.joblib import Joblib as Joblib
from syntonic.runners.launchers.local import Local as Local
from syntonic.runners.launchers.ray import Ray as Ray
from syntonic.runners.launchers.submitit import Submitit as Submitit
