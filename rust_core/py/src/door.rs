//! The one door from Python into the core: frees the GIL, maps errors, and turns a panic into an exception.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::create_exception;
use pyo3::exceptions::{
    PyMemoryError, PyOverflowError, PyRuntimeError, PyTypeError, PyValueError, PyZeroDivisionError,
};
use pyo3::prelude::*;
use syntonic_core::{Error, Result};

create_exception!(syntonic._core, DeviceUnavailable, PyRuntimeError, "CUDA cannot be used here; the text says why.");
create_exception!(
    syntonic._core,
    Interrupted,
    PyRuntimeError,
    "The caller asked for the end of a generation; the state is that before it."
);
create_exception!(
    syntonic._core,
    DeviceError,
    PyRuntimeError,
    "The CUDA driver reported a fault of a named operation."
);
create_exception!(syntonic._core, OutOfDeviceMemory, PyMemoryError, "The memory of a CUDA device does not suffice.");

/// Registers the exceptions that Python has no name for.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add("DeviceUnavailable", m.py().get_type::<DeviceUnavailable>())?;
    m.add("Interrupted", m.py().get_type::<Interrupted>())?;
    m.add("DeviceError", m.py().get_type::<DeviceError>())?;
    m.add("OutOfDeviceMemory", m.py().get_type::<OutOfDeviceMemory>())
}

/// Returns the Python exception for a core error.
pub fn to_py(error: &Error) -> PyErr {
    let text = error.to_string();
    match error {
        Error::Shape { .. } | Error::Value { .. } => PyValueError::new_err(text),
        Error::DType { .. } => PyTypeError::new_err(text),
        Error::Overflow { .. } => PyOverflowError::new_err(text),
        Error::DivisionByZero { .. } => PyZeroDivisionError::new_err(text),
        Error::DeviceUnavailable { .. } => DeviceUnavailable::new_err(text),
        Error::OutOfMemory { .. } => PyMemoryError::new_err(text),
        Error::OutOfDeviceMemory { .. } => OutOfDeviceMemory::new_err(text),
        Error::Device { .. } => DeviceError::new_err(text),
        Error::Interrupted => Interrupted::new_err(text),
        Error::Internal { .. } => PyRuntimeError::new_err(text),
    }
}

/// Runs `work` in the core without the GIL.
pub fn enter<T: Send>(py: Python<'_>, work: impl FnOnce() -> Result<T> + Send) -> PyResult<T> {
    py.detach(|| guard(work))
}

/// Runs short `work` in the core while keeping the GIL: for calls cheaper than giving it up.
pub fn quick<T>(work: impl FnOnce() -> Result<T>) -> PyResult<T> {
    guard(work)
}

fn guard<T>(work: impl FnOnce() -> Result<T>) -> PyResult<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|error| to_py(&error)),
        Err(panic) => {
            let what = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
            let what = what.or_else(|| panic.downcast_ref::<String>().cloned());
            Err(to_py(&Error::Internal { what: what.unwrap_or_else(|| "panic in the core".to_owned()) }))
        }
    }
}
