import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from syntonic.benchmarks import Cnn
from syntonic.benchmarks.datasets import WIDTH, _smoothed, digits, mnist1d, mnist1d_signals


def test_images_are_the_digits_in_rows():
    (pixels, labels), _ = digits()
    benchmark = Cnn(0, batch_size=32)
    images, drawn = benchmark.batch(5)
    known = {row.tobytes(): label for row, label in zip(np.asarray(pixels), np.asarray(labels), strict=True)}
    assert images.shape == (32, 8, 8, 1)
    assert [known[image.tobytes()] for image in np.asarray(images)] == drawn.tolist()


def test_mnist1d_has_the_numbers_of_the_published_data():
    # Read from the data set that its authors' own package generates.
    signals, labels = mnist1d_signals()
    assert signals[0, :4] == pytest.approx([-0.33200567, -0.47191037, -0.77869708, -1.00974083], abs=1e-8)
    assert signals[4999, :3] == pytest.approx([-0.51932871, -0.69872276, -1.28103769], abs=1e-8)
    assert labels[:10].tolist() == [2, 6, 4, 5, 6, 6, 6, 0, 3, 1]
    assert (signals.mean(), signals.std()) == pytest.approx((0, 1), abs=1e-12)


@pytest.mark.parametrize("length", [17, 48, 72])
def test_noise_is_smoothed_with_the_bits_of_scipy(length: int):
    """SciPy's is the recipe's: another last bit would be another data set."""
    signal = np.random.RandomState(length).randn(length)
    np.testing.assert_array_equal(_smoothed(signal), gaussian_filter1d(signal, WIDTH))


def test_mnist1d_keeps_a_fifth_for_the_test():
    (train, train_labels), (test, test_labels) = mnist1d()
    assert (train.shape, test.shape) == ((4000, 40, 1), (1000, 40, 1))
    counts = np.bincount(np.concatenate([np.asarray(train_labels), np.asarray(test_labels)]).astype(int))
    assert counts.tolist() == [500] * 10
    benchmark = Cnn(0, data="mnist1d", batch_size=8)
    assert benchmark.batch(1)[0].shape == (8, *benchmark.input_shape) == (8, 40, 1)
