//! The documented flat names of norms, phi-residual and syntonic softmax.
//!
//! They take a Tensor, or a ResonantTensor, whose values they read as float64, and return what they were given: of a
//! ResonantTensor one in flux. Only the phi-residual of two crystallized tensors stays on the lattice, where it is exact.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use syntonic_classic::norm::{self, GoldenBatchNorm, GoldenBatchNormConfig};
use syntonic_classic::resonant::{ExactArithmetic, Function, Pointwise};
use syntonic_core::ops::{Activation, Op, PhiResidual, ResidualMode};
use syntonic_core::tensor::golden_weight;

use crate::classic::floats::{Features, floats, like};
use crate::classic::norm::NormMode;
use crate::classic::softmax::{SoftmaxMode, SyntonicSoftmaxMode, Weights};
use crate::door::{enter, quick};
use crate::either::either;
use crate::resonant::ResonantTensor;

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
    joined(identity, residual, read(mode.as_ref())?, Activation::None)
}

/// max(y, 0) of the phi-residual y: exact for two crystallized ResonantTensors.
#[pyfunction]
#[pyo3(signature = (identity, residual, mode=None))]
fn phi_residual_relu(
    identity: &Bound<'_, PyAny>,
    residual: &Bound<'_, PyAny>,
    mode: Option<Mode>,
) -> PyResult<Py<PyAny>> {
    joined(identity, residual, read(mode.as_ref())?, Activation::Relu)
}

fn joined(
    identity: &Bound<'_, PyAny>,
    residual: &Bound<'_, PyAny>,
    mode: ResidualMode,
    activation: Activation,
) -> PyResult<Py<PyAny>> {
    let py = identity.py();
    if let (Ok(x), Ok(r)) = (identity.cast::<ResonantTensor>(), residual.cast::<ResonantTensor>()) {
        let (x, r) = (x.get().copy()?, r.get().copy()?);
        if x.lattice().is_some() && r.lattice().is_some() {
            let exact = enter(py, || {
                let sum = match mode {
                    ResidualMode::Phi => x.add(&r.apply_inverse_recursion()?),
                    ResidualMode::Symmetric => x.add(&r)?.apply_inverse_recursion(),
                    ResidualMode::Standard => x.add(&r),
                }?;
                if activation == Activation::Relu { sum.apply(Function::Relu, None) } else { Ok(sum) }
            })?;
            return Ok(Py::new(py, ResonantTensor::wrap(exact))?.into_any());
        }
    }
    let (x, r) = (floats(identity)?, floats(residual)?);
    let found = enter(py, || Op::from(PhiResidual { mode, activation }).eager(&[&x, &r], &[]))?;
    like(identity, found)
}

/// What stands in the third place: a mode, or the norms, which the documents give there.
enum Third {
    Mode(SoftmaxMode),
    Norms(Features),
}

either!(Third: Mode | Norms, "a SyntonicSoftmaxMode or its name");

/// What stands in the fourth place: the norms, or the scale, which the documents give there.
enum Fourth {
    Scale(f64),
    Norms(Features),
}

either!(Fourth: Scale | Norms, "mode norms, or the syntony_scale after mode norms");

/// w^scale e^x / sum w^scale e^x along `dim`. Without a mode: "learned" if there are mode norms, else "identity".
///
/// `syntonic_softmax(x, dim, mode_norms, syntony_scale)` is understood too.
#[pyfunction]
#[pyo3(
    signature = (x, dim=-1, mode=None, mode_norms=None, syntony=None, syntony_scale=1.0),
    text_signature = "(x, dim=-1, mode=None, mode_norms=None, syntony=None, syntony_scale=1.0)"
)]
fn syntonic_softmax(
    x: &Bound<'_, PyAny>,
    dim: isize,
    mode: Option<Third>,
    mode_norms: Option<Fourth>,
    syntony: Option<&Bound<'_, PyAny>>,
    syntony_scale: f64,
) -> PyResult<Py<PyAny>> {
    let (mode, norms, scale) = match (mode, mode_norms) {
        (Some(Third::Norms(norms)), None) => (None, Some(norms.0), syntony_scale),
        (Some(Third::Norms(norms)), Some(Fourth::Scale(scale))) => (None, Some(norms.0), scale),
        (Some(Third::Norms(_)), Some(Fourth::Norms(_))) => {
            return Err(PyValueError::new_err("syntonic_softmax: expected mode norms once, got them twice"));
        }
        (mode, None) => (mode, None, syntony_scale),
        (mode, Some(Fourth::Norms(norms))) => (mode, Some(norms.0), syntony_scale),
        (_, Some(Fourth::Scale(scale))) => {
            return Err(PyTypeError::new_err(format!(
                "syntonic_softmax: expected mode norms in the fourth place, got a number; write syntony_scale={scale:?}"
            )));
        }
    };
    let mode = match mode {
        Some(Third::Mode(mode)) => mode.read()?,
        _ if norms.is_some() => SyntonicSoftmaxMode::LEARNED,
        _ => SyntonicSoftmaxMode::IDENTITY,
    };
    Weights { mode, norms, scale }.apply(x, dim, syntony)
}

/// e^(-n^2 / phi) for each mode norm n^2.
#[pyfunction]
fn compute_syntonic_weights(mode_norms: crate::list::List<f64>) -> Vec<f64> {
    mode_norms.into_iter().map(golden_weight).collect()
}

fn batch_norm(
    (x, rank): (&Bound<'_, PyAny>, usize),
    mode: Option<&NormMode>,
    eps: f64,
    gamma: Option<Features>,
    beta: Option<Features>,
) -> PyResult<Py<PyAny>> {
    let (py, given, x, mode) = (x.py(), x, floats(x)?, NormMode::read(mode)?);
    if x.shape().rank() != rank || x.shape().numel() == 0 {
        let axes = if rank == 2 { "(batch, features)" } else { "(batch, channels, height, width)" };
        return Err(PyValueError::new_err(format!(
            "golden batch norm: expected {axes} without an axis of size 0, got {}",
            x.shape()
        )));
    }
    let count = x.shape().dims()[1];
    let config = GoldenBatchNormConfig { eps, mode, track_running_stats: false, ..GoldenBatchNormConfig::new(count) };
    let found = enter(py, || {
        let mut norm = GoldenBatchNorm::new(config)?;
        norm.set_affine(
            gamma.map_or_else(|| vec![1.0; count], |g| g.0),
            beta.map_or_else(|| vec![0.0; count], |b| b.0),
        )?;
        norm.forward(&x, true)
    })?;
    like(given, found)
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
) -> PyResult<Py<PyAny>> {
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
) -> PyResult<Py<PyAny>> {
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
) -> PyResult<Py<PyAny>> {
    let (values, mode) = (floats(x)?, NormMode::read(mode.as_ref())?);
    let norm = || norm::golden_layer_norm(&values, mode, eps, gamma.as_deref(), beta.as_deref());
    like(x, enter(x.py(), norm)?)
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
