import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from syntonic._core import PHI, Tensor
from syntonic.nn.analysis import spectra, spectrum
from syntonic.nn.architectures import MLP, Task
from syntonic.sn import Parameter


@given(arrays(np.float64, array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.floats(-1e6, 1e6, width=32)))
def test_singular_values_are_numpys(matrix):
    expected = np.linalg.svd(matrix, compute_uv=False)
    found = Tensor(matrix, dtype="float64").singular_values()
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-12 * max(1e-300, expected[0]))


@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200])
@pytest.mark.parametrize("shape", [(40, 7), (7, 40), (64, 64), (1, 5)])
def test_large_and_tiny_matrices(shape, scale):
    matrix = scale * np.random.default_rng(0).normal(size=shape)
    expected = np.linalg.svd(matrix, compute_uv=False)
    assert Tensor(matrix, dtype="float64").singular_values() == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("wrong", [np.zeros(3), np.zeros((2, 2, 2)), np.array([[1.0, np.nan]])])
def test_what_is_no_matrix_of_numbers_is_refused(wrong):
    with pytest.raises(ValueError, match="singular_values"):
        Tensor(wrong, dtype="float64").singular_values()


def test_a_spectrum_counts_what_counts():
    model = MLP(Task((6,), (4,)), hidden=(5,))
    model.initialize(3)
    assert spectra(model).keys() == {name for name, p in model.named_parameters() if len(p.shape) == 2}
    for name, parameter in model.named_parameters():
        if len(parameter.shape) != 2:
            with pytest.raises(ValueError, match="needs a matrix"):
                spectrum(parameter)
            continue
        found = spectra(model)[name]
        matrix = np.asarray(parameter.data.to_tensor("float64"))
        values = np.linalg.svd(matrix, compute_uv=False)
        shares = values / values.sum()
        assert found.radius_over_phi == pytest.approx(values[0] / PHI)
        assert found.effective_rank == pytest.approx(np.exp(-(shares * np.log(shares)).sum()))
        energy = (matrix**2).sum(0) / (matrix**2).sum()
        assert [share for _, share in found.mode_energy] == pytest.approx(energy.tolist())
        weights = np.exp(-np.array([norm for norm, _ in found.mode_energy]) / PHI)
        assert found.syntony == pytest.approx((weights * energy).sum())


def test_a_weight_of_zeros_has_no_rank():
    found = spectrum(Parameter((3, 4), init="zeros"))
    assert (found.effective_rank, found.radius_over_phi, found.syntony) == (0.0, 0.0, 0.0)
