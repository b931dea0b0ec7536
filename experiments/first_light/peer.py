"""evosax's Open_ES on the two benchmarks of this study; prints one JSON object.

Run by `run.py` in the peers' environment, with `experiments/peers` on PYTHONPATH.
"""

import argparse
import json

import evosax_tasks as tasks
import jax
import numpy as np

HELD = 10  # the centre must stay right this many generations


def xor(population: int, seeds: int, generations: int = 200) -> list[int | None]:
    """Returns per seed the first generation after which the centre is right and stays so for `HELD` generations."""
    task = tasks.xor()
    es, params = tasks.strategy("Open_ES", "xor", population, task.init(jax.random.key(0)), generations)
    step = tasks.generation(task, es, params)

    def watched(state: object, key: jax.Array) -> tuple[object, jax.Array]:
        state, _ = step(state, key)
        return state, task.accuracy(es.get_mean(state), task.train)

    run = jax.jit(lambda state, keys: jax.lax.scan(watched, state, keys))
    found: list[int | None] = []
    for seed in range(seeds):
        key = jax.random.key(1000 + seed)
        state = es.init(key, task.init(key), params)
        _, accuracy = run(state, jax.random.split(jax.random.fold_in(key, 7), generations))
        held = np.convolve(np.asarray(accuracy) >= 1.0, np.ones(HELD), "valid") >= HELD
        found.append(int(np.argmax(held)) + 1 if held.any() else None)
    return found


def digits(population: int, seeds: int, generations: int, marks: tuple[int, ...]) -> dict[str, list[float]]:
    """Returns the centre's test accuracy at each mark, one value per seed, from one run of `generations` per seed."""
    task = tasks.digits()
    es, params = tasks.strategy("Open_ES", "digits", population, task.init(jax.random.key(0)), generations)
    run = jax.jit(lambda state, keys: jax.lax.scan(tasks.generation(task, es, params), state, keys))
    accuracy: dict[str, list[float]] = {str(mark): [] for mark in marks}
    for seed in range(seeds):
        key = jax.random.key(seed)
        start = task.init(jax.random.fold_in(key, 1))
        state = es.init(jax.random.fold_in(key, 2), start, params)
        keys = jax.random.split(jax.random.fold_in(key, 3), generations)
        for begin, mark in zip((0, *marks), marks, strict=False):
            state, _ = run(state, keys[begin:mark])
            accuracy[str(mark)].append(float(task.accuracy(es.get_mean(state), task.test)))
    return accuracy


def main() -> None:
    """Reads the sizes of the study from the command line and prints the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--xor-seeds", type=int, required=True)
    parser.add_argument("--digits-seeds", type=int, required=True)
    parser.add_argument("--generations", type=int, required=True)
    parser.add_argument("--marks", type=int, nargs="+", required=True)
    args = parser.parse_args()
    result = {
        "xor": {str(p): xor(p, args.xor_seeds) for p in (64, 1024)},
        "digits": digits(256, args.digits_seeds, args.generations, tuple(args.marks)),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
