//! Exact arithmetic of crystallized tensors: with one another, with a bias, and with numbers.
//!
//! A number is an integer, a fraction, a `GoldenExact`, or a float taken as the dyadic fraction that it is.

use std::sync::{Arc, RwLock};

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyFloat;
use syntonic_classic::resonant::{BroadcastArithmetic, ExactArithmetic, Rows, Scalar, ScalarArithmetic};
use syntonic_core::Result;
use syntonic_core::tensor::Resonant;

use crate::classic::exact::operand;
use crate::door::{enter, quick};
use crate::resonant::{ResonantTensor, poisoned};

/// What may stand on the other side of an operator.
enum Other {
    Tensor(Arc<RwLock<Resonant>>),
    Scalar(Scalar),
}

impl Other {
    /// Reads a tensor or a number; nothing if it is neither.
    fn read(symbol: &'static str, value: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        if let Ok(tensor) = value.cast::<ResonantTensor>() {
            return Ok(Some(Self::Tensor(tensor.get().inner())));
        }
        if let Ok(x) = value.cast::<PyFloat>() {
            return Ok(Some(Self::Scalar(x.value().into())));
        }
        Ok(operand(symbol, value)?.map(|x| Self::Scalar(x.into())))
    }
}

#[pymethods]
impl ResonantTensor {
    fn __add__<'py>(&self, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.meet("+", other, Resonant::broadcast_add, Resonant::scalar_add)
    }

    fn __radd__<'py>(&self, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.__add__(other)
    }

    fn __sub__<'py>(&self, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.meet("-", other, Resonant::broadcast_sub, |x, s| x.scalar_add(s.negate()?))
    }

    fn __rsub__<'py>(&self, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.meet("-", other, |x, y| y.broadcast_sub(x), |x, s| x.scalar_mul(Scalar::from(-1.0))?.scalar_add(s))
    }

    fn __mul__<'py>(&self, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.meet("*", other, Resonant::broadcast_mul, Resonant::scalar_mul)
    }

    fn __rmul__<'py>(&self, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.__mul__(other)
    }

    fn __truediv__<'py>(&self, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.meet("/", other, Resonant::broadcast_div, Resonant::scalar_div)
    }

    fn __rtruediv__<'py>(&self, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.meet("/", other, |x, y| y.broadcast_div(x), Resonant::scalar_over)
    }

    fn __neg__(&self) -> PyResult<Self> {
        self.negate()
    }

    /// self + other, of one shape; exact, both crystallized.
    fn elementwise_add(&self, other: &Self) -> PyResult<Self> {
        self.combine(other, Resonant::add)
    }

    /// self * other, of one shape; exact, both crystallized.
    fn elementwise_mul(&self, other: &Self) -> PyResult<Self> {
        self.combine(other, Resonant::mul)
    }

    /// self + other of shapes that broadcast, as the operator +; exact, both crystallized.
    fn broadcast_add(&self, other: &Self) -> PyResult<Self> {
        self.combine(other, Resonant::broadcast_add)
    }

    /// self * other of shapes that broadcast, as the operator *; exact, both crystallized.
    fn broadcast_mul(&self, other: &Self) -> PyResult<Self> {
        self.combine(other, Resonant::broadcast_mul)
    }

    /// self + scalar, exactly: crystallized if every result is a point of the lattice, else in flux.
    fn scalar_add(&self, scalar: &Bound<'_, PyAny>) -> PyResult<Self> {
        let scalar = number(scalar)?;
        self.read(|x| x.scalar_add(scalar)).map(Self::wrap)
    }

    /// self * scalar, exactly: crystallized if every result is a point of the lattice, else in flux.
    fn scalar_mul(&self, scalar: &Bound<'_, PyAny>) -> PyResult<Self> {
        let scalar = number(scalar)?;
        self.read(|x| x.scalar_mul(scalar)).map(Self::wrap)
    }

    /// -self, in either state.
    fn negate(&self) -> PyResult<Self> {
        self.read(|x| x.scalar_mul(Scalar::from(-1.0))).map(Self::wrap)
    }

    /// 1 - self, in either state.
    fn one_minus(&self) -> PyResult<Self> {
        self.read(Resonant::one_minus).map(Self::wrap)
    }

    /// x W^T, exactly: (..., inner) and W of shape (outer, inner) give (..., outer).
    ///
    /// (batch.., rows, inner) and (batch.., outer, inner) of the same batch give (batch.., rows, outer).
    fn matmul(&self, py: Python<'_>, weight: &Self) -> PyResult<Self> {
        let (x, weight) = (self.copy()?, weight.copy()?);
        enter(py, || x.matmul(&weight)).map(Self::wrap)
    }

    /// x + bias for every row, exactly: (..., d) and (d,).
    fn add_bias(&self, bias: &Self) -> PyResult<Self> {
        self.combine(bias, Resonant::add_bias)
    }
}

impl ResonantTensor {
    fn combine(&self, other: &Self, op: impl FnOnce(&Resonant, &Resonant) -> Result<Resonant>) -> PyResult<Self> {
        quick(|| both(&self.inner(), &other.inner(), op)).map(Self::wrap)
    }

    fn meet<'py>(
        &self,
        symbol: &'static str,
        other: &Bound<'py, PyAny>,
        tensors: impl FnOnce(&Resonant, &Resonant) -> Result<Resonant>,
        scalars: impl FnOnce(&Resonant, Scalar) -> Result<Resonant>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let result = match Other::read(symbol, other)? {
            Some(Other::Tensor(other)) => quick(|| both(&self.inner(), &other, tensors))?,
            Some(Other::Scalar(s)) => self.read(|x| scalars(x, s))?,
            None => return Ok(other.py().NotImplemented().into_bound(other.py())),
        };
        Ok(Bound::new(other.py(), Self::wrap(result))?.into_any())
    }
}

/// Reads two tensors at once, which may be one: the lower address first, so that no two threads wait for each other.
fn both<T>(
    x: &Arc<RwLock<Resonant>>,
    y: &Arc<RwLock<Resonant>>,
    work: impl FnOnce(&Resonant, &Resonant) -> Result<T>,
) -> Result<T> {
    if Arc::ptr_eq(x, y) {
        let x = x.read().map_err(|_| poisoned())?;
        return work(&x, &x);
    }
    let (x, y) = if Arc::as_ptr(x) < Arc::as_ptr(y) {
        let x = x.read().map_err(|_| poisoned())?;
        (x, y.read().map_err(|_| poisoned())?)
    } else {
        let y = y.read().map_err(|_| poisoned())?;
        (x.read().map_err(|_| poisoned())?, y)
    };
    work(&x, &y)
}

fn number(value: &Bound<'_, PyAny>) -> PyResult<Scalar> {
    match Other::read("scalar", value)? {
        Some(Other::Scalar(scalar)) => Ok(scalar),
        _ => {
            let got = value.get_type().name()?;
            Err(PyTypeError::new_err(format!("expected an integer, fraction, float or GoldenExact, got {got}")))
        }
    }
}
