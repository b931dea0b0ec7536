"""`syntonic-run evaluate`: a trained model judged on a benchmark, perhaps another than it was trained on."""

from collections.abc import Sequence
from typing import Final

from syntonic.benchmarks.standards import Held
from syntonic.runners.command.options import read
from syntonic.runners.config import schema
from syntonic.runners.config.compose import compose
from syntonic.runners.config.errors import RequestError
from syntonic.runners.config.search_path import opened as configs
from syntonic.runners.config.search_path import user_folders
from syntonic.runners.run import summary
from syntonic.runners.run.answers import judged
from syntonic.runners.run.build import make
from syntonic.runners.run.figures import figure
from syntonic.runners.run.kept_model import ModelFacts
from syntonic.runners.run.progress import Output
from syntonic.runners.run.trained import TrainedRun, opened

HELP: Final = """\
syntonic-run evaluate [RUN] [benchmark=... benchmark.key=value seed=N]: judges the model of a run.

  syntonic-run evaluate                                    the latest run, on its own benchmark
  syntonic-run evaluate 20261122-0012 benchmark.noise=0.4  on a harder one
  syntonic-run evaluate 20261122-0012 benchmark=xor benchmark.variant=noisy seed=7
  syntonic-run evaluate --in labelled.csv                  of a table, series or images: others, encoded as in training

The benchmark must have inputs and outputs of the same shape. Nothing is trained and nothing is recorded."""


def run(argv: Sequence[str]) -> int:
    """Prints the results and returns the exit code."""
    overrides = [each for each in argv if "=" in each and not each.startswith("-")]
    options = read(
        "evaluate", [each for each in argv if each not in overrides], values=["--in"], lists=["--use"], most=1
    )
    wrong = [each for each in overrides if each.partition("=")[0].partition(".")[0] not in ("benchmark", "seed")]
    if wrong:
        raise RequestError([f"evaluate: {each}: only benchmark and seed can be set" for each in wrong])
    trained = opened(options.names[0] if options.names else "last", options.lists.get("--use", ()))
    console = Output()
    for note in trained.notes:
        console.warn(note)
    if path := options.flags.get("--in"):
        if overrides:
            raise RequestError([f"evaluate: {overrides[0]}: --in has the rows already; leave one of them out"])
        for name, value in judged(trained.model, path).items():
            told = f"{value:.0f}" if name == "rows" else figure(value)
            console.print(f"{name} {told}", markup=False, highlight=False)
        return 0
    section, seed = _benchmark(trained, overrides)
    benchmark = make("benchmark", section, seed)
    _refuse_misfit(trained.model.facts, benchmark)
    told = f"run {trained.record.id} ({trained.record.title}) on {section['name']}, seed {seed}"
    console.print(told, markup=False, soft_wrap=True)
    summary.table(console, benchmark.evaluate(trained.model.module), Held.of(benchmark))
    return 0


def _benchmark(trained: TrainedRun, overrides: Sequence[str]) -> tuple[dict[str, object], int]:
    record = trained.record
    if not overrides:
        return schema.check_section("benchmark", record.config["benchmark"]), int(record.config["seed"])
    with configs(user_folders(None)) as loader:
        composed = compose(loader, record.config_name, [*record.overrides, *overrides], multirun=False)
    if composed.faults:
        raise RequestError(composed.faults)
    return schema.check_section("benchmark", composed.config["benchmark"]), int(composed.config["seed"])


def _refuse_misfit(facts: ModelFacts, benchmark: object) -> None:
    there = [*(getattr(benchmark, name) for name in ("input_shape", "output_shape", "vocabulary"))]
    asked = [tuple(facts.input_shape), tuple(facts.output_shape), facts.vocabulary]
    if [tuple(there[0]), tuple(there[1]), there[2]] != asked:
        shapes = f"inputs {asked[0]} and outputs {asked[1]}"
        raise RequestError(
            [f"evaluate: the model has {shapes}, the benchmark inputs {there[0]} and outputs {there[1]}"]
        )
    prepared = getattr(benchmark, "preparation", lambda: None)()
    if facts.preparation is not None and prepared != facts.preparation:
        raise RequestError(
            [
                "evaluate: this data has other statistics or classes than what the model was trained on, and would be "
                "encoded in another way; `syntonic-run evaluate --in FILE` encodes it as in training"
            ]
        )
