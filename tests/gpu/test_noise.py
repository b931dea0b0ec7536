"""The noise of the population: the bits of the CPU."""

import numpy as np
import pytest

from syntonic import _core


def philox(counter, key):
    """Philox4x32-10 in Python integers (Salmon et al., SC 2011)."""
    c, k = list(counter), list(key)
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & 0xFFFFFFFF, (p0 >> 32) ^ c[3] ^ k[1], p0 & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def cpu_normals(seed, n, step):
    """What the CPU adds in a D phase of S = 0: its noise with scale 1, stream 6, pair 0, parameter 0."""
    x = _core.ResonantTensor(np.zeros(n), shape=[n], mode_norms=[0.0] * n)
    x.wake_flux()
    x.differentiate(1.0, seed=seed, step=step, weighted=False)
    return np.array(x.to_list())


@pytest.mark.parametrize("n", [1, 7, 8, 9, 1000, 65_537])
def test_the_bits_of_the_cpu(gpu, n):
    want = cpu_normals(5, n, 3)
    got = _core.DeviceTensor.noise(5, 1, n, generation=3, stream=6, dtype=str(gpu.dtype))
    np.testing.assert_array_equal(gpu.down(got)[0], want)


def test_counters_reach_their_places(gpu):
    """All 65,536 normals are known from a block of the CPU's; here the words of a few blocks choose among them."""
    table = {}
    values = cpu_normals(1, 1 << 19, 0)
    for block in range(1 << 16):
        for i, word in enumerate(philox((block, 0, 0, 0), (1, 6))):
            table[word & 0xFFFF] = values[8 * block + 2 * i]
            table[word >> 16] = values[8 * block + 2 * i + 1]
        if block % 4096 == 0 and len(table) == 65_536:
            break
    got = gpu.down(_core.DeviceTensor.noise(9, 3, 20, generation=4, parameter=2, first_pair=7, dtype=str(gpu.dtype)))
    for pair in range(3):
        for i in range(20):
            word = philox((i // 8, 2, 7 + pair, 4), (9, 2))[i % 8 // 2]
            half = word >> 16 if i % 2 else word & 0xFFFF
            if half in table:
                assert got[pair, i] == table[half]


def test_members_are_mirrored(gpu):
    centre = gpu.normal(3, 5)
    noise = gpu.down(_core.DeviceTensor.noise(3, 4, 15, generation=6, parameter=1, dtype=str(gpu.dtype)))
    members = gpu.up(centre).perturb(0.1, 3, 4, generation=6, parameter=1)
    assert members.shape == (8, 3, 5)
    step = np.repeat(noise.reshape(4, 3, 5), 2, axis=0) * np.array([1, -1] * 4).reshape(8, 1, 1) * 0.1
    gpu.near(members, centre.astype(np.float64) + step, np.abs(centre) + np.abs(step), 3)
