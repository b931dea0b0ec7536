"""Resumes a run: makes sure that nothing about it has changed, and restores its last checkpoint.

A resumed run must come to the bits of one that was never interrupted, so every override that would change them is
refused. That includes a larger `trainer.max_generations`: the learning rate follows a cosine over that number, so a
longer run takes different steps from its first generation on. It is a new run.
"""

from typing import Final

from syntonic.runners.config import schema
from syntonic.runners.config.errors import RequestError
from syntonic.runners.config.run_config import RunConfig, fixed, flattened
from syntonic.runners.run.build import Parts
from syntonic.runners.run.folder import RunFolder
from syntonic.runners.run.listing import survey
from syntonic.tracking import checkpoint
from syntonic.tracking.base import Status

# Later keys that have as their default what runs did before them, or change what is recorded alone.
_LATER: Final = frozenset({"validate_every", "benchmark.validation", "benchmark.text"})
_HARMLESS: Final = ("tracking", "callbacks")  # sections whose settings change what is recorded, and no number
# The trainer's settings of the first version, which every run has. A later one has as its default what runs did before
# it (the recorded digests hold it to that), so that a run without it can be resumed.
_FIRST: Final = frozenset(
    """name population_size sigma sigma_final rank learning_rate learning_rate_final schedule optimizer beta1 beta2
    max_generations lattice precision error_feedback harmonize_strength pull_strength attractor_capacity dtype
    attractor_decay_rate attractor_quantile lambda_syntony survivor_count elitist archonic_window threads""".split()
)


def finished(folder: RunFolder) -> str | None:
    """Returns what to say of a run that is finished, None if it can be resumed."""
    record = folder.record
    if record.status is not Status.FINISHED:
        return None
    text = f"run {record.run_id} ({record.title}) is finished after {record.generation} generations; nothing to do"
    others = [run.record.run_id for run in survey()[0] if run.record.status is not Status.FINISHED]
    return f"{text}; not finished: {', '.join(others[:5])}" if others else text


def as_started(folder: RunFolder) -> RunConfig:
    """Returns the config of a run; a setting that is newer than the run has its default.

    Raises:
        RequestError: if what the run's folder holds is no config, or naming the newer settings that numbers depend on.
    """
    config = schema.check(folder.record.config)
    stored = dict(flattened(folder.record.config))
    newer = [key for key, _ in flattened(fixed(config.plain())) if key not in stored]
    faults = [
        f"{key}: there was no such setting when run {folder.record.id} was started, and its numbers may depend on it; "
        "resume it with the version of syntonic that started it, or start a new run"
        for key in newer
        if key not in _LATER and not _is_harmless(*key.split(".", 1))
    ]
    if faults:
        raise RequestError(faults)
    return config


def _is_harmless(section: str, name: str = "") -> bool:
    return section in _HARMLESS or (section == "trainer" and name not in _FIRST)


def refuse_changes(started: RunConfig, asked: RunConfig) -> None:
    """Compares a request with what the run was started with.

    Raises:
        RequestError: naming every key that differs and would change the run.
    """
    there, given = (dict(flattened(fixed(config.plain()))) for config in (started, asked))
    faults = []
    for key in sorted({*there, *given}):
        if there.get(key) != given.get(key):
            fault = f"{key}={given.get(key)}: the run was started with {there.get(key)}"
            if key == "trainer.max_generations":
                fault += ", over which its learning rate falls; a longer or shorter run is a new one"
            faults.append(f"{fault}; leave it out to resume the run, or leave out resume= for a new run")
    if faults:
        raise RequestError(faults)


def state(folder: RunFolder) -> checkpoint.Checkpoint | None:
    """Returns the verified last checkpoint of a run, None if it has none and starts again from its seed.

    Raises:
        RequestError: if the checkpoint is damaged, or of another config than the run.
    """
    newest = checkpoint.newest(folder.checkpoints)
    if newest is None:
        return None
    try:
        found = checkpoint.read(newest)
    except checkpoint.CheckpointError as error:
        way_out = f"remove {newest} to resume from the checkpoint before it, or from the beginning if there is none"
        raise RequestError([f"{error}; {way_out}"]) from error
    if found.config != folder.record.config:
        raise RequestError([f"{newest / checkpoint.FACTS} is of another config than {folder.path / 'run.json'}"])
    return found


def restore(parts: Parts, found: checkpoint.Checkpoint) -> None:
    """Puts the parts of a run into the state of a checkpoint.

    Raises:
        RequestError: if they refuse it.
    """
    try:
        parts.trainer.load_state_dict(parts.model, dict(found.arrays), dict(found.meta))
        for key, remembered in found.callbacks.items():
            if key in parts.callbacks:
                parts.callbacks[key].restore(remembered)
    except (ValueError, KeyError, TypeError) as error:
        raise RequestError([f"the checkpoint of generation {found.generation} does not fit: {error!r}"]) from error
