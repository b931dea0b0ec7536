//! Complex numbers on a device: pairs (real, imaginary) in a last axis of size 2.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use syntonic_classic::cuda::ComplexFields;
use syntonic_core::cuda::Form;

use crate::classic::complex::Scalar;
use crate::door::enter;
use crate::tensor::Tensor;

fn form(name: &str) -> PyResult<Form> {
    match name {
        "n" => Ok(Form::Plain),
        "t" => Ok(Form::Transposed),
        "h" => Ok(Form::Adjoint),
        other => Err(PyValueError::new_err(format!(
            "complex_matmul: expected a form \"n\" (plain), \"t\" (transposed) or \"h\" (conjugated too), got {other:?}"
        ))),
    }
}

#[pymethods]
impl Tensor {
    /// x y of complex numbers.
    fn complex_mul(&self, py: Python<'_>, other: &Self) -> PyResult<Self> {
        enter(py, || self.cuda()?.complex_mul(other.cuda()?)).map(Self::from)
    }

    /// x / y of complex numbers.
    fn complex_div(&self, py: Python<'_>, other: &Self) -> PyResult<Self> {
        enter(py, || self.cuda()?.complex_div(other.cuda()?)).map(Self::from)
    }

    /// 1 / x of complex numbers.
    fn complex_reciprocal(&self, py: Python<'_>) -> PyResult<Self> {
        enter(py, || self.cuda()?.complex_reciprocal()).map(Self::from)
    }

    /// alpha op(A) op(B) + beta C of complex matrices (.., m, k, 2) and (.., k, n, 2) with equal leading axes; op is plain
    /// ("n"), the transpose ("t") or the adjoint ("h").
    #[pyo3(
        signature = (other, form_a="n", form_b="n", *, alpha=Scalar((1.0, 0.0)), beta=Scalar((0.0, 0.0)), plus=None),
        text_signature = "($self, other, form_a='n', form_b='n', *, alpha=1.0, beta=0.0, plus=None)"
    )]
    #[expect(clippy::too_many_arguments, reason = "those of a GEMM")]
    fn complex_matmul(
        &self,
        py: Python<'_>,
        other: &Self,
        form_a: &str,
        form_b: &str,
        alpha: Scalar,
        beta: Scalar,
        plus: Option<&Self>,
    ) -> PyResult<Self> {
        let forms = (form(form_a)?, form(form_b)?);
        let plus = plus.map(|c| Ok::<_, PyErr>((beta.0, c.on_cuda()?))).transpose()?;
        enter(py, || self.cuda()?.complex_gemm(other.cuda()?, forms, alpha.0, plus)).map(Self::from)
    }

    /// |<x|y>|^2 / (<x|x> <y|y>) of two complex states, 0 if one of them is 0.
    fn gnosis(&self, py: Python<'_>, other: &Self) -> PyResult<f64> {
        enter(py, || self.cuda()?.gnosis(other.cuda()?))
    }

    /// Each number twice in a row: a table of features becomes one for complex features.
    fn twice(&self, py: Python<'_>) -> PyResult<Self> {
        enter(py, || self.cuda()?.twice()).map(Self::from)
    }
}
