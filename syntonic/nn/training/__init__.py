"""Trainers and callbacks. Importing this package registers all of them."""

from syntonic.nn.training.callbacks import Callback as Callback
from syntonic.nn.training.callbacks import Checkpoint as Checkpoint
from syntonic.nn.training.callbacks import EarlyStop as EarlyStop
from syntonic.nn.training.callbacks import Request as Request
