//! Python bindings: newtypes and one-line methods over `syntonic-core`.

mod arrays;
mod batches;
mod buffer;
mod classic;
mod copies;
mod cuda;
mod devices;
mod dlpack;
mod door;
mod either;
mod element;
mod evolve;
mod list;
mod nested;
mod numbers;
mod ops;
mod place;
mod program;
mod reach;
mod resonant;
mod source;
mod symbol;
mod tensor;
mod threads;

use pyo3::prelude::*;

/// Registers everything that `syntonic._core` exports.
#[pymodule(gil_used = false)]
fn _core(m: &Bound<'_, PyModule>) -> PyResult<()> {
    batches::register(m)?;
    classic::register(m)?;
    cuda::register(m)?;
    door::register(m)?;
    evolve::register(m)?;
    numbers::register(m)?;
    ops::register(m)?;
    program::register(m)?;
    resonant::register(m)?;
    symbol::register(m)?;
    tensor::register(m)?;
    threads::register(m)
}
