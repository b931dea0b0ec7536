//! Device memory lent by DLPack: the consumer's stream waits for ours.

use pyo3::exceptions::{PyBufferError, PyValueError};
use pyo3::prelude::*;
use syntonic_core::cuda::{DeviceTensor, Format};
use syntonic_core::tensor::DType;

use crate::dlpack::{self, Lending};
use crate::door::enter;

/// DLPack's number of CUDA memory.
pub(crate) const CUDA: i32 = 2;

/// Lends the memory of a tensor on a device; `stream` is the consumer's.
pub(crate) fn export(
    py: Python<'_>,
    tensor: &DeviceTensor,
    stream: Option<i64>,
    versioned: bool,
    dl_device: Option<(i32, i32)>,
    copied: bool,
) -> PyResult<Py<PyAny>> {
    let device = place_of(tensor);
    if dl_device.is_some_and(|asked| asked != device) {
        return Err(PyBufferError::new_err(format!("expected dl_device {device:?}, got {dl_device:?}")));
    }
    let tensor = enter(py, || if copied { tensor.deep_copy() } else { Ok(tensor.clone()) })?;
    match stream.unwrap_or(1) {
        -1 => {}
        handle => {
            let handle = u64::try_from(handle)
                .map_err(|_| PyValueError::new_err(format!("expected a stream of at least -1, got {handle}")))?;
            enter(py, || tensor.device().release_to(handle))?;
        }
    }
    let data = tensor.share() as usize as *mut std::ffi::c_void;
    let format = match tensor.format() {
        Format::Real(DType::F32) => (2, 32),
        Format::Real(DType::F64) => (2, 64),
        Format::I32 => (0, 32),
        Format::I64 => (0, 64),
    };
    let shape = tensor.shape().clone();
    let lending = Lending { data, device, format, shape, copied, owner: Box::new(tensor) };
    dlpack::lend(py, lending, versioned)
}

/// Where the memory lies: (2, N), CUDA device N.
pub(crate) fn place_of(tensor: &DeviceTensor) -> (i32, i32) {
    (CUDA, i32::try_from(tensor.device().ordinal()).unwrap_or(0))
}
