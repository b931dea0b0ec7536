//! Rational numbers n/d with 128-bit integers: reduced, d > 0, and never wrong.
//!
//! Operators return a `Result`: a number that does not fit its integers is an `Error::Overflow`. Products and quotients
//! overflow only if the result itself does not fit; sums also if the common denominator or a scaled numerator does not.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::{Error, Result};

/// A reduced fraction with a positive denominator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rational {
    numerator: i128,
    denominator: i128,
}

impl Rational {
    /// Zero.
    pub const ZERO: Self = Self { numerator: 0, denominator: 1 };
    /// One.
    pub const ONE: Self = Self { numerator: 1, denominator: 1 };

    /// Makes numerator / denominator.
    ///
    /// # Errors
    /// `Error::DivisionByZero` if the denominator is 0, `Error::Overflow` if the reduced fraction does not fit.
    ///
    /// ```
    /// use syntonic_core::exact::Rational;
    /// assert_eq!(Rational::new(4, -6)?, Rational::new(-2, 3)?);
    /// # Ok::<(), syntonic_core::Error>(())
    /// ```
    pub fn new(numerator: i128, denominator: i128) -> Result<Self> {
        let negative = (numerator < 0) != (denominator < 0);
        Self::from_sizes("fraction", negative, numerator.unsigned_abs(), denominator.unsigned_abs())
    }

    /// Returns the fraction nearest to x with a denominator of at most `max_denominator`; of two, the simpler one.
    ///
    /// # Errors
    /// `Error::Value` if x is NaN or infinite or `max_denominator` < 1, `Error::Overflow` if |x| is about 2^64 or more.
    ///
    /// ```
    /// use syntonic_core::exact::Rational;
    /// assert_eq!(Rational::nearest(std::f64::consts::PI, 1000)?, Rational::new(355, 113)?);
    /// # Ok::<(), syntonic_core::Error>(())
    /// ```
    pub fn nearest(x: f64, max_denominator: i64) -> Result<Self> {
        let op = "nearest_rational";
        if !x.is_finite() {
            return Err(Error::Value { op, expected: "a finite number".to_owned(), got: x.to_string() });
        }
        if max_denominator < 1 {
            let expected = "max_denominator >= 1".to_owned();
            return Err(Error::Value { op, expected, got: max_denominator.to_string() });
        }
        if x.abs() >= 2.0_f64.powi(64) {
            return Err(Error::Overflow { op });
        }
        let limit = max_denominator.unsigned_abs();
        let (n, d) = best_fraction(x.abs(), u128::from(limit)).ok_or(Error::Overflow { op })?;
        Self::from_sizes(op, x < 0.0, n, d)
    }

    /// Returns the integer above the line.
    pub fn numerator(self) -> i128 {
        self.numerator
    }

    /// Returns the positive integer below the line.
    pub fn denominator(self) -> i128 {
        self.denominator
    }

    /// Returns whether this is 0.
    pub fn is_zero(self) -> bool {
        self.numerator == 0
    }

    /// Returns 1 / self.
    ///
    /// # Errors
    /// `Error::DivisionByZero` at 0, `Error::Overflow` at -1 / 2^127.
    pub fn reciprocal(self) -> Result<Self> {
        Self::new(self.denominator, self.numerator)
    }

    /// Makes a fraction of a sign and two sizes.
    pub(super) fn from_sizes(op: &'static str, negative: bool, n: u128, d: u128) -> Result<Self> {
        if d == 0 {
            return Err(Error::DivisionByZero { op });
        }
        let common = gcd(n, d);
        let (n, d) = if common == 1 { (n, d) } else { (n / common, d / common) };
        let numerator = if negative { 0_i128.checked_sub_unsigned(n) } else { 0_i128.checked_add_unsigned(n) };
        match (numerator, i128::try_from(d)) {
            (Some(numerator), Ok(denominator)) => Ok(Self { numerator, denominator }),
            _ => Err(Error::Overflow { op }),
        }
    }
}

impl From<i64> for Rational {
    fn from(n: i64) -> Self {
        Self { numerator: i128::from(n), denominator: 1 }
    }
}

impl From<i128> for Rational {
    fn from(n: i128) -> Self {
        Self { numerator: n, denominator: 1 }
    }
}

impl Add for Rational {
    type Output = Result<Self>;

    fn add(self, other: Self) -> Result<Self> {
        if self.denominator == 1 && other.denominator == 1 {
            let sum = self.numerator.checked_add(other.numerator);
            return sum.map(Self::from).ok_or(Error::Overflow { op: "add" });
        }
        let common = gcd(self.denominator.unsigned_abs(), other.denominator.unsigned_abs()) as i128;
        let (left, right) = (other.denominator / common, self.denominator / common);
        let sum = || {
            let numerator = self.numerator.checked_mul(left)?.checked_add(other.numerator.checked_mul(right)?)?;
            Some((numerator, self.denominator.checked_mul(left)?))
        };
        let (numerator, denominator) = sum().ok_or(Error::Overflow { op: "add" })?;
        Self::new(numerator, denominator)
    }
}

impl Sub for Rational {
    type Output = Result<Self>;

    fn sub(self, other: Self) -> Result<Self> {
        self + (-other)?
    }
}

impl Neg for Rational {
    type Output = Result<Self>;

    fn neg(self) -> Result<Self> {
        let numerator = self.numerator.checked_neg().ok_or(Error::Overflow { op: "neg" })?;
        Ok(Self { numerator, ..self })
    }
}

impl Mul for Rational {
    type Output = Result<Self>;

    fn mul(self, other: Self) -> Result<Self> {
        if self.denominator == 1 && other.denominator == 1 {
            let product = self.numerator.checked_mul(other.numerator);
            return product.map(Self::from).ok_or(Error::Overflow { op: "mul" });
        }
        // Reduced crosswise first, so that the products are reduced too.
        let left = Self::new(self.numerator, other.denominator)?;
        let right = Self::new(other.numerator, self.denominator)?;
        match (left.numerator.checked_mul(right.numerator), left.denominator.checked_mul(right.denominator)) {
            (Some(numerator), Some(denominator)) => Ok(Self { numerator, denominator }),
            _ => Err(Error::Overflow { op: "mul" }),
        }
    }
}

impl Div for Rational {
    type Output = Result<Self>;

    fn div(self, other: Self) -> Result<Self> {
        self.mul(other.reciprocal()?)
    }
}

/// Returns the greatest common divisor; gcd(0, n) = n.
fn gcd(a: u128, b: u128) -> u128 {
    let (mut a, mut b) = (a, b);
    while a.max(b) > u128::from(u64::MAX) && b > 1 {
        (a, b) = (b, a % b);
    }
    if b <= 1 {
        return if b == 0 { a } else { 1 };
    }
    // Hardware division from here on.
    let (mut a, mut b) = (a as u64, b as u64);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    u128::from(a)
}

/// Returns (n, d) nearest to 0 <= x < 2^64 with d <= limit < 2^63, by continued fractions.
fn best_fraction(x: f64, limit: u128) -> Option<(u128, u128)> {
    const SHIFT: i32 = 126;
    // Multiples of 2^-126 hold every x >= 2^-73; those below are nearest to 0.
    let whole = x.floor();
    let (mut n, mut d) = (((x - whole) * 2.0_f64.powi(SHIFT)) as u128, 1_u128 << SHIFT);
    // Convergents of the fractional part; the whole is added at the end.
    let (mut before, mut last) = ((1_u128, 0_u128), (0_u128, 1_u128));
    while n != 0 {
        let quotient = d / n;
        let reach = (limit - before.1) / last.1;
        if quotient > reach {
            // |x - last| = n / (2^126 last.1), and the two candidates are 1 / (last.1 step.1) apart.
            let step = (before.0 + reach * last.0, before.1 + reach * last.1);
            last = if 2 * n * step.1 <= 1 << SHIFT { last } else { step };
            break;
        }
        (before, last) = (last, (before.0 + quotient * last.0, before.1 + quotient * last.1));
        (n, d) = (d % n, n);
    }
    Some(((whole as u128).checked_mul(last.1)?.checked_add(last.0)?, last.1))
}
