//! Fibonacci and Lucas numbers, exact.
//!
//! Both follow x(n) = x(n-1) + x(n-2), from (0, 1) and from (2, 1); F(n) is the golden part of phi^n, L(n) its trace.

use num_bigint::BigInt;

use crate::{Error, Result};

/// The largest index: F(10^6) has 208,988 digits.
pub const MAX_INDEX: i64 = 1_000_000;

/// Returns the Fibonacci number F(n); F(0) = 0, F(1) = 1.
///
/// # Errors
/// `Error::Value` if n < 0, `Error::Overflow` if n > [`MAX_INDEX`].
///
/// ```
/// use syntonic_core::exact::sequences::fibonacci;
/// assert_eq!(fibonacci(10)?, 55.into());
/// assert_eq!(fibonacci(300)?.to_string().len(), 63);
/// # Ok::<(), syntonic_core::Error>(())
/// ```
pub fn fibonacci(n: i64) -> Result<BigInt> {
    neighbours("fibonacci", n).map(|(term, _)| term)
}

/// Returns the Lucas number L(n) = trace(phi^n); L(0) = 2, L(1) = 1.
///
/// # Errors
/// `Error::Value` if n < 0, `Error::Overflow` if n > [`MAX_INDEX`].
///
/// ```
/// use syntonic_core::exact::sequences::lucas;
/// assert_eq!(lucas(10)?, 123.into());
/// # Ok::<(), syntonic_core::Error>(())
/// ```
pub fn lucas(n: i64) -> Result<BigInt> {
    neighbours("lucas", n).map(|(term, next)| 2 * next - term)
}

/// Returns F(n) and F(n + 1), by F(2k) = F(k) (2 F(k+1) - F(k)) and F(2k+1) = F(k)^2 + F(k+1)^2.
pub fn neighbours(op: &'static str, n: i64) -> Result<(BigInt, BigInt)> {
    if n < 0 {
        return Err(Error::Value { op, expected: "n >= 0".to_owned(), got: n.to_string() });
    }
    if n > MAX_INDEX {
        return Err(Error::Overflow { op });
    }
    let (mut term, mut next) = (BigInt::ZERO, BigInt::from(1));
    for bit in (0..i64::BITS - n.leading_zeros()).rev() {
        (term, next) = (&term * (2 * &next - &term), &term * &term + &next * &next);
        if n >> bit & 1 == 1 {
            (term, next) = (next.clone(), term + next);
        }
    }
    Ok((term, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_follow_their_recurrences() -> Result<()> {
        let (mut f, mut g) = (BigInt::ZERO, BigInt::from(1));
        for n in 0..1500 {
            assert_eq!((fibonacci(n)?, lucas(n)?), (f.clone(), 2 * &g - &f), "{n}");
            (f, g) = (g.clone(), f + g);
        }
        Ok(())
    }

    #[test]
    fn the_ends_of_the_sequences() -> Result<()> {
        // F(2n) = F(n) L(n)
        assert_eq!(fibonacci(MAX_INDEX)?, fibonacci(MAX_INDEX / 2)? * lucas(MAX_INDEX / 2)?);
        assert_eq!(fibonacci(MAX_INDEX + 1), Err(Error::Overflow { op: "fibonacci" }));
        assert_eq!(lucas(i64::MAX), Err(Error::Overflow { op: "lucas" }));
        assert!(matches!(fibonacci(-1), Err(Error::Value { .. })));
        Ok(())
    }
}
