//! CUDA devices and the tensors on them.

mod exchange;
pub(crate) mod lend;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use syntonic_core::Error;
use syntonic_core::cuda::{self as core, Target};
use syntonic_core::ops::kernels;
use syntonic_core::tensor::DType;

use crate::devices::{self, search};
use crate::door::{enter, quick};

/// Whether there is a CUDA device that can be used.
#[pyfunction]
fn cuda_is_available(py: Python<'_>) -> PyResult<bool> {
    enter(py, || Ok(core::available()))
}

/// Why CUDA cannot be used; an empty text if it can.
#[pyfunction]
fn cuda_reason(py: Python<'_>) -> PyResult<String> {
    enter(py, || match core::device_count() {
        Err(Error::DeviceUnavailable { reason }) => Ok(reason),
        Err(other) => Err(other),
        Ok(_) => Ok(String::new()),
    })
}

/// Number of CUDA devices; 0 where CUDA cannot be used.
#[pyfunction]
fn cuda_device_count(py: Python<'_>) -> PyResult<usize> {
    enter(py, || Ok(core::device_count().unwrap_or(0)))
}

/// Waits for all work on a device and reports what went wrong on the way.
///
/// Raises:
///     DeviceUnavailable: there is no such device.
///     DeviceError: an operation failed since the last call.
#[pyfunction]
#[pyo3(signature = (device="cuda:0"))]
fn cuda_synchronize(py: Python<'_>, device: &str) -> PyResult<()> {
    let device = devices::device(py, device)?;
    enter(py, || device.synchronize())
}

/// Names of the kernel units, each one source file.
#[pyfunction]
fn cuda_kernels() -> Vec<&'static str> {
    kernels().into_iter().map(|(unit, _)| unit.name).collect()
}

/// The image of a kernel unit for compute capability `arch` (90 is sm_90): a cubin, or PTX if `ptx` is set, or for a card
/// newer than NVRTC.
///
/// With `only`, the name of one kernel without its number format, the image holds that kernel alone, as an operation's
/// first use compiles it. No GPU is needed. Compiled images are kept in the folder that SYNTONIC_KERNEL_CACHE names.
///
/// Raises:
///     ValueError: there is no such kernel unit, or NVRTC does not know the card any more.
///     DeviceUnavailable: NVRTC is not installed; `pip install 'syntonic[cuda]'` brings it.
#[pyfunction]
#[pyo3(signature = (kernel, arch, dtype="float32", defines=vec![], only=None, ptx=false))]
fn cuda_compile<'py>(
    py: Python<'py>,
    kernel: &str,
    arch: u32,
    dtype: &str,
    defines: Vec<(String, i64)>,
    only: Option<&str>,
    ptx: bool,
) -> PyResult<Bound<'py, PyBytes>> {
    let unit = kernels().into_iter().find(|(unit, _)| unit.name == kernel).ok_or_else(|| {
        PyValueError::new_err(format!("there is no kernel {kernel:?}; there are {}", cuda_kernels().join(", ")))
    })?;
    let dtype = quick(|| DType::from_name(dtype))?;
    search(py)?;
    let image = enter(py, || {
        core::compile(unit.0, &unit.1, only, &Target { arch, dtype, defines: core::known_defines(&defines)?, ptx })
    })?;
    Ok(PyBytes::new(py, &image))
}

/// Registers this room.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(cuda_is_available, m)?)?;
    m.add_function(wrap_pyfunction!(cuda_reason, m)?)?;
    m.add_function(wrap_pyfunction!(cuda_device_count, m)?)?;
    m.add_function(wrap_pyfunction!(cuda_synchronize, m)?)?;
    m.add_function(wrap_pyfunction!(cuda_kernels, m)?)?;
    m.add_function(wrap_pyfunction!(cuda_compile, m)?)
}
