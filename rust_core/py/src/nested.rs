//! Nested lists of numbers.

use pyo3::prelude::*;
use pyo3::types::PyList;
use syntonic_core::tensor::afford::afford;

use crate::door::quick;

/// Builds nested lists from row-major values.
pub fn nested<'py, T>(py: Python<'py>, dims: &[usize], values: &[T]) -> PyResult<Py<PyAny>>
where
    T: Copy + Default + IntoPyObject<'py>,
    PyErr: From<T::Error>,
{
    match dims {
        [] => {
            let only = values.first().copied().unwrap_or_default();
            Ok(PyList::new(py, [only])?.get_item(0)?.unbind())
        }
        [_] => Ok(PyList::new(py, values.iter().copied())?.into_any().unbind()),
        [count, rest @ ..] => {
            // Rows of nothing are rows too.
            quick(|| afford::<[usize; 9]>("tolist", *count))?;
            let width: usize = rest.iter().product();
            let row = |i: usize| nested(py, rest, &values[i * width..(i + 1) * width]);
            let rows = (0..*count).map(row).collect::<PyResult<Vec<_>>>()?;
            Ok(PyList::new(py, rows)?.into_any().unbind())
        }
    }
}
