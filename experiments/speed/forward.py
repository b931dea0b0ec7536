"""The forward of a transformer for 64 members: the engine beside JAX-CPU, jitted with vmap, on the same cores.

    uv run python experiments/speed/forward.py --peer-python PATH

Width 64, 2 layers, 4 heads, 64 positions, batch 8. Syntonic's time includes the noise and the perturbation of every
member's weights; JAX's members lie ready in memory. Each contestant is a warm process; they take turns, burst by
burst. First both print the loss of the same unperturbed weights, and the run ends unless these agree.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from typing import Final

from contestants import HERE, Contestant, Session

FORWARDS: Final = 3


def loss(python: str, script: str, dtype: str) -> float:
    """Returns the loss of the unperturbed weights as one side computes it."""
    command = [python, str(HERE / script), "--loss", "--dtype", dtype]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    """Measures, prints, and writes `forward.json`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer-python", default=sys.executable, help="a Python that has jax")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--dtype", default="float32", choices=["float32", "float64"])
    args = parser.parse_args()
    ours = loss(sys.executable, "forward_syntonic.py", args.dtype)
    theirs = loss(args.peer_python, "forward_jax.py", args.dtype)
    if abs(ours - theirs) > 1e-4 * abs(theirs):
        raise RuntimeError(f"the two sides compute different losses: {ours} and {theirs}")
    options = ("--dtype", args.dtype, "--forwards", str(FORWARDS))
    contestants = [
        Contestant("Syntonic, full rank", "forward_syntonic.py", options, False),
        Contestant("Syntonic, rank 1", "forward_syntonic.py", (*options, "--rank", "1"), False),
        Contestant("JAX, jit and vmap", "forward_jax.py", options, True),
    ]
    sessions = [Session(who, args.peer_python) for who in contestants]
    rounds = [[1000 / s.burst().generations_per_second for s in sessions] for _ in range(args.repeats)]
    for session in sessions:
        session.close()
    results = {"dtype": args.dtype, "cores": len(os.sched_getaffinity(0)), "losses": [ours, theirs], "rows": []}
    print(f"{args.dtype}, {results['cores']} cores; loss {ours:.6f} and {theirs:.6f}; median of {args.repeats} bursts")
    for i, who in enumerate(contestants):
        times = [times[i] for times in rounds]
        ratio = statistics.median(times[i] / times[-1] for times in rounds)
        row = {"name": who.name, "ms": statistics.median(times), "fastest": min(times), "slowest": max(times)}
        results["rows"].append({**row, "over_jax": ratio})
        print(f"{who.name:20} {row['ms']:8.1f} ms ({min(times):.1f} to {max(times):.1f})  {ratio:.2f} of JAX's time")
    (HERE / f"forward_{args.dtype}.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
