"""Losses, regularization and figures of syntony, made of the operations of a forward pass wherever that is possible."""

from syntonic.nn.loss.archonic_penalty import ArchonicPenalty as ArchonicPenalty
from syntonic.nn.loss.phase_alignment import GoldenPhaseSchedule as GoldenPhaseSchedule
from syntonic.nn.loss.phase_alignment import IPiConstraint as IPiConstraint
from syntonic.nn.loss.phase_alignment import PhaseAlignmentLoss as PhaseAlignmentLoss
from syntonic.nn.loss.phase_alignment import phase_cost as phase_cost
from syntonic.nn.loss.phase_alignment import variance_cost as variance_cost
from syntonic.nn.loss.q_loss import deficit_error as deficit_error
from syntonic.nn.loss.q_loss import q_loss as q_loss
from syntonic.nn.loss.recursion_loss import fibonacci_residual as fibonacci_residual
from syntonic.nn.loss.recursion_loss import golden_growth as golden_growth
from syntonic.nn.loss.regularization import SyntonicRegularizer as SyntonicRegularizer
from syntonic.nn.loss.regularization import SyntonyConstraint as SyntonyConstraint
from syntonic.nn.loss.regularization import golden_decay as golden_decay
from syntonic.nn.loss.regularization import golden_sparsity as golden_sparsity
from syntonic.nn.loss.regularization import incoherence as incoherence
from syntonic.nn.loss.regularization import weights_of as weights_of
from syntonic.nn.loss.syntonic_loss import LayerwiseSyntonicLoss as LayerwiseSyntonicLoss
from syntonic.nn.loss.syntonic_loss import LossParts as LossParts
from syntonic.nn.loss.syntonic_loss import SyntonicLoss as SyntonicLoss
from syntonic.nn.loss.syntonic_loss import entropy_syntony as entropy_syntony
from syntonic.nn.loss.syntony_metrics import activation_syntony as activation_syntony
from syntonic.nn.loss.syntony_metrics import aggregate_syntony as aggregate_syntony
from syntonic.nn.loss.syntony_metrics import operator_syntony as operator_syntony
