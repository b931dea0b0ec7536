"""Layers whose parameters live on the golden lattice."""

from syntonic.nn.layers._adaptive_gate import AdaptiveGate as AdaptiveGate
from syntonic.nn.layers._differentiation import Differentiation as Differentiation
from syntonic.nn.layers._differentiation import DifferentiationModule as DifferentiationModule
from syntonic.nn.layers._golden_norm import GoldenNorm as GoldenNorm
from syntonic.nn.layers._harmonization import Harmonization as Harmonization
from syntonic.nn.layers._recursion import DeepRecursionNet as DeepRecursionNet
from syntonic.nn.layers._recursion import RecursionBlock as RecursionBlock
from syntonic.nn.layers._recursion_layer_norm import RecursionLayerNorm as RecursionLayerNorm
from syntonic.nn.layers._resonant_linear import ResonantLinear as ResonantLinear
from syntonic.nn.layers._resonant_parameter import ResonantParameter as ResonantParameter
from syntonic.nn.layers._syntonic_gate import SyntonicGate as SyntonicGate
from syntonic.nn.layers._syntonic_norm import SyntonicNorm as SyntonicNorm
