"""What a run reads belongs to what it is: other bytes are another run."""

import hashlib
import importlib
import json
import sys
from pathlib import Path

from runner_folders import runs

from syntonic.benchmarks import Cnn, Digits, Language, Xor
from syntonic.core import registry
from syntonic.runners.cli import main
from syntonic.runners.config import run_config
from syntonic.runners.run.inputs import Reader, of_benchmark

SMALL = [
    "-cn",
    "language",
    "benchmark.path=a.txt",
    "trainer.population_size=4",
    "model.d_model=8",
    "benchmark.length=8",
]
SMALL += ["trainer.max_generations=3", "tracking=none"]


def written(folder: Path, letter: bytes) -> str:
    """Writes 4 kB of text and returns their SHA-256."""
    text = (letter * 7 + b" of one text ") * 200
    (folder / "a.txt").write_bytes(text)
    return hashlib.sha256(text).hexdigest()


def records(folder: Path) -> list[dict[str, object]]:
    return [json.loads((run / "run.json").read_text()) for run in runs(folder)]


def test_a_sweep_over_another_text_runs_again(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    first = written(tmp_path, b"a")
    assert main(["-m", *SMALL, "seed=0,1"]) == 0
    assert [record["inputs"] for record in records(tmp_path)] == [{"a.txt": first}] * 2
    assert main(["-m", *SMALL, "seed=0,1"]) == 0
    assert len(runs(tmp_path)) == 2, "the same text is the same run"
    second = written(tmp_path, b"b")
    capsys.readouterr()
    assert main(["-m", *SMALL, "seed=0,1"]) == 0
    assert [record["inputs"] for record in records(tmp_path)] == [{"a.txt": first}] * 2 + [{"a.txt": second}] * 2
    before, after = ([record["results"] for record in half] for half in (records(tmp_path)[:2], records(tmp_path)[2:]))
    assert before != after
    said = capsys.readouterr().out
    assert f"{after[0]['test_loss']:.4f}" in said  # type: ignore[index]


def test_a_run_does_not_resume_on_another_text(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    written(tmp_path, b"a")
    assert main([*SMALL, "trainer.max_generations=4"]) == 0
    (folder,) = runs(tmp_path)
    record = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**record, "status": "KILLED", "results": {}}))
    kept = (folder / "run.json").read_bytes()
    written(tmp_path, b"b")
    capsys.readouterr()
    assert main(["resume=last"]) == 2
    assert "a.txt has changed since run" in capsys.readouterr().err
    assert (folder / "run.json").read_bytes() == kept, "nothing is written"
    written(tmp_path, b"a")
    assert main(["resume=last"]) == 0


def test_a_run_that_does_not_say_what_it_read_resumes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written(tmp_path, b"a")
    assert main(SMALL) == 0
    (folder,) = runs(tmp_path)
    record = json.loads((folder / "run.json").read_text())
    del record["inputs"]
    (folder / "run.json").write_text(json.dumps({**record, "status": "KILLED", "results": {}}))
    assert main(["resume=last"]) == 0


def test_what_benchmarks_read(tmp_path):
    (tmp_path / "t").write_bytes(bytes(range(256)) * 4)
    assert Language(0, path=str(tmp_path / "t")).data_digest() == hashlib.sha256(bytes(range(256)) * 4).hexdigest()
    assert Digits(0).data_digest() == Cnn(0).data_digest() != None  # noqa: E711
    assert Cnn(0, data="mnist1d").data_digest() is None
    assert Xor(0).data_digest() is None


OWN = """
from syntonic.benchmarks import Xor
from syntonic.core.registry import register

@register("benchmark", "of_one_s_own")
class Own(Xor):
    def __init__(self, seed: int) -> None:
        super().__init__(seed)
"""


def test_the_source_of_own_classes_is_read_too(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    source = tmp_path / "own_benchmark_of_test_inputs.py"
    source.write_text(OWN)
    own = importlib.import_module(source.stem).Own
    config = run_config.RunConfig(
        {"name": "mlp"}, {"name": "of_one_s_own"}, {"name": "retrocausal"}, {"name": "none"}, {}, 0, "cpu", "own"
    )
    found = of_benchmark(config, own(0))
    assert found == {source.name: hashlib.sha256(OWN.encode()).hexdigest()} == Reader().of(config)
    source.write_text(OWN + "\n# another\n")
    assert of_benchmark(config, own(0)) != found
    plain = {**config.plain(), "callbacks": {}}
    assert run_config.digest(plain, found) != run_config.digest(plain, of_benchmark(config, own(0)))
    assert run_config.digest(plain, {}) != run_config.digest(plain, found)
    del sys.modules[source.stem], registry._entries["benchmark", "of_one_s_own"]


def test_a_run_that_reads_nothing_has_the_digest_of_its_config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["trainer.max_generations=2", "tracking=none"]) == 0
    (record,) = records(tmp_path)
    assert "inputs" not in record
    science = {key: value for key, value in run_config.fixed(record["config"]).items() if key != "tracking"}  # type: ignore[arg-type]
    expected = hashlib.sha256(json.dumps(science, sort_keys=True).encode()).hexdigest()
    assert run_config.digest(record["config"], {}) == expected  # type: ignore[arg-type]
