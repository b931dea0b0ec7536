//! Functions of a resonant tensor that have no exact result: computed in float64.
//!
//! One rule for all with a `precision`: a crystallized tensor gives a crystallized result, snapped at the given precision
//! or at its own; a tensor in flux gives floats, unless a precision is given. What is exact on the lattice is not snapped.

use pyo3::prelude::*;
use pyo3::types::PyFloat;
use syntonic_classic::resonant::{Function, Pointwise, Reduce, Reduction, Rows};

use super::select::values_of;
use crate::list::whole;
use crate::resonant::ResonantTensor;

#[pymethods]
impl ResonantTensor {
    /// |x|; exact on the lattice.
    #[pyo3(signature = (precision=None))]
    fn abs(&self, precision: Option<i64>) -> PyResult<Self> {
        self.apply(Function::Abs, precision)
    }

    /// max(x, 0); exact on the lattice.
    #[pyo3(signature = (precision=None))]
    fn relu(&self, precision: Option<i64>) -> PyResult<Self> {
        self.apply(Function::Relu, precision)
    }

    /// x^e; exact on the lattice for e = 0, 1, 2, ..
    #[pyo3(signature = (exponent, precision=None))]
    fn pow(&self, exponent: f64, precision: Option<i64>) -> PyResult<Self> {
        self.apply(Function::Pow(exponent), precision)
    }

    /// e^x.
    #[pyo3(signature = (precision=None))]
    fn exp(&self, precision: Option<i64>) -> PyResult<Self> {
        self.apply(Function::Exp, precision)
    }

    /// The natural logarithm; a snap refuses ln 0.
    #[pyo3(signature = (precision=None))]
    fn log(&self, precision: Option<i64>) -> PyResult<Self> {
        self.apply(Function::Log, precision)
    }

    /// The sine.
    #[pyo3(signature = (precision=None))]
    fn sin(&self, precision: Option<i64>) -> PyResult<Self> {
        self.apply(Function::Sin, precision)
    }

    /// The cosine.
    #[pyo3(signature = (precision=None))]
    fn cos(&self, precision: Option<i64>) -> PyResult<Self> {
        self.apply(Function::Cos, precision)
    }

    /// The square root; a snap refuses those of negative numbers.
    #[pyo3(signature = (precision=None))]
    fn sqrt(&self, precision: Option<i64>) -> PyResult<Self> {
        self.apply(Function::Sqrt, precision)
    }

    /// 1 / (1 + e^-x).
    #[pyo3(signature = (precision=None))]
    fn sigmoid(&self, precision: Option<i64>) -> PyResult<Self> {
        self.apply(Function::Sigmoid, precision)
    }

    /// The hyperbolic tangent.
    #[pyo3(signature = (precision=None))]
    fn tanh(&self, precision: Option<i64>) -> PyResult<Self> {
        self.apply(Function::Tanh, precision)
    }

    /// The Gaussian error linear unit in its tanh form.
    #[pyo3(signature = (precision=None))]
    fn gelu(&self, precision: Option<i64>) -> PyResult<Self> {
        self.apply(Function::Gelu, precision)
    }

    /// e^x / sum e^x along an axis; in flux, so that it sums to 1, unless a precision is given.
    #[pyo3(signature = (dim=-1, precision=None), text_signature = "($self, dim=-1, precision=None)")]
    fn softmax(&self, dim: i64, precision: Option<i64>) -> PyResult<Self> {
        self.read(|x| x.softmax(dim, precision)).and_then(Self::snapped)
    }

    /// The sum over an axis, or over all; exact on the lattice.
    #[pyo3(signature = (dim=None, keepdim=false, precision=None))]
    fn sum(&self, dim: Option<i64>, keepdim: bool, precision: Option<i64>) -> PyResult<Self> {
        self.reduce(Reduction::Sum, dim, keepdim, precision)
    }

    /// The product over an axis, or over all; exact on the lattice.
    #[pyo3(signature = (dim=None, keepdim=false, precision=None))]
    fn prod(&self, dim: Option<i64>, keepdim: bool, precision: Option<i64>) -> PyResult<Self> {
        self.reduce(Reduction::Prod, dim, keepdim, precision)
    }

    /// The largest along an axis, or of all; exact on the lattice.
    #[pyo3(signature = (dim=None, keepdim=false, precision=None))]
    fn max(&self, dim: Option<i64>, keepdim: bool, precision: Option<i64>) -> PyResult<Self> {
        self.reduce(Reduction::Max, dim, keepdim, precision)
    }

    /// The smallest along an axis, or of all; exact on the lattice.
    #[pyo3(signature = (dim=None, keepdim=false, precision=None))]
    fn min(&self, dim: Option<i64>, keepdim: bool, precision: Option<i64>) -> PyResult<Self> {
        self.reduce(Reduction::Min, dim, keepdim, precision)
    }

    /// The mean over an axis, or over all.
    #[pyo3(signature = (dim=None, keepdim=false, precision=None))]
    fn mean(&self, dim: Option<i64>, keepdim: bool, precision: Option<i64>) -> PyResult<Self> {
        self.reduce(Reduction::Mean, dim, keepdim, precision)
    }

    /// The population variance over an axis, or over all, in two passes.
    #[pyo3(signature = (dim=None, keepdim=false, precision=None))]
    fn var(&self, dim: Option<i64>, keepdim: bool, precision: Option<i64>) -> PyResult<Self> {
        self.reduce(Reduction::Var, dim, keepdim, precision)
    }

    /// (sum |x|^p)^(1/p) along an axis, or of all, for p > 0; max |x| for p = infinity.
    #[pyo3(signature = (p=2.0, dim=None, keepdim=false, precision=None))]
    fn norm(&self, p: f64, dim: Option<i64>, keepdim: bool, precision: Option<i64>) -> PyResult<Self> {
        self.reduce(Reduction::Norm(p), dim, keepdim, precision)
    }

    /// gamma s (x - mean) / sqrt(var + eps) + beta over the last axis, s = sqrt(1 / phi) for `golden_target`, else 1.
    /// `layer_norm(1e-5)` gives eps, as it does of a Tensor.
    #[pyo3(signature = (gamma=None, beta=None, eps=1e-8, golden_target=true, precision=None))]
    fn layer_norm(
        &self,
        gamma: Option<&Bound<'_, PyAny>>,
        beta: Option<&Bound<'_, PyAny>>,
        eps: f64,
        golden_target: bool,
        precision: Option<i64>,
    ) -> PyResult<Self> {
        // Other classes take eps in this place.
        let (gamma, eps) =
            match gamma.filter(|_| beta.is_none()).and_then(|gamma| Some(gamma.cast::<PyFloat>().ok()?.value())) {
                Some(eps) => (None, eps),
                None => (gamma, eps),
            };
        let read = |data| values_of(data).map(|(_, values)| values);
        let (gamma, beta) = (gamma.map(read).transpose()?, beta.map(read).transpose()?);
        self.read(|x| x.layer_norm(gamma.as_deref(), beta.as_deref(), eps, golden_target, precision))
            .and_then(Self::snapped)
    }

    /// x with elements zeroed with probability p and the others times 1 / (1 - p), exact where the lattice allows.
    ///
    /// The mask is a pure function of (seed, step, element).
    #[pyo3(signature = (p=0.5, *, seed, step=0))]
    fn dropout(
        &self,
        p: f64,
        #[pyo3(from_py_with = whole)] seed: u32,
        #[pyo3(from_py_with = whole)] step: u32,
    ) -> PyResult<Self> {
        self.read(|x| x.dropout(p, seed, step)).map(Self::wrap)
    }
}

impl ResonantTensor {
    fn apply(&self, function: Function, precision: Option<i64>) -> PyResult<Self> {
        self.read(|x| x.apply(function, precision)).and_then(Self::snapped)
    }

    fn reduce(&self, kind: Reduction, dim: Option<i64>, keep: bool, precision: Option<i64>) -> PyResult<Self> {
        self.read(|x| x.reduce(kind, dim, keep, precision)).and_then(Self::snapped)
    }
}
