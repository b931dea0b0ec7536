"""Ten small trainings keep the bits that they had when their digests were recorded, in version da22ad9.

Each digest covers the figures of every generation, the parameters and everything that the next generation depends on.
None depends on the number of threads or on the vector instructions of the processor.
"""

import hashlib
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from syntonic.runners.config import schema
from syntonic.runners.config.compose import compose
from syntonic.runners.config.search_path import opened
from syntonic.runners.run.build import build

STATE = (
    "centre",
    "lattice_a",
    "lattice_b",
    "residual",
    "first_moment",
    "second_moment",
    "attractor_values",
    "attractor_scores",
    "attractor_generations",
)
FIGURES = ("loss", "best_fitness", "mean_fitness", "syntony", "sigma", "step_size")
SMALL = ("trainer.max_generations=40", "trainer.population_size=34", "tracking=none", "callbacks=none")
IMAGES = ("benchmark.batch_size=32",)
LANGUAGE = ("model.d_model=8", "model.layers=1", "benchmark.length=8", "benchmark.batch_size=4")

TRAININGS = {
    "xor": ("xor",),
    "digits": ("digits", *IMAGES),
    "digits at rank 1": ("digits", *IMAGES, "trainer.rank=1"),
    "momentum": ("xor", "trainer.optimizer=momentum", "trainer.schedule=linear"),
    "elitist": ("xor", "trainer.elitist=true", "trainer.survivor_count=20", "trainer.sigma_final=0.5"),
    "cnn": ("cnn_digits", "benchmark.batch_size=8", "trainer.population_size=6"),
    "transformer_copy": ("transformer_copy", "benchmark.batch_size=8", "model.d_model=16"),
    "winding": ("winding_clusters", "benchmark.batch_size=16"),
    "language": ("language", *LANGUAGE),
    "res": ("xor", "trainer=res"),
}
RECORDED = {
    "xor": "5b9d5617adbfc0e3fbf2a624d67f0c4e9b3f5bf2af5e95183c7d2babd7c15520",
    "digits": "c275434a01aee75f45e3edf1ea855f4347ac29232448f11c4cbb92c129594b8b",
    "digits at rank 1": "27a12f0c402190069a6a208b8f8fde295473bfb9131566e23ef7847df540f49f",
    "momentum": "ccc965bcd6de47e2887e317f35fd38a353229b8456c38d7474e1f97d9b813545",
    "elitist": "30c1585c89e9aab0c105379c4c2e6c1fb66b91e458f2f1a3b3291785df084ecd",
    "cnn": "3561c0e4e73e3e871b0e2b90ca95244d1adf988f7b674a2029b5b6d603ea617c",
    "transformer_copy": "916126583cd4418ccf35d6e8d14de334becafdcd3e16919fb7cc2be8cb360f3a",
    "winding": "40ed6c4b604d3e7d3d70d6f1ca06dc9867b61dd617f2746100dfca328831d8ff",
    "language": "449c35b4064525910e0d6db884c6a2fc45553c4b61c05b22ac3d5513105aea7a",
    "res": "a478b6d1454166857c7c2728661767ff9b02358762547e4165e790ce157b4421",
}


def digest(config_name: str, *overrides: str) -> str:
    """Returns the sha256 of a training: of its figures, its parameters and its state."""
    with opened(()) as loader:
        composed = compose(loader, config_name, [*SMALL, *overrides], multirun=False)
    assert composed.faults == []
    parts = build(schema.check(composed.config))
    return hashlib.sha256(b"".join(_bits(parts))).hexdigest()


def _bits(parts) -> Iterator[bytes]:
    for record in parts.trainer.run(parts.model, parts.benchmark):
        yield struct.pack(f"<{len(FIGURES)}d", *(getattr(record, name) for name in FIGURES))
        yield struct.pack("<3Q", record.generation, record.evaluations, record.attractors)
    for parameter in parts.model.parameters():
        yield bytes(parameter.save()["data"])
    arrays, _ = parts.trainer.state_dict()
    for name in STATE:
        yield name.encode()
        yield bytes(arrays[name]["data"])


@pytest.mark.parametrize("name", TRAININGS)
def test_a_training_has_the_recorded_bits(name: str, tmp_path: Path) -> None:
    overrides = TRAININGS[name]
    if name == "language":
        text = tmp_path / "text.txt"
        text.write_bytes(bytes((i * i // 7 + i) % 251 for i in range(4000)))
        overrides = (*overrides, f"benchmark.path={text}")
    assert digest(*overrides, "trainer.threads=1") == RECORDED[name]
    assert digest(*overrides, "trainer.threads=3") == RECORDED[name]
