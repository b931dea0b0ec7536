//! `syntonic._core.GoldenExact`: exact numbers of the golden field.

mod number;
mod operand;
mod whole;

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use pyo3::basic::CompareOp;
use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyInt, PyTuple};
use syntonic_classic::exact::{GoldenExact as Golden, Rational};
use syntonic_core::exact::snap::{Snapper, residual};
use syntonic_core::{Error, Result};

pub use self::number::GoldenExact;
pub(crate) use self::operand::operand;
use self::operand::{Integer, fraction_type};
use crate::door::{quick, to_py};
use crate::list::List;

#[pymethods]
impl GoldenExact {
    #[new]
    #[pyo3(signature = (a_num, a_den, b_num, b_den))]
    fn new(a_num: Integer, a_den: Integer, b_num: Integer, b_den: Integer) -> PyResult<Self> {
        exact(|| Ok(Golden::new((a_num.0 / a_den.0)?, (b_num.0 / b_den.0)?)))
    }

    /// Returns a + b*phi.
    #[staticmethod]
    fn from_integers(a: Integer, b: Integer) -> Self {
        Self(Golden::new(a.0, b.0))
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

    /// Returns phi^n = F(n-1) + F(n)*phi, also for negative n; OverflowError from |n| of about 94,400.
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
    fn snap(values: List<f64>, max_coeff: i64) -> PyResult<(Vec<Self>, Vec<f64>)> {
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
    fn rational_coefficient<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        pair(py, self.0.rational_coefficient())
    }

    /// The golden part b, as (numerator, denominator).
    #[getter]
    fn phi_coefficient<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        pair(py, self.0.phi_coefficient())
    }

    /// Returns the image under sqrt 5 -> -sqrt 5: (a + b) - b*phi.
    fn galois_conjugate(&self) -> PyResult<Self> {
        exact(|| self.0.conjugate())
    }

    /// Returns the norm a^2 + ab - b^2, as (numerator, denominator).
    fn field_norm<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        pair(py, &quick(|| self.0.norm())?)
    }

    /// Returns the trace 2a + b, as (numerator, denominator).
    fn field_trace<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        pair(py, &quick(|| self.0.trace())?)
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

    /// Returns the nearest float, of two the even one.
    ///
    /// Raises:
    ///     OverflowError: If the number is beyond the largest float.
    fn eval(&self) -> PyResult<f64> {
        let x = self.0.to_f64();
        if x.is_infinite() { Err(to_py(&Error::Overflow { op: "conversion to a float" })) } else { Ok(x) }
    }

    /// Returns whether b = 0.
    fn is_purely_rational(&self) -> bool {
        self.0.phi_coefficient().is_zero()
    }

    /// Returns whether a = 0.
    fn is_purely_golden(&self) -> bool {
        self.0.rational_coefficient().is_zero()
    }

    /// Returns |self - x| as a float, right to the last place but for a unit.
    fn error_from(&self, x: f64) -> PyResult<f64> {
        if !x.is_finite() {
            return Ok(x.abs());
        }
        let small = |part: i64| part.unsigned_abs() <= 1 << 53;
        match self.0.to_point() {
            Some((a, b)) if small(a) && small(b) => Ok(residual(x, a, b).abs()),
            _ => Ok(exact(|| &self.0 - Golden::from_f64(x)?)?.eval()?.abs()),
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
        exact(|| -&self.0)
    }

    fn __pos__(&self) -> Self {
        self.clone()
    }

    fn __abs__(&self) -> PyResult<Self> {
        if self.0 < Golden::ZERO { self.__neg__() } else { Ok(self.clone()) }
    }

    fn __bool__(&self) -> bool {
        !self.0.is_zero()
    }

    fn __float__(&self) -> PyResult<f64> {
        self.eval()
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
            return fraction_type(py)?.call1(self.rational_coefficient(py)?)?.hash();
        }
        let mut hasher = DefaultHasher::new();
        self.0.hash(&mut hasher);
        Ok(hasher.finish() as isize)
    }

    fn __getnewargs__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.rational_coefficient(py)?.add(self.phi_coefficient(py)?)
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self) -> String {
        let [a, b] = [self.0.rational_coefficient(), self.0.phi_coefficient()];
        format!("GoldenExact({}, {}, {}, {})", a.numerator(), a.denominator(), b.numerator(), b.denominator())
    }
}

impl GoldenExact {
    fn combine<'py>(
        &self,
        symbol: &'static str,
        other: &Bound<'py, PyAny>,
        f: fn(&Golden, &Golden) -> Result<Golden>,
    ) -> PyResult<Bound<'py, PyAny>> {
        match operand(symbol, other)? {
            Some(y) => Ok(Bound::new(other.py(), exact(|| f(&self.0, &y))?)?.into_any()),
            None => Ok(other.py().NotImplemented().into_bound(other.py())),
        }
    }
}

fn exact(work: impl FnOnce() -> Result<Golden>) -> PyResult<GoldenExact> {
    quick(work).map(GoldenExact)
}

/// Returns a fraction as Python sees it: (numerator, denominator).
fn pair<'py>(py: Python<'py>, number: &Rational) -> PyResult<Bound<'py, PyTuple>> {
    match number.small() {
        Some(small) => small.into_pyobject(py),
        None => (number.numerator(), number.denominator()).into_pyobject(py),
    }
}

/// Registers the class.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<GoldenExact>()
}
