//! Fibonacci numbers, primes, golden weights and the constants, for Python.

use pyo3::prelude::*;
use syntonic_core::Error;
use syntonic_core::exact::snap::MAX_PRECISION;
use syntonic_core::exact::{BigInt, constants, primes, sequences};
use syntonic_core::tensor::golden_weight;

use crate::door::{enter, quick};

/// Returns the Fibonacci number F(n), F(0) = 0, F(1) = 1.
///
/// Raises:
///     ValueError: If n < 0.
///     OverflowError: If n > 1,000,000.
///
/// Example:
///     >>> [fibonacci(n) for n in range(8)]
///     [0, 1, 1, 2, 3, 5, 8, 13]
#[pyfunction]
fn fibonacci(n: i64) -> PyResult<BigInt> {
    quick(|| sequences::fibonacci(n))
}

/// Returns whether n is prime, for any n below 2^64; False for n < 2.
///
/// Example:
///     >>> [n for n in range(20) if is_prime(n)]
///     [2, 3, 5, 7, 11, 13, 17, 19]
#[pyfunction]
fn is_prime(n: i128) -> PyResult<bool> {
    quick(|| match u64::try_from(n) {
        Ok(n) => Ok(primes::is_prime(n)),
        Err(_) if n < 0 => Ok(false),
        Err(_) => Err(Error::Value { op: "is_prime", expected: "n below 2^64".into(), got: n.to_string() }),
    })
}

/// Returns the Moebius function mu(n): 0 if a square divides n or n <= 0, else (-1)^k for k prime factors.
///
/// Example:
///     >>> [py_mobius(n) for n in range(1, 11)]
///     [1, -1, -1, 0, -1, 1, -1, 0, 0, 1]
#[pyfunction]
fn py_mobius(py: Python<'_>, n: i64) -> PyResult<i64> {
    enter(py, || Ok(primes::mobius(n)))
}

/// Returns the golden weight e^(-s / phi) of a squared norm s.
#[pyfunction]
fn py_golden_weight(s: f64) -> f64 {
    golden_weight(s)
}

/// Registers this file's functions and constants.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(fibonacci, m)?)?;
    m.add_function(wrap_pyfunction!(is_prime, m)?)?;
    m.add_function(wrap_pyfunction!(py_mobius, m)?)?;
    m.add_function(wrap_pyfunction!(py_golden_weight, m)?)?;
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
