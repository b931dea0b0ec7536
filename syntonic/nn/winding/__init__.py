"""Winding states on the torus as inputs of networks, and blocks that judge their own work by syntony."""

from syntonic.nn.winding.dhsr_block import DHSRBlock as DHSRBlock
from syntonic.nn.winding.embedding import WindingStateEmbedding as WindingStateEmbedding
from syntonic.nn.winding.fibonacci_hierarchy import FibonacciHierarchy as FibonacciHierarchy
from syntonic.nn.winding.prime_selection import PrimeSelection as PrimeSelection
from syntonic.nn.winding.resonant_embedding import ResonantWindingEmbedding as ResonantWindingEmbedding
from syntonic.nn.winding.syntony import WindingSyntony as WindingSyntony
from syntonic.nn.winding.torus_embedding import TorusEmbedding as TorusEmbedding
