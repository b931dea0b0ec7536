//! What may stand beside a `GoldenExact`: integers and fractions, but no floats.

use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyFloat, PyInt};
use syntonic_classic::exact::{GoldenExact as Golden, Rational};
use syntonic_core::exact::BigInt;

use super::number::GoldenExact;
use crate::door::quick;

/// Returns the exact number in `value`: a `GoldenExact`, an integer or another `numbers.Rational`; nothing if it is none.
pub(crate) fn operand(symbol: &'static str, value: &Bound<'_, PyAny>) -> PyResult<Option<Golden>> {
    if let Ok(number) = value.cast::<GoldenExact>() {
        return Ok(Some(number.get().0.clone()));
    }
    if value.is_instance_of::<PyFloat>() {
        return Err(PyTypeError::new_err(format!(
            "GoldenExact {symbol}: expected an exact number, got the float {value}; convert it with \
             GoldenExact.nearest(x, max_coeff), GoldenExact.nearest_rational(x, max_denom) or fractions.Fraction(x), \
             or compute in floats with float(number)"
        )));
    }
    if value.is_instance_of::<PyInt>() {
        return Ok(Some(Golden::new(value.extract::<Integer>()?.0, Rational::ZERO)));
    }
    if !value.is_instance(rational_type(value.py())?)? {
        return Ok(None);
    }
    let part = |name: &str| value.getattr(name)?.extract::<Integer>();
    let (numerator, denominator) = (part("numerator")?, part("denominator")?);
    quick(|| Ok(Some(Golden::new((numerator.0 / denominator.0)?, Rational::ZERO))))
}

/// A Python integer of any size up to `MAX_BITS`.
pub(super) struct Integer(pub(super) Rational);

impl<'py> FromPyObject<'_, 'py> for Integer {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        match given.extract::<i128>() {
            Ok(n) => Ok(Self(n.into())),
            Err(error) if error.is_instance_of::<PyOverflowError>(given.py()) => {
                let n: BigInt = given.extract()?;
                quick(|| Rational::from_integer(n)).map(Self)
            }
            Err(error) => Err(error),
        }
    }
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
