"""`syntonic-run`: reads the command line and answers with an exit code. Heavy imports wait until a run is asked for."""

import gc
import os
import signal
import sys
from collections.abc import Sequence
from typing import Final

from syntonic.runners.command import help as help_text
from syntonic.runners.command.arguments import parse
from syntonic.runners.command.completion import completed
from syntonic.runners.command.table import COMMANDS, call
from syntonic.runners.config.errors import RequestError
from syntonic.runners.run import streams

WRONG_REQUEST: Final = 2
_GARBAGE: Final = 100_000  # objects between two collections; what imports make stays, and going through it takes time


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command.

    Args:
        argv: the arguments after the command's name; None takes them from the process.

    Returns:
        The exit code: 0 done, 1 failed, 2 a wrong request (nothing was written), 128 + n ended by signal n.
    """
    gc.set_threshold(_GARBAGE)
    if argv is not None:
        return _answer(list(argv))
    os.environ["PYTHONSAFEPATH"] = "1"  # a json.py in the working folder is not for what is started from here
    streams.take()
    try:
        return _answer(sys.argv[1:])
    finally:
        streams.leave()
        gc.freeze()  # the process ends: to look for garbage once more would take a tenth of a second


def _brought(use: Sequence[str]) -> dict[str, list[str]]:
    if not use:
        return {}
    from syntonic.runners.own import loading, options

    loading.typed(use)
    return options.names()


def _answer(argv: list[str]) -> int:
    try:
        if argv and argv[0] in COMMANDS:
            return call(argv[0], argv[1:])
        arguments = parse(argv)
        if arguments.help:
            print(help_text.text(_brought(arguments.use)))
            return 0
        if arguments.version:
            from importlib import metadata

            print(f"syntonic {metadata.version('syntonic')}")
            return 0
        if (answer := completed(arguments)) is not None:
            print(answer)
            return 0
        from syntonic.runners.command.request import launch

        return launch(arguments)
    except RequestError as error:
        print(error.report(), file=sys.stderr)
        return WRONG_REQUEST
    except KeyboardInterrupt:
        again = "Re-run the same command to continue the sweep, or `resume=last` to continue a run."
        print(f"syntonic-run: Interrupted. {again}", file=sys.stderr)
        return 128 + signal.SIGINT
