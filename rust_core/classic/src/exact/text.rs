//! Numbers of Q(phi) as text: "3/2 - 5*phi", and back.

use std::fmt;
use std::str::FromStr;

use num_bigint::BigInt;

use super::{GoldenExact, Rational};
use syntonic_core::{Error, Result};

/// The most terms of a sum that is read: adding up fractions of thousands of digits takes its time.
const MAX_TERMS: usize = 64;

/// More digits do not fit [`MAX_BITS`](super::MAX_BITS).
const MAX_DIGITS: usize = 19_729;

impl fmt::Display for Rational {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.small() {
            Some((n, 1)) => write!(f, "{n}"),
            Some((n, d)) => write!(f, "{n}/{d}"),
            None if self.is_integer() => write!(f, "{}", self.numerator()),
            None => write!(f, "{}/{}", self.numerator(), self.denominator()),
        }
    }
}

impl fmt::Display for GoldenExact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (a, b) = (self.rational_coefficient(), self.phi_coefficient());
        if b.is_zero() {
            return write!(f, "{a}");
        }
        if a.is_zero() {
            f.write_str(if b.is_negative() { "-" } else { "" })?;
        } else {
            write!(f, "{a} {} ", if b.is_negative() { '-' } else { '+' })?;
        }
        match b.to_string().trim_start_matches('-') {
            "1" => f.write_str("phi"),
            size => write!(f, "{size}*phi"),
        }
    }
}

/// Reads a sum of terms such as `3`, `-3/2`, `phi`, `5*phi` and `5/3 φ`; everything that `Display` writes.
///
/// ```
/// use syntonic_classic::exact::GoldenExact;
/// let x: GoldenExact = "3/2 - 5*phi".parse()?;
/// assert_eq!(x.to_string(), "3/2 - 5*phi");
/// assert!("3/2 - 5*pie".parse::<GoldenExact>().is_err());
/// # Ok::<(), syntonic_core::Error>(())
/// ```
impl FromStr for GoldenExact {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refused = || {
            let expected = format!("a sum such as 3/2 - 5*phi, of at most {MAX_TERMS} terms");
            // A text without end would make a message without end.
            let shown: String = text.chars().take(80).collect();
            let got = if shown.len() < text.len() { format!("{shown:?}..") } else { format!("{text:?}") };
            Error::Value { op: "parse", expected, got }
        };
        let mut sum = Self::ZERO;
        let mut rest = text.trim();
        let mut terms = 0;
        while terms == 0 || !rest.is_empty() {
            let negative = rest.starts_with('-');
            match rest.strip_prefix(['+', '-']) {
                Some(unsigned) => rest = unsigned,
                None if terms == 0 => (),
                None => return Err(refused()),
            }
            if terms == MAX_TERMS {
                return Err(refused());
            }
            let (term, next) = rest.split_at(rest.find(['+', '-']).unwrap_or(rest.len()));
            sum = (sum + parse_term(negative, term.trim()).ok_or_else(refused)??)?;
            rest = next;
            terms += 1;
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
    Some(n.and_then(|n| Rational::reduced("parse", if negative { -n } else { n }, d?)).map(|x| match golden {
        Some(_) => GoldenExact::new(Rational::ZERO, x),
        None => GoldenExact::new(x, Rational::ZERO),
    }))
}

fn parse_size(digits: &str) -> Option<Result<BigInt>> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let overflow = Error::Overflow { op: "parse" };
    if is_number && digits.trim_start_matches('0').len() > MAX_DIGITS {
        return Some(Err(overflow));
    }
    is_number.then(|| digits.parse().map_err(|_| overflow))
}
