//! CUDA devices and the tensors on them.

mod arithmetic;
mod exchange;
mod norms;
pub(crate) mod tensor;

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use syntonic_core::Error;
use syntonic_core::cuda::{self as core, Device, Target, Unit};
use syntonic_core::tensor::DType;

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
    let device = self::device(py, device)?;
    enter(py, || device.synchronize())
}

/// Names of the kernel units, each one source file.
#[pyfunction]
fn cuda_kernels() -> Vec<&'static str> {
    core::units().map(|unit| unit.name).collect()
}

/// The image of a kernel unit for compute capability `arch` (90 is sm_90): a cubin, or PTX for a card newer than NVRTC.
///
/// With `only`, the name of one kernel without its number format, the image holds that kernel alone, as an operation's
/// first use compiles it. No GPU is needed. Compiled images are kept in the folder that SYNTONIC_KERNEL_CACHE names.
///
/// Raises:
///     ValueError: there is no such kernel unit.
///     DeviceUnavailable: NVRTC is not installed; `pip install 'syntonic[cuda]'` brings it.
#[pyfunction]
#[pyo3(signature = (kernel, arch, dtype="float32", defines=vec![], only=None))]
fn cuda_compile<'py>(
    py: Python<'py>,
    kernel: &str,
    arch: u32,
    dtype: &str,
    defines: Vec<(String, i64)>,
    only: Option<&str>,
) -> PyResult<Bound<'py, PyBytes>> {
    let unit = Unit::find(kernel).ok_or_else(|| {
        PyValueError::new_err(format!("there is no kernel {kernel:?}; there are {}", cuda_kernels().join(", ")))
    })?;
    let dtype = quick(|| DType::from_name(dtype))?;
    search(py)?;
    let image =
        enter(py, || core::compile(unit, only, &Target { arch, dtype, defines: core::known_defines(&defines)? }))?;
    Ok(PyBytes::new(py, &image))
}

/// Tells the core where Python finds packages, NVIDIA's wheels among them.
pub(crate) fn search(py: Python<'_>) -> PyResult<()> {
    let path: Vec<PathBuf> = py.import("sys")?.getattr("path")?.extract()?;
    core::set_search_path(path);
    Ok(())
}

/// Returns the device called `name`: "cuda" or "cuda:N".
pub(crate) fn device(py: Python<'_>, name: &str) -> PyResult<Arc<Device>> {
    let number = match name.strip_prefix("cuda") {
        Some("") => Some(0),
        Some(rest) => rest.strip_prefix(':').and_then(|digits| digits.parse::<usize>().ok()),
        None => None,
    };
    let number = number.ok_or_else(|| {
        PyValueError::new_err(format!("expected a device \"cpu\", \"cuda\" or \"cuda:N\", got {name:?}"))
    })?;
    search(py)?;
    enter(py, || Device::get(number))
}

/// Registers this room.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(cuda_is_available, m)?)?;
    m.add_function(wrap_pyfunction!(cuda_reason, m)?)?;
    m.add_function(wrap_pyfunction!(cuda_device_count, m)?)?;
    m.add_function(wrap_pyfunction!(cuda_synchronize, m)?)?;
    m.add_function(wrap_pyfunction!(cuda_kernels, m)?)?;
    m.add_function(wrap_pyfunction!(cuda_compile, m)?)?;
    m.add_class::<tensor::DeviceTensor>()
}
