//! `syntonic._core.SyntonicSoftmaxMode` and `SyntonicSoftmaxState`: where the weights of a syntonic softmax come from.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::classic::floats::floats;
use crate::either::either;
use crate::symbol::Given;
use crate::tensor::Tensor;

/// Where the weights come from: "learned" (mode norms), "provided" (a syntony for each element) or "identity" (none).
#[pyclass(frozen, eq, from_py_object, module = "syntonic._core")]
#[derive(Clone, Copy, PartialEq)]
pub struct SyntonicSoftmaxMode(Source);

/// Where the weights come from.
#[derive(Clone, Copy, PartialEq)]
enum Source {
    Learned,
    Provided,
    Identity,
}

#[pymethods]
impl SyntonicSoftmaxMode {
    /// Weights of mode norms.
    #[classattr]
    #[pyo3(name = "Learned")]
    const OF_NORMS: Self = Self(Source::Learned);

    /// A syntony for each element.
    #[classattr]
    #[pyo3(name = "Provided")]
    const OF_SYNTONY: Self = Self(Source::Provided);

    /// No weights.
    #[classattr]
    #[pyo3(name = "Identity")]
    const OF_NOTHING: Self = Self(Source::Identity);

    #[new]
    fn new(name: &str) -> PyResult<Self> {
        match name {
            "learned" => Ok(Self::LEARNED),
            "provided" => Ok(Self(Source::Provided)),
            "identity" => Ok(Self::IDENTITY),
            _ => Err(PyValueError::new_err(format!(
                "syntonic_softmax: expected a mode of learned, provided, identity, got {name:?}"
            ))),
        }
    }

    /// The mode's name.
    #[getter]
    fn name(&self) -> &'static str {
        match self.0 {
            Source::Learned => "learned",
            Source::Provided => "provided",
            Source::Identity => "identity",
        }
    }

    fn __repr__(&self) -> String {
        format!("SyntonicSoftmaxMode({:?})", self.name())
    }
}

impl SyntonicSoftmaxMode {
    /// Mode norms.
    pub const LEARNED: Self = Self(Source::Learned);
    /// No weights.
    pub const IDENTITY: Self = Self(Source::Identity);
}

/// A mode as Python gives it.
pub enum SoftmaxMode {
    Mode(SyntonicSoftmaxMode),
    Name(String),
}

either!(SoftmaxMode: Mode | Name, "a SyntonicSoftmaxMode or its name");

impl SoftmaxMode {
    /// Returns the mode that was given.
    pub fn read(&self) -> PyResult<SyntonicSoftmaxMode> {
        match self {
            Self::Mode(mode) => Ok(*mode),
            Self::Name(name) => SyntonicSoftmaxMode::new(name),
        }
    }
}

/// What a syntonic softmax multiplies e^x with: weights of mode norms, a syntony, or nothing.
pub struct Weights {
    pub mode: SyntonicSoftmaxMode,
    pub norms: Option<Vec<f64>>,
    pub scale: f64,
}

impl Weights {
    /// Applies the softmax.
    pub fn apply(self, x: &Bound<'_, PyAny>, dim: isize, syntony: Option<&Bound<'_, PyAny>>) -> PyResult<Tensor> {
        let missing =
            |what: &str| PyValueError::new_err(format!("syntonic_softmax: mode {:?} needs {what}", self.mode.name()));
        let syntony = syntony.map(floats).transpose()?.map(|s| Given::from(&Tensor::from(s)));
        let (norms, syntony) = match self.mode.0 {
            Source::Identity => (None, None),
            Source::Learned => (Some(self.norms.ok_or_else(|| missing("mode_norms"))?), None),
            Source::Provided => (None, Some(syntony.ok_or_else(|| missing("syntony"))?)),
        };
        let value = Tensor::from(floats(x)?).syntonic_softmax(x.py(), dim, norms, syntony, self.scale)?;
        Ok(Tensor::from(value.cast::<Tensor>()?.get().place().clone()))
    }
}

/// A syntonic softmax with its settings. In the mode "learned" its mode norms begin as i^2 and may be set.
#[pyclass(module = "syntonic._core")]
pub struct SyntonicSoftmaxState {
    mode: SyntonicSoftmaxMode,
    /// The axis.
    #[pyo3(get)]
    dim: isize,
    /// The power of the weights.
    #[pyo3(get)]
    syntony_scale: f64,
    /// n^2 for each index along the axis; None unless the mode is "learned".
    #[pyo3(get)]
    mode_norms: Option<Vec<f64>>,
}

#[pymethods]
impl SyntonicSoftmaxState {
    #[new]
    #[pyo3(
        signature = (mode=None, dim=-1, num_features=None, syntony_scale=1.0),
        text_signature = "(mode=None, dim=-1, num_features=None, syntony_scale=1.0)"
    )]
    fn new(mode: Option<SoftmaxMode>, dim: isize, num_features: Option<u32>, syntony_scale: f64) -> PyResult<Self> {
        let mode = mode.map_or(Ok(SyntonicSoftmaxMode::IDENTITY), |mode| mode.read())?;
        let norms = num_features.map(|count| (0..count).map(|i| f64::from(i) * f64::from(i)).collect());
        let mode_norms = match mode.0 {
            Source::Learned if norms.is_none() => {
                return Err(PyValueError::new_err(
                    "syntonic_softmax: mode \"learned\" needs num_features, the size of dim",
                ));
            }
            Source::Learned => norms,
            _ => None,
        };
        Ok(Self { mode, dim, syntony_scale, mode_norms })
    }

    /// Where the weights come from.
    #[getter]
    fn mode(&self) -> SyntonicSoftmaxMode {
        self.mode
    }

    /// Sets n^2 for each index along the axis, for the mode "learned".
    fn set_mode_norms(&mut self, mode_norms: Vec<f64>) {
        self.mode_norms = Some(mode_norms);
    }

    /// The softmax of x, a Tensor, or a ResonantTensor as float64; `syntony` is needed in the mode "provided".
    #[pyo3(signature = (x, syntony=None))]
    fn forward(&self, x: &Bound<'_, PyAny>, syntony: Option<&Bound<'_, PyAny>>) -> PyResult<Tensor> {
        let weights = Weights { mode: self.mode, norms: self.mode_norms.clone(), scale: self.syntony_scale };
        weights.apply(x, self.dim, syntony)
    }
}

/// Registers this file's classes.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<SyntonicSoftmaxMode>()?;
    m.add_class::<SyntonicSoftmaxState>()
}
