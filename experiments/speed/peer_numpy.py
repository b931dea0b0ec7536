"""OpenAI's evolution strategy on XOR in plain NumPy: the yardstick of a user without JAX.

MLP 2-16-1 with tanh, binary cross-entropy, mirrored noise, centred ranks, Adam: the algorithm of the other contestants.
"""

import argparse

import numpy as np
from worker import serve

HIDDEN, SIGMA, RATE = 16, 0.3, 0.2
SIZE = 2 * HIDDEN + HIDDEN + HIDDEN + 1
X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
Y = np.array([0, 1, 1, 0], np.float32)


def losses(members: np.ndarray) -> np.ndarray:
    """Returns the loss of each row of `members` (population, SIZE)."""
    first = members[:, : 2 * HIDDEN].reshape(-1, 2, HIDDEN)
    hidden = np.tanh(X[None] @ first + members[:, None, 2 * HIDDEN : 3 * HIDDEN])
    z = np.einsum("pbh,ph->pb", hidden, members[:, 3 * HIDDEN : 4 * HIDDEN]) + members[:, 4 * HIDDEN :]
    return np.mean(np.maximum(z, 0) - z * Y + np.log1p(np.exp(-np.abs(z))), 1)


def run(population: int, generations: int) -> None:
    """Trains from a fresh random centre."""
    rng = np.random.default_rng(0)
    centre = rng.standard_normal(SIZE).astype(np.float32) * 0.5
    first_moment, second_moment = np.zeros(SIZE, np.float32), np.zeros(SIZE, np.float32)
    ranks = np.empty(population, np.float32)
    levels = np.arange(population, dtype=np.float32) / (population - 1) - 0.5
    for t in range(1, generations + 1):
        half = rng.standard_normal((population // 2, SIZE), dtype=np.float32)
        noise = np.concatenate([half, -half])
        ranks[np.argsort(losses(centre + SIGMA * noise))] = levels
        slope = ranks @ noise / (population * SIGMA)
        first_moment = 0.9 * first_moment + 0.1 * slope
        second_moment = 0.999 * second_moment + 0.001 * slope * slope
        corrected = np.sqrt(second_moment / (1 - 0.999**t)) + 1e-8
        centre = centre - RATE * (first_moment / (1 - 0.9**t)) / corrected


def main() -> None:
    """Serves XOR at one population until the input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--population", type=int, required=True)
    parser.add_argument("--generations", type=int, required=True)
    args = parser.parse_args()
    serve(lambda count: run(args.population, count), args.generations, args.population)


if __name__ == "__main__":
    main()
