//! Lucas numbers, Pisano periods, structure numbers and the phase functional, for Python.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyTuple};
use syntonic_classic::exact::{number_theory, structures};
use syntonic_classic::lists;
use syntonic_core::exact::{BigInt, sequences};
use syntonic_core::tensor::DType;

use crate::door::{enter, quick};
use crate::either::either;
use crate::tensor::numbers;

/// Returns the Lucas number L(n), the trace of phi^n; L(0) = 2, L(1) = 1.
///
/// Raises:
///     ValueError: If n < 0.
///     OverflowError: If n > 1,000,000.
///
/// Example:
///     >>> [lucas(n) for n in range(8)]
///     [2, 1, 3, 4, 7, 11, 18, 29]
#[pyfunction]
fn lucas(n: i64) -> PyResult<BigInt> {
    quick(|| sequences::lucas(n))
}

/// Returns the period of the Fibonacci numbers modulo m.
///
/// Raises:
///     ValueError: Unless 1 <= m <= 10^8.
///
/// Example:
///     >>> [pisano_period(m) for m in range(1, 11)]
///     [1, 3, 8, 6, 20, 24, 16, 12, 24, 60]
#[pyfunction]
fn pisano_period(py: Python<'_>, m: i64) -> PyResult<i64> {
    enter(py, || number_theory::pisano_period(m))
}

/// Returns 1 + sign q / N for a structure's name (a key of STRUCTURES) or its number N, and a sign of +1 or -1.
///
/// Raises:
///     ValueError: If the name is unknown, N < 1, or the sign is another.
///
/// Example:
///     >>> correction_factor("E8_roots", 1) == correction_factor(240, 1) == 1 + Q_DEFICIT / 240
///     True
#[pyfunction]
fn correction_factor(structure: Structure, sign: i64) -> PyResult<f64> {
    quick(|| {
        let number = match structure {
            Structure::Name(name) => structures::structure_number(&name)?.into(),
            Structure::Number(number) => number,
        };
        structures::correction_factor(number, sign)
    })
}

/// Returns Arg Tr e^(i pi rho) in (-pi, pi] of a density matrix with these eigenvalues, zeros included.
///
/// The trace of a pure state of two dimensions is 0 and has no angle: it counts as 0.
///
/// Raises:
///     ValueError: Unless the eigenvalues are at least 0 and sum to 1, but for rounding.
///
/// Example:
///     >>> phase_functional([0.25, 0.25, 0.25, 0.25]) * 4
///     3.141592653589793
#[pyfunction]
fn phase_functional(eigenvalues: crate::list::List<f64>) -> PyResult<f64> {
    quick(|| lists::phase(&eigenvalues))
}

/// Returns the eigenvalues of a small symmetric matrix (n, n), in rising order, by Jacobi's rotations.
///
/// Raises:
///     ValueError: Unless the matrix is square, finite and symmetric, but for rounding.
///
/// Example:
///     >>> spectrum([[3.0, 0.0], [0.0, 1.0]])
///     [1.0, 3.0]
#[pyfunction]
fn spectrum(py: Python<'_>, matrix: &Bound<'_, PyAny>) -> PyResult<Vec<f64>> {
    let matrix = numbers(matrix, None, DType::F64)?;
    let &[n, m] = matrix.shape().dims() else {
        return Err(PyValueError::new_err(format!("spectrum: expected shape (n, n), got {}", matrix.shape())));
    };
    if n != m {
        return Err(PyValueError::new_err(format!("spectrum: expected shape (n, n), got {}", matrix.shape())));
    }
    enter(py, || lists::spectrum(&matrix.to_f64(), n))
}

/// A structure as Python gives it.
enum Structure {
    Name(String),
    Number(f64),
}

either!(Structure: Name | Number, "a structure's name (a key of STRUCTURES) or its number");

/// Registers this file's functions and constants.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(lucas, m)?)?;
    m.add_function(wrap_pyfunction!(pisano_period, m)?)?;
    m.add_function(wrap_pyfunction!(correction_factor, m)?)?;
    m.add_function(wrap_pyfunction!(phase_functional, m)?)?;
    m.add_function(wrap_pyfunction!(spectrum, m)?)?;
    m.add("FERMAT_PRIMES", PyTuple::new(m.py(), number_theory::FERMAT_PRIMES)?)?;
    m.add("MERSENNE_PRIMES", PyTuple::new(m.py(), number_theory::MERSENNE_PRIMES)?)?;
    m.add("D4_KISSING", structures::D4_KISSING)?;
    m.add("STRUCTURES", structures::STRUCTURES.into_py_dict(m.py())?)
}
