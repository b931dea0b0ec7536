//! The documented flat names of `syntonic._core`: `py_*` functions on numbers and lists, each one call into the core.

use pyo3::prelude::*;
use syntonic_core::exact::constants::E_STAR;
use syntonic_core::exact::number_theory;
use syntonic_core::tensor::golden_weight;

use crate::door::enter;

/// Returns the Moebius function mu(n): 0 if a square divides n or n <= 0, else (-1)^k for k prime factors.
///
/// Example:
///     >>> [py_mobius(n) for n in range(1, 11)]
///     [1, -1, -1, 0, -1, 1, -1, 0, 0, 1]
#[pyfunction]
fn py_mobius(py: Python<'_>, n: i64) -> PyResult<i64> {
    enter(py, || Ok(number_theory::mobius(n)))
}

/// Returns whether no square divides n; False for n <= 0.
#[pyfunction]
fn py_is_square_free(py: Python<'_>, n: i64) -> PyResult<bool> {
    enter(py, || Ok(number_theory::is_square_free(n)))
}

/// Returns the Mertens function M(n), the sum of mu(k) for 1 <= k <= n; 0 for n <= 0.
///
/// Raises:
///     ValueError: If n > 10^11, where its sieve would take too much memory.
///
/// Example:
///     >>> py_mertens(10**6)
///     212
#[pyfunction]
fn py_mertens(py: Python<'_>, n: i64) -> PyResult<i64> {
    enter(py, || number_theory::mertens(n))
}

/// Returns the golden weight e^(-s / phi) of a squared norm s.
#[pyfunction]
fn py_golden_weight(s: f64) -> f64 {
    golden_weight(s)
}

/// Returns the golden weights e^(-s / phi) of a list of squared norms.
#[pyfunction]
fn py_golden_weights(norms: Vec<f64>) -> Vec<f64> {
    norms.into_iter().map(golden_weight).collect()
}

/// Returns E* = e^pi - pi.
#[pyfunction]
fn py_e_star() -> f64 {
    E_STAR
}

/// Registers this file's functions.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(py_mobius, m)?)?;
    m.add_function(wrap_pyfunction!(py_is_square_free, m)?)?;
    m.add_function(wrap_pyfunction!(py_mertens, m)?)?;
    m.add_function(wrap_pyfunction!(py_golden_weight, m)?)?;
    m.add_function(wrap_pyfunction!(py_golden_weights, m)?)?;
    m.add_function(wrap_pyfunction!(py_e_star, m)?)
}
