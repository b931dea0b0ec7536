//! Whole numbers of exact ones: floor, ceil, round, division with a rest, and formats. Nothing passes through a float.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use syntonic_classic::exact::{GoldenExact as Golden, Rational};
use syntonic_core::Result;
use syntonic_core::exact::BigInt;

use super::number::GoldenExact;
use super::operand;
use crate::door::quick;

/// Digits that a format is given beyond those that it asks for, so that it rounds once.
const SPARE: u32 = 20;
/// Digits that a format may ask for.
const MOST: u32 = 10_000;

#[pymethods]
impl GoldenExact {
    fn __floor__(&self) -> BigInt {
        self.0.floor()
    }

    fn __ceil__(&self) -> PyResult<BigInt> {
        Ok(-quick(|| -&self.0)?.floor())
    }

    fn __trunc__(&self) -> PyResult<BigInt> {
        if self.0 < Golden::ZERO { self.__ceil__() } else { Ok(self.0.floor()) }
    }

    fn __int__(&self) -> PyResult<BigInt> {
        self.__trunc__()
    }

    /// Returns the nearest integer, of two the even one; with `ndigits` the nearest multiple of 10^-ndigits, exactly.
    #[pyo3(signature = (ndigits=None))]
    fn __round__<'py>(&self, py: Python<'py>, ndigits: Option<i32>) -> PyResult<Bound<'py, PyAny>> {
        let Some(digits) = ndigits else { return Ok(quick(|| self.0.round())?.into_pyobject(py)?.into_any()) };
        let rounded = quick(|| {
            let scale = power_of_ten(digits)?;
            let rounded = (&self.0 * &scale)?.round()?;
            Golden::new(Rational::from_integer(rounded)?, Rational::ZERO) / scale
        })?;
        Ok(Bound::new(py, Self(rounded))?.into_any())
    }

    fn __floordiv__<'py>(&self, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        divided("//", &self.0, other, false, |py, (whole, _)| Ok(whole.into_pyobject(py)?.into_any()))
    }

    fn __rfloordiv__<'py>(&self, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        divided("//", &self.0, other, true, |py, (whole, _)| Ok(whole.into_pyobject(py)?.into_any()))
    }

    fn __mod__<'py>(&self, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        divided("%", &self.0, other, false, |py, (_, rest)| Ok(Bound::new(py, Self(rest))?.into_any()))
    }

    fn __rmod__<'py>(&self, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        divided("%", &self.0, other, true, |py, (_, rest)| Ok(Bound::new(py, Self(rest))?.into_any()))
    }

    fn __divmod__<'py>(&self, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        divided("divmod", &self.0, other, false, both)
    }

    fn __rdivmod__<'py>(&self, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        divided("divmod", &self.0, other, true, both)
    }

    /// Formats as `str` does, or with a type of numbers (e, f, g, %) as a decimal number that was rounded once.
    fn __format__(&self, py: Python<'_>, spec: &str) -> PyResult<String> {
        let wants_digits = spec.ends_with(['e', 'E', 'f', 'F', 'g', 'G', 'n', '%']);
        if !wants_digits {
            let text = self.0.to_string().into_pyobject(py)?;
            return py.import("builtins")?.call_method1("format", (text, spec))?.extract();
        }
        // A number in decimals shows six of them unless told otherwise, as a float does.
        let spec = &match spec.split_at(spec.len() - 1) {
            (left, kind) if !left.contains('.') && kind != "n" => format!("{left}.6{kind}"),
            _ => spec.to_owned(),
        };
        let asked = spec.rsplit_once('.').map_or("6", |(_, rest)| rest.trim_end_matches(|c: char| !c.is_ascii_digit()));
        let asked: u32 = asked.parse().ok().filter(|&asked| asked <= MOST).ok_or_else(|| {
            PyValueError::new_err(format!(
                "GoldenExact: expected a format such as '.3f' of at most {MOST} digits, got {spec:?}"
            ))
        })?;
        let number = quick(|| digits(&self.0, asked + SPARE))?;
        // A number, and never an expression: a sign, digits and an exponent.
        let decimal = py.import("decimal")?.getattr("Decimal")?.call1((number,))?;
        py.import("builtins")?.call_method1("format", (decimal, spec))?.extract()
    }
}

/// Returns 10^n.
fn power_of_ten(n: i32) -> Result<Golden> {
    Golden::from_integers(10, 0).powi(n.into())
}

/// Returns a decimal number of at least so many digits before and after the point. Where it is not x itself, its last digit is 1:
/// it lies on the same side of every shorter number as x does.
fn digits(x: &Golden, count: u32) -> Result<String> {
    let size = if *x < Golden::ZERO { (-x)? } else { x.clone() };
    // As many more as there are zeros between the point and the first digit.
    let zeros = if x.is_zero() { 0 } else { (-size.to_f64().max(f64::MIN_POSITIVE).log10()).max(0.0) as u32 };
    let mut places = count + zeros;
    let (mut whole, mut exact);
    loop {
        let scaled = (&size * power_of_ten(places as i32)?)?;
        whole = scaled.floor();
        exact = scaled == Golden::new(Rational::from_integer(whole.clone())?, Rational::ZERO);
        if exact || whole.to_string().len() >= count as usize {
            break;
        }
        places *= 2;
    }
    let sign = if *x < Golden::ZERO { "-" } else { "" };
    Ok(format!("{sign}{whole}{}E-{}", if exact { 0 } else { 1 }, places + 1))
}

type Divided<'py> = fn(Python<'py>, (BigInt, Golden)) -> PyResult<Bound<'py, PyAny>>;

fn both(py: Python<'_>, (whole, rest): (BigInt, Golden)) -> PyResult<Bound<'_, PyAny>> {
    Ok(PyTuple::new(py, [whole.into_pyobject(py)?.into_any(), Bound::new(py, GoldenExact(rest))?.into_any()])?
        .into_any())
}

/// Returns what is wanted of floor(x / y) and x - y floor(x / y).
fn divided<'py>(
    symbol: &'static str,
    own: &Golden,
    other: &Bound<'py, PyAny>,
    reversed: bool,
    wanted: Divided<'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = other.py();
    let Some(other) = operand(symbol, other)? else { return Ok(py.NotImplemented().into_bound(py)) };
    let (x, y) = if reversed { (&other, own) } else { (own, &other) };
    let found = quick(|| {
        let whole = (x / y)?.floor();
        let rest = x - (y * Golden::new(Rational::from_integer(whole.clone())?, Rational::ZERO))?;
        Ok((whole, rest?))
    })?;
    wanted(py, found)
}
