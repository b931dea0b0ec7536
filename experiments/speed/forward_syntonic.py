"""Syntonic's side of `forward.py`: the loss of every member of a population, weights perturbed on the way."""

import argparse
from typing import TypeVar

import forward_sizes as sizes
from worker import serve

from syntonic._core import Evolution, Graph, ResonantTensor, Tensor
from syntonic.sn import functional as F
from syntonic.sn.array import Array

A = TypeVar("A", bound=Array)


def forward(x: A, parameters: list[ResonantTensor]) -> A:
    """Returns the logits (batch, length, classes) of a causal transformer that norms before each block."""
    w = iter(parameters)
    for _ in range(sizes.LAYERS):
        h = F.layer_norm(x)
        q, k, v = (F.linear(h, next(w), next(w)) for _ in range(3))
        x = F.add(x, F.linear(F.attention(q, k, v, sizes.HEADS, causal=True), next(w), next(w)))
        h = F.gelu(F.linear(F.layer_norm(x), next(w), next(w)))
        x = F.add(x, F.linear(h, next(w), next(w)))
    return F.linear(F.layer_norm(x), next(w), next(w))


def main() -> None:
    """Serves bursts of forwards, or prints the centre's loss."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rank", type=int, default=None)
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--forwards", type=int, default=3)
    parser.add_argument("--loss", action="store_true")
    args = parser.parse_args()
    parameters = [ResonantTensor.from_flux(sizes.weights(shape, i), shape) for i, shape in enumerate(sizes.shapes())]
    graph = Graph(parameters)
    x = graph.input((sizes.BATCH, sizes.LENGTH, sizes.WIDTH))
    y = graph.input((sizes.BATCH, sizes.LENGTH))
    objective = graph.objective(F.cross_entropy(forward(x, parameters), y))
    values, labels = sizes.batch()
    inputs = [
        Tensor(values, (sizes.BATCH, sizes.LENGTH, sizes.WIDTH), args.dtype),
        Tensor(labels, (sizes.BATCH, sizes.LENGTH), args.dtype),
    ]
    if args.loss:
        print(F.cross_entropy(forward(inputs[0], parameters), inputs[1]).item())
        return
    engine = Evolution(
        parameters,
        seed=0,
        population_size=sizes.MEMBERS,
        sigma=0.01,
        rank=args.rank,
        lattice=False,
        lambda_syntony=0.0,
        dtype=args.dtype,
        threads=args.threads,
    )

    def burst(count: int) -> None:
        for _ in range(count):
            engine.losses(objective, inputs)

    serve(burst, args.forwards, sizes.MEMBERS)


if __name__ == "__main__":
    main()
