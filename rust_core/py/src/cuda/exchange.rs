//! Device memory shared with PyTorch, CuPy and JAX without a copy: DLPack and `__cuda_array_interface__`.
//!
//! Order between streams: on the way out, the consumer's stream waits for ours; on the way in, ours waits for the
//! producer's. Before shared memory is freed the device is waited for, since nothing tells when a consumer is done.

use pyo3::exceptions::{PyAttributeError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use syntonic_core::cuda::{self as core, Format, Lent};
use syntonic_core::tensor::{DType, Shape};

use super::lend::CUDA;
use crate::dlpack;
use crate::element::{Element, Kind};
use crate::tensor::{Place, Tensor};

#[pymethods]
impl Tensor {
    /// The memory as CuPy, Numba and PyTorch read it (version 3); its `stream` is the one that writes to it.
    #[getter]
    fn __cuda_array_interface__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let Place::Cuda(tensor) = self.place() else {
            return Err(PyAttributeError::new_err("a Tensor on the CPU has no __cuda_array_interface__"));
        };
        let typestr = match tensor.format() {
            Format::Real(DType::F32) => "<f4",
            Format::Real(DType::F64) => "<f8",
            Format::I32 => "<i4",
            Format::I64 => "<i8",
        };
        let interface = PyDict::new(py);
        interface.set_item("version", 3)?;
        interface.set_item("shape", PyTuple::new(py, tensor.shape().dims())?)?;
        interface.set_item("typestr", typestr)?;
        interface.set_item("data", (tensor.share(), true))?;
        interface.set_item("strides", py.None())?;
        interface.set_item("stream", tensor.device().stream_handle())?;
        Ok(interface)
    }

    /// A tensor on the memory of `array`, anything with `__dlpack__` on a CUDA device; its owner must not write to it.
    ///
    /// Raises:
    ///     TypeError: no `__dlpack__`, or a number format other than 32- and 64-bit floats and 64-bit integers.
    ///     ValueError: memory that is not on a CUDA device, or not row-major.
    #[staticmethod]
    fn from_dlpack(array: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = array.py();
        if !array.hasattr("__dlpack__")? {
            return Err(PyTypeError::new_err("expected an array with __dlpack__, such as a PyTorch or CuPy tensor"));
        }
        let place: (i32, i32) = array.call_method0("__dlpack_device__")?.extract()?;
        if place.0 != CUDA {
            return Err(PyValueError::new_err(format!(
                "expected memory of a CUDA device (DLPack device 2), got device {}; copy it to the GPU first",
                place.0
            )));
        }
        let device = crate::devices::device(py, &format!("cuda:{}", place.1))?;
        let options = PyDict::new(py);
        options.set_item("stream", device.stream_handle())?;
        options.set_item("max_version", (1, 0))?;
        let capsule = match array.call_method("__dlpack__", (), Some(&options)) {
            // Producers older than DLPack 1.0 do not know the keyword.
            Err(error) if error.is_instance_of::<PyTypeError>(py) => {
                options.del_item("max_version")?;
                array.call_method("__dlpack__", (), Some(&options))?
            }
            other => other?,
        };
        let taken = dlpack::take(&capsule, place)?;
        let format = format_of(taken.element)?;
        let lent = Lent { shape: Shape::from(taken.dims), format, address: taken.address, owner: taken.owner };
        Ok(Self::from(core::DeviceTensor::borrow(&device, lent)))
    }
}

fn format_of(element: Element) -> PyResult<Format> {
    match (element.kind, element.size) {
        (Kind::Float, 4) => Ok(Format::Real(DType::F32)),
        (Kind::Float, 8) => Ok(Format::Real(DType::F64)),
        (Kind::Signed, 8) => Ok(Format::I64),
        (kind, size) => Err(PyTypeError::new_err(format!(
            "expected floats of 32 or 64 bits or integers of 64, got {kind:?} of {} bits; convert them first",
            8 * size
        ))),
    }
}
