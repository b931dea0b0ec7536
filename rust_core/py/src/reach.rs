//! What a DLPack capsule says of its memory, and what cannot be.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use syntonic_core::tensor::Shape;
use syntonic_core::tensor::afford::afford;

use crate::door::quick;

/// Returns the error for what a capsule says.
pub fn refuse(what: &str) -> PyErr {
    PyValueError::new_err(format!("DLPack: {what}"))
}

/// Checks that there can be an array of elements of `size` bytes, which begins `offset` bytes after `address`.
pub fn check(address: usize, offset: u64, shape: &Shape, strides: &[i64], size: usize) -> PyResult<()> {
    if shape.numel() == 0 {
        return Ok(());
    }
    if address == 0 {
        return Err(refuse(&format!("expected memory for shape {shape}, got none")));
    }
    let last = |(&size, &stride): (&usize, &i64)| (size as i128 - 1) * i128::from(stride);
    let ends = shape.dims().iter().zip(strides).map(last).fold((0_i128, 0_i128), |(above, below), last| {
        (above.saturating_add(last.max(0)), below.saturating_add(last.min(0)))
    });
    let (start, bytes) = (address as i128 + i128::from(offset), size as i128);
    let (first, end) = (ends.1.saturating_mul(bytes), (ends.0 + 1).saturating_mul(bytes));
    if start + first > 0 && start + end <= isize::MAX as i128 {
        return Ok(());
    }
    Err(refuse(&format!("shape {shape} with strides {strides:?} leaves the memory of the machine")))
}

/// Returns room for the bytes of an array.
pub fn room(shape: &[usize], size: usize) -> PyResult<Vec<u8>> {
    let bytes = Shape::from(shape.to_vec()).numel().saturating_mul(size);
    quick(|| afford::<u8>("DLPack", bytes))?;
    Ok(Vec::with_capacity(bytes))
}
