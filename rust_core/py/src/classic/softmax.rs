//! `syntonic._core.SyntonicSoftmaxMode` and `SyntonicSoftmaxState`: where the weights of a syntonic softmax come from.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::classic::floats::{Features, floats, like};
use crate::door::quick;
use crate::either::either;
use crate::list::List;
use crate::symbol::Given;
use crate::tensor::Tensor;
use syntonic_core::tensor::afford::afford;

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
    pub fn apply(self, x: &Bound<'_, PyAny>, dim: isize, syntony: Option<&Bound<'_, PyAny>>) -> PyResult<Py<PyAny>> {
        let missing =
            |what: &str| PyValueError::new_err(format!("syntonic_softmax: mode {:?} needs {what}", self.mode.name()));
        let syntony = syntony.map(floats).transpose()?.map(|s| Given::from(&Tensor::from(s)));
        let (norms, syntony) = match self.mode.0 {
            Source::Identity => (None, None),
            Source::Learned => (Some(self.norms.ok_or_else(|| missing("mode_norms"))?), None),
            Source::Provided => (None, Some(syntony.ok_or_else(|| missing("syntony"))?)),
        };
        let value = Tensor::from(floats(x)?).syntonic_softmax(x.py(), dim, norms.map(List), syntony, self.scale)?;
        if x.cast::<Tensor>().is_ok() { Ok(value.unbind()) } else { like(x, floats(&value)?) }
    }
}

/// A syntonic softmax with its settings. In the mode "learned" its mode norms begin as i^2 and may be set.
///
/// `SyntonicSoftmaxState(dim, mode, num_features, syntony_scale)` is understood too.
#[pyclass(module = "syntonic._core")]
pub struct SyntonicSoftmaxState {
    mode: SyntonicSoftmaxMode,
    /// The axis.
    #[pyo3(get)]
    dim: isize,
    /// The power of the weights.
    #[pyo3(get)]
    syntony_scale: f64,
    mode_norms: Option<Vec<f64>>,
}

/// What stands in the first two places, in either order.
enum Place {
    Dim(isize),
    Mode(SoftmaxMode),
}

either!(Place: Dim | Mode, "a dim, a SyntonicSoftmaxMode or its name");

#[pymethods]
impl SyntonicSoftmaxState {
    #[new]
    #[pyo3(
        signature = (*places, mode=None, dim=None, num_features=None, syntony_scale=None),
        text_signature = "(mode=None, dim=-1, num_features=None, syntony_scale=1.0)"
    )]
    fn new(
        places: &Bound<'_, PyTuple>,
        mut mode: Option<SoftmaxMode>,
        mut dim: Option<isize>,
        mut num_features: Option<u32>,
        mut syntony_scale: Option<f64>,
    ) -> PyResult<Self> {
        for (place, given) in places.iter().enumerate().filter(|(_, given)| !given.is_none()) {
            let is_new = match place {
                0 | 1 => match given.extract()? {
                    Place::Dim(given) => dim.replace(given).is_none(),
                    Place::Mode(given) => mode.replace(given).is_none(),
                },
                2 => num_features.replace(given.extract()?).is_none(),
                3 => syntony_scale.replace(given.extract()?).is_none(),
                _ => false,
            };
            if !is_new {
                return Err(PyTypeError::new_err(
                    "SyntonicSoftmaxState: expected each of mode, dim, num_features and syntony_scale at most once",
                ));
            }
        }
        let mode = mode.map_or(Ok(SyntonicSoftmaxMode::IDENTITY), |mode| mode.read())?;
        let squares = |count: u32| {
            quick(|| afford::<f64>("syntonic_softmax", count as usize))?;
            Ok::<_, PyErr>((0..count).map(|i| f64::from(i) * f64::from(i)).collect())
        };
        let norms = num_features.map(squares).transpose()?;
        let mode_norms = match mode.0 {
            Source::Learned if norms.is_none() => {
                return Err(PyValueError::new_err(
                    "syntonic_softmax: mode \"learned\" needs num_features, the size of dim",
                ));
            }
            Source::Learned => norms,
            _ => None,
        };
        Ok(Self { mode, dim: dim.unwrap_or(-1), syntony_scale: syntony_scale.unwrap_or(1.0), mode_norms })
    }

    /// Where the weights come from.
    #[getter]
    fn mode(&self) -> SyntonicSoftmaxMode {
        self.mode
    }

    /// n^2 for each index along the axis; None unless the mode is "learned".
    fn mode_norms(&self) -> Option<Vec<f64>> {
        self.mode_norms.clone()
    }

    /// Sets n^2 for each index along the axis, for the mode "learned": a sequence of numbers or a ResonantTensor.
    fn set_mode_norms(&mut self, mode_norms: Features) {
        self.mode_norms = Some(mode_norms.0);
    }

    /// The softmax of x, a Tensor, or a ResonantTensor as float64, and of its class; the mode "provided" needs `syntony`.
    #[pyo3(signature = (x, syntony=None))]
    fn forward(&self, x: &Bound<'_, PyAny>, syntony: Option<&Bound<'_, PyAny>>) -> PyResult<Py<PyAny>> {
        let weights = Weights { mode: self.mode, norms: self.mode_norms.clone(), scale: self.syntony_scale };
        weights.apply(x, self.dim, syntony)
    }
}

/// Registers this file's classes.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<SyntonicSoftmaxMode>()?;
    m.add_class::<SyntonicSoftmaxState>()
}
