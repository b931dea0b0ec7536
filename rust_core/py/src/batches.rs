//! `syntonic._core.sample_rows` and `sample_batch`: which rows a generation sees.

use pyo3::prelude::*;
use syntonic_core::Error;
use syntonic_core::tensor::afford::afford;
use syntonic_core::tensor::philox;

use crate::door::quick;
use crate::list::whole;
use crate::tensor::Tensor;

/// `count` row numbers below `rows`, drawn with replacement: a pure function of seed and generation.
#[pyfunction]
fn sample_rows(
    #[pyo3(from_py_with = whole)] seed: u32,
    #[pyo3(from_py_with = whole)] generation: u32,
    #[pyo3(from_py_with = whole)] rows: u32,
    #[pyo3(from_py_with = whole)] count: usize,
) -> PyResult<Vec<usize>> {
    quick(|| {
        if rows == 0 && count > 0 {
            return Err(Error::Value { op: "sample_rows", expected: "rows >= 1".into(), got: "0".into() });
        }
        afford::<[usize; 6]>("sample_rows", count)?;
        Ok(philox::sample_rows(seed, generation, rows, count))
    })
}

/// `count` rows of inputs and labels, drawn as `sample_rows` draws them.
///
/// Raises:
///     ValueError: there are no rows, or not as many labels as inputs.
#[pyfunction]
fn sample_batch(
    split: (PyRef<'_, Tensor>, PyRef<'_, Tensor>),
    #[pyo3(from_py_with = whole)] seed: u32,
    #[pyo3(from_py_with = whole)] generation: u32,
    #[pyo3(from_py_with = whole)] count: usize,
) -> PyResult<(Tensor, Tensor)> {
    let (inputs, labels) = (split.0.on_host()?, split.1.on_host()?);
    let length = |tensor: &syntonic_core::tensor::Tensor| tensor.shape().dims().first().copied().unwrap_or(0);
    quick(|| {
        let rows = u32::try_from(length(inputs)).unwrap_or(u32::MAX);
        if rows == 0 || length(labels) != length(inputs) {
            return Err(Error::Shape {
                op: "sample_batch",
                expected: "at least one row of inputs, and a label for each".into(),
                got: format!("{} and {}", inputs.shape(), labels.shape()),
            });
        }
        afford::<usize>("sample_batch", count)?;
        let rows = philox::sample_rows(seed, generation, rows, count);
        Ok((Tensor::from(inputs.take(&rows)?), Tensor::from(labels.take(&rows)?)))
    })
}

/// Registers this file's functions.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(sample_batch, m)?)?;
    m.add_function(wrap_pyfunction!(sample_rows, m)?)
}
