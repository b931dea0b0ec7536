//! Singular values of a tensor.

use pyo3::prelude::*;
use syntonic_classic::linalg::singular_values;
use syntonic_core::Error;

use crate::door::enter;
use crate::tensor::Tensor;

#[pymethods]
impl Tensor {
    /// The min(rows, columns) singular values of a matrix, largest first, computed in float64.
    fn singular_values(&self, py: Python<'_>) -> PyResult<Vec<f64>> {
        enter(py, || {
            let x = self.host()?;
            let &[rows, columns] = x.shape().dims() else {
                let got = x.shape().to_string();
                return Err(Error::Shape { op: "singular_values", expected: "a matrix (rows, columns)".into(), got });
            };
            singular_values(&x.to_f64(), rows, columns)
        })
    }
}
