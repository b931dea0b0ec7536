//! The documented flat names of norms, phi-residual and syntonic softmax.
//!
//! They take a Tensor, or a ResonantTensor, whose values they read as float64. They return a Tensor; only the phi-residual
//! of two crystallized tensors stays on the lattice, where it is exact.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use syntonic_classic::norm::{self, GoldenBatchNorm, GoldenBatchNormConfig};
use syntonic_classic::resonant::ExactArithmetic;
use syntonic_core::ops::{Activation, Op, PhiResidual, ResidualMode};
use syntonic_core::tensor::golden_weight;

use crate::classic::floats::{Features, floats};
use crate::classic::norm::NormMode;
use crate::classic::softmax::{SoftmaxMode, SyntonicSoftmaxMode, Weights};
use crate::door::{enter, quick};
use crate::either::either;
use crate::resonant::ResonantTensor;
use crate::tensor::Tensor;

/// How x and its residual are joined: "phi" x + r/phi, "phi_symmetric" (x + r)/phi, "standard" x + r.
#[pyclass(frozen, eq, from_py_object, module = "syntonic._core")]
#[derive(Clone, Copy, PartialEq)]
pub struct PhiResidualMode(ResidualMode);

#[pymethods]
impl PhiResidualMode {
    /// x + r/phi.
    #[classattr]
    #[pyo3(name = "Phi")]
    const PHI: Self = Self(ResidualMode::Phi);

    /// (x + r)/phi.
    #[classattr]
    #[pyo3(name = "PhiSymmetric")]
    const SYMMETRIC: Self = Self(ResidualMode::Symmetric);

    /// x + r.
    #[classattr]
    #[pyo3(name = "Standard")]
    const STANDARD: Self = Self(ResidualMode::Standard);

    #[new]
    fn new(name: &str) -> PyResult<Self> {
        quick(|| ResidualMode::from_name(name)).map(Self)
    }

    /// The mode's name.
    #[getter]
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn __repr__(&self) -> String {
        format!("PhiResidualMode({:?})", self.name())
    }
}

/// A mode as Python gives it: nothing is "phi".
enum Mode {
    Mode(PhiResidualMode),
    Name(String),
}

either!(Mode: Mode | Name, "a PhiResidualMode or its name");

fn read(mode: Option<&Mode>) -> PyResult<ResidualMode> {
    match mode {
        None => Ok(ResidualMode::Phi),
        Some(Mode::Mode(mode)) => Ok(mode.0),
        Some(Mode::Name(name)) => quick(|| ResidualMode::from_name(name)),
    }
}

/// The residual joined to the identity path, of the same shape: exact for two crystallized ResonantTensors.
#[pyfunction]
#[pyo3(signature = (identity, residual, mode=None))]
fn phi_residual(identity: &Bound<'_, PyAny>, residual: &Bound<'_, PyAny>, mode: Option<Mode>) -> PyResult<Py<PyAny>> {
    let (py, mode) = (identity.py(), read(mode.as_ref())?);
    if let (Ok(x), Ok(r)) = (identity.cast::<ResonantTensor>(), residual.cast::<ResonantTensor>()) {
        let (x, r) = (x.get().copy()?, r.get().copy()?);
        if x.lattice().is_some() && r.lattice().is_some() {
            let exact = enter(py, || match mode {
                ResidualMode::Phi => x.add(&r.apply_inverse_recursion()?),
                ResidualMode::Symmetric => x.add(&r)?.apply_inverse_recursion(),
                ResidualMode::Standard => x.add(&r),
            })?;
            return Ok(Py::new(py, ResonantTensor::wrap(exact))?.into_any());
        }
    }
    Ok(Py::new(py, joined(identity, residual, mode, Activation::None)?)?.into_any())
}

/// max(y, 0) of the phi-residual y, as a Tensor.
#[pyfunction]
#[pyo3(signature = (identity, residual, mode=None))]
fn phi_residual_relu(identity: &Bound<'_, PyAny>, residual: &Bound<'_, PyAny>, mode: Option<Mode>) -> PyResult<Tensor> {
    joined(identity, residual, read(mode.as_ref())?, Activation::Relu)
}

fn joined(
    identity: &Bound<'_, PyAny>,
    residual: &Bound<'_, PyAny>,
    mode: ResidualMode,
    activation: Activation,
) -> PyResult<Tensor> {
    let (x, r) = (floats(identity)?, floats(residual)?);
    enter(identity.py(), || Op::from(PhiResidual { mode, activation }).eager(&[&x, &r], &[])).map(Tensor::from)
}

/// w^scale e^x / sum w^scale e^x along `dim`. Without a mode: "learned" if there are mode norms, else "identity".
#[pyfunction]
#[pyo3(
    signature = (x, dim=-1, mode=None, mode_norms=None, syntony=None, syntony_scale=1.0),
    text_signature = "(x, dim=-1, mode=None, mode_norms=None, syntony=None, syntony_scale=1.0)"
)]
fn syntonic_softmax(
    x: &Bound<'_, PyAny>,
    dim: isize,
    mode: Option<SoftmaxMode>,
    mode_norms: Option<Vec<f64>>,
    syntony: Option<&Bound<'_, PyAny>>,
    syntony_scale: f64,
) -> PyResult<Tensor> {
    let mode = match mode {
        Some(mode) => mode.read()?,
        None if mode_norms.is_some() => SyntonicSoftmaxMode::LEARNED,
        None => SyntonicSoftmaxMode::IDENTITY,
    };
    Weights { mode, norms: mode_norms, scale: syntony_scale }.apply(x, dim, syntony)
}

/// e^(-n^2 / phi) for each mode norm n^2.
#[pyfunction]
fn compute_syntonic_weights(mode_norms: Vec<f64>) -> Vec<f64> {
    mode_norms.into_iter().map(golden_weight).collect()
}

fn batch_norm(
    (x, rank): (&Bound<'_, PyAny>, usize),
    mode: Option<&NormMode>,
    eps: f64,
    gamma: Option<Features>,
    beta: Option<Features>,
) -> PyResult<Tensor> {
    let (py, x, mode) = (x.py(), floats(x)?, NormMode::read(mode)?);
    if x.shape().rank() != rank || x.shape().numel() == 0 {
        let axes = if rank == 2 { "(batch, features)" } else { "(batch, channels, height, width)" };
        return Err(PyValueError::new_err(format!(
            "golden batch norm: expected {axes} without an axis of size 0, got {}",
            x.shape()
        )));
    }
    let count = x.shape().dims()[1];
    let config = GoldenBatchNormConfig { eps, mode, track_running_stats: false, ..GoldenBatchNormConfig::new(count) };
    enter(py, || {
        let mut norm = GoldenBatchNorm::new(config)?;
        norm.set_affine(
            gamma.map_or_else(|| vec![1.0; count], |g| g.0),
            beta.map_or_else(|| vec![0.0; count], |b| b.0),
        )?;
        norm.forward(&x, true)
    })
    .map(Tensor::from)
}

/// The golden batch norm of x (batch, features), for each feature over the batch.
#[pyfunction]
#[pyo3(signature = (x, mode=None, eps=1e-5, gamma=None, beta=None))]
fn golden_batch_norm_1d_py(
    x: &Bound<'_, PyAny>,
    mode: Option<NormMode>,
    eps: f64,
    gamma: Option<Features>,
    beta: Option<Features>,
) -> PyResult<Tensor> {
    batch_norm((x, 2), mode.as_ref(), eps, gamma, beta)
}

/// The golden batch norm of x (batch, channels, height, width), for each channel over all else.
#[pyfunction]
#[pyo3(signature = (x, mode=None, eps=1e-5, gamma=None, beta=None))]
fn golden_batch_norm_2d_py(
    x: &Bound<'_, PyAny>,
    mode: Option<NormMode>,
    eps: f64,
    gamma: Option<Features>,
    beta: Option<Features>,
) -> PyResult<Tensor> {
    batch_norm((x, 4), mode.as_ref(), eps, gamma, beta)
}

/// The golden layer norm of x, over the last axis.
#[pyfunction]
#[pyo3(signature = (x, mode=None, eps=1e-5, gamma=None, beta=None))]
fn golden_layer_norm(
    x: &Bound<'_, PyAny>,
    mode: Option<NormMode>,
    eps: f64,
    gamma: Option<Features>,
    beta: Option<Features>,
) -> PyResult<Tensor> {
    let (py, x, mode) = (x.py(), floats(x)?, NormMode::read(mode.as_ref())?);
    enter(py, || norm::golden_layer_norm(&x, mode, eps, gamma.as_deref(), beta.as_deref())).map(Tensor::from)
}

/// Registers this file's names.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PhiResidualMode>()?;
    m.add_function(wrap_pyfunction!(phi_residual, m)?)?;
    m.add_function(wrap_pyfunction!(phi_residual_relu, m)?)?;
    m.add_function(wrap_pyfunction!(syntonic_softmax, m)?)?;
    m.add_function(wrap_pyfunction!(compute_syntonic_weights, m)?)?;
    m.add_function(wrap_pyfunction!(golden_batch_norm_1d_py, m)?)?;
    m.add_function(wrap_pyfunction!(golden_batch_norm_2d_py, m)?)?;
    m.add_function(wrap_pyfunction!(golden_layer_norm, m)?)
}
