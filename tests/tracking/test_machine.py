"""What the machine did while a run went on is beside the run's own points, and never among them."""

import ctypes
import math
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from syntonic.tracking.base import Ending, Receipt, Run, Status
from syntonic.tracking.gpus import Gpus
from syntonic.tracking.journal import Tail
from syntonic.tracking.machine import JOURNAL, Machine, Watch
from syntonic.tracking.stores import address
from syntonic.tracking.stores.connection import finished

Recorder = Callable[..., Receipt]
PROC = pytest.mark.skipif(not Path("/proc/stat").exists(), reason="this system has no /proc")


class Driver:
    """Two cards: one tells everything, the other neither its load nor its power."""

    def __init__(self, names: tuple[str, ...] = ("Card A", "Card B")) -> None:
        self._names = names

    def nvmlDeviceGetCount_v2(self, count: Any) -> int:
        count._obj.value = len(self._names)
        return 0

    def nvmlDeviceGetHandleByIndex_v2(self, index: ctypes.c_uint, handle: Any) -> int:
        handle._obj.value = 100 + index.value
        return 0

    def nvmlDeviceGetName(self, handle: ctypes.c_void_p, buffer: Any, size: ctypes.c_uint) -> int:
        buffer.value = self._names[(handle.value or 100) - 100].encode()[: size.value]
        return 0

    def nvmlSystemGetDriverVersion(self, buffer: Any, size: ctypes.c_uint) -> int:
        buffer.value = b"580.65"
        return 0

    def nvmlSystemGetCudaDriverVersion_v2(self, version: Any) -> int:
        version._obj.value = 13010
        return 0

    def nvmlDeviceGetUtilizationRates(self, handle: ctypes.c_void_p, load: Any) -> int:
        load._obj.gpu = 87
        return 0 if handle.value == 100 else 3

    def nvmlDeviceGetMemoryInfo(self, handle: ctypes.c_void_p, memory: Any) -> int:
        memory._obj.total, memory._obj.used = 80_000_000_000, 20_000_000_000
        return 0


def test_cards_are_told_by_the_names_that_mlflow_gives_them() -> None:
    found = Gpus(Driver()).sample()
    of_memory = {"memory_usage_megabytes": 20_000.0, "memory_usage_percentage": 25.0}
    expected = {f"gpu_{card}_{name}": value for card in (0, 1) for name, value in of_memory.items()}
    assert found == {**expected, "gpu_0_utilization_percentage": 87.0}


def test_cards_and_driver_are_tags() -> None:
    assert Gpus(Driver()).tags() == {"gpu": "Card A, Card B", "gpu.driver": "580.65, CUDA 13.1"}
    assert Gpus(Driver(("Card A",) * 4)).tags()["gpu"] == "4 x Card A"
    assert Gpus(Driver(())).tags() == {}


@PROC
def test_a_sample_is_of_this_machine() -> None:
    machine = Machine(os.getpid())
    busy_until = time.monotonic() + 0.3
    while time.monotonic() < busy_until:
        pass
    found = machine.sample()
    assert 0 <= found["system/cpu_utilization_percentage"] <= 100
    assert 0 < found["system/system_memory_usage_percentage"] < 100
    assert 5 < found["system/process_memory_megabytes"] < found["system/system_memory_usage_megabytes"]
    assert found["system/process_cpu_percentage"] > 0
    assert all(math.isfinite(value) for value in found.values())


def test_a_process_that_is_gone_is_left_out() -> None:
    found = Machine(2**30).sample()
    assert "system/process_memory_megabytes" not in found


@PROC
def test_looks_are_written_down_one_by_one(tmp_path: Path) -> None:
    for _ in range(2):  # the second goes on where the first was killed
        watch = Watch(tmp_path, os.getpid(), 1e9)
        watch.look()
        watch.look(last=True)
    steps = [point.step for point in Tail(tmp_path / JOURNAL).new()]
    assert steps == [1, 2]


@PROC
def test_a_run_has_them_and_its_results_do_not(run: Run, home: Path, client: Any, record: Recorder, steps: Any) -> None:
    receipt = record(run, steps(1, 4), Ending(Status.FINISHED, 3, {"test_accuracy": 0.5}), system_seconds=1e9)
    found = client.get_run(receipt.run_id).data.metrics
    assert {"system/process_memory_megabytes", "system/system_memory_usage_megabytes"} <= found.keys()
    assert found["m000"] == 3.0
    (past,) = [past for past in finished(address.local(home), "syntonic") if past.run_id == receipt.run_id]
    assert not [key for key in past.results if key.startswith("system/")]
