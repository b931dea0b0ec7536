"""Names and import paths that the project's documents use, each as one line beside the name that it stands for.

Each thing of the library has one name, in one file. Earlier documents call many otherwise: with `Pure` in front,
or from a module that was named differently. Those imports work as well,

    from syntonic.nn.architectures.syntonic_mlp_pure import PureSyntonicMLP

because `import syntonic` puts a finder in front of Python's own that knows the table below. A path of the table without
a file becomes a module of aliases; a module with a file gets them in addition. Nothing is imported before it is asked
for. An alias has the arguments of what it stands for, which may differ from those in the documents.
"""

import importlib
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # the module imports a hundred others, and adds nothing to a class that has the methods
    from importlib.abc import Loader
else:
    Loader = object

_NN: Final = "syntonic.nn"
_LAYERS: Final = f"{_NN}.layers"
_WINDING: Final = f"{_NN}.winding"
_MODELS: Final = f"{_NN}.architectures"
_TRAINING: Final = f"{_NN}.training"

_CORE: Final = "syntonic.core"
_CLASSIC: Final = "syntonic.classic"

# Documented modules whose place is another one now, with all their names.
MOVED: Final[dict[str, str]] = {
    **{f"{_CORE}.{name}": f"{_CLASSIC}.{name}" for name in ("attractor", "dhsr", "dhsr_flow", "fibonacci", "golden")},
    **{f"{_CORE}.{name}": f"{_CLASSIC}.{name}" for name in ("measure", "number_theory", "phase", "real_array")},
    **{f"{_CORE}.{name}": f"{_CLASSIC}.{name}" for name in ("recursion", "state")},
}

_METRICS: Final = {
    name: f"{_CLASSIC}.nn.metrics:{name}"
    for name in (
        "SyntonyMetrics TrainingMetrics compute_syntony_from_weights compute_accuracy compute_mse "
        "compute_cross_entropy compute_syntony_gap compute_population_diversity compute_weight_statistics"
    ).split()
}
_TRAINING_NAMES: Final = {
    **_METRICS,
    **{name: f"{_CLASSIC}.nn.callbacks:{name}" for name in ("MetricsLogger", "default_callbacks")},
    "RESTrainingConfig": f"{_CLASSIC}.nn.config:RESTrainingConfig",
    **{name: f"{_CLASSIC}.nn.data_trainer:{name}" for name in ("train_with_retrocausal_res", "TrainingResult")},
    **{name: f"{_CLASSIC}.nn.evolver:{name}" for name in ("RESConfig", "RESResult", "ResonantEvolver")},
    "AttractorMemory": f"{_CLASSIC}.nn.attractors:AttractorMemory",
    **{
        name: f"{_CLASSIC}.nn.retrocausal:{name}"
        for name in ("RetrocausalConfig", "create_retrocausal_evolver", "create_standard_evolver")
    },
}

# Documented module: its names, each with the place of what it stands for, as module:name.
ALIASES: Final[dict[str, dict[str, str]]] = {
    "syntonic.exact": {
        **{
            name: f"{_CLASSIC}.golden:{name}"
            for name in ("GoldenExact", "correction_factor", "STRUCTURES", "D4_KISSING")
        },
        **{name: f"{_CLASSIC}.golden:{name}" for name in ("PHI", "E_STAR", "Q_DEFICIT", "S_STAR")},
        **{name: f"{_CLASSIC}.fibonacci:{name}" for name in ("fibonacci", "lucas", "LUCAS_SEQUENCE")},
        **{name: f"{_CLASSIC}.number_theory:{name}" for name in ("FERMAT_PRIMES", "MERSENNE_PRIMES")},
    },
    f"{_LAYERS}.differentiation": {
        "DifferentiationLayer": f"{_LAYERS}:Differentiation",
        "DifferentiationModule": f"{_LAYERS}:DifferentiationModule",
    },
    f"{_LAYERS}.harmonization": {"HarmonizationLayer": f"{_LAYERS}:Harmonization"},
    f"{_LAYERS}.recursion": {
        "RecursionBlock": f"{_LAYERS}:RecursionBlock",
        "DeepRecursionNet": f"{_LAYERS}:DeepRecursionNet",
    },
    f"{_LAYERS}.normalization": {
        "SyntonicNorm": f"{_LAYERS}:SyntonicNorm",
        "GoldenNorm": f"{_LAYERS}:GoldenNorm",
        "RecursionLayerNorm": f"{_LAYERS}:RecursionLayerNorm",
    },
    f"{_LAYERS}.syntonic_norm": {"SyntonicNorm": f"{_LAYERS}:SyntonicNorm"},
    f"{_LAYERS}.syntonic_gate": {
        "SyntonicGate": f"{_LAYERS}:SyntonicGate",
        "AdaptiveGate": f"{_LAYERS}:AdaptiveGate",
    },
    f"{_LAYERS}.resonant_linear": {"ResonantLinear": f"{_LAYERS}:ResonantLinear"},
    f"{_LAYERS}.resonant_parameter": {"ResonantParameter": f"{_LAYERS}:ResonantParameter"},
    _LAYERS: {
        "DifferentiationLayer": f"{_LAYERS}:Differentiation",
        "HarmonizationLayer": f"{_LAYERS}:Harmonization",
    },
    f"{_NN}.loss.phase_loss": {
        "PhaseAlignmentLoss": f"{_NN}.loss:PhaseAlignmentLoss",
        "IPiConstraint": f"{_NN}.loss:IPiConstraint",
        "GoldenPhaseScheduler": f"{_NN}.loss:GoldenPhaseSchedule",
    },
    f"{_NN}.loss.phase_alignment": {"GoldenPhaseScheduler": f"{_NN}.loss:GoldenPhaseSchedule"},
    f"{_NN}.loss.regularization": {"ArchonicPenalty": f"{_NN}.loss:ArchonicPenalty"},
    f"{_NN}.loss.syntony_metrics": {
        "compute_activation_syntony": f"{_NN}.loss:operator_syntony",
        "SyntonyTracker": f"{_TRAINING}:SyntonyTracker",
    },
    f"{_TRAINING}.callbacks_pure": {
        "SyntonyCallback": f"{_TRAINING}:SyntonyCallback",
        "ArchonicEarlyStop": f"{_CLASSIC}.nn.watching:PureArchonicEarlyStop",
        "SyntonyCheckpoint": f"{_CLASSIC}.nn.watching:PureSyntonyCheckpoint",
        "FitnessPlateauCallback": f"{_TRAINING}:FitnessPlateau",
        **{name: f"{_CLASSIC}.nn.callbacks:{name}" for name in ("MetricsLogger", "default_callbacks")},
    },
    f"{_TRAINING}.metrics_pure": {
        "MetricsAggregator": f"{_TRAINING}:MetricsAggregator",
        "SyntonyTracker": f"{_TRAINING}:SyntonyTracker",
        **_METRICS,
    },
    f"{_TRAINING}.metrics": _METRICS,
    f"{_TRAINING}.callbacks": {
        name: f"{_CLASSIC}.nn.callbacks:{name}" for name in ("MetricsLogger", "default_callbacks")
    },
    _TRAINING: {
        **_TRAINING_NAMES,
        "FitnessPlateauCallback": f"{_TRAINING}:FitnessPlateau",
        "PureTrainer": f"{_TRAINING}:RetrocausalTrainer",
        "PureTrainingConfig": f"{_CLASSIC}.nn.config:RESTrainingConfig",
    },
    f"{_TRAINING}.config": {
        **_TRAINING_NAMES,
        "PureTrainingConfig": f"{_CLASSIC}.nn.config:RESTrainingConfig",
        "DataTrainer": f"{_CLASSIC}.nn.data_trainer:DataTrainer",
    },
    f"{_TRAINING}.trainer": {
        "train_with_retrocausal_res": f"{_CLASSIC}.nn.data_trainer:train_with_retrocausal_res",
        "RESTrainingConfig": f"{_CLASSIC}.nn.config:RESTrainingConfig",
        "PureTrainer": f"{_TRAINING}:RetrocausalTrainer",
        "PureTrainingConfig": f"{_CLASSIC}.nn.config:RESTrainingConfig",
    },
    f"{_NN}.analysis.escape": {
        "NoiseInjection": f"{_TRAINING}:NoiseInjection",
        "LearningRateShock": f"{_TRAINING}:SigmaShock",
        "WeightPerturbation": f"{_TRAINING}:WeightPerturbation",
        "CombinedEscape": f"{_TRAINING}:CombinedEscape",
    },
    f"{_NN}.analysis": {
        "SyntonyMonitor": f"{_CLASSIC}.nn.monitor:SyntonyMonitor",
        **{name: f"{_CLASSIC}.nn.visualization:{name}" for name in ("SyntonyViz", "plot_archonic_regions")},
    },
    f"{_NN}.analysis.health": {"SyntonyMonitor": f"{_CLASSIC}.nn.monitor:SyntonyMonitor"},
    f"{_NN}.analysis.visualization": {
        "plot_syntony_history": f"{_NN}.analysis:plot_syntony_history",
        "plot_layer_syntonies": f"{_NN}.analysis:plot_layer_syntonies",
        **{name: f"{_CLASSIC}.nn.visualization:{name}" for name in ("SyntonyViz", "plot_archonic_regions")},
    },
    f"{_NN}.loss": {name: f"{_CLASSIC}.nn.losses:{name}" for name in ("mse_loss", "cross_entropy_loss")},
    f"{_NN}.loss.syntonic_loss": {name: f"{_CLASSIC}.nn.losses:{name}" for name in ("mse_loss", "cross_entropy_loss")},
    # Models that MLflow keeps of earlier runs load themselves by this path.
    "syntonic.runners.kept_model": {"load": "syntonic.runners.run.kept_model:load"},
    # Of the benchmarks the documents have a module each; what they ask is a config, and its data a class.
    "syntonic.benchmarks.retrocausal_xor_benchmark": {"Xor": "syntonic.benchmarks:Xor"},
    "syntonic.benchmarks.simple_retrocausal_benchmark": {"Weights": "syntonic.benchmarks:Weights"},
    "syntonic.benchmarks.winding_xor_benchmark": {"Winding": "syntonic.benchmarks:Winding"},
    "syntonic.benchmarks.winding_benchmark": {"Winding": "syntonic.benchmarks:Winding"},
    "syntonic.benchmarks.convergence_benchmark": {"Convergence": f"{_TRAINING}.callbacks:Convergence"},
    "syntonic.benchmarks.comparative_resonant_benchmark": {"Plane": "syntonic.benchmarks:Plane"},
    "syntonic.benchmarks.gradient_analyzer": {"sensitivity": f"{_NN}.analysis:sensitivity"},
    "syntonic.benchmarks.spectral_analysis": {"spectra": f"{_NN}.analysis:spectra"},
    f"{_WINDING}.prime_selection_pure": {"PurePrimeSelectionLayer": f"{_WINDING}:PrimeSelection"},
    f"{_WINDING}.prime_selection": {"PrimeSelectionLayer": f"{_WINDING}:PrimeSelection"},
    f"{_WINDING}.syntony_pure": {"PureWindingSyntonyComputer": f"{_WINDING}:WindingSyntony"},
    f"{_WINDING}.syntony": {"WindingSyntonyComputer": f"{_WINDING}:WindingSyntony"},
    f"{_WINDING}.resonant_embedding_pure": {
        "PureResonantWindingEmbedding": f"{_WINDING}:ResonantWindingEmbedding",
    },
    f"{_WINDING}.dhsr_block": {"WindingDHSRBlock": f"{_WINDING}:DHSRBlock"},
    f"{_WINDING}.resonant_dhsr_block": {"ResonantWindingDHSRBlock": f"{_WINDING}:DHSRBlock"},
    f"{_WINDING}.winding_net": {
        "WindingNet": f"{_CLASSIC}.nn.winding_net:WindingNet",
        "PureWindingNet": f"{_CLASSIC}.nn.winding_net:WindingNet",
    },
    _WINDING: {
        "PurePrimeSelectionLayer": f"{_WINDING}:PrimeSelection",
        "PureWindingSyntonyComputer": f"{_WINDING}:WindingSyntony",
        "PureResonantWindingEmbedding": f"{_WINDING}:ResonantWindingEmbedding",
        "WindingDHSRBlock": f"{_WINDING}:DHSRBlock",
        "ResonantWindingDHSRBlock": f"{_WINDING}:DHSRBlock",
        "WindingNet": f"{_CLASSIC}.nn.winding_net:WindingNet",
        "PureWindingNet": f"{_CLASSIC}.nn.winding_net:WindingNet",
    },
}
_PURE: Final[dict[str, dict[str, str]]] = {
    "syntonic_mlp": {
        "SyntonicLinear": "SyntonicLinear",
        "SyntonicMLP": "SyntonicMLP",
        "DeepSyntonicMLP": "DeepMLP",
    },
    "syntonic_attention": {
        "SyntonicAttention": "SyntonicAttention",
        "MultiHeadSyntonicAttention": "MultiHeadAttention",
        "GoldenConeAttention": "GoldenConeAttention",
    },
    "syntonic_transformer": {
        "DHTransformerLayer": "TransformerLayer",
        "SyntonicTransformerEncoder": "TransformerEncoder",
        "SyntonicTransformer": "Transformer",
        "ResonantTransformer": "Transformer",
    },
    "syntonic_cnn": {
        "SyntonicConv1d": "Conv1d",
        "SyntonicConv2d": "Conv2d",
        "SyntonicCNN1d": "CNN1d",
        "SyntonicCNN2d": "CNN2d",
    },
    "embeddings": {
        "PositionalEncoding": "PositionalEncoding",
        "WindingEmbedding": "WindingEmbedding",
        "SyntonicEmbedding": "SyntonicEmbedding",
    },
}
# Where names with Pure in front take the arguments of the documents; the other one has those of a run's model.
_PURE_HOMES: Final = {
    "syntonic_mlp": "mlp",
    "syntonic_attention": "attention",
    "syntonic_transformer": "transformer",
    "syntonic_cnn": "cnn",
    "embeddings": "embeddings",
}
_PURE_ELSEWHERE: Final = {
    "PureResonantTransformer": f"{_CLASSIC}.nn.recursive:PureResonantTransformer",
    "PureGoldenConeAttention": f"{_MODELS}:GoldenConeAttention",
}
# Of architectures the documents have each name with and without Pure, from modules with and without _pure.
for _module, _names in _PURE.items():
    _plain = {name: f"{_MODELS}:{word}" for name, word in _names.items()}
    _home = f"{_CLASSIC}.nn.{_PURE_HOMES[_module]}"
    _pure = {f"Pure{name}": _PURE_ELSEWHERE.get(f"Pure{name}", f"{_home}:Pure{name}") for name in _names}
    ALIASES[f"{_MODELS}.{_module}"] = ALIASES[f"{_MODELS}.{_module}_pure"] = _plain | _pure
    ALIASES.setdefault(f"{_MODELS}.pure", {}).update(_plain | _pure)
    ALIASES.setdefault(_MODELS, {}).update(_plain | _pure)

_BENCHMARKS: Final = "syntonic.benchmarks"
# Documented module of a benchmark: how the command starts what answers its question, as `python -m` of the module does.
RUNS: Final = {
    f"{_BENCHMARKS}.retrocausal_xor_benchmark": ["-cn", "retrocausal_xor"],
    f"{_BENCHMARKS}.simple_retrocausal_benchmark": ["-cn", "simple_retrocausal"],
    f"{_BENCHMARKS}.winding_xor_benchmark": ["-cn", "winding_xor"],
    f"{_BENCHMARKS}.winding_benchmark": ["-cn", "winding_particles"],
    f"{_BENCHMARKS}.convergence_benchmark": ["-cn", "convergence"],
    f"{_BENCHMARKS}.comparative_resonant_benchmark": ["-cn", "comparative"],
    f"{_BENCHMARKS}.gradient_analyzer": ["analyse"],
    f"{_BENCHMARKS}.spectral_analysis": ["analyse"],
    **{
        f"{room}.{name}": ["-cn", name]
        for room in (_BENCHMARKS, f"{_NN}.benchmarks")
        for name in ("ablation", "convergence", "standard")
    },
}
for _module in (*RUNS, f"{_NN}.benchmarks"):
    ALIASES.setdefault(_module, {})


def resolve(module: str, name: str) -> object:
    """Returns what a documented name stands for.

    Raises:
        AttributeError: the module has no such name.
    """
    place, _, word = ALIASES.get(module, {}).get(name, "").partition(":")
    if module in MOVED and not name.startswith("__"):
        place, word = MOVED[module], name
    if not place:
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    return getattr(importlib.import_module(place), word)


class _Aliases(Loader):
    """Fills a module with aliases, after the code of its file if it has one."""

    def __init__(self, file: Loader | None) -> None:
        self._file: Final = file

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._file.create_module(spec) if self._file else None

    def exec_module(self, module: ModuleType) -> None:
        if self._file:
            self._file.exec_module(module)
        found: Callable[[str], object] = lambda name: resolve(module.__name__, name)  # noqa: E731 (typed, and bound)
        module.__dict__["__getattr__"] = found

    def get_code(self, module: str) -> CodeType | None:
        """Returns what `python -m` runs: the command of a benchmark, in front of what else was typed."""
        if self._file or module not in RUNS:
            return getattr(self._file, "get_code", lambda _: None)(module)
        start = f"sys.exit(main([*{RUNS[module]!r}, *sys.argv[1:]]))"
        return compile(f"import sys\nfrom syntonic.runners.cli import main\n{start}\n", f"<{module}>", "exec")

    def __getattr__(self, name: str) -> object:
        # What else is asked of a loader, such as the source, the file's own loader knows.
        return getattr(self._file, name)


class _Finder:
    """Finds the modules of the table."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in ALIASES and fullname not in MOVED:
            return None
        is_package = any(module.startswith(f"{fullname}.") for module in RUNS)
        spec = PathFinder.find_spec(fullname, path, target) or ModuleSpec(fullname, None, is_package=is_package)
        spec.loader = _Aliases(spec.loader)
        return spec


sys.meta_path.insert(0, _Finder())
