//! CUDA devices by their names in Python.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use syntonic_core::cuda::{self as core, Device};

use crate::door::enter;

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
