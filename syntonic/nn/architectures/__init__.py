"""Models that a config may name, and the larger parts that they are made of."""

from syntonic.nn.architectures.attention import MultiHeadAttention as MultiHeadAttention
from syntonic.nn.architectures.attention import Softmax as Softmax
from syntonic.nn.architectures.attention import SyntonicAttention as SyntonicAttention
from syntonic.nn.architectures.cnn1d import CNN1d as CNN1d
from syntonic.nn.architectures.cnn2d import CNN2d as CNN2d
from syntonic.nn.architectures.convolution import Conv1d as Conv1d
from syntonic.nn.architectures.convolution import Conv2d as Conv2d
from syntonic.nn.architectures.deep_mlp import DeepMLP as DeepMLP
from syntonic.nn.architectures.embeddings import SyntonicEmbedding as SyntonicEmbedding
from syntonic.nn.architectures.embeddings import WindingEmbedding as WindingEmbedding
from syntonic.nn.architectures.golden_cone import GoldenConeAttention as GoldenConeAttention
from syntonic.nn.architectures.linear import SyntonicLinear as SyntonicLinear
from syntonic.nn.architectures.mlp import MLP as MLP
from syntonic.nn.architectures.positional import Positional as Positional
from syntonic.nn.architectures.positional import PositionalEncoding as PositionalEncoding
from syntonic.nn.architectures.syntonic_mlp import SyntonicMLP as SyntonicMLP
from syntonic.nn.architectures.task import Task as Task
from syntonic.nn.architectures.transformer import Transformer as Transformer
from syntonic.nn.architectures.transformer_layer import Ablations as Ablations
from syntonic.nn.architectures.transformer_layer import TransformerEncoder as TransformerEncoder
from syntonic.nn.architectures.transformer_layer import TransformerLayer as TransformerLayer
from syntonic.nn.architectures.transformer_lm import TransformerLM as TransformerLM
from syntonic.nn.architectures.winding_net import WindingNet as WindingNet
