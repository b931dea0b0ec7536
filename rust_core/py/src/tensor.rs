//! `syntonic._core.Tensor`: dense float tensors.

use pyo3::exceptions::{PyBufferError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};
use syntonic_core::tensor::{self as core, DType, Storage};

use crate::door::quick;
use crate::{dlpack, source};

/// A dense, row-major, immutable float tensor on the CPU.
///
/// `Tensor(data, shape=None, dtype="float32")` copies numbers from nested sequences, from anything with the buffer
/// protocol (NumPy arrays, `array.array`, `memoryview`) or with `__dlpack__` (JAX, PyTorch). NumPy, JAX and others read
/// a tensor without a copy through `memoryview(t)`, `numpy.asarray(t)` or `from_dlpack(t)`; they must not write to it.
/// Two tensors are equal only when they are the same object.
///
/// Raises:
///     ValueError: ragged sequences, a shape that does not fit, an array that is not on the CPU.
///     TypeError: entries that are not real numbers, an unknown dtype.
#[pyclass(frozen, module = "syntonic._core")]
pub struct Tensor(pub core::Tensor);

#[pymethods]
impl Tensor {
    #[new]
    #[pyo3(signature = (data, shape=None, dtype="float32"))]
    fn new(data: &Bound<'_, PyAny>, shape: Option<&Bound<'_, PyAny>>, dtype: &str) -> PyResult<Self> {
        let dtype = quick(|| DType::from_name(dtype))?;
        numbers(data, shape.map(source::sizes).transpose()?, dtype).map(Self)
    }

    /// A tensor of zeros.
    #[staticmethod]
    #[pyo3(signature = (shape, dtype="float32"))]
    fn zeros(shape: &Bound<'_, PyAny>, dtype: &str) -> PyResult<Self> {
        Self::full(shape, 0.0, dtype)
    }

    /// A tensor of ones.
    #[staticmethod]
    #[pyo3(signature = (shape, dtype="float32"))]
    fn ones(shape: &Bound<'_, PyAny>, dtype: &str) -> PyResult<Self> {
        Self::full(shape, 1.0, dtype)
    }

    /// A tensor that holds `value` everywhere.
    #[staticmethod]
    #[pyo3(signature = (shape, value, dtype="float32"))]
    fn full(shape: &Bound<'_, PyAny>, value: f64, dtype: &str) -> PyResult<Self> {
        let shape = source::sizes(shape)?;
        quick(|| core::Tensor::full(shape, DType::from_name(dtype)?, value)).map(Self)
    }

    /// Sizes of the axes, outermost first.
    #[getter]
    fn shape(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        Ok(PyTuple::new(py, self.0.shape().dims())?.into_any().unbind())
    }

    /// Number format: "float32" or "float64".
    #[getter]
    fn dtype(&self) -> &'static str {
        self.0.dtype().name()
    }

    /// Number of axes.
    #[getter]
    fn ndim(&self) -> usize {
        self.0.shape().rank()
    }

    /// Number of elements.
    #[getter]
    fn size(&self) -> usize {
        self.0.storage().len()
    }

    fn __len__(&self) -> PyResult<usize> {
        self.0.shape().dims().first().copied().ok_or_else(|| PyTypeError::new_err("a scalar Tensor has no length"))
    }

    /// The values as nested lists of floats; one float for a scalar.
    fn tolist(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        nested(py, self.0.shape().dims(), &self.0.to_f64())
    }

    /// The only element as a float.
    fn item(&self) -> PyResult<f64> {
        match self.0.storage() {
            Storage::F32(v) if v.len() == 1 => Ok(f64::from(v[0])),
            Storage::F64(v) if v.len() == 1 => Ok(v[0]),
            _ => Err(PyValueError::new_err(format!("item() needs one element, got shape {}", self.0.shape()))),
        }
    }

    fn __float__(&self) -> PyResult<f64> {
        self.item()
    }

    /// The given rows (entries of axis 0), in the given order, as a new tensor.
    fn take(&self, rows: &Bound<'_, PyAny>) -> PyResult<Self> {
        let rows = source::places("take", rows)?;
        quick(|| self.0.take(&rows)).map(Self)
    }

    /// The same values in another number format.
    fn astype(&self, dtype: &str) -> PyResult<Self> {
        quick(|| Ok(self.0.cast(DType::from_name(dtype)?))).map(Self)
    }

    fn __repr__(&self) -> String {
        const SHOWN: usize = 8;
        let mut list: Vec<String> = match self.0.storage() {
            Storage::F32(v) => v.iter().take(SHOWN).map(|x| format!("{x:?}")).collect(),
            Storage::F64(v) => v.iter().take(SHOWN).map(|x| format!("{x:?}")).collect(),
        };
        if self.size() > SHOWN {
            list.push("...".to_owned());
        }
        format!("Tensor([{}], shape={}, dtype={:?})", list.join(", "), self.0.shape(), self.0.dtype().name())
    }

    /// A DLPack capsule of this tensor's memory.
    ///
    /// With `max_version` of at least (1, 0) the capsule says that the memory is read-only. An older consumer gets a
    /// capsule that cannot say so, and must not write either. `copy=True` hands out memory that may be written.
    #[pyo3(signature = (*, stream=None, max_version=None, dl_device=None, copy=None))]
    fn __dlpack__(
        &self,
        py: Python<'_>,
        stream: Option<&Bound<'_, PyAny>>,
        max_version: Option<(u32, u32)>,
        dl_device: Option<(i32, i32)>,
        copy: Option<bool>,
    ) -> PyResult<Py<PyAny>> {
        if let Some(stream) = stream {
            return Err(PyValueError::new_err(format!("expected stream=None for memory of the CPU, got {stream}")));
        }
        match dl_device {
            None | Some((1, _)) => {}
            Some(other) => {
                return Err(PyBufferError::new_err(format!("expected dl_device (1, 0), the CPU, got {other:?}")));
            }
        }
        dlpack::export(py, &self.0, max_version.is_some_and(|(major, _)| major >= 1), copy == Some(true))
    }

    /// Where the memory lies: (1, 0), the CPU.
    fn __dlpack_device__(&self) -> (i32, i32) {
        (1, 0)
    }
}

/// Builds a tensor of `dtype` from anything that holds real numbers, under `shape` when it is given.
pub fn numbers(data: &Bound<'_, PyAny>, shape: Option<Vec<usize>>, dtype: DType) -> PyResult<core::Tensor> {
    let found = match data.cast::<Tensor>() {
        Ok(tensor) => tensor.get().0.cast(dtype),
        Err(_) => source::read(data, dtype)?,
    };
    match shape {
        None => Ok(found),
        Some(shape) => quick(|| found.reshape(shape)),
    }
}

/// Builds nested lists from row-major values.
pub fn nested(py: Python<'_>, dims: &[usize], values: &[f64]) -> PyResult<Py<PyAny>> {
    match dims {
        [] => Ok(values.first().copied().unwrap_or_default().into_pyobject(py)?.into_any().unbind()),
        [_] => Ok(PyList::new(py, values)?.into_any().unbind()),
        [count, rest @ ..] => {
            let width: usize = rest.iter().product();
            let row = |i: usize| nested(py, rest, &values[i * width..(i + 1) * width]);
            let rows = (0..*count).map(row).collect::<PyResult<Vec<_>>>()?;
            Ok(PyList::new(py, rows)?.into_any().unbind())
        }
    }
}

/// Registers this file's classes.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<Tensor>()
}
