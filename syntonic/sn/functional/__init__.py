"""Operations as functions: each calls the method of the same name, of a `Tensor` or of a traced `Symbol`."""

from syntonic.sn.functional.elementwise import add as add
from syntonic.sn.functional.elementwise import gelu as gelu
from syntonic.sn.functional.elementwise import mul as mul
from syntonic.sn.functional.elementwise import relu as relu
from syntonic.sn.functional.elementwise import sigmoid as sigmoid
from syntonic.sn.functional.elementwise import sub as sub
from syntonic.sn.functional.elementwise import tanh as tanh
from syntonic.sn.functional.layout import reshape as reshape
from syntonic.sn.functional.loss import accuracy as accuracy
from syntonic.sn.functional.loss import binary_accuracy as binary_accuracy
from syntonic.sn.functional.loss import binary_cross_entropy as binary_cross_entropy
from syntonic.sn.functional.loss import cross_entropy as cross_entropy
from syntonic.sn.functional.loss import mse_loss as mse_loss
from syntonic.sn.functional.normalization import affine as affine
from syntonic.sn.functional.normalization import softmax as softmax
from syntonic.sn.functional.products import attention as attention
from syntonic.sn.functional.products import avg_pool1d as avg_pool1d
from syntonic.sn.functional.products import avg_pool2d as avg_pool2d
from syntonic.sn.functional.products import conv1d as conv1d
from syntonic.sn.functional.products import conv2d as conv2d
from syntonic.sn.functional.products import linear as linear
from syntonic.sn.functional.products import matmul as matmul
from syntonic.sn.functional.products import max_pool1d as max_pool1d
from syntonic.sn.functional.products import max_pool2d as max_pool2d
from syntonic.sn.functional.reduction import mean as mean
