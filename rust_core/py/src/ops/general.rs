//! Arithmetic and functions of each element, and reductions.

use pyo3::prelude::*;
use syntonic_core::ops::{
    Abs, Arithmetic, Clamp, Cos, Exp, Gelu, How, Log, Neg, Reduce, Relu, Sigmoid, Sin, Sqrt, Square, Tanh,
};

use super::{Given, Value, apply};
use crate::door::quick;
use crate::either::either;
use crate::program::Symbol;
use crate::tensor::Tensor;

/// One axis or several, counted from the end where negative.
enum Dims {
    One(isize),
    Several(Vec<isize>),
}

either!(Dims: One | Several, "an axis or a sequence of axes");

fn reduce(py: Python<'_>, x: Value, how: How, dim: Option<Dims>, keepdim: bool) -> PyResult<Value> {
    let axes = dim.map(|dim| match dim {
        Dims::One(axis) => vec![axis],
        Dims::Several(axes) => axes,
    });
    let op = quick(|| Reduce::over(how, &x.shape()?, axes.as_deref(), keepdim))?;
    apply(py, &[x.into()], op)
}

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

            /// e^x, elementwise.
            fn exp(&self, py: Python<'_>) -> PyResult<Value> {
                apply(py, &[self.into()], Exp)
            }

            /// The natural logarithm, elementwise: -inf at 0, NaN below.
            fn log(&self, py: Python<'_>) -> PyResult<Value> {
                apply(py, &[self.into()], Log)
            }

            /// The square root, elementwise; NaN below 0.
            fn sqrt(&self, py: Python<'_>) -> PyResult<Value> {
                apply(py, &[self.into()], Sqrt)
            }

            /// x^2, elementwise.
            fn square(&self, py: Python<'_>) -> PyResult<Value> {
                apply(py, &[self.into()], Square)
            }

            /// |x|, elementwise.
            fn abs(&self, py: Python<'_>) -> PyResult<Value> {
                apply(py, &[self.into()], Abs)
            }

            /// -x, elementwise.
            fn neg(&self, py: Python<'_>) -> PyResult<Value> {
                apply(py, &[self.into()], Neg)
            }

            /// The sine of an angle in radians, elementwise; NaN where |x| exceeds 2^22 (float32) or 2^51 (float64).
            fn sin(&self, py: Python<'_>) -> PyResult<Value> {
                apply(py, &[self.into()], Sin)
            }

            /// The cosine of an angle in radians, elementwise; NaN where |x| exceeds 2^22 (float32) or 2^51 (float64).
            fn cos(&self, py: Python<'_>) -> PyResult<Value> {
                apply(py, &[self.into()], Cos)
            }

            /// x, but `min` where it is less and `max` where it is more; NaN stays NaN.
            #[pyo3(signature = (min=None, max=None))]
            fn clamp(&self, py: Python<'_>, min: Option<f64>, max: Option<f64>) -> PyResult<Value> {
                let (low, high) = (min.unwrap_or(f64::NEG_INFINITY), max.unwrap_or(f64::INFINITY));
                apply(py, &[self.into()], Clamp { low, high })
            }

            /// x + other, with NumPy's broadcasting.
            fn add(&self, py: Python<'_>, other: Given) -> PyResult<Value> {
                apply(py, &[self.into(), other], Arithmetic::Add)
            }

            /// x - other, with NumPy's broadcasting.
            fn sub(&self, py: Python<'_>, other: Given) -> PyResult<Value> {
                apply(py, &[self.into(), other], Arithmetic::Sub)
            }

            /// x * other, with NumPy's broadcasting.
            fn mul(&self, py: Python<'_>, other: Given) -> PyResult<Value> {
                apply(py, &[self.into(), other], Arithmetic::Mul)
            }

            /// x / other, with NumPy's broadcasting.
            fn div(&self, py: Python<'_>, other: Given) -> PyResult<Value> {
                apply(py, &[self.into(), other], Arithmetic::Div)
            }

            /// The larger of x and other, NaN where either is, with NumPy's broadcasting.
            fn maximum(&self, py: Python<'_>, other: Given) -> PyResult<Value> {
                apply(py, &[self.into(), other], Arithmetic::Maximum)
            }

            /// The smaller of x and other, NaN where either is, with NumPy's broadcasting.
            fn minimum(&self, py: Python<'_>, other: Given) -> PyResult<Value> {
                apply(py, &[self.into(), other], Arithmetic::Minimum)
            }

            fn __add__(&self, py: Python<'_>, other: Given) -> PyResult<Value> {
                apply(py, &[self.into(), other], Arithmetic::Add)
            }

            fn __radd__(&self, py: Python<'_>, other: Given) -> PyResult<Value> {
                apply(py, &[other, self.into()], Arithmetic::Add)
            }

            fn __sub__(&self, py: Python<'_>, other: Given) -> PyResult<Value> {
                apply(py, &[self.into(), other], Arithmetic::Sub)
            }

            fn __rsub__(&self, py: Python<'_>, other: Given) -> PyResult<Value> {
                apply(py, &[other, self.into()], Arithmetic::Sub)
            }

            fn __mul__(&self, py: Python<'_>, other: Given) -> PyResult<Value> {
                apply(py, &[self.into(), other], Arithmetic::Mul)
            }

            fn __rmul__(&self, py: Python<'_>, other: Given) -> PyResult<Value> {
                apply(py, &[other, self.into()], Arithmetic::Mul)
            }

            fn __truediv__(&self, py: Python<'_>, other: Given) -> PyResult<Value> {
                apply(py, &[self.into(), other], Arithmetic::Div)
            }

            fn __rtruediv__(&self, py: Python<'_>, other: Given) -> PyResult<Value> {
                apply(py, &[other, self.into()], Arithmetic::Div)
            }

            fn __neg__(&self, py: Python<'_>) -> PyResult<Value> {
                self.neg(py)
            }

            /// The sum over the axes `dim` (an integer, several, or all if None); 0 of nothing.
            #[pyo3(signature = (dim=None, keepdim=false))]
            fn sum(&self, py: Python<'_>, dim: Option<Dims>, keepdim: bool) -> PyResult<Value> {
                reduce(py, self.into(), How::Sum, dim, keepdim)
            }

            /// The mean over the axes `dim` (an integer, several, or all if None).
            #[pyo3(signature = (dim=None, keepdim=false))]
            fn mean(&self, py: Python<'_>, dim: Option<Dims>, keepdim: bool) -> PyResult<Value> {
                reduce(py, self.into(), How::Mean, dim, keepdim)
            }

            /// The variance of the population, sum (x - mean)^2 / n, over the axes `dim`.
            #[pyo3(signature = (dim=None, keepdim=false))]
            fn var(&self, py: Python<'_>, dim: Option<Dims>, keepdim: bool) -> PyResult<Value> {
                reduce(py, self.into(), How::Var, dim, keepdim)
            }

            /// The largest element over the axes `dim`; NaN where one is.
            #[pyo3(signature = (dim=None, keepdim=false))]
            fn max(&self, py: Python<'_>, dim: Option<Dims>, keepdim: bool) -> PyResult<Value> {
                reduce(py, self.into(), How::Max, dim, keepdim)
            }

            /// The smallest element over the axes `dim`; NaN where one is.
            #[pyo3(signature = (dim=None, keepdim=false))]
            fn min(&self, py: Python<'_>, dim: Option<Dims>, keepdim: bool) -> PyResult<Value> {
                reduce(py, self.into(), How::Min, dim, keepdim)
            }
        }
    };
}

operations!(Tensor);
operations!(Symbol);
