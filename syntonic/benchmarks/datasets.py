"""Real data that installed packages ship. The only file of the library that imports NumPy, while it loads."""

from syntonic._core import Tensor

Split = tuple[Tensor, Tensor]
"""Inputs (samples, features) and class labels (samples,), both float32."""


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
