//! `syntonic._core.threads` and `set_threads`: how many threads one large operation may use.

use pyo3::prelude::*;
use syntonic_core::threads as core;

use crate::door::quick;
use crate::list::whole;

/// The most threads that one large operation uses: a thread for each core, unless `set_threads` said less.
#[pyfunction]
fn threads() -> usize {
    core::count()
}

/// Sets the most threads that one large operation uses. Results do not depend on it.
///
/// A trainer's threads are its own argument.
///
/// Raises:
///     ValueError: for 0.
#[pyfunction]
fn set_threads(#[pyo3(from_py_with = whole)] count: usize) -> PyResult<()> {
    quick(|| core::set_count(count))
}

/// Registers this file's functions.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(threads, m)?)?;
    m.add_function(wrap_pyfunction!(set_threads, m)?)
}
