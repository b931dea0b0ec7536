"""What gradients reach on the same data: scikit-learn's MLP, trained by Adam, beside a run that has none."""

import time
from importlib.util import find_spec

from syntonic.benchmarks.standards import Split, labels

EPOCHS = 300
LEARNING_RATE = 0.03
"""Of .001, .01 and .03 it reaches most on the problems of the plane; scikit-learn's own, .001, is far from done."""


def require() -> None:
    """Checks that scikit-learn is there, which a run without gradients needs for nothing.

    Raises:
        ValueError: if it is not.
    """
    if find_spec("sklearn") is None:
        raise ValueError(
            "what gradients reach is computed by scikit-learn, which is not installed: uv pip install scikit-learn, "
            "or set benchmark.backprop=null"
        )


def reached(train: Split, test: Split, hidden: tuple[int, ...], seed: int) -> dict[str, float]:
    """Trains an MLP of tanh layers for 300 epochs at step size .03 with batches of 200 rows, and returns its figures.

    An evaluation is one pass over a batch, forward and backward.

    Args:
        train: inputs (samples, ...) and labels (samples,).
        test: the same, for the accuracy.
        hidden: widths of the hidden layers.
        seed: draws first weights and batches.

    Returns:
        `backprop_train_accuracy`, `backprop_test_accuracy`, `backprop_evaluations` and `backprop_seconds`.
    """
    import warnings

    require()
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    rows, classes = _rows(train)
    model = MLPClassifier(
        hidden,
        activation="tanh",
        max_iter=EPOCHS,
        n_iter_no_change=EPOCHS,
        random_state=seed,
        learning_rate_init=LEARNING_RATE,
    )
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it shall stop after so many epochs
        model.fit(rows, classes)
    seconds = time.perf_counter() - start
    batches = -(-len(rows) // min(200, len(rows)))
    return {
        "backprop_train_accuracy": float(model.score(rows, classes)),
        "backprop_test_accuracy": float(model.score(*_rows(test))),
        "backprop_evaluations": float(model.n_iter_ * batches),
        "backprop_seconds": seconds,
    }


def _rows(split: Split) -> tuple[list[list[float]], list[float]]:
    inputs, targets = split
    width = 1
    for size in inputs.shape[1:]:
        width *= size
    return inputs.reshape((inputs.shape[0], width)).tolist(), labels(targets)
