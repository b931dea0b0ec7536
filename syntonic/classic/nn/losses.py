"""The losses of the documents: means over a batch, of tensors, of traced values, or of lists and resonant tensors."""

from typing import Any

from syntonic._core import Tensor
from syntonic.sn import functional as F
from syntonic.sn.array import A
from syntonic.sn.given import as_tensor, is_value


def mse_loss(predictions: Any, targets: Any) -> Any:  # noqa: ANN401 (a value gives a value, data gives a float)
    """Returns the mean of (p - t)^2 over all elements: a scalar of the forward pass, or a float for lists and the like.

    Raises:
        ValueError: shapes that differ.
    """
    p = as_tensor(predictions)
    t = as_tensor(targets, p)
    if p.shape != t.shape:
        raise ValueError(f"predictions and targets are of one shape; got {p.shape} and {t.shape}")
    return _given(F.mse(p, t), predictions)


def cross_entropy_loss(logits: Any, targets: Any) -> Any:  # noqa: ANN401 (as above)
    """Returns the mean over samples of -ln softmax(logits)[target]: a scalar of the forward pass, or a float.

    Args:
        logits: (..., classes); one sample may come without a batch axis.
        targets: labels (...,), 0 to classes - 1, or the probability of each class (..., classes).

    Raises:
        ValueError: shapes that do not fit, no label, or probabilities that do not sum to 1.
    """
    x = as_tensor(logits)
    t = as_tensor(targets, x)
    if len(x.shape) == 1:
        x = x.reshape((1, *x.shape))
        t = t.reshape((1, *t.shape))
    if t.shape == x.shape:
        return _given(_of_probabilities(x, t), logits)
    classes = x.shape[-1]
    if isinstance(t, Tensor) and any(label not in range(classes) for label in _flat(t.tolist())):
        raise ValueError(f"expected labels 0 to {classes - 1}, got {max(_flat(t.tolist()), key=abs):g} among them")
    return _given(F.cross_entropy(x, t), logits)


def _of_probabilities(x: A, t: A) -> A:
    if isinstance(t, Tensor) and max(abs(total - 1) for total in _flat(t.sum(-1).tolist())) > 1e-3:
        raise ValueError("expected the probabilities of each sample's classes to sum to 1, or labels")
    # ln sum e^x is the cross-entropy of the first class plus its logit.
    first = x.narrow(-1, 0, 1)
    labels = (first * 0.0).reshape(x.shape[:-1])
    return F.cross_entropy(x, labels) + first.mean() - (x * t).sum(-1).mean()


def _flat(values: Any) -> list[float]:  # noqa: ANN401 (nested lists of floats)
    return [x for part in values for x in _flat(part)] if isinstance(values, list) else [values]


def _given(loss: Any, given: object) -> Any:  # noqa: ANN401 (as above)
    return loss if is_value(given) else loss.item()
