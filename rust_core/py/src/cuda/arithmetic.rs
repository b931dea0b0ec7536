//! Elementwise functions, reductions and products of matrices of device tensors.

use pyo3::prelude::*;
use syntonic_core::cuda::{Binary, Reduction, Unary};

use super::tensor::DeviceTensor;
use crate::door::enter;

/// The other side of an operator.
#[derive(FromPyObject)]
enum Operand<'py> {
    Number(f64),
    Tensor(Bound<'py, DeviceTensor>),
}

impl DeviceTensor {
    fn unary(&self, py: Python<'_>, function: Unary) -> PyResult<Self> {
        enter(py, || self.0.unary(function)).map(Self)
    }

    fn binary(&self, py: Python<'_>, function: Binary, other: &Self) -> PyResult<Self> {
        enter(py, || self.0.binary(function, &other.0)).map(Self)
    }

    fn line(&self, py: Python<'_>, scale: f64, shift: f64) -> PyResult<Self> {
        enter(py, || self.0.scale_shift(scale, shift)).map(Self)
    }

    fn reduce(&self, py: Python<'_>, reduction: Reduction, dim: Option<i64>, keepdim: bool) -> PyResult<Self> {
        enter(py, || self.0.reduce(reduction, dim, keepdim)).map(Self)
    }
}

macro_rules! unary {
    ($($name:ident $variant:ident $doc:literal),+ $(,)?) => {
        #[pymethods]
        impl DeviceTensor {
            $(#[doc = $doc] fn $name(&self, py: Python<'_>) -> PyResult<Self> { self.unary(py, Unary::$variant) })+
        }
    };
}

unary! {
    neg Neg "-x.", abs Abs "The size of x.", square Square "x^2.", sqrt Sqrt "The square root.", exp Exp "e^x.",
    log Log "The natural logarithm.", sin Sin "The sine.", cos Cos "The cosine.", tanh Tanh "The hyperbolic tangent.",
    sigmoid Sigmoid "1 / (1 + e^-x).", relu Relu "The larger of 0 and x.", gelu Gelu "GELU in its tanh form.",
}

macro_rules! binary {
    ($($name:ident $variant:ident $doc:literal),+ $(,)?) => {
        #[pymethods]
        impl DeviceTensor {
            $(#[doc = $doc] fn $name(&self, py: Python<'_>, other: &Self) -> PyResult<Self> {
                self.binary(py, Binary::$variant, other)
            })+
        }
    };
}

binary! {
    add Add "x + y with broadcasting.", sub Sub "x - y with broadcasting.", mul Mul "x * y with broadcasting.",
    div Div "x / y with broadcasting.", maximum Maximum "The larger of x and y; NaN if either is.",
    minimum Minimum "The smaller of x and y; NaN if either is.",
}

macro_rules! reductions {
    ($($name:ident $variant:ident $doc:literal),+ $(,)?) => {
        #[pymethods]
        impl DeviceTensor {
            $(
                #[doc = $doc]
                #[pyo3(signature = (dim=None, keepdim=false))]
                fn $name(&self, py: Python<'_>, dim: Option<i64>, keepdim: bool) -> PyResult<Self> {
                    self.reduce(py, Reduction::$variant, dim, keepdim)
                }
            )+
        }
    };
}

reductions! {
    sum Sum "The sum over an axis, or over everything.", mean Mean "The mean over an axis, or over everything.",
    var Var "The population variance over an axis, or over everything.",
    max Max "The largest number over an axis, or of everything; NaN if there is one.",
    min Min "The smallest number over an axis, or of everything; NaN if there is one.",
    entropy Entropy "The sum of -p ln p over an axis, or over everything; 0 for p = 0.",
}

#[pymethods]
impl DeviceTensor {
    /// Where the largest number of each row stands: the first of equals, or of NaNs; int64.
    fn argmax(&self, py: Python<'_>) -> PyResult<Self> {
        enter(py, || self.0.argmax()).map(Self)
    }

    /// Each number moved into [min, max].
    fn clamp(&self, py: Python<'_>, min: f64, max: f64) -> PyResult<Self> {
        enter(py, || self.0.clamp(min, max)).map(Self)
    }

    fn __neg__(&self, py: Python<'_>) -> PyResult<Self> {
        self.unary(py, Unary::Neg)
    }

    fn __add__(&self, py: Python<'_>, other: Operand<'_>) -> PyResult<Self> {
        match other {
            Operand::Number(x) => self.line(py, 1.0, x),
            Operand::Tensor(x) => self.binary(py, Binary::Add, x.get()),
        }
    }

    fn __radd__(&self, py: Python<'_>, other: f64) -> PyResult<Self> {
        self.line(py, 1.0, other)
    }

    fn __sub__(&self, py: Python<'_>, other: Operand<'_>) -> PyResult<Self> {
        match other {
            Operand::Number(x) => self.line(py, 1.0, -x),
            Operand::Tensor(x) => self.binary(py, Binary::Sub, x.get()),
        }
    }

    fn __rsub__(&self, py: Python<'_>, other: f64) -> PyResult<Self> {
        self.line(py, -1.0, other)
    }

    fn __mul__(&self, py: Python<'_>, other: Operand<'_>) -> PyResult<Self> {
        match other {
            Operand::Number(x) => self.line(py, x, 0.0),
            Operand::Tensor(x) => self.binary(py, Binary::Mul, x.get()),
        }
    }

    fn __rmul__(&self, py: Python<'_>, other: f64) -> PyResult<Self> {
        self.line(py, other, 0.0)
    }

    fn __truediv__(&self, py: Python<'_>, other: Operand<'_>) -> PyResult<Self> {
        match other {
            Operand::Number(x) => self.line(py, 1.0 / x, 0.0),
            Operand::Tensor(x) => self.binary(py, Binary::Div, x.get()),
        }
    }

    /// alpha op(A) op(B) + beta C of matrices, or of stacks with equal leading axes; cuBLAS without TF32.
    #[pyo3(signature = (other, *, transpose_a=false, transpose_b=false, alpha=1.0, beta=0.0, plus=None))]
    #[expect(clippy::too_many_arguments, reason = "those of a GEMM")]
    fn matmul(
        &self,
        py: Python<'_>,
        other: &Self,
        transpose_a: bool,
        transpose_b: bool,
        alpha: f64,
        beta: f64,
        plus: Option<&Self>,
    ) -> PyResult<Self> {
        let plus = plus.map(|c| (beta, &c.0));
        enter(py, || self.0.gemm(&other.0, (transpose_a, transpose_b), alpha, plus)).map(Self)
    }

    fn __matmul__(&self, py: Python<'_>, other: &Self) -> PyResult<Self> {
        enter(py, || self.0.gemm(&other.0, (false, false), 1.0, None)).map(Self)
    }
}
