//! The operators of tensors and symbols: arithmetic, whose other side may stand on the left, and the product of matrices.

use pyo3::prelude::*;
use syntonic_core::ops::{Arithmetic, MatMul, Neg, Op};

use super::call::Call;
use crate::symbol::{Given, Symbol};
use crate::tensor::Tensor;

/// Applies an operation to two values, in this order.
fn pair(py: Python<'_>, x: Given, y: Given, op: impl Into<Op>) -> PyResult<Bound<'_, PyAny>> {
    let op = op.into();
    let mut call = Call::new(x, true);
    call.inputs.push(y);
    call.apply(py, |_, _| Ok(op))
}

macro_rules! operators {
    ($($class:ident),+) => {
        $(#[pymethods]
        impl $class {
            fn __add__<'py>(&self, py: Python<'py>, other: Given) -> PyResult<Bound<'py, PyAny>> {
                pair(py, self.into(), other, Arithmetic::Add)
            }

            fn __radd__<'py>(&self, py: Python<'py>, other: Given) -> PyResult<Bound<'py, PyAny>> {
                pair(py, other, self.into(), Arithmetic::Add)
            }

            fn __sub__<'py>(&self, py: Python<'py>, other: Given) -> PyResult<Bound<'py, PyAny>> {
                pair(py, self.into(), other, Arithmetic::Sub)
            }

            fn __rsub__<'py>(&self, py: Python<'py>, other: Given) -> PyResult<Bound<'py, PyAny>> {
                pair(py, other, self.into(), Arithmetic::Sub)
            }

            fn __mul__<'py>(&self, py: Python<'py>, other: Given) -> PyResult<Bound<'py, PyAny>> {
                pair(py, self.into(), other, Arithmetic::Mul)
            }

            fn __rmul__<'py>(&self, py: Python<'py>, other: Given) -> PyResult<Bound<'py, PyAny>> {
                pair(py, other, self.into(), Arithmetic::Mul)
            }

            fn __truediv__<'py>(&self, py: Python<'py>, other: Given) -> PyResult<Bound<'py, PyAny>> {
                pair(py, self.into(), other, Arithmetic::Div)
            }

            fn __rtruediv__<'py>(&self, py: Python<'py>, other: Given) -> PyResult<Bound<'py, PyAny>> {
                pair(py, other, self.into(), Arithmetic::Div)
            }

            fn __matmul__<'py>(&self, py: Python<'py>, other: Given) -> PyResult<Bound<'py, PyAny>> {
                pair(py, self.into(), other, MatMul)
            }

            fn __neg__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
                Call::new(self.into(), true).apply(py, |_, _| Ok(Neg.into()))
            }
        })+
    };
}

operators!(Tensor, Symbol);
