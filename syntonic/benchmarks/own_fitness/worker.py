"""A process that calls a fitness function: parameters come in as bytes, scores go out. It ends when its pipe closes.

Started by `pool.py` as `python -m syntonic.benchmarks.own_fitness.worker <descriptor>`.
"""

import json
import math
import os
import signal
import sys
from multiprocessing.connection import Connection
from types import ModuleType
from typing import Any

from syntonic._core import Tensor
from syntonic.benchmarks.own_fitness.call import Score, score, told
from syntonic.core import own_code


def main(descriptor: int) -> None:
    """Serves until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one
    pipe: Connection[bytes, bytes] = Connection(descriptor)
    try:
        setup: dict[str, Any] = json.loads(pipe.recv_bytes())
        sys.path[:] = setup["path"]
        os.chdir(setup["folder"])
        try:
            for code in setup["code"]:
                _execute(own_code.Code(**code))
            function = own_code.find(setup["function"])
        except Exception as error:
            pipe.send_bytes(json.dumps({"fault": told(error)}).encode())
            return
        pipe.send_bytes(b"{}")
        shapes = {name: tuple(shape) for name, shape in setup["shapes"].items()}
        sizes = [math.prod(shape) for shape in shapes.values()]
        while True:
            seed = int.from_bytes(pipe.recv_bytes(), "little")
            values = memoryview(pipe.recv_bytes()).cast("d")
            parameters, start = {}, 0
            for (name, shape), size in zip(shapes.items(), sizes, strict=True):
                parameters[name] = Tensor(values[start : start + size], shape, "float64")
                start += size
            found: Score = score(function, parameters, seed)
            pipe.send_bytes(json.dumps([found.value, found.fault]).encode())
    except (EOFError, OSError):
        return


def _execute(code: own_code.Code) -> None:
    module = ModuleType(code.module)
    module.__file__ = code.path
    sys.modules[code.module] = module
    exec(compile(code.text, code.path, "exec"), module.__dict__)  # what the user has typed as --use
    own_code.allow(code)


if __name__ == "__main__":
    main(int(sys.argv[1]))
