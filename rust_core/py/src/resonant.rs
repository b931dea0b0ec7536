//! `syntonic._core.ResonantTensor`: a parameter on the golden lattice or in flux.

use std::sync::{Arc, RwLock};

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use syntonic_core::tensor::afford::afford;
use syntonic_core::tensor::{self as core, DType, Law, ModeNorms, Resonant, Scale, Shape};
use syntonic_core::{Error, Result};

use crate::devices;
use crate::door::quick;
use crate::either::either;
use crate::list::{List, dtype, whole};
use crate::source;
use crate::tensor::{Tensor, nested, numbers};

/// A tensor in dual state: crystallized (exact points a + b*phi with integers a, b) or in flux (float64).
///
/// `ResonantTensor(data, shape=None, mode_norms=None, precision=100)` snaps `data` (whatever `Tensor` reads) to the
/// lattice; `from_flux` keeps the floats. `precision` bounds |a| and |b| of every snap. `mode_norms` gives the norm of
/// each feature of the last axis, of size d: "scaled", the default, is (3 i / d)^2, "raw" is i^2, a list holds n_i^2 itself;
/// `mode_norm_sq` is another word for it.
/// Arithmetic is exact and returns new tensors; the steps of a cycle change the tensor in place.
///
/// A value beyond the last point of the lattice, precision * phi^2, becomes that point, with a RuntimeWarning.
///
/// Raises:
///     ValueError: data, shapes, norms or a precision that do not fit; in a snap NaN, infinity, or a value beyond the
///         last point of a precision that was given.
///     OverflowError: an exact result beyond 64-bit coefficients.
#[pyclass(frozen, module = "syntonic._core")]
pub struct ResonantTensor(Arc<RwLock<Resonant>>);

impl ResonantTensor {
    /// Returns the tensor that this Python object stands for, shared.
    pub fn inner(&self) -> Arc<RwLock<Resonant>> {
        Arc::clone(&self.0)
    }

    pub(crate) fn wrap(tensor: Resonant) -> Self {
        Self(Arc::new(RwLock::new(tensor)))
    }

    pub(crate) fn read<T>(&self, work: impl FnOnce(&Resonant) -> Result<T>) -> PyResult<T> {
        quick(|| work(&*self.0.read().map_err(|_| poisoned())?))
    }

    pub(crate) fn write<T>(&self, work: impl FnOnce(&mut Resonant) -> Result<T>) -> PyResult<T> {
        quick(|| work(&mut *self.0.write().map_err(|_| poisoned())?))
    }

    pub(crate) fn copy(&self) -> PyResult<Resonant> {
        self.read(|x| Ok(x.clone()))
    }
}

/// A parameter as Python objects share it.
pub(crate) type Shared = Arc<RwLock<Resonant>>;

pub(crate) fn poisoned() -> Error {
    Error::Internal { what: "a panic left a resonant tensor locked".into() }
}

/// Mode norms as Python gives them: a name or a list.
pub(crate) enum Norms {
    Name(String),
    /// No norms, but the precision, which the documents give in this place.
    Precision(i64),
    Given(List<f64>),
}

either!(Norms: Name | Precision | Given, "mode norms: 'scaled', 'raw' or a sequence of numbers");

impl Norms {
    /// Reads the norms, which Python may give under either of two words; without them they are "scaled".
    pub(crate) fn read(mode_norms: Option<Self>, mode_norm_sq: Option<Self>) -> PyResult<ModeNorms> {
        match (mode_norms, mode_norm_sq) {
            (Some(Self::Precision(n)), _) | (_, Some(Self::Precision(n))) => Err(PyTypeError::new_err(format!(
                "expected mode norms: 'scaled', 'raw' or a sequence of numbers, got int; a precision is precision={n}"
            ))),
            (None, None) => Ok(ModeNorms::Scaled),
            (Some(Self::Name(name)), None) | (None, Some(Self::Name(name))) => quick(|| ModeNorms::from_name(&name)),
            (Some(Self::Given(norms)), None) | (None, Some(Self::Given(norms))) => Ok(ModeNorms::Given(norms.0)),
            _ => Err(PyValueError::new_err("expected mode_norms or mode_norm_sq, which are the same, got both")),
        }
    }
}

#[pymethods]
impl ResonantTensor {
    #[new]
    #[pyo3(
        signature = (data, shape=None, mode_norms=None, precision=None, *, mode_norm_sq=None),
        text_signature = "(data, shape=None, mode_norms=None, precision=100, *, mode_norm_sq=None)"
    )]
    fn new(
        data: &Bound<'_, PyAny>,
        shape: Option<&Bound<'_, PyAny>>,
        mode_norms: Option<Norms>,
        precision: Option<i64>,
        mode_norm_sq: Option<Norms>,
    ) -> PyResult<Self> {
        let tensor = Self::from_flux(data, shape, mode_norms, precision.unwrap_or(100), mode_norm_sq)?;
        tensor.crystallize(precision)?;
        Ok(tensor)
    }

    /// A tensor in flux with these values.
    #[staticmethod]
    #[pyo3(signature = (data, shape=None, mode_norms=None, precision=100, *, mode_norm_sq=None))]
    fn from_flux(
        data: &Bound<'_, PyAny>,
        shape: Option<&Bound<'_, PyAny>>,
        mode_norms: Option<Norms>,
        precision: i64,
        mode_norm_sq: Option<Norms>,
    ) -> PyResult<Self> {
        let tensor = numbers(data, shape.map(source::sizes).transpose()?, DType::F64)?;
        let norms = Norms::read(mode_norms, mode_norm_sq)?;
        quick(|| Resonant::new(tensor.shape().clone(), tensor.to_f64(), &norms, precision)).map(Self::wrap)
    }

    /// A crystallized tensor of zeros.
    #[staticmethod]
    #[pyo3(
        signature = (shape, mode_norms=None, precision=None, *, mode_norm_sq=None, device=None),
        text_signature = "(shape, mode_norms=None, precision=100, *, mode_norm_sq=None, device=None)"
    )]
    fn zeros(
        shape: &Bound<'_, PyAny>,
        mode_norms: Option<Norms>,
        precision: Option<Third>,
        mode_norm_sq: Option<Norms>,
        device: Option<&str>,
    ) -> PyResult<Self> {
        drawn(Law::Zeros, shape, Kept::read((mode_norms, mode_norm_sq), precision, device, shape.py())?, 0, |x| x)
    }

    /// Sizes of the axes, outermost first.
    #[getter]
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.read(|x| Ok(x.shape().dims().to_vec()))?)
    }

    /// Number of axes.
    #[getter]
    fn ndim(&self) -> PyResult<usize> {
        self.read(|x| Ok(x.shape().rank()))
    }

    /// Number of elements.
    #[getter]
    fn size(&self) -> PyResult<usize> {
        self.read(|x| Ok(x.shape().numel()))
    }

    /// The largest coefficient that a snap may give.
    #[getter]
    fn precision(&self) -> PyResult<i64> {
        self.read(|x| Ok(x.precision()))
    }

    /// The state: "crystallized" or "flux".
    #[getter]
    fn phase(&self) -> PyResult<&'static str> {
        self.read(|x| Ok(x.phase()))
    }

    /// S = sum x^2 w / sum x^2 with w = e^(-n^2 / phi); 0 for no energy.
    #[getter]
    fn syntony(&self) -> PyResult<f64> {
        self.read(Resonant::syntony)
    }

    /// n_i^2 of the features of the last axis.
    #[getter]
    fn mode_norms(&self) -> PyResult<Vec<f64>> {
        self.read(|x| Ok(x.norms().to_vec()))
    }

    fn __len__(&self) -> PyResult<usize> {
        let first = self.read(|x| Ok(x.shape().dims().first().copied()))?;
        first.ok_or_else(|| PyTypeError::new_err("a scalar ResonantTensor has no length"))
    }

    fn __repr__(&self) -> PyResult<String> {
        self.read(|x| {
            let (shape, phase, precision) = (x.shape(), x.phase(), x.precision());
            Ok(format!(
                "ResonantTensor(shape={shape}, phase={phase:?}, precision={precision}, syntony={:.4})",
                x.syntony()?
            ))
        })
    }

    /// The values as nested lists of floats; one float for a scalar.
    pub(crate) fn to_list(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let (shape, values) = self.read(|x| Ok((x.shape().clone(), x.values())))?;
        nested(py, shape.dims(), &values)
    }

    /// The points as pairs (a, b), row-major.
    fn lattice(&self) -> PyResult<Vec<(i64, i64)>> {
        let points =
            self.read(|x| Ok(x.lattice().map(|x| x.a().iter().copied().zip(x.b().iter().copied()).collect())))?;
        points.ok_or_else(|| PyValueError::new_err("a tensor in flux has no lattice points: call crystallize() first"))
    }

    /// The values as a float tensor with memory of its own.
    #[pyo3(signature = (dtype=DType::F32), text_signature = "($self, dtype='float32')")]
    fn to_tensor(&self, #[pyo3(from_py_with = dtype)] dtype: DType) -> PyResult<Tensor> {
        self.read(|x| x.to_tensor(dtype)).map(Tensor::from)
    }

    /// Puts the tensor in flux with its first values: parameter number `index` of a model under `seed`.
    #[pyo3(signature = (law, *, seed, index, gain=1.0, fan_in=1))]
    fn initialize(
        &self,
        law: &str,
        #[pyo3(from_py_with = whole)] seed: u32,
        #[pyo3(from_py_with = whole)] index: u32,
        gain: f64,
        #[pyo3(from_py_with = whole)] fan_in: usize,
    ) -> PyResult<()> {
        self.write(|x| {
            let norms = ModeNorms::Given(x.norms().to_vec());
            let values = Law::from_name(law)?.draw(x.shape(), &norms, Scale { gain, fan_in }, seed, index)?;
            x.set_flux(&values)
        })
    }

    /// Leaves the lattice: the same values as floats.
    fn wake_flux(&self) -> PyResult<()> {
        self.write(|x| {
            x.wake_flux();
            Ok(())
        })
    }

    /// Puts the tensor in flux with the values of `data`, which has as many.
    fn set_flux(&self, data: &Bound<'_, PyAny>) -> PyResult<()> {
        let values = numbers(data, None, DType::F64)?.to_f64();
        self.write(|x| x.set_flux(&values))
    }

    /// Snaps every value to the lattice with coefficients up to `precision`, which becomes the tensor's own.
    ///
    /// Values beyond the last point, precision * phi^2, are a ValueError if `precision` is given; otherwise they become
    /// that point, with a RuntimeWarning.
    #[pyo3(signature = (precision=None))]
    fn crystallize(&self, precision: Option<i64>) -> PyResult<()> {
        self.snap_in_place(|x| x.crystallize(precision))
    }

    /// A tensor of its own with the same state.
    fn clone(&self) -> PyResult<Self> {
        self.copy().map(Self::wrap)
    }
}

/// What stands behind the norms: the precision, or the device, which the documents give there after the precision.
pub(crate) enum Third {
    Precision(i64),
    Device(String),
}

either!(Third: Precision | Device, "a precision, or a device after the precision");

/// Norms of a new tensor, and its precision if that was given.
pub(crate) struct Kept {
    norms: ModeNorms,
    precision: Option<i64>,
}

impl Kept {
    /// Reads them. The state of a tensor stays on the CPU; a GPU that is named must be there.
    pub(crate) fn read(
        norms: (Option<Norms>, Option<Norms>),
        third: Option<Third>,
        device: Option<&str>,
        py: Python<'_>,
    ) -> PyResult<Self> {
        let (norms, second) = match norms {
            (Some(Norms::Precision(given)), None) => ((None, None), Some(given)),
            norms => (norms, None),
        };
        let (precision, named) = match (second, &third) {
            (Some(_), Some(Third::Precision(_))) => {
                return Err(PyTypeError::new_err("expected mode norms before a precision, got two whole numbers"));
            }
            (second, Some(Third::Device(name))) => (second, Some(name.as_str())),
            (None, Some(Third::Precision(given))) => (Some(*given), None),
            (second, None) => (second, None),
        };
        if let Some(name) = device.or(named).filter(|&name| name != "cpu") {
            devices::device(py, name)?;
        }
        Ok(Self { norms: Norms::read(norms.0, norms.1)?, precision })
    }

    /// Returns a crystallized tensor of these values.
    pub(crate) fn snapped(self, values: core::Tensor) -> PyResult<ResonantTensor> {
        quick(|| {
            let precision = self.precision.unwrap_or(100);
            let mut tensor = Resonant::new(values.shape().clone(), values.to_f64(), &self.norms, precision)?;
            tensor.crystallize(self.precision)?;
            Ok(tensor)
        })
        .and_then(ResonantTensor::snapped)
    }
}

/// Returns a crystallized tensor of a law's values, each as `change` changes it.
pub(crate) fn drawn(
    law: Law,
    shape: &Bound<'_, PyAny>,
    kept: Kept,
    seed: u32,
    change: impl Fn(f64) -> f64,
) -> PyResult<ResonantTensor> {
    let shape = Shape::from(source::sizes(shape)?);
    quick(|| {
        // Refuses a shape that memory does not hold before anything is drawn: values, their copy, and coefficients twice.
        shape.check("drawn")?;
        afford::<[f64; 6]>("drawn", shape.numel())?;
        let mut values = law.draw(&shape, &kept.norms, Scale { gain: 1.0, fan_in: 1 }, seed, 0)?;
        values.iter_mut().for_each(|x| *x = change(*x));
        core::Tensor::new(shape, values)
    })
    .and_then(|values| kept.snapped(values))
}

/// Registers this file's classes.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<ResonantTensor>()
}
