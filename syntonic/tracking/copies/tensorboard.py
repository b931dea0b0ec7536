"""A folder that `tensorboard --logdir` reads, with the extra `syntonic[tensorboard]`."""

from collections.abc import Iterable
from typing import Final

from syntonic.tracking.base import Ending, Run
from syntonic.tracking.journal import Point

FOLDER: Final = "tensorboard"
_EVENTS: Final = "events.out.tfevents.*"


class TensorBoard:
    """Writes events into `tensorboard/` in a run's folder, a scalar for each metric."""

    def __init__(self, run: Run) -> None:
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        place = run.folder / FOLDER
        place.mkdir(exist_ok=True)
        for old in place.glob(_EVENTS):
            old.unlink()
        self._writer = EventFileWriter(str(place))

    def add(self, points: Iterable[Point]) -> None:
        """Appends an event for each generation, and waits until they are in the file."""
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary

        for point in points:
            values = [Summary.Value(tag=name, simple_value=value) for name, value in point.metrics.items()]
            event = Event(wall_time=point.time / 1000, step=point.step, summary=Summary(value=values))
            self._writer.add_event(event)
        self._writer.flush()

    def close(self, ending: Ending) -> None:
        """Closes the file."""
        self._writer.close()
