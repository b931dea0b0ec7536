//! What may stand beside a `GoldenExact`: integers and fractions, but no floats.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyFloat, PyInt};
use syntonic_core::Error;
use syntonic_core::exact::{GoldenExact as Golden, Rational};

use super::GoldenExact;
use crate::door::{quick, to_py};

/// Returns the exact number in `value`: a `GoldenExact`, an integer or another `numbers.Rational`; nothing if it is none.
pub(crate) fn operand(symbol: &'static str, value: &Bound<'_, PyAny>) -> PyResult<Option<Golden>> {
    if let Ok(number) = value.cast::<GoldenExact>() {
        return Ok(Some(number.get().0));
    }
    if value.is_instance_of::<PyFloat>() {
        return Err(PyTypeError::new_err(format!(
            "GoldenExact {symbol}: expected an exact number, got the float {value}; convert it with \
             GoldenExact.nearest(x, max_coeff), GoldenExact.nearest_rational(x, max_denom) or fractions.Fraction(x), \
             or compute in floats with float(number)"
        )));
    }
    let integer = |part: Bound<'_, PyAny>| {
        let overflow = |_| to_py(&Error::Overflow { op: "conversion to 128 bits" });
        part.extract::<i128>().map_err(overflow)
    };
    if value.is_instance_of::<PyInt>() {
        return Ok(Some(Golden::new(integer(value.clone())?.into(), Rational::ZERO)));
    }
    if !value.is_instance(rational_type(value.py())?)? {
        return Ok(None);
    }
    let (numerator, denominator) = (integer(value.getattr("numerator")?)?, integer(value.getattr("denominator")?)?);
    quick(|| Ok(Some(Golden::new(Rational::new(numerator, denominator)?, Rational::ZERO))))
}

fn rational_type(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static RATIONAL: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    RATIONAL.import(py, "numbers", "Rational")
}

/// Returns `fractions.Fraction`.
pub(super) fn fraction_type(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static FRACTION: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    FRACTION.import(py, "fractions", "Fraction")
}
