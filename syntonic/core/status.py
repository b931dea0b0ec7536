"""How a run stands, or ended."""

from enum import StrEnum


class Status(StrEnum):
    """How a run stands; MLflow knows PRUNED as KILLED, and no run that was REFUSED."""

    RUNNING = "RUNNING"
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    KILLED = "KILLED"  # interrupted; can be resumed
    PRUNED = "PRUNED"  # given up by its sweep as hopeless
    REFUSED = "REFUSED"  # a class refused its arguments, so that nothing was started
