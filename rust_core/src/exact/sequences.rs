//! Fibonacci and Lucas numbers, exact.
//!
//! Both follow x(n) = x(n-1) + x(n-2), from (0, 1) and from (2, 1); F(n) is the golden part of phi^n, L(n) its trace.

use crate::{Error, Result};

/// Returns the Fibonacci number F(n); F(0) = 0, F(1) = 1.
///
/// # Errors
/// `Error::Value` if n < 0, `Error::Overflow` if n > 184.
///
/// ```
/// use syntonic_core::exact::sequences::fibonacci;
/// assert_eq!(fibonacci(10)?, 55);
/// assert!(fibonacci(185).is_err());
/// # Ok::<(), syntonic_core::Error>(())
/// ```
pub fn fibonacci(n: i64) -> Result<i128> {
    term("fibonacci", n, 0, 1)
}

/// Returns the Lucas number L(n) = trace(phi^n); L(0) = 2, L(1) = 1.
///
/// # Errors
/// `Error::Value` if n < 0, `Error::Overflow` if n > 182.
///
/// ```
/// use syntonic_core::exact::sequences::lucas;
/// assert_eq!(lucas(10)?, 123);
/// # Ok::<(), syntonic_core::Error>(())
/// ```
pub fn lucas(n: i64) -> Result<i128> {
    term("lucas", n, 2, 1)
}

fn term(op: &'static str, n: i64, zeroth: i128, first: i128) -> Result<i128> {
    if n < 0 {
        return Err(Error::Value { op, expected: "n >= 0".to_owned(), got: n.to_string() });
    }
    // One step behind, so that x(n + 1) need not fit; both sequences continue to the left.
    let (mut before, mut term) = (first - zeroth, zeroth);
    for _ in 0..n {
        (before, term) = (term, before.checked_add(term).ok_or(Error::Overflow { op })?);
    }
    Ok(term)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_terms_that_fit() -> Result<()> {
        assert_eq!(fibonacci(184)?, 127_127_879_743_834_334_146_972_278_486_287_885_163);
        assert_eq!(fibonacci(185), Err(Error::Overflow { op: "fibonacci" }));
        assert_eq!(lucas(182)?, fibonacci(181)? + fibonacci(183)?);
        assert_eq!(lucas(183), Err(Error::Overflow { op: "lucas" }));
        assert!(matches!(fibonacci(-1), Err(Error::Value { .. })));
        assert!(matches!(fibonacci(i64::MAX), Err(Error::Overflow { .. })));
        Ok(())
    }

    #[test]
    fn lucas_numbers_surround_fibonacci_numbers() -> Result<()> {
        assert_eq!((lucas(0)?, lucas(1)?), (2, 1));
        for n in 1..180 {
            assert_eq!(lucas(n)?, fibonacci(n - 1)? + fibonacci(n + 1)?);
        }
        Ok(())
    }
}
