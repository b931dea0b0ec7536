"""Images of one's own, a folder for each class, or as NPZ or IDX files."""

from typing import Annotated, Any

from annotated_types import Ge

from syntonic._core import Tensor
from syntonic.benchmarks.answers import Classes
from syntonic.benchmarks.image_preparation import BYTE, IMAGES
from syntonic.benchmarks.limits import BatchSize
from syntonic.benchmarks.reading.pixels import FORMS, Found, read_images
from syntonic.benchmarks.splits import Share, split
from syntonic.benchmarks.standards import Split
from syntonic.benchmarks.supervised import Supervised
from syntonic.core.registry import register


@register("benchmark", "images")
class Images(Supervised):
    """Images (height, width, channels) to the logits of their classes. Loss: cross-entropy.

    Bytes become numbers in [0, 1]; floats of an NPZ file stay what they are. Where the data comes split, as in folders
    `train` and `test` or in MNIST's files, that test data is the test, and the validation data a share of the rest.

    Args:
        seed: draws the batches.
        path: of the folder or file.
        validation: the share of images by which runs are chosen.
        test: the share that is judged once, at the end; of data that comes without test data.
        split_seed: draws who goes where; every split has its share of each class.
        batch_size: images in a batch.

    Raises:
        ValueError: the data cannot be read: which file, and what to try.
    """

    def __init__(
        self,
        seed: int,
        *,
        path: str | None = None,
        validation: Share = 0.1,
        test: Share = 0.1,
        split_seed: Annotated[int, Ge(0)] = 0,
        batch_size: BatchSize = 256,
    ) -> None:
        if path is None:
            raise ValueError(f"needs images: benchmark.path=<{FORMS}>")
        found = read_images(path)
        self.data_name = path
        self._digest, self._form = found.digest, found.form
        first = next(iter(found.splits.values()))
        self._divisor = BYTE if isinstance(first.pixels, bytes | bytearray) else 1
        self._classes = found.classes
        splits = _splits(found, validation, test, split_seed)
        super().__init__(seed, splits, Classes(found.classes), batch_size)

    def data_digest(self) -> str:
        """Returns the SHA-256 of all files."""
        return self._digest

    def preparation(self) -> dict[str, Any]:
        """Returns what a trained model needs to be given new images, as plain data; see `image_preparation`."""
        told = {"target": "class", "classes": list(self._classes)}
        return {"kind": IMAGES, "shape": list(self.input_shape), "divisor": self._divisor, **told}

    def describe(self) -> list[str]:
        """Returns what was found, and of each split."""
        return [f"{self.data_name} ({self._form})", *super().describe()]


def _splits(found: Found, validation: float, test: float, seed: int) -> dict[str, Split]:
    made: dict[str, Split] = {}
    for name, images in found.splits.items():
        rows = len(images.labels)
        if not rows:
            raise ValueError(f"there are no images for {name}")
        x = Tensor(memoryview(images.pixels), (rows, *images.shape))
        if isinstance(images.pixels, bytes | bytearray):
            x = x * (1 / BYTE)
        y = Tensor(list(map(float, images.labels)))
        if name == "all" or (name == "train" and "validation" not in found.splits and validation > 0):
            kept_test = 0.0 if "test" in found.splits else test
            places = split(rows, validation, kept_test, seed, classes=images.labels)
            made |= {part: (x.take(of), y.take(of)) for part, of in places.items()}
        else:
            made[name] = x, y
    if "test" not in made:
        raise ValueError("there is no test data; a share test= above 0 cuts it off")
    return {name: made[name] for name in ("train", "validation", "test") if name in made}
