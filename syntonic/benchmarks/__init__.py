"""Learning problems. Importing this package registers all of them."""

from syntonic.benchmarks.base import Benchmark as Benchmark
from syntonic.benchmarks.cnn import Cnn as Cnn
from syntonic.benchmarks.digits import Digits as Digits
from syntonic.benchmarks.fashion_mnist import FashionMnist as FashionMnist
from syntonic.benchmarks.golden import Golden as Golden
from syntonic.benchmarks.gym import Gym as Gym
from syntonic.benchmarks.images import Images as Images
from syntonic.benchmarks.language import Language as Language
from syntonic.benchmarks.mnist5k import Mnist5k as Mnist5k
from syntonic.benchmarks.plane import Plane as Plane
from syntonic.benchmarks.python_fitness import PythonFitness as PythonFitness
from syntonic.benchmarks.series import Series as Series
from syntonic.benchmarks.table import Table as Table
from syntonic.benchmarks.transformer import Sequences as Sequences
from syntonic.benchmarks.weights import Weights as Weights
from syntonic.benchmarks.winding import Winding as Winding
from syntonic.benchmarks.xor import Xor as Xor
