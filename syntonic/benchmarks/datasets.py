"""Data that installed packages ship or that a recipe generates, as tensors."""

from syntonic._core import Tensor

Split = tuple[Tensor, Tensor]
"""Inputs (samples, ...) and class labels (samples,), both float32."""


def digits() -> tuple[Split, Split]:
    """Returns training (1,437) and test data (360) of scikit-learn's 1,797 handwritten digits, 8x8 pixels in [0, 1].

    The split is stratified, 80 to 20, and always the same one. Source: E. Alpaydin, C. Kaynak, "Optical Recognition of
    Handwritten Digits", UCI Machine Learning Repository, 1998.
    """
    import numpy as np
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    data = load_digits()
    pixels, labels = (data.data / 16).astype(np.float32), data.target.astype(np.float32)
    parts = train_test_split(pixels, labels, test_size=0.2, random_state=0, stratify=labels)
    x_train, x_test, y_train, y_test = (Tensor(part) for part in parts)
    return (x_train, y_train), (x_test, y_test)


def digit_images() -> tuple[Split, Split]:
    """Returns `digits` as images (samples, 8, 8, 1)."""
    train, test = ((inputs.reshape((inputs.shape[0], 8, 8, 1)), labels) for inputs, labels in digits())
    return train, test


def mnist1d() -> tuple[Split, Split]:
    """Returns training (4,000) and test data (1,000) of MNIST-1D: signals (samples, 40, 1)."""
    import numpy as np

    from syntonic.benchmarks.mnist1d import LENGTH, TRAINING, generate

    signals, labels = generate()
    inputs, classes = signals.astype(np.float32).reshape(-1, LENGTH, 1), labels.astype(np.float32)
    train, test = slice(TRAINING), slice(TRAINING, None)
    return (Tensor(inputs[train]), Tensor(classes[train])), (Tensor(inputs[test]), Tensor(classes[test]))
