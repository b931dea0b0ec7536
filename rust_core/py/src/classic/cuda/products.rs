//! Products of matrices, entropies and places of the largest on a GPU: what a model's operations have no arguments for.

use pyo3::prelude::*;
use syntonic_core::cuda::Reduction;

use crate::door::enter;
use crate::tensor::Tensor;

#[pymethods]
impl Tensor {
    /// The sum of -p ln p over an axis, or over everything, on a GPU; 0 for p = 0.
    #[pyo3(signature = (dim=None, keepdim=false))]
    fn entropy(&self, py: Python<'_>, dim: Option<i64>, keepdim: bool) -> PyResult<Self> {
        enter(py, || self.cuda()?.reduce(Reduction::Entropy, dim, keepdim)).map(Self::from)
    }

    /// Where the largest number of each row stands: the first of equals, or of NaNs; int64.
    fn argmax(&self, py: Python<'_>) -> PyResult<Self> {
        enter(py, || self.cuda()?.argmax()).map(Self::from)
    }

    /// alpha op(A) op(B) + beta C of matrices, or of stacks with equal leading axes; cuBLAS without TF32.
    #[pyo3(signature = (other, *, transpose_a=false, transpose_b=false, alpha=1.0, beta=0.0, plus=None))]
    #[expect(clippy::too_many_arguments, reason = "those of a GEMM")]
    fn gemm(
        &self,
        py: Python<'_>,
        other: &Self,
        transpose_a: bool,
        transpose_b: bool,
        alpha: f64,
        beta: f64,
        plus: Option<&Self>,
    ) -> PyResult<Self> {
        let plus = plus.map(|c| Ok::<_, PyErr>((beta, c.on_cuda()?))).transpose()?;
        enter(py, || self.cuda()?.gemm(other.cuda()?, (transpose_a, transpose_b), alpha, plus)).map(Self::from)
    }
}
