//! `syntonic._core.Tensor`: dense float tensors.

use pyo3::prelude::*;
use syntonic_core::tensor as core;

use crate::door::quick;

/// A dense, row-major, immutable float tensor on the CPU.
#[pyclass(frozen, module = "syntonic._core")]
pub struct Tensor(pub core::Tensor);

#[pymethods]
impl Tensor {
    /// Sizes of the axes, outermost first.
    #[getter]
    fn shape(&self) -> Vec<usize> {
        self.0.shape().dims().to_vec()
    }

    /// Number format: "float32" or "float64".
    #[getter]
    fn dtype(&self) -> &'static str {
        self.0.dtype().name()
    }

    /// The same memory under another shape.
    fn reshape(&self, shape: Vec<usize>) -> PyResult<Self> {
        quick(|| self.0.reshape(shape)).map(Self)
    }
}

/// Registers this file's classes.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<Tensor>()
}
