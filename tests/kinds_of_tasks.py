"""A small task of every kind that a model may be made for."""

from syntonic.nn.architectures import Task

TASKS = {
    "features": Task((3,), (4,)),
    "image": Task((8, 8, 2), (4,)),
    "signal": Task((12, 2), (4,)),
    "tokens": Task((6,), (4,), vocabulary=5),
    "sequence": Task((6,), (6, 5), vocabulary=5),
}
