"""Trainers and callbacks. Importing this package registers all of them."""

from syntonic.nn.training.callbacks import Callback as Callback
from syntonic.nn.training.callbacks import Checkpoint as Checkpoint
from syntonic.nn.training.callbacks import EarlyStop as EarlyStop
from syntonic.nn.training.callbacks import Request as Request
from syntonic.nn.training.record import GenerationRecord as GenerationRecord
from syntonic.nn.training.trainer import RetrocausalTrainer as RetrocausalTrainer
