"""What `activations.py` measures: three models, their sizes, and how many draws a generation has."""

from typing import Final

NAMES: Final = ("digits", "mnist1d", "language")
DRAWS: Final = 7
BATCHES: Final = {"digits": 256, "mnist1d": 256, "language": 32}
CHANNELS: Final = (32, 32, 32)
KERNELS: Final = (5, 3, 3)
LENGTH: Final = 64
WIDTH: Final = 64
HEADS: Final = 4
LAYERS: Final = 2
