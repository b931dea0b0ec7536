//! `syntonic._core.DeviceTensor`: dense tensors on a CUDA device.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};
use syntonic_core::cuda::{self as core, Format};

use crate::door::{enter, quick};
use crate::source;
use crate::tensor::{Tensor, nested};

/// A dense, row-major, immutable tensor on a CUDA device.
///
/// `Tensor.to("cuda:0")` makes one from the CPU, `DeviceTensor.from_dlpack(x)` takes one from PyTorch, CuPy or JAX without
/// a copy. Operations run in order on one stream per device and return before they are done; `cpu()` waits. A result has
/// the same bits each time.
#[pyclass(frozen, module = "syntonic._core")]
pub struct DeviceTensor(pub core::DeviceTensor);

#[pymethods]
impl Tensor {
    /// This tensor on another device: "cpu" (itself) or "cuda:N" (a copy, a DeviceTensor).
    ///
    /// Raises:
    ///     ValueError: the text names no device.
    ///     DeviceUnavailable: CUDA cannot be used, or there is no such device.
    ///     OutOfDeviceMemory: the tensor does not fit.
    fn to(slf: Bound<'_, Self>, device: &str) -> PyResult<Py<PyAny>> {
        if device == "cpu" {
            return Ok(slf.into_any().unbind());
        }
        let py = slf.py();
        let device = super::device(py, device)?;
        let tensor = slf.get();
        let moved = enter(py, || core::DeviceTensor::upload(&device, &tensor.0))?;
        Ok(Py::new(py, DeviceTensor(moved))?.into_any())
    }
}

#[pymethods]
impl DeviceTensor {
    /// Sizes of the axes, outermost first.
    #[getter]
    fn shape(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        Ok(PyTuple::new(py, self.0.shape().dims())?.into_any().unbind())
    }

    /// Number format: "float32", "float64" or "int64".
    #[getter]
    fn dtype(&self) -> &'static str {
        self.0.format().name()
    }

    /// Where it lies: "cuda:N".
    #[getter]
    fn device(&self) -> String {
        format!("cuda:{}", self.0.device().ordinal())
    }

    /// Number of axes.
    #[getter]
    fn ndim(&self) -> usize {
        self.0.shape().rank()
    }

    /// Number of elements.
    #[getter]
    fn size(&self) -> usize {
        self.0.numel()
    }

    fn __len__(&self) -> PyResult<usize> {
        let first = self.0.shape().dims().first().copied();
        first.ok_or_else(|| PyTypeError::new_err("a scalar DeviceTensor has no length"))
    }

    fn __repr__(&self) -> String {
        format!("DeviceTensor(shape={}, dtype={:?}, device={:?})", self.0.shape(), self.dtype(), self.device())
    }

    /// The values as a Tensor on the CPU, once they are computed.
    fn cpu(&self, py: Python<'_>) -> PyResult<Tensor> {
        enter(py, || self.0.download()).map(Tensor)
    }

    /// The values as nested lists, once they are computed: floats, or integers for "int64".
    fn tolist(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        if self.0.format() != Format::I64 {
            let values = enter(py, || self.0.download())?;
            return nested(py, values.shape().dims(), &values.to_f64());
        }
        let values = enter(py, || self.0.integers())?;
        nested_integers(py, self.0.shape().dims(), &values)
    }

    /// This tensor on another device: "cpu" gives a Tensor, its own device gives itself.
    fn to(slf: Bound<'_, Self>, device: &str) -> PyResult<Py<PyAny>> {
        let (py, own) = (slf.py(), slf.get());
        if device == "cpu" {
            return Ok(Py::new(py, own.cpu(py)?)?.into_any());
        }
        let device = super::device(py, device)?;
        if device.ordinal() == own.0.device().ordinal() {
            return Ok(slf.into_any().unbind());
        }
        let moved = enter(py, || core::DeviceTensor::upload(&device, &own.0.download()?))?;
        Ok(Py::new(py, Self(moved))?.into_any())
    }

    /// The same memory under another shape.
    fn reshape(&self, shape: &Bound<'_, PyAny>) -> PyResult<Self> {
        let shape = source::sizes(shape)?;
        quick(|| self.0.reshape(shape.into())).map(Self)
    }
}

fn nested_integers(py: Python<'_>, dims: &[usize], values: &[i64]) -> PyResult<Py<PyAny>> {
    match dims {
        [] => {
            let first = values.first().ok_or_else(|| PyValueError::new_err("no value"))?;
            Ok(first.into_pyobject(py)?.into_any().unbind())
        }
        [_] => Ok(PyList::new(py, values)?.into_any().unbind()),
        [count, rest @ ..] => {
            let width: usize = rest.iter().product();
            let row = |i: usize| nested_integers(py, rest, &values[i * width..(i + 1) * width]);
            Ok(PyList::new(py, (0..*count).map(row).collect::<PyResult<Vec<_>>>()?)?.into_any().unbind())
        }
    }
}
