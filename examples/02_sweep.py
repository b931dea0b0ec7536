"""A sweep: two trainers, three seeds each, and what was finished is not run again.

`main` is what the command `syntonic-run` calls; `syntonic.run` is for single runs.
"""

import json
from pathlib import Path

from syntonic.runners.cli import main

SWEEP = ["-m", "trainer=retrocausal,es", "seed=0,1,2", "trainer.max_generations=60", "tracking=none"]

# Six runs. The table at the end has a mean and a spread for each trainer, over its seeds.
assert main(SWEEP) == 0

# The same command again: every point has finished, so nothing runs.
assert main(SWEEP) == 0

folders = sorted(Path(".syntonic/runs").iterdir())
seeds = sorted(json.loads((folder / "run.json").read_text())["config"]["seed"] for folder in folders)
print(f"{len(folders)} runs, of the seeds {seeds}")
assert seeds == [0, 0, 1, 1, 2, 2]
