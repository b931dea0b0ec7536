//! The golden field Q(phi): numbers a + b*phi with rational a and b, phi^2 = phi + 1.
//!
//! Sum and product of two exact numbers are exact or an error, the order is the order of the real numbers, and equal
//! numbers are equal in every bit, so that they hash alike.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::Rational;
use super::sequences::fibonacci;
use super::snap::Snapper;
use crate::{Error, Result};

/// An exact number a + b*phi.
///
/// ```
/// use syntonic_core::exact::GoldenExact;
/// let phi = GoldenExact::PHI;
/// assert_eq!((phi * phi)?, (phi + GoldenExact::ONE)?);
/// assert!(phi > "3/2".parse()?);
/// assert_eq!((GoldenExact::ONE / phi)?.to_string(), "-1 + phi");
/// # Ok::<(), syntonic_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GoldenExact {
    a: Rational,
    b: Rational,
}

impl GoldenExact {
    /// Zero.
    pub const ZERO: Self = Self { a: Rational::ZERO, b: Rational::ZERO };
    /// One.
    pub const ONE: Self = Self { a: Rational::ONE, b: Rational::ZERO };
    /// The golden ratio phi.
    pub const PHI: Self = Self { a: Rational::ZERO, b: Rational::ONE };

    /// Makes a + b*phi.
    pub fn new(a: Rational, b: Rational) -> Self {
        Self { a, b }
    }

    /// Makes a + b*phi from integers.
    pub fn from_integers(a: i64, b: i64) -> Self {
        Self { a: a.into(), b: b.into() }
    }

    /// Returns the point a + b*phi nearest to x with integers |a|, |b| <= `max_coefficient`; see [`Snapper`].
    ///
    /// # Errors
    /// `Error::Value` if x is NaN or infinite or `max_coefficient` is out of range.
    pub fn nearest(x: f64, max_coefficient: i64) -> Result<Self> {
        let (a, b) = Snapper::new(max_coefficient)?.snap(x)?;
        Ok(Self::from_integers(a, b))
    }

    /// Returns x itself, a fraction with a power of two below; nothing if it has no 128-bit numerator and denominator.
    ///
    /// ```
    /// use syntonic_core::exact::GoldenExact;
    /// assert_eq!(GoldenExact::from_f64(-0.75), Some("-3/4".parse()?));
    /// assert_eq!(GoldenExact::from_f64(f64::NAN), None);
    /// # Ok::<(), syntonic_core::Error>(())
    /// ```
    pub fn from_f64(x: f64) -> Option<Self> {
        let (mut numerator, mut twos) = (x, 0);
        while numerator.fract() != 0.0 && twos < 126 {
            numerator *= 2.0;
            twos += 1;
        }
        let fits = numerator.fract() == 0.0 && numerator.abs() < 2.0_f64.powi(126);
        let a = fits.then(|| Rational::new(numerator as i128, 1 << twos).ok())??;
        Some(Self { a, b: Rational::ZERO })
    }

    /// Returns (a, b) if both are integers of 64 bits.
    pub fn to_point(self) -> Option<(i64, i64)> {
        let (a, b) = self.integers()?;
        Some((i64::try_from(a).ok()?, i64::try_from(b).ok()?))
    }

    /// Returns whether a and b are integers, of whatever size.
    pub fn is_integral(self) -> bool {
        self.integers().is_some()
    }

    /// Returns phi^n = F(n-1) + F(n) phi, also for negative n.
    ///
    /// # Errors
    /// `Error::Overflow` if |n| is about 184 or more.
    pub fn phi_to_power(n: i64) -> Result<Self> {
        let overflow = Error::Overflow { op: "phi_to_power" };
        let size = i64::try_from(n.unsigned_abs()).map_err(|_| overflow.clone())?;
        let term = |k| fibonacci(k).map_err(|_| overflow.clone());
        let (a, b) = match n {
            0 => (1, 0),
            1.. => (term(size - 1)?, term(size)?),
            // F(-n) = (-1)^(n+1) F(n)
            _ if size % 2 == 0 => (term(size + 1)?, -term(size)?),
            _ => (-term(size + 1)?, term(size)?),
        };
        Ok(Self { a: a.into(), b: b.into() })
    }

    /// Returns a.
    pub fn rational_coefficient(self) -> Rational {
        self.a
    }

    /// Returns b.
    pub fn phi_coefficient(self) -> Rational {
        self.b
    }

    /// Returns whether this is 0.
    pub fn is_zero(self) -> bool {
        self == Self::ZERO
    }

    /// Returns (a, b) if both are integers.
    pub(super) fn integers(self) -> Option<(i128, i128)> {
        let integers = self.a.denominator() == 1 && self.b.denominator() == 1;
        integers.then(|| (self.a.numerator(), self.b.numerator()))
    }

    /// Returns the image under sqrt 5 -> -sqrt 5: (a + b) - b*phi.
    ///
    /// # Errors
    /// `Error::Overflow`.
    pub fn conjugate(self) -> Result<Self> {
        Ok(Self { a: (self.a + self.b)?, b: (-self.b)? })
    }

    /// Returns self * conjugate = a^2 + ab - b^2, which is 0 for 0 alone.
    ///
    /// # Errors
    /// `Error::Overflow`.
    pub fn norm(self) -> Result<Rational> {
        (self.a * (self.a + self.b)?)? - (self.b * self.b)?
    }

    /// Returns self + conjugate = 2a + b.
    ///
    /// # Errors
    /// `Error::Overflow`.
    pub fn trace(self) -> Result<Rational> {
        (self.a + self.a)? + self.b
    }

    /// Returns 1 / self.
    ///
    /// # Errors
    /// `Error::DivisionByZero`, `Error::Overflow`.
    pub fn inverse(self) -> Result<Self> {
        if self.b.is_zero() {
            return Ok(Self { a: self.a.reciprocal()?, b: Rational::ZERO });
        }
        let (conjugate, norm) = (self.conjugate()?, self.norm()?);
        Ok(Self { a: (conjugate.a / norm)?, b: (conjugate.b / norm)? })
    }

    /// Returns self^n, also for negative n; 0^0 = 1.
    ///
    /// # Errors
    /// `Error::Overflow`, `Error::DivisionByZero` for 0 to a negative power.
    pub fn powi(self, n: i64) -> Result<Self> {
        let mut base = if n < 0 { self.inverse()? } else { self };
        let mut power = Self::ONE;
        let mut rest = n.unsigned_abs();
        while rest > 0 {
            if rest & 1 == 1 {
                power = (power * base)?;
            }
            rest >>= 1;
            // The last square is not used, and need not fit.
            if rest > 0 {
                base = (base * base)?;
            }
        }
        Ok(power)
    }

    /// Returns self * phi = b + (a + b) phi.
    ///
    /// # Errors
    /// `Error::Overflow`.
    pub fn times_phi(self) -> Result<Self> {
        Ok(Self { a: self.b, b: (self.a + self.b)? })
    }

    /// Returns self / phi = (b - a) + a*phi.
    ///
    /// # Errors
    /// `Error::Overflow`.
    pub fn div_phi(self) -> Result<Self> {
        Ok(Self { a: (self.b - self.a)?, b: self.a })
    }
}

impl Add for GoldenExact {
    type Output = Result<Self>;

    fn add(self, other: Self) -> Result<Self> {
        Ok(Self { a: (self.a + other.a)?, b: (self.b + other.b)? })
    }
}

impl Sub for GoldenExact {
    type Output = Result<Self>;

    fn sub(self, other: Self) -> Result<Self> {
        Ok(Self { a: (self.a - other.a)?, b: (self.b - other.b)? })
    }
}

impl Neg for GoldenExact {
    type Output = Result<Self>;

    fn neg(self) -> Result<Self> {
        Ok(Self { a: (-self.a)?, b: (-self.b)? })
    }
}

impl Mul for GoldenExact {
    type Output = Result<Self>;

    /// (a + b phi)(c + d phi) = (ac + bd) + (ad + bc + bd) phi.
    fn mul(self, other: Self) -> Result<Self> {
        if let (Some((a, b)), Some((c, d))) = (self.integers(), other.integers())
            && [a, b, c, d].into_iter().all(|n| n.unsigned_abs() < 1 << 62)
        {
            // Sums of three products below 2^124.
            return Ok(Self { a: (a * c + b * d).into(), b: (a * d + b * c + b * d).into() });
        }
        let golden = (self.b * other.b)?;
        let mixed = ((self.a * other.b)? + (self.b * other.a)?)?;
        Ok(Self { a: ((self.a * other.a)? + golden)?, b: (mixed + golden)? })
    }
}

impl Div for GoldenExact {
    type Output = Result<Self>;

    fn div(self, other: Self) -> Result<Self> {
        self.mul(other.inverse()?)
    }
}
