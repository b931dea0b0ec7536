//! `syntonic._core.GoldenNormMode`, `GoldenBatchNormConfig` and `GoldenBatchNormState`: norms towards variance 1/phi.

use std::sync::{Mutex, MutexGuard};

use pyo3::prelude::*;
use syntonic_classic::norm as core;

use crate::classic::floats::{Features, floats, like};
use crate::door::{enter, quick};
use crate::either::either;
use crate::list::whole;
use crate::resonant::poisoned;

/// The variance that a norm gives its output: `GoldenNormMode("golden")` is 1/phi, `"standard"` is 1,
/// `GoldenNormMode.custom(v)` is v.
#[pyclass(frozen, eq, from_py_object, module = "syntonic._core")]
#[derive(Clone, Copy, PartialEq)]
pub struct GoldenNormMode(pub core::GoldenNormMode);

#[pymethods]
impl GoldenNormMode {
    #[new]
    #[pyo3(signature = (name="golden"))]
    fn new(name: &str) -> PyResult<Self> {
        quick(|| core::GoldenNormMode::from_name(name)).map(Self)
    }

    /// The mode of any variance above 0.
    #[staticmethod]
    fn custom(variance: f64) -> PyResult<Self> {
        quick(|| core::GoldenNormMode::custom(variance)).map(Self)
    }

    /// "golden", "standard" or "custom".
    #[getter]
    fn name(&self) -> &'static str {
        self.0.name()
    }

    /// The variance.
    #[getter]
    fn variance(&self) -> f64 {
        self.0.variance()
    }

    fn __repr__(&self) -> String {
        match self.0 {
            core::GoldenNormMode::Custom(variance) => format!("GoldenNormMode.custom({variance:?})"),
            mode => format!("GoldenNormMode({:?})", mode.name()),
        }
    }
}

/// A mode as Python gives it: nothing is golden.
pub enum NormMode {
    Mode(GoldenNormMode),
    Name(String),
}

either!(NormMode: Mode | Name, "a GoldenNormMode or its name");

impl NormMode {
    /// Returns the mode that was given.
    pub fn read(given: Option<&Self>) -> PyResult<core::GoldenNormMode> {
        match given {
            None => Ok(core::GoldenNormMode::Golden),
            Some(Self::Mode(mode)) => Ok(mode.0),
            Some(Self::Name(name)) => quick(|| core::GoldenNormMode::from_name(name)),
        }
    }
}

/// What a `GoldenBatchNormState` is built from; a state keeps the values that its config had then.
///
/// `num_features` is the size of axis 1 of its input; `momentum` is the share of each batch in the running statistics;
/// `affine` gives each feature a scale gamma and a shift beta.
#[pyclass(module = "syntonic._core")]
pub struct GoldenBatchNormConfig(core::GoldenBatchNormConfig);

impl GoldenBatchNormConfig {
    /// Refuses what no norm could be built from.
    fn checked(config: core::GoldenBatchNormConfig) -> PyResult<Self> {
        quick(|| core::GoldenBatchNorm::new(config.clone()))?;
        Ok(Self(config))
    }

    fn change(&mut self, change: impl FnOnce(&mut core::GoldenBatchNormConfig)) -> PyResult<()> {
        let mut config = self.0.clone();
        change(&mut config);
        *self = Self::checked(config)?;
        Ok(())
    }
}

#[pymethods]
impl GoldenBatchNormConfig {
    #[new]
    #[pyo3(signature = (num_features, eps=1e-5, momentum=0.1, affine=true, track_running_stats=true, mode=None))]
    fn new(
        #[pyo3(from_py_with = whole)] num_features: usize,
        eps: f64,
        momentum: f64,
        affine: bool,
        track_running_stats: bool,
        mode: Option<NormMode>,
    ) -> PyResult<Self> {
        let mode = NormMode::read(mode.as_ref())?;
        Self::checked(core::GoldenBatchNormConfig { num_features, eps, momentum, affine, track_running_stats, mode })
    }

    /// The size of axis 1 of the input.
    #[getter]
    fn num_features(&self) -> usize {
        self.0.num_features
    }

    #[setter]
    fn set_num_features(&mut self, num_features: usize) -> PyResult<()> {
        self.change(|config| config.num_features = num_features)
    }

    /// What is added to each variance.
    #[getter]
    fn eps(&self) -> f64 {
        self.0.eps
    }

    #[setter]
    fn set_eps(&mut self, eps: f64) -> PyResult<()> {
        self.change(|config| config.eps = eps)
    }

    /// The share of each batch in the running statistics.
    #[getter]
    fn momentum(&self) -> f64 {
        self.0.momentum
    }

    #[setter]
    fn set_momentum(&mut self, momentum: f64) -> PyResult<()> {
        self.change(|config| config.momentum = momentum)
    }

    /// Whether each feature has a scale gamma and a shift beta.
    #[getter]
    fn affine(&self) -> bool {
        self.0.affine
    }

    #[setter]
    fn set_affine(&mut self, affine: bool) -> PyResult<()> {
        self.change(|config| config.affine = affine)
    }

    /// Whether evaluation uses running statistics instead of the batch's.
    #[getter]
    fn track_running_stats(&self) -> bool {
        self.0.track_running_stats
    }

    #[setter]
    fn set_track_running_stats(&mut self, track_running_stats: bool) -> PyResult<()> {
        self.change(|config| config.track_running_stats = track_running_stats)
    }

    /// The variance that is aimed at.
    #[getter]
    fn mode(&self) -> GoldenNormMode {
        GoldenNormMode(self.0.mode)
    }

    #[setter]
    fn set_mode(&mut self, mode: NormMode) -> PyResult<()> {
        let mode = NormMode::read(Some(&mode))?;
        self.change(|config| config.mode = mode)
    }
}

/// A batch norm of (batch, features, ...) with running statistics: mean 0 and variance 1/phi at first.
///
/// With the first values, evaluation gives back its input (up to eps) in the golden mode.
#[pyclass(frozen, module = "syntonic._core")]
pub struct GoldenBatchNormState(Mutex<core::GoldenBatchNorm>);

impl GoldenBatchNormState {
    fn lock(&self) -> PyResult<MutexGuard<'_, core::GoldenBatchNorm>> {
        quick(|| self.0.lock().map_err(|_| poisoned()))
    }
}

#[pymethods]
impl GoldenBatchNormState {
    #[new]
    fn new(config: &GoldenBatchNormConfig) -> PyResult<Self> {
        quick(|| core::GoldenBatchNorm::new(config.0.clone())).map(|norm| Self(Mutex::new(norm)))
    }

    /// The norm of x (batch, num_features, ...): a Tensor, or a ResonantTensor as float64, and of its class.
    ///
    /// In training it uses the statistics of the batch, which the running ones then follow.
    #[pyo3(signature = (x, training=true))]
    fn forward(&self, py: Python<'_>, x: &Bound<'_, PyAny>, training: bool) -> PyResult<Py<PyAny>> {
        let values = floats(x)?;
        like(x, enter(py, || self.0.lock().map_err(|_| poisoned())?.forward(&values, training))?)
    }

    /// Sets the scale and the shift of each feature.
    fn set_affine(&self, gamma: Features, beta: Features) -> PyResult<()> {
        let mut norm = self.lock()?;
        quick(|| norm.set_affine(gamma.0, beta.0))
    }

    /// The running mean of each feature.
    fn running_mean(&self) -> PyResult<Vec<f64>> {
        Ok(self.lock()?.running_mean().to_vec())
    }

    /// The running variance of each feature.
    fn running_var(&self) -> PyResult<Vec<f64>> {
        Ok(self.lock()?.running_variance().to_vec())
    }

    /// How many batches the running statistics have followed.
    #[getter]
    fn num_batches_tracked(&self) -> PyResult<u64> {
        Ok(self.lock()?.batches())
    }

    /// The scale of each feature.
    fn gamma(&self) -> PyResult<Vec<f64>> {
        Ok(self.lock()?.affine().0.to_vec())
    }

    /// The shift of each feature.
    fn beta(&self) -> PyResult<Vec<f64>> {
        Ok(self.lock()?.affine().1.to_vec())
    }
}

/// Registers this file's classes.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<GoldenNormMode>()?;
    m.add_class::<GoldenBatchNormConfig>()?;
    m.add_class::<GoldenBatchNormState>()
}
