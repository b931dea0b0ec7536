"""Callbacks: they watch the records of a run and answer with a request."""

from syntonic.nn.training.callbacks.archonic_stop import ArchonicEarlyStop as ArchonicEarlyStop
from syntonic.nn.training.callbacks.base import Callback as Callback
from syntonic.nn.training.callbacks.base import Escaping as Escaping
from syntonic.nn.training.callbacks.base import Request as Request
from syntonic.nn.training.callbacks.best_checkpoint import BestCheckpoint as BestCheckpoint
from syntonic.nn.training.callbacks.checkpoint import Checkpoint as Checkpoint
from syntonic.nn.training.callbacks.convergence import Convergence as Convergence
from syntonic.nn.training.callbacks.early_stop import EarlyStop as EarlyStop
from syntonic.nn.training.callbacks.finite import Finite as Finite
from syntonic.nn.training.callbacks.fitness_plateau import FitnessPlateau as FitnessPlateau
from syntonic.nn.training.callbacks.syntony_checkpoint import SyntonyCheckpoint as SyntonyCheckpoint
from syntonic.nn.training.callbacks.syntony_history import SyntonyCallback as SyntonyCallback
from syntonic.nn.training.callbacks.target import Target as Target
