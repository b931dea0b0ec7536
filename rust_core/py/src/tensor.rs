//! `syntonic._core.Tensor`: dense float tensors.

use pyo3::basic::CompareOp;
use pyo3::exceptions::{PyBufferError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use syntonic_core::cuda::{DeviceTensor, Format};
use syntonic_core::ops::{IndexSelect, Op};
use syntonic_core::tensor::{self as core, DType, Storage};
use syntonic_core::{Error, Result};

use crate::cuda::lend;
use crate::door::{enter, quick};
use crate::list::dtype;
pub use crate::nested::nested;
pub use crate::place::Place;
use crate::{dlpack, source};

/// A dense, row-major, immutable float tensor on the CPU or on a CUDA device.
///
/// `Tensor(data, shape=None, dtype="float32")` copies numbers from nested sequences, from anything with the buffer
/// protocol (NumPy arrays, `array.array`, `memoryview`) or with `__dlpack__` (JAX, PyTorch). NumPy, JAX and others read
/// a tensor without a copy through `memoryview(t)`, `numpy.asarray(t)` or `from_dlpack(t)`; they must not write to it.
/// `==` of two tensors is refused: it could mean each element or all of them.
///
/// `x.to("cuda:0")` copies it to a GPU, `x.cpu()` back. Operations on a GPU run in order on one stream of each device and
/// return before they are done; `cpu()`, `tolist()` and `item()` wait. Nothing is ever copied between devices unasked.
///
/// Raises:
///     ValueError: ragged sequences, a shape that does not fit, an array that is not on the CPU.
///     TypeError: entries that are not real numbers, an unknown dtype.
#[pyclass(frozen, module = "syntonic._core")]
pub struct Tensor(Place);

impl From<core::Tensor> for Tensor {
    fn from(tensor: core::Tensor) -> Self {
        Self(Place::Cpu(tensor))
    }
}

impl From<DeviceTensor> for Tensor {
    fn from(tensor: DeviceTensor) -> Self {
        Self(Place::Cuda(tensor))
    }
}

impl From<Place> for Tensor {
    fn from(place: Place) -> Self {
        Self(place)
    }
}

impl Tensor {
    /// Returns where it lies.
    pub fn place(&self) -> &Place {
        &self.0
    }

    /// Returns the tensor if it lies in the memory of the CPU.
    ///
    /// # Errors
    /// As [`Place::host`].
    pub fn host(&self) -> Result<&core::Tensor> {
        self.0.host()
    }

    /// As [`Self::host`], for where Python's errors are wanted.
    pub fn on_host(&self) -> PyResult<&core::Tensor> {
        quick(|| self.host())
    }

    /// Returns the tensor if it lies on a CUDA device.
    ///
    /// # Errors
    /// `Error::Value` for one in the memory of the CPU.
    pub fn cuda(&self) -> Result<&DeviceTensor> {
        match &self.0 {
            Place::Cuda(x) => Ok(x),
            Place::Cpu(_) => Err(Error::Value {
                op: "tensor",
                expected: "a Tensor on a CUDA device; copy it with .to(\"cuda:0\")".into(),
                got: "one on the CPU".into(),
            }),
        }
    }

    /// As [`Self::cuda`], for where Python's errors are wanted.
    pub fn on_cuda(&self) -> PyResult<&DeviceTensor> {
        quick(|| self.cuda())
    }
}

#[pymethods]
impl Tensor {
    #[new]
    #[pyo3(
        signature = (data, shape=None, dtype=DType::F32),
        text_signature = "(data, shape=None, dtype='float32')"
    )]
    fn new(
        data: &Bound<'_, PyAny>,
        shape: Option<&Bound<'_, PyAny>>,
        #[pyo3(from_py_with = dtype)] dtype: DType,
    ) -> PyResult<Self> {
        numbers(data, shape.map(source::sizes).transpose()?, dtype).map(Self::from)
    }

    /// A tensor of zeros.
    #[staticmethod]
    #[pyo3(signature = (shape, dtype=DType::F32), text_signature = "(shape, dtype='float32')")]
    fn zeros(shape: &Bound<'_, PyAny>, #[pyo3(from_py_with = dtype)] dtype: DType) -> PyResult<Self> {
        Self::full(shape, 0.0, dtype)
    }

    /// A tensor of ones.
    #[staticmethod]
    #[pyo3(signature = (shape, dtype=DType::F32), text_signature = "(shape, dtype='float32')")]
    fn ones(shape: &Bound<'_, PyAny>, #[pyo3(from_py_with = dtype)] dtype: DType) -> PyResult<Self> {
        Self::full(shape, 1.0, dtype)
    }

    /// A tensor that holds `value` everywhere.
    #[staticmethod]
    #[pyo3(signature = (shape, value, dtype=DType::F32), text_signature = "(shape, value, dtype='float32')")]
    fn full(shape: &Bound<'_, PyAny>, value: f64, #[pyo3(from_py_with = dtype)] dtype: DType) -> PyResult<Self> {
        let shape = source::sizes(shape)?;
        quick(|| core::Tensor::full(shape, dtype, value)).map(Self::from)
    }

    /// Sizes of the axes, outermost first.
    #[getter]
    fn shape(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        Ok(PyTuple::new(py, self.0.shape().dims())?.into_any().unbind())
    }

    /// Number format: "float32" or "float64"; on a GPU also "int64".
    #[getter]
    fn dtype(&self) -> &'static str {
        match &self.0 {
            Place::Cpu(x) => x.dtype().name(),
            Place::Cuda(x) => x.format().name(),
        }
    }

    /// Where it lies: "cpu" or "cuda:N".
    #[getter]
    fn device(&self) -> String {
        self.0.device()
    }

    /// This tensor on another device: "cpu", "cuda" or "cuda:N". On its own device it is itself.
    ///
    /// Raises:
    ///     ValueError: the text names no device.
    ///     DeviceUnavailable: CUDA cannot be used, or there is no such device.
    ///     OutOfDeviceMemory: the tensor does not fit.
    fn to(slf: Bound<'_, Self>, device: &str) -> PyResult<Py<Self>> {
        let py = slf.py();
        let moved = match (&slf.get().0, device) {
            (Place::Cpu(_), "cpu") => return Ok(slf.unbind()),
            (Place::Cuda(x), "cpu") => Self::from(enter(py, || x.download())?),
            (Place::Cpu(x), _) => {
                let device = crate::devices::device(py, device)?;
                Self::from(enter(py, || DeviceTensor::upload(&device, x))?)
            }
            (Place::Cuda(x), _) => {
                let device = crate::devices::device(py, device)?;
                if device.ordinal() == x.device().ordinal() {
                    return Ok(slf.unbind());
                }
                Self::from(enter(py, || DeviceTensor::upload(&device, &x.download()?))?)
            }
        };
        Py::new(py, moved)
    }

    /// This tensor in the memory of the CPU, once its values are computed.
    fn cpu(slf: Bound<'_, Self>) -> PyResult<Py<Self>> {
        Self::to(slf, "cpu")
    }

    /// Number of axes.
    #[getter]
    fn ndim(&self) -> usize {
        self.0.shape().rank()
    }

    /// Number of elements.
    #[getter]
    fn size(&self) -> usize {
        self.0.shape().numel()
    }

    fn __len__(&self) -> PyResult<usize> {
        self.0.shape().dims().first().copied().ok_or_else(|| PyTypeError::new_err("a scalar Tensor has no length"))
    }

    /// The values as nested lists of floats; one float for a scalar.
    fn tolist(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let dims = self.0.shape().dims();
        match &self.0 {
            Place::Cpu(x) => nested(py, dims, &x.to_f64()),
            Place::Cuda(x) if x.format() == Format::I64 => nested(py, dims, &enter(py, || x.integers())?),
            Place::Cuda(x) => nested(py, dims, &enter(py, || x.download())?.to_f64()),
        }
    }

    /// The only element as a float.
    fn item(&self, py: Python<'_>) -> PyResult<f64> {
        match &self.0 {
            Place::Cpu(x) if self.size() == 1 => Ok(match x.storage() {
                Storage::F32(v) => f64::from(v[0]),
                Storage::F64(v) => v[0],
            }),
            Place::Cuda(x) if self.size() == 1 => Ok(enter(py, || x.download())?.to_f64()[0]),
            _ => Err(PyValueError::new_err(format!("item() needs one element, got shape {}", self.0.shape()))),
        }
    }

    fn __float__(&self, py: Python<'_>) -> PyResult<f64> {
        self.item(py)
    }

    fn __richcmp__(slf: &Bound<'_, Self>, other: &Bound<'_, PyAny>, comparison: CompareOp) -> PyResult<Py<PyAny>> {
        let py = slf.py();
        match comparison {
            CompareOp::Eq | CompareOp::Ne if slf.is(other) => {
                Ok(matches!(comparison, CompareOp::Eq).into_pyobject(py)?.to_owned().into_any().unbind())
            }
            CompareOp::Eq | CompareOp::Ne if other.is_instance_of::<Self>() || other.extract::<f64>().is_ok() => {
                Err(PyTypeError::new_err(
                    "a Tensor cannot be compared with == or !=, which could mean each element or all of them; compare \
                     tolist() or numpy.asarray(x), or ask `a is b`",
                ))
            }
            _ => Ok(py.NotImplemented()),
        }
    }

    fn __hash__(slf: &Bound<'_, Self>) -> isize {
        slf.as_ptr().addr().cast_signed()
    }

    /// The given rows (entries of axis 0), in the given order, as a new tensor.
    fn take(&self, py: Python<'_>, rows: &Bound<'_, PyAny>) -> PyResult<Self> {
        let rows = source::places("take", rows)?;
        match &self.0 {
            Place::Cpu(x) => quick(|| x.take(&rows)).map(Self::from),
            Place::Cuda(x) => {
                let op = Op::from(IndexSelect { axis: 0, indices: rows });
                enter(py, || op.eager_on_device(&[x], &[])).map(Self::from)
            }
        }
    }

    /// The same values in another number format.
    fn astype(&self, #[pyo3(from_py_with = dtype)] dtype: DType) -> PyResult<Self> {
        quick(|| Ok(self.host()?.cast(dtype))).map(Self::from)
    }

    fn __repr__(&self) -> String {
        const SHOWN: usize = 8;
        let Place::Cpu(x) = &self.0 else {
            return format!("Tensor(shape={}, dtype={:?}, device={:?})", self.0.shape(), self.dtype(), self.device());
        };
        let mut list: Vec<String> = match x.storage() {
            Storage::F32(v) => v.iter().take(SHOWN).map(|x| format!("{x:?}")).collect(),
            Storage::F64(v) => v.iter().take(SHOWN).map(|x| format!("{x:?}")).collect(),
        };
        if self.size() > SHOWN {
            list.push("...".to_owned());
        }
        format!("Tensor([{}], shape={}, dtype={:?})", list.join(", "), self.0.shape(), self.dtype())
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
        let versioned = max_version.is_some_and(|(major, _)| major >= 1);
        let tensor = match &self.0 {
            Place::Cpu(tensor) => tensor,
            Place::Cuda(tensor) => {
                let stream = stream.map(|stream| stream.extract()).transpose()?;
                return lend::export(py, tensor, stream, versioned, dl_device, copy == Some(true));
            }
        };
        if let Some(stream) = stream {
            return Err(PyValueError::new_err(format!("expected stream=None for memory of the CPU, got {stream}")));
        }
        match dl_device {
            None | Some((1, _)) => {}
            Some(other) => {
                return Err(PyBufferError::new_err(format!("expected dl_device (1, 0), the CPU, got {other:?}")));
            }
        }
        dlpack::export(py, tensor, versioned, copy == Some(true))
    }

    /// Where the memory lies: (1, 0) is the CPU, (2, N) CUDA device N.
    fn __dlpack_device__(&self) -> (i32, i32) {
        match &self.0 {
            Place::Cpu(_) => (1, 0),
            Place::Cuda(tensor) => lend::place_of(tensor),
        }
    }
}

/// Builds a tensor of `dtype` from anything that holds real numbers, under `shape` when it is given.
pub fn numbers(data: &Bound<'_, PyAny>, shape: Option<Vec<usize>>, dtype: DType) -> PyResult<core::Tensor> {
    let found = match data.cast::<Tensor>() {
        Ok(tensor) => tensor.get().on_host()?.cast(dtype),
        Err(_) => source::read(data, dtype)?,
    };
    match shape {
        None => Ok(found),
        Some(shape) => quick(|| found.reshape(shape)),
    }
}

/// Registers this file's classes.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<Tensor>()?;
    // The class that tensors on a GPU had of their own is this one: a tensor has a device.
    m.add("DeviceTensor", m.py().get_type::<Tensor>())
}
