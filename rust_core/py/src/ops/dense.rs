//! Operations that put the numbers of an axis in relation: softmax, norms, scale and shift; and the phi-residual.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use syntonic_core::ops::{
    Activation, Affine, BatchNorm, LayerNorm, Op, PhiResidual, ResidualMode, Softmax, SoftmaxWeight,
};

use super::{Given, Value, apply, apply_with};
use crate::door::quick;
use crate::program::Symbol;
use crate::resonant::ResonantTensor;
use crate::tensor::Tensor;

/// Returns an axis counted from the last, which is 1, for a value of `rank` axes. A scalar counts as one axis.
fn from_last(dim: isize, rank: usize) -> PyResult<usize> {
    let rank = rank.max(1).cast_signed();
    if (-rank..rank).contains(&dim) {
        return Ok((if dim < 0 { -dim } else { rank - dim }).unsigned_abs());
    }
    Err(PyValueError::new_err(format!("expected dim from {} to {} for {rank} axes, got {dim}", -rank, rank - 1)))
}

/// e^x / sum e^x along `dim`.
fn softmax(py: Python<'_>, x: Value, dim: isize) -> PyResult<Value> {
    let axis = from_last(dim, quick(|| x.shape())?.rank())?;
    apply(py, &[x.into()], Softmax { axis, weight: SoftmaxWeight::Identity })
}

/// Softmax of weights: w^scale e^x / sum w^scale e^x along `dim`.
pub(crate) fn syntonic_softmax(
    py: Python<'_>,
    x: Value,
    dim: isize,
    mode_norms: Option<Vec<f64>>,
    syntony: Option<Given>,
    scale: f64,
) -> PyResult<Value> {
    let axis = from_last(dim, quick(|| x.shape())?.rank())?;
    let (weight, inputs) = match (mode_norms, syntony) {
        (None, None) => (SoftmaxWeight::Identity, vec![x.into()]),
        (Some(norms), None) => (SoftmaxWeight::Norms { scale, norms }, vec![x.into()]),
        (None, Some(syntony)) => (SoftmaxWeight::Syntony { scale }, vec![x.into(), syntony]),
        (Some(_), Some(_)) => {
            return Err(PyValueError::new_err("syntonic_softmax: expected mode_norms or syntony, got both"));
        }
    };
    apply(py, &inputs, Softmax { axis, weight })
}

/// The phi-residual of x and `residual`.
pub(crate) fn phi_residual(py: Python<'_>, x: Value, residual: Given, mode: &str, activation: &str) -> PyResult<Value> {
    let mode = quick(|| ResidualMode::from_name(mode))?;
    let activation = quick(|| Activation::from_name(activation))?;
    apply(py, &[x.into(), residual], PhiResidual { mode, activation })
}

macro_rules! operations {
    ($class:ident) => {
        #[pymethods]
        impl $class {
            /// x * scale + shift over the last axis, with parameters of shape (features,).
            fn affine(&self, py: Python<'_>, scale: &ResonantTensor, shift: &ResonantTensor) -> PyResult<Value> {
                let make = |n: &[usize]| Op::from(Affine { scale: n[0], shift: n[1] });
                apply_with(py, &[self.into()], &[scale.inner(), shift.inner()], make)
            }

            /// e^x / sum e^x along `dim`; 1/n along a line that is -inf throughout.
            #[pyo3(signature = (dim=-1), text_signature = "($self, dim=-1)")]
            fn softmax(&self, py: Python<'_>, dim: isize) -> PyResult<Value> {
                softmax(py, self.into(), dim)
            }

            /// w^scale e^x / sum w^scale e^x along `dim`.
            ///
            /// w is e^(-norm / phi) with one mode norm n^2 for each index along `dim`, or max(syntony, 1e-10) with a
            /// syntony for each element, or 1 if neither is given.
            #[pyo3(
                                signature = (dim=-1, mode_norms=None, syntony=None, syntony_scale=1.0),
                                text_signature = "($self, dim=-1, mode_norms=None, syntony=None, syntony_scale=1.0)"
                            )]
            fn syntonic_softmax(
                &self,
                py: Python<'_>,
                dim: isize,
                mode_norms: Option<Vec<f64>>,
                syntony: Option<Given>,
                syntony_scale: f64,
            ) -> PyResult<Value> {
                syntonic_softmax(py, self.into(), dim, mode_norms, syntony, syntony_scale)
            }

            /// (x - mean) sqrt(variance / (var + eps)) over the last axis, with the population variance.
            #[pyo3(signature = (eps=1e-5, variance=1.0))]
            fn layer_norm(&self, py: Python<'_>, eps: f64, variance: f64) -> PyResult<Value> {
                apply(py, &[self.into()], LayerNorm { eps, variance })
            }

            /// (x - mean) sqrt(variance / (var + eps)) for each channel, the last axis, over all other axes.
            #[pyo3(signature = (eps=1e-5, variance=1.0))]
            fn batch_norm(&self, py: Python<'_>, eps: f64, variance: f64) -> PyResult<Value> {
                apply(py, &[self.into()], BatchNorm { eps, variance })
            }

            /// x + residual/phi ("phi"), (x + residual)/phi ("phi_symmetric") or x + residual ("standard"), then an
            /// activation: "none", "relu", "gelu", or "layer_norm" with eps 1e-5.
            #[pyo3(signature = (residual, mode="phi", activation="none"))]
            fn phi_residual(&self, py: Python<'_>, residual: Given, mode: &str, activation: &str) -> PyResult<Value> {
                phi_residual(py, self.into(), residual, mode, activation)
            }
        }
    };
}

operations!(Tensor);
operations!(Symbol);
