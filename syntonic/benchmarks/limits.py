"""How large a benchmark may be made: more than these is a slip of the finger, and would be waited for in vain."""

from typing import Annotated, Final, TypeAlias

from annotated_types import Ge, Gt, Le

BatchSize: TypeAlias = Annotated[int, Ge(1), Le(1_000_000)]
"""Examples in the batch of a generation."""
MOST_SAMPLES: Final = 4_000_000
Samples: TypeAlias = Annotated[int, Ge(16), Le(MOST_SAMPLES)]
"""Generated examples, which are held in memory."""
Noise: TypeAlias = Annotated[float, Gt(0), Le(1000)]
"""A standard deviation, in units of the distance between two classes."""
