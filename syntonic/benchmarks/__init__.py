"""Learning problems. Importing this package registers all of them."""

from syntonic.benchmarks.base import Benchmark as Benchmark
from syntonic.benchmarks.digits import Digits as Digits
from syntonic.benchmarks.xor import Xor as Xor
