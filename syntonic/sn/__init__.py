"""Building blocks of models: modules, parameters, containers, activations and functions."""

from syntonic.sn import functional as functional
from syntonic.sn.activations import GELU as GELU
from syntonic.sn.activations import Identity as Identity
from syntonic.sn.activations import ReLU as ReLU
from syntonic.sn.activations import Sigmoid as Sigmoid
from syntonic.sn.activations import Tanh as Tanh
from syntonic.sn.array import Array as Array
from syntonic.sn.containers import ModuleList as ModuleList
from syntonic.sn.containers import Sequential as Sequential
from syntonic.sn.dropout import Dropout as Dropout
from syntonic.sn.module import Module as Module
from syntonic.sn.parameter import Parameter as Parameter
from syntonic.sn.parameter import Saved as Saved
