"""Trainers, callbacks and metrics. Importing this package registers all of them."""

from syntonic.nn.training.callbacks import ArchonicEarlyStop as ArchonicEarlyStop
from syntonic.nn.training.callbacks import Callback as Callback
from syntonic.nn.training.callbacks import Checkpoint as Checkpoint
from syntonic.nn.training.callbacks import EarlyStop as EarlyStop
from syntonic.nn.training.callbacks import FitnessPlateau as FitnessPlateau
from syntonic.nn.training.callbacks import Request as Request
from syntonic.nn.training.callbacks import SyntonyCallback as SyntonyCallback
from syntonic.nn.training.callbacks import SyntonyCheckpoint as SyntonyCheckpoint
from syntonic.nn.training.escape import CombinedEscape as CombinedEscape
from syntonic.nn.training.escape import NoiseInjection as NoiseInjection
from syntonic.nn.training.escape import SigmaShock as SigmaShock
from syntonic.nn.training.escape import WeightPerturbation as WeightPerturbation
from syntonic.nn.training.metrics import MetricsAggregator as MetricsAggregator
from syntonic.nn.training.metrics import SyntonyTracker as SyntonyTracker
from syntonic.nn.training.record import GenerationRecord as GenerationRecord
from syntonic.nn.training.strategies import STRATEGIES as STRATEGIES
from syntonic.nn.training.strategy import Strategy as Strategy
from syntonic.nn.training.trainer import RetrocausalTrainer as RetrocausalTrainer
