//! `syntonic._core.GoldenExact`: exact numbers of the golden field.

mod numbers;
mod operand;

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use pyo3::basic::CompareOp;
use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::PyInt;
use syntonic_core::Result;
use syntonic_core::exact::snap::{Snapper, residual};
use syntonic_core::exact::{GoldenExact as Golden, Rational};

use self::operand::fraction_type;
pub(crate) use self::operand::operand;
use crate::door::quick;

/// A fraction as Python sees it: (numerator, denominator).
type Pair = (i128, i128);

/// An exact number a + b*phi of the golden field, phi = (1 + sqrt 5) / 2, with rational a and b.
///
/// Integers and `fractions.Fraction` may stand on either side of an operator. Floats are refused, since a float says
/// nothing about the number it was rounded from: convert it first with `nearest`, `nearest_rational` or `Fraction(x)`.
/// Numerators and denominators are 128-bit integers; a result that does not fit raises `OverflowError`.
///
/// Args:
///     a_num: Numerator of a.
///     a_den: Denominator of a, not zero.
///     b_num: Numerator of b.
///     b_den: Denominator of b, not zero.
///
/// Raises:
///     ZeroDivisionError: If a denominator is zero.
///     OverflowError: If a number does not fit 128 bits.
///
/// Example:
///     >>> phi = GoldenExact.golden_ratio()
///     >>> phi * phi == phi + 1
///     True
///     >>> 1 / phi
///     GoldenExact(-1, 1, 1, 1)
///     >>> str(GoldenExact(3, 2, -5, 1))
///     '3/2 - 5*phi'
#[pyclass(frozen, module = "syntonic._core")]
#[derive(Clone, Copy)]
pub struct GoldenExact(pub(crate) Golden);

#[pymethods]
impl GoldenExact {
    #[new]
    #[pyo3(signature = (a_num, a_den, b_num, b_den))]
    fn new(a_num: i128, a_den: i128, b_num: i128, b_den: i128) -> PyResult<Self> {
        exact(|| Ok(Golden::new(Rational::new(a_num, a_den)?, Rational::new(b_num, b_den)?)))
    }

    /// Returns a + b*phi.
    #[staticmethod]
    fn from_integers(a: i128, b: i128) -> Self {
        Self(Golden::new(a.into(), b.into()))
    }

    /// Returns phi.
    #[staticmethod]
    fn golden_ratio() -> Self {
        Self(Golden::PHI)
    }

    /// Returns phi^2 = 1 + phi.
    #[staticmethod]
    fn golden_squared() -> Self {
        Self(Golden::from_integers(1, 1))
    }

    /// Returns 1/phi = -1 + phi.
    #[staticmethod]
    fn coherence_parameter() -> Self {
        Self(Golden::from_integers(-1, 1))
    }

    /// Returns sqrt 5 = -1 + 2*phi.
    #[staticmethod]
    fn root_five() -> Self {
        Self(Golden::from_integers(-1, 2))
    }

    /// Returns phi^n = F(n-1) + F(n)*phi, also for negative n; OverflowError from |n| of about 184.
    #[staticmethod]
    fn phi_to_power(n: i64) -> PyResult<Self> {
        exact(|| Golden::phi_to_power(n))
    }

    /// Returns the point a + b*phi nearest to x with integers |a|, |b| <= max_coeff; saturates beyond the last point.
    ///
    /// Raises:
    ///     ValueError: If x is NaN or infinite, or max_coeff is not in 1..2^30.
    #[staticmethod]
    fn nearest(x: f64, max_coeff: i64) -> PyResult<Self> {
        exact(|| Golden::nearest(x, max_coeff))
    }

    /// Returns the rational number nearest to x with a denominator of at most max_denom.
    ///
    /// Raises:
    ///     ValueError: If x is NaN or infinite, or max_denom < 1.
    #[staticmethod]
    fn nearest_rational(x: f64, max_denom: i64) -> PyResult<Self> {
        exact(|| Ok(Golden::new(Rational::nearest(x, max_denom)?, Rational::ZERO)))
    }

    /// Snaps every number of a list; returns (nearest points, residuals x - point).
    ///
    /// Raises:
    ///     ValueError: If a number is NaN or infinite, or max_coeff is not in 1..2^30.
    #[staticmethod]
    fn snap(values: Vec<f64>, max_coeff: i64) -> PyResult<(Vec<Self>, Vec<f64>)> {
        quick(|| {
            let snapper = Snapper::new(max_coeff)?;
            let snap = |&x: &f64| {
                let (a, b) = snapper.snap(x)?;
                Ok((Self(Golden::from_integers(a, b)), residual(x, a, b)))
            };
            values.iter().map(snap).collect()
        })
    }

    /// Reads what `str` writes: a sum such as "3/2 - 5*phi".
    ///
    /// Raises:
    ///     ValueError: If the text is no such sum.
    #[staticmethod]
    fn parse(text: &str) -> PyResult<Self> {
        exact(|| text.parse())
    }

    /// The rational part a, as (numerator, denominator).
    #[getter]
    fn rational_coefficient(&self) -> Pair {
        pair(self.0.rational_coefficient())
    }

    /// The golden part b, as (numerator, denominator).
    #[getter]
    fn phi_coefficient(&self) -> Pair {
        pair(self.0.phi_coefficient())
    }

    /// Returns the image under sqrt 5 -> -sqrt 5: (a + b) - b*phi.
    fn galois_conjugate(&self) -> PyResult<Self> {
        exact(|| self.0.conjugate())
    }

    /// Returns the norm a^2 + ab - b^2, as (numerator, denominator).
    fn field_norm(&self) -> PyResult<Pair> {
        quick(|| self.0.norm()).map(pair)
    }

    /// Returns the trace 2a + b, as (numerator, denominator).
    fn field_trace(&self) -> PyResult<Pair> {
        quick(|| self.0.trace()).map(pair)
    }

    /// Returns self^n, also for negative n.
    fn power(&self, n: i64) -> PyResult<Self> {
        exact(|| self.0.powi(n))
    }

    /// Returns 1 / self.
    ///
    /// Raises:
    ///     ZeroDivisionError: If self is zero.
    fn reciprocal(&self) -> PyResult<Self> {
        exact(|| self.0.inverse())
    }

    /// Returns the number as a float, right to about 4 units in the last place however much a + b*phi cancels.
    fn eval(&self) -> f64 {
        self.0.to_f64()
    }

    /// Returns whether b = 0.
    fn is_purely_rational(&self) -> bool {
        self.0.phi_coefficient().is_zero()
    }

    /// Returns whether a = 0.
    fn is_purely_golden(&self) -> bool {
        self.0.rational_coefficient().is_zero()
    }

    /// Returns |self - x| as a float.
    fn error_from(&self, x: f64) -> f64 {
        let integers = [self.0.rational_coefficient(), self.0.phi_coefficient()].map(|part| {
            let small = part.denominator() == 1 && part.numerator().unsigned_abs() <= 1 << 53;
            small.then_some(part.numerator() as i64)
        });
        match integers {
            [Some(a), Some(b)] => residual(x, a, b).abs(),
            _ => (self.0.to_f64() - x).abs(),
        }
    }

    fn __add__<'py>(&self, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.combine("+", other, |x, y| x + y)
    }

    fn __radd__<'py>(&self, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.combine("+", other, |x, y| y + x)
    }

    fn __sub__<'py>(&self, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.combine("-", other, |x, y| x - y)
    }

    fn __rsub__<'py>(&self, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.combine("-", other, |x, y| y - x)
    }

    fn __mul__<'py>(&self, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.combine("*", other, |x, y| x * y)
    }

    fn __rmul__<'py>(&self, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.combine("*", other, |x, y| y * x)
    }

    fn __truediv__<'py>(&self, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.combine("/", other, |x, y| x / y)
    }

    fn __rtruediv__<'py>(&self, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.combine("/", other, |x, y| y / x)
    }

    fn __pow__(&self, exponent: &Bound<'_, PyAny>, modulus: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        if modulus.is_some() || !exponent.is_instance_of::<PyInt>() {
            let got = exponent.get_type().name()?;
            return Err(PyTypeError::new_err(format!("GoldenExact ** takes one integer exponent, got {got}")));
        }
        self.power(exponent.extract()?)
    }

    fn __neg__(&self) -> PyResult<Self> {
        exact(|| -self.0)
    }

    fn __pos__(&self) -> Self {
        *self
    }

    fn __abs__(&self) -> PyResult<Self> {
        if self.0 < Golden::ZERO { self.__neg__() } else { Ok(*self) }
    }

    fn __bool__(&self) -> bool {
        !self.0.is_zero()
    }

    fn __float__(&self) -> f64 {
        self.0.to_f64()
    }

    fn __richcmp__<'py>(&self, other: &Bound<'py, PyAny>, op: CompareOp) -> PyResult<Bound<'py, PyAny>> {
        let py = other.py();
        let equality = matches!(op, CompareOp::Eq | CompareOp::Ne);
        // Equality is answered for every object; an order only for exact numbers.
        let other = match operand("comparison", other) {
            Ok(Some(other)) => other,
            Err(error) if equality && error.is_instance_of::<PyOverflowError>(py) => {
                return Ok(matches!(op, CompareOp::Ne).into_pyobject(py)?.to_owned().into_any());
            }
            Err(error) if !equality => return Err(error),
            _ => return Ok(py.NotImplemented().into_bound(py)),
        };
        Ok(op.matches(self.0.cmp(&other)).into_pyobject(py)?.to_owned().into_any())
    }

    /// Agrees with `hash` of equal integers and fractions.
    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        if self.is_purely_rational() {
            return fraction_type(py)?.call1(self.rational_coefficient())?.hash();
        }
        let mut hasher = DefaultHasher::new();
        self.0.hash(&mut hasher);
        Ok(hasher.finish() as isize)
    }

    fn __getnewargs__(&self) -> (i128, i128, i128, i128) {
        let ((a_num, a_den), (b_num, b_den)) = (self.rational_coefficient(), self.phi_coefficient());
        (a_num, a_den, b_num, b_den)
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self) -> String {
        format!("GoldenExact{:?}", self.__getnewargs__())
    }
}

impl GoldenExact {
    fn combine<'py>(
        &self,
        symbol: &'static str,
        other: &Bound<'py, PyAny>,
        f: impl FnOnce(Golden, Golden) -> Result<Golden>,
    ) -> PyResult<Bound<'py, PyAny>> {
        match operand(symbol, other)? {
            Some(other_number) => Ok(Bound::new(other.py(), exact(|| f(self.0, other_number))?)?.into_any()),
            None => Ok(other.py().NotImplemented().into_bound(other.py())),
        }
    }
}

fn exact(work: impl FnOnce() -> Result<Golden>) -> PyResult<GoldenExact> {
    quick(work).map(GoldenExact)
}

fn pair(number: Rational) -> Pair {
    (number.numerator(), number.denominator())
}

/// Registers the class, and the functions and constants beside it.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<GoldenExact>()?;
    numbers::register(m)
}
