"""Lists within lists, as `tolist` gives them."""

from collections.abc import Iterator
from typing import Any


def leaves(tree: Any) -> Iterator[float]:  # noqa: ANN401 (lists within lists)
    """Yields the numbers in their order."""
    if isinstance(tree, list):
        for branch in tree:
            yield from leaves(branch)
    else:
        yield tree
