//! Python bindings: newtypes and one-line methods over `syntonic-core`.

mod arrays;
mod batches;
mod buffer;
mod complex;
mod cuda;
mod dlpack;
mod door;
mod either;
mod element;
mod evolve;
mod exact;
mod linalg;
mod norm;
mod ops;
mod program;
mod resonant;
mod resonant_arithmetic;
mod resonant_device;
mod resonant_float;
mod resonant_index;
mod resonant_select;
mod resonant_shape;
mod resonant_steps;
mod resonant_view;
mod seed_api;
mod seed_api_spatial;
mod seed_dense;
mod softmax;
mod source;
mod spectrum;
mod tensor;
mod threads;

use pyo3::prelude::*;

/// Registers everything that `syntonic._core` exports.
#[pymodule(gil_used = false)]
fn _core(m: &Bound<'_, PyModule>) -> PyResult<()> {
    batches::register(m)?;
    complex::register(m)?;
    cuda::register(m)?;
    door::register(m)?;
    evolve::register(m)?;
    exact::register(m)?;
    linalg::register(m)?;
    norm::register(m)?;
    program::register(m)?;
    resonant::register(m)?;
    seed_api::register(m)?;
    seed_api_spatial::register(m)?;
    seed_dense::register(m)?;
    softmax::register(m)?;
    tensor::register(m)?;
    threads::register(m)
}
