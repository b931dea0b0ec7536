"""A Ray cluster of three nodes on this machine: a head that computes nothing, and two of one core each.

Prints its address, then does what it reads: `lose N` kills the node that process N works for; an end closes it all.
"""

import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ray.cluster_utils import Cluster


def parent(pid: int) -> int:
    """Returns the process that started this one."""
    with open(f"/proc/{pid}/stat") as file:
        return int(file.read().rpartition(")")[2].split()[1])


def lose(cluster: "Cluster", pid: int) -> None:
    """Kills the node's raylet and the process itself, as a power cut would; another node comes in its place."""
    raylet = parent(pid)
    nodes = {info.process.pid: node for node in cluster.worker_nodes for info in node.all_processes["raylet"]}
    cluster.remove_node(nodes[raylet], allow_graceful=False)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    cluster.add_node(num_cpus=1)


def main() -> None:
    """Serves until its input ends."""
    import ray
    from ray.cluster_utils import Cluster

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    for _ in range(2):
        cluster.add_node(num_cpus=1)
    print(cluster.address, file=answers, flush=True)
    for line in sys.stdin:
        lose(cluster, int(line.split()[1]))
        print("lost", file=answers, flush=True)
    ray.shutdown()
    cluster.shutdown()


if __name__ == "__main__":
    main()
