//! Arithmetic, functions of each element, reductions and changes of shape.

use pyo3::prelude::*;
use syntonic_core::ops::{Arithmetic, Gelu, Mean, Relu, Reshape, Sigmoid, Tanh};
use syntonic_core::tensor::Shape;

use super::{Given, Value, apply};
use crate::program::Symbol;
use crate::source;
use crate::tensor::Tensor;

macro_rules! operations {
    ($class:ident) => {
        #[pymethods]
        impl $class {
            /// max(x, 0), elementwise.
            fn relu(&self, py: Python<'_>) -> PyResult<Value> {
                apply(py, &[self.into()], Relu)
            }

            /// The hyperbolic tangent, elementwise.
            fn tanh(&self, py: Python<'_>) -> PyResult<Value> {
                apply(py, &[self.into()], Tanh)
            }

            /// The Gaussian error linear unit in its tanh form, elementwise.
            fn gelu(&self, py: Python<'_>) -> PyResult<Value> {
                apply(py, &[self.into()], Gelu)
            }

            /// 1 / (1 + e^-x), elementwise.
            fn sigmoid(&self, py: Python<'_>) -> PyResult<Value> {
                apply(py, &[self.into()], Sigmoid)
            }

            /// x + other, whose shape is the trailing part of this one.
            fn add(&self, py: Python<'_>, other: Given) -> PyResult<Value> {
                apply(py, &[self.into(), other], Arithmetic::Add)
            }

            /// x - other, whose shape is the trailing part of this one.
            fn sub(&self, py: Python<'_>, other: Given) -> PyResult<Value> {
                apply(py, &[self.into(), other], Arithmetic::Sub)
            }

            /// x * other, whose shape is the trailing part of this one.
            fn mul(&self, py: Python<'_>, other: Given) -> PyResult<Value> {
                apply(py, &[self.into(), other], Arithmetic::Mul)
            }

            fn __add__(&self, py: Python<'_>, other: Given) -> PyResult<Value> {
                self.add(py, other)
            }

            fn __sub__(&self, py: Python<'_>, other: Given) -> PyResult<Value> {
                self.sub(py, other)
            }

            fn __mul__(&self, py: Python<'_>, other: Given) -> PyResult<Value> {
                self.mul(py, other)
            }

            /// The mean of all elements, a scalar.
            fn mean(&self, py: Python<'_>) -> PyResult<Value> {
                apply(py, &[self.into()], Mean)
            }
        }
    };
}

operations!(Tensor);
operations!(Symbol);

#[pymethods]
impl Symbol {
    /// The same elements under another shape.
    fn reshape(&self, py: Python<'_>, shape: &Bound<'_, PyAny>) -> PyResult<Value> {
        let shape = Shape::from(source::sizes(shape)?);
        apply(py, &[self.into()], Reshape(shape))
    }
}
