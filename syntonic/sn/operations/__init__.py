"""The operations of a forward pass, as protocols: what `Tensor` and `Symbol` share."""

from syntonic.sn.operations.general import General as General
from syntonic.sn.operations.layout import Layout as Layout
from syntonic.sn.operations.losses import Losses as Losses
from syntonic.sn.operations.normalization import Normalization as Normalization
from syntonic.sn.operations.products import Products as Products
