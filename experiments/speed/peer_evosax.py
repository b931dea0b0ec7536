"""evosax on one task: whole bursts of generations inside one jitted `lax.scan`, the fastest way to drive it."""

import argparse

import evosax_tasks as tasks
import jax
from worker import serve


def main() -> None:
    """Serves one (task, algorithm, population) until the input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=["xor", "digits"])
    parser.add_argument("algorithm", choices=["Open_ES", "PGPE"])
    parser.add_argument("--population", type=int, required=True)
    parser.add_argument("--generations", type=int, required=True)
    args = parser.parse_args()
    task = {"xor": tasks.xor, "digits": tasks.digits}[args.task]()
    key = jax.random.key(1)
    start = task.init(key)
    es, params = tasks.strategy(args.algorithm, args.task, args.population, start, args.generations)
    step = tasks.generation(task, es, params)
    run = jax.jit(lambda state, keys: jax.lax.scan(step, state, keys))
    state = es.init(key, start, params)
    keys = jax.random.split(jax.random.key(2), args.generations)
    serve(lambda _count: jax.block_until_ready(run(state, keys)), args.generations, args.population)


if __name__ == "__main__":
    main()
