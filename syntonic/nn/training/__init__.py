"""Training by evolution."""

from syntonic.nn.training.record import GenerationRecord as GenerationRecord
from syntonic.nn.training.trainer import RetrocausalTrainer as RetrocausalTrainer
