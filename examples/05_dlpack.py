"""Tensors exchange memory with NumPy, JAX, PyTorch and CuPy, without a copy and without importing any of them.

NumPy stands here for all four; `torch.from_dlpack(tensor)` and `Tensor(torch_tensor)` are the same two lines.
"""

import numpy as np

from syntonic._core import Tensor

# Out: the array looks at the tensor's own memory, which stays alive as long as the array does. It cannot be written to.
tensor = Tensor([[1.0, 2.0], [3.0, 4.0]])
array = np.from_dlpack(tensor)
assert array.__array_interface__["data"][0] == np.asarray(tensor).__array_interface__["data"][0]
assert not array.flags.writeable
print(array)

# In: anything with `__dlpack__` or the buffer protocol. Tensors are float32 unless float64 is asked for.
source = np.arange(6, dtype=np.float64).reshape(2, 3)
double = Tensor(source, dtype="float64")
print(double.shape, double.dtype)

# A product computed here and there.
product = np.from_dlpack(double.matmul(Tensor(source.T.copy(), dtype="float64")))
assert np.array_equal(product, source @ source.T)
