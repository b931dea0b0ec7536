//! Bindings of the classic wing: names that the documents promise and that no run uses.
//!
//! They are part of `syntonic._core` as everything else is, because methods must stand in the crate of their class.

mod complex;
mod cuda;
mod dense;
mod exact;
mod floats;
mod linalg;
mod lists;
mod norm;
mod numbers;
mod resonant;
mod softmax;
mod spatial;
mod spectrum;

use pyo3::prelude::*;

/// Registers the wing's names.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    syntonic_core::cuda::add_units(syntonic_classic::cuda::UNITS);
    complex::register(m)?;
    dense::register(m)?;
    exact::register(m)?;
    linalg::register(m)?;
    lists::register(m)?;
    norm::register(m)?;
    numbers::register(m)?;
    softmax::register(m)?;
    spatial::register(m)
}
