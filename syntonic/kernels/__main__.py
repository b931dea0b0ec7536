"""`python -m syntonic.kernels`: compiles CUDA kernels ahead of time, on a machine with or without a GPU."""

import argparse
import os
import sys
from pathlib import Path

from syntonic import _core
from syntonic.kernels.images import ARCHITECTURES, DOCUMENTED, compile_all


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line and returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m syntonic.kernels", description=__doc__)
    also = " and ".join(f"{name} ({', '.join(units)})" for name, units in DOCUMENTED.items())
    parser.add_argument("--list", action="store_true", help="list the kernel units and stop")
    parser.add_argument(
        "--kernel",
        action="append",
        default=[],
        metavar="NAME",
        help=f"compile this unit (default: all); {also} are names of the documents",
    )
    parser.add_argument(
        "--arch", action="append", default=[], metavar="SM", help=f"for this card (default: {', '.join(ARCHITECTURES)})"
    )
    parser.add_argument("--ptx", action="store_true", help="PTX, which a newer card can take too, in place of cubins")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="write <kernel>_<f32|f64>_<arch>.cubin (or .ptx) files here"
    )
    options = parser.parse_args(arguments)
    try:
        if options.list:
            print("\n".join(_core.cuda_kernels()), flush=True)
            return 0
        for image in compile_all(options.kernel, options.arch, ptx=options.ptx):
            where = image.save(options.out) if options.out else image.filename
            print(f"{where}  {len(image.data):,} bytes", flush=True)
    except BrokenPipeError:  # nobody reads any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (ValueError, _core.DeviceUnavailable, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
