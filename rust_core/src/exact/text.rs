//! Numbers of Q(phi) as text: "3/2 - 5*phi", and back.

use std::fmt;
use std::str::FromStr;

use super::{GoldenExact, Rational};
use crate::{Error, Result};

impl fmt::Display for Rational {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.denominator() {
            1 => write!(f, "{}", self.numerator()),
            denominator => write!(f, "{}/{denominator}", self.numerator()),
        }
    }
}

impl fmt::Display for GoldenExact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (a, b) = (self.rational_coefficient(), self.phi_coefficient());
        if b.is_zero() {
            return write!(f, "{a}");
        }
        let negative = b.numerator() < 0;
        if a.is_zero() {
            f.write_str(if negative { "-" } else { "" })?;
        } else {
            write!(f, "{a} {} ", if negative { '-' } else { '+' })?;
        }
        match (b.numerator().unsigned_abs(), b.denominator()) {
            (1, 1) => f.write_str("phi"),
            (size, 1) => write!(f, "{size}*phi"),
            (size, denominator) => write!(f, "{size}/{denominator}*phi"),
        }
    }
}

/// Reads a sum of terms such as `3`, `-3/2`, `phi`, `5*phi` and `5/3 φ`; everything that `Display` writes.
///
/// ```
/// use syntonic_core::exact::GoldenExact;
/// let x: GoldenExact = "3/2 - 5*phi".parse()?;
/// assert_eq!(x.to_string(), "3/2 - 5*phi");
/// assert!("3/2 - 5*pie".parse::<GoldenExact>().is_err());
/// # Ok::<(), syntonic_core::Error>(())
/// ```
impl FromStr for GoldenExact {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refused = || {
            let expected = "a sum such as 3/2 - 5*phi".to_owned();
            Error::Value { op: "parse", expected, got: format!("{text:?}") }
        };
        let mut sum = Self::ZERO;
        let mut rest = text.trim();
        let mut first = true;
        while first || !rest.is_empty() {
            let negative = rest.starts_with('-');
            match rest.strip_prefix(['+', '-']) {
                Some(unsigned) => rest = unsigned,
                None if first => (),
                None => return Err(refused()),
            }
            let (term, next) = rest.split_at(rest.find(['+', '-']).unwrap_or(rest.len()));
            sum = (sum + parse_term(negative, term.trim()).ok_or_else(refused)??)?;
            rest = next;
            first = false;
        }
        Ok(sum)
    }
}

/// Reads one term without its sign; nothing if it is no term, an error if it is none that fits.
fn parse_term(negative: bool, term: &str) -> Option<Result<GoldenExact>> {
    let golden = term.strip_suffix("phi").or_else(|| term.strip_suffix('φ'));
    let factor = golden.unwrap_or(term).trim_end();
    let factor = match (golden, factor.strip_suffix('*')) {
        (Some(_), Some(factor)) => factor.trim_end(),
        (Some(_), None) if factor.is_empty() => "1",
        _ => factor,
    };
    let (n, d) = factor.split_once('/').unwrap_or((factor, "1"));
    let (n, d) = (parse_size(n.trim_end())?, parse_size(d.trim_start())?);
    Some(n.and_then(|n| Rational::from_sizes("parse", negative, n, d?)).map(|coefficient| match golden {
        Some(_) => GoldenExact::new(Rational::ZERO, coefficient),
        None => GoldenExact::new(coefficient, Rational::ZERO),
    }))
}

fn parse_size(digits: &str) -> Option<Result<u128>> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().map_err(|_| Error::Overflow { op: "parse" }))
}
