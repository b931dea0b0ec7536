"""A resonant tensor that a GPU computes with: the points of the CPU."""

import numpy as np
import pytest

from syntonic._core import ResonantTensor


@pytest.mark.parametrize("shape", [(), (1,), (7,), (33, 65), (4, 0), (2, 3, 40)])
@pytest.mark.parametrize("weighted", [True, False])
def test_a_cycle_ends_on_the_points_of_the_cpu(shape, weighted):
    start = np.random.default_rng(1).normal(size=shape)
    here, there = ResonantTensor(start), ResonantTensor(start)
    noise = {"seed": 5, "step": 6, "weighted": weighted}
    s, t = here.cpu_cycle(0.2, 50, **noise), there.cuda_cycle_gpu("cuda:0", 0.2, 50, **noise)
    assert s == pytest.approx(t, rel=1e-9)
    assert (there.phase, there.precision, there.shape) == ("crystallized", 50, shape)
    # Fused products round otherwise, so that a value between two points may take the other one.
    assert sum(p != q for p, q in zip(here.lattice(), there.lattice(), strict=True)) <= here.size // 1000


def test_waking_with_noise():
    start = np.random.default_rng(2).normal(size=(5, 9))
    here, there = ResonantTensor(start), ResonantTensor(start)
    here.wake_flux()
    here.differentiate(0.1, seed=3)
    values = there.wake_flux_with_d_phase_py(seed=3)
    assert there.phase == "flux"
    np.testing.assert_allclose(values, here.to_floats(), rtol=1e-13, atol=1e-15)
    assert values == there.to_floats()


def test_there_and_back():
    x = np.random.default_rng(3).normal(size=(4, 6))
    made = ResonantTensor.from_floats_cuda(x, mode_norm_sq=[1.0] * 6, precision=30)
    assert made.lattice() == ResonantTensor(x, precision=30).lattice()
    assert made.mode_norms == [1.0] * 6
    moved = made.to_device()
    assert (moved.device, moved.dtype) == ("cuda:0", "float64")
    assert moved.cpu().tolist() == made.to_list()
    with pytest.raises(ValueError, match="finite"):
        ResonantTensor.from_floats_cuda([np.nan])
    with pytest.raises(ValueError, match="scale"):
        made.cuda_cycle_gpu(noise_scale=-1.0, seed=0)
