//! Fibonacci and Lucas numbers and the constants, for Python.

use pyo3::prelude::*;
use syntonic_core::exact::snap::MAX_PRECISION;
use syntonic_core::exact::{constants, sequences};

use crate::door::quick;

/// Returns the Fibonacci number F(n), F(0) = 0, F(1) = 1.
///
/// Raises:
///     ValueError: If n < 0.
///     OverflowError: If n > 184.
///
/// Example:
///     >>> [fibonacci(n) for n in range(8)]
///     [0, 1, 1, 2, 3, 5, 8, 13]
#[pyfunction]
fn fibonacci(n: i64) -> PyResult<i128> {
    quick(|| sequences::fibonacci(n))
}

/// Returns the Lucas number L(n), the trace of phi^n; L(0) = 2, L(1) = 1.
///
/// Raises:
///     ValueError: If n < 0.
///     OverflowError: If n > 182.
///
/// Example:
///     >>> [lucas(n) for n in range(8)]
///     [2, 1, 3, 4, 7, 11, 18, 29]
#[pyfunction]
fn lucas(n: i64) -> PyResult<i128> {
    quick(|| sequences::lucas(n))
}

/// Registers this file's functions and constants.
pub(super) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(fibonacci, m)?)?;
    m.add_function(wrap_pyfunction!(lucas, m)?)?;
    for (name, value) in [
        ("PHI", constants::PHI),
        ("PHI_INVERSE", constants::PHI_INVERSE),
        ("PHI_INVERSE_SQUARED", constants::PHI_INVERSE_SQUARED),
        ("E_STAR", constants::E_STAR),
        ("Q_DEFICIT", constants::Q_DEFICIT),
        ("S_STAR", constants::S_STAR),
    ] {
        m.add(name, value)?;
    }
    m.add("MAX_PRECISION", MAX_PRECISION)
}
