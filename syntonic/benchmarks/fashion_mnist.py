"""Fashion-MNIST: 70,000 pictures of clothes, ten classes. H. Xiao, K. Rasul, R. Vollgraf, arXiv 1708.07747."""

from pathlib import Path
from typing import Annotated, Final

from annotated_types import Ge

from syntonic.benchmarks.images import Images
from syntonic.benchmarks.limits import BatchSize
from syntonic.benchmarks.reading.idx import find_idx
from syntonic.benchmarks.splits import Share
from syntonic.core.registry import register

PLACE: Final = "/usr/share/datasets/fashion-mnist"
"""Where Debian's package puts the files."""


@register("benchmark", "fashion_mnist")
class FashionMnist(Images):
    """Pictures (28, 28, 1) to 10 logits. Loss: cross-entropy. 60,000 for training and validation, 10,000 for the test.

    Args:
        seed: draws the batches.
        path: a folder of the four IDX files, which MNIST and its other sisters have as well; None: Debian's.
        validation: the share of the training images by which runs are chosen.
        split_seed: draws which those are.
        batch_size: images in a batch.

    Raises:
        ValueError: the files are not there.
    """

    def __init__(
        self,
        seed: int,
        *,
        path: str | None = None,
        validation: Share = 0.1,
        split_seed: Annotated[int, Ge(0)] = 0,
        batch_size: BatchSize = 256,
    ) -> None:
        place = PLACE if path is None else path
        if find_idx(Path(place).expanduser()).keys() != {"train", "test"}:
            raise ValueError(
                f"{place} has not the files train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz and those of t10k; "
                "Debian has them in the package dataset-fashion-mnist; elsewhere, benchmark.path=<their folder>"
            )
        super().__init__(seed, path=place, validation=validation, split_seed=split_seed, batch_size=batch_size)
