//! The golden field Q(phi): numbers a + b*phi with rational a and b, phi^2 = phi + 1.
//!
//! Results are exact at every size up to [`MAX_BITS`](super::MAX_BITS), the order is the order of the real numbers, and
//! equal numbers are equal in every bit, so that they hash alike.

use std::borrow::Borrow;
use std::ops::{Add, Div, Mul, Neg, Sub};

use super::Rational;
use super::rational::operator;
use syntonic_core::Result;
use syntonic_core::exact::sequences::neighbours;
use syntonic_core::exact::snap::Snapper;

/// An exact number a + b*phi.
///
/// ```
/// use syntonic_classic::exact::GoldenExact;
/// let phi = GoldenExact::PHI;
/// assert_eq!((&phi * &phi)?, (&phi + GoldenExact::ONE)?);
/// assert!(phi > "3/2".parse()?);
/// assert_eq!((GoldenExact::ONE / phi)?.to_string(), "-1 + phi");
/// # Ok::<(), syntonic_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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

    /// Returns x itself, a fraction with a power of two below.
    ///
    /// # Errors
    /// `Error::Value` if x is NaN or infinite.
    pub fn from_f64(x: f64) -> Result<Self> {
        Ok(Self { a: Rational::from_f64(x)?, b: Rational::ZERO })
    }

    /// Returns (a, b) if both are integers of 64 bits.
    pub fn to_point(&self) -> Option<(i64, i64)> {
        let (a, b) = self.integers()?;
        Some((i64::try_from(a).ok()?, i64::try_from(b).ok()?))
    }

    /// Returns whether a and b are integers, of whatever size.
    pub fn is_integral(&self) -> bool {
        self.a.is_integer() && self.b.is_integer()
    }

    /// Returns phi^n = F(n-1) + F(n) phi, also for negative n.
    ///
    /// # Errors
    /// `Error::Overflow` if |n| is about 94,400 or more.
    pub fn phi_to_power(n: i64) -> Result<Self> {
        let (f, next) = neighbours("phi_to_power", n.saturating_abs())?;
        let (a, b) = match n {
            0.. => (next - &f, f),
            // F(-n) = (-1)^(n+1) F(n)
            _ if n % 2 == 0 => (next, -f),
            _ => (-next, f),
        };
        Ok(Self { a: Rational::from_integer(a)?, b: Rational::from_integer(b)? })
    }

    /// Returns a.
    pub fn rational_coefficient(&self) -> &Rational {
        &self.a
    }

    /// Returns b.
    pub fn phi_coefficient(&self) -> &Rational {
        &self.b
    }

    /// Returns whether this is 0.
    pub fn is_zero(&self) -> bool {
        self.a.is_zero() && self.b.is_zero()
    }

    /// Returns (a, b) if both are integers of 128 bits.
    pub(super) fn integers(&self) -> Option<(i128, i128)> {
        Some((self.a.integer()?, self.b.integer()?))
    }

    /// Returns the image under sqrt 5 -> -sqrt 5: (a + b) - b*phi.
    ///
    /// # Errors
    /// `Error::Overflow`.
    pub fn conjugate(&self) -> Result<Self> {
        Ok(Self { a: (&self.a + &self.b)?, b: (-&self.b)? })
    }

    /// Returns self * conjugate = a^2 + ab - b^2, which is 0 for 0 alone.
    ///
    /// # Errors
    /// `Error::Overflow`.
    pub fn norm(&self) -> Result<Rational> {
        (&self.a * (&self.a + &self.b)?)? - (&self.b * &self.b)?
    }

    /// Returns self + conjugate = 2a + b.
    ///
    /// # Errors
    /// `Error::Overflow`.
    pub fn trace(&self) -> Result<Rational> {
        (&self.a + &self.a)? + &self.b
    }

    /// Returns 1 / self.
    ///
    /// # Errors
    /// `Error::DivisionByZero`, `Error::Overflow`.
    pub fn inverse(&self) -> Result<Self> {
        if self.b.is_zero() {
            return Ok(Self { a: self.a.reciprocal()?, b: Rational::ZERO });
        }
        let (conjugate, norm) = (self.conjugate()?, self.norm()?);
        Ok(Self { a: (conjugate.a / &norm)?, b: (conjugate.b / &norm)? })
    }

    /// Returns self^n, also for negative n; 0^0 = 1.
    ///
    /// # Errors
    /// `Error::Overflow`, `Error::DivisionByZero` for 0 to a negative power.
    pub fn powi(&self, n: i64) -> Result<Self> {
        let mut base = if n < 0 { self.inverse()? } else { self.clone() };
        let mut power = Self::ONE;
        let mut rest = n.unsigned_abs();
        while rest > 0 {
            if rest & 1 == 1 {
                power = (power * &base)?;
            }
            rest >>= 1;
            // The last square is not used, and need not fit.
            if rest > 0 {
                base = (&base * &base)?;
            }
        }
        Ok(power)
    }

    /// Returns self * phi = b + (a + b) phi.
    ///
    /// # Errors
    /// `Error::Overflow`.
    pub fn times_phi(&self) -> Result<Self> {
        Ok(Self { a: self.b.clone(), b: (&self.a + &self.b)? })
    }

    /// Returns self / phi = (b - a) + a*phi.
    ///
    /// # Errors
    /// `Error::Overflow`.
    pub fn div_phi(&self) -> Result<Self> {
        Ok(Self { a: (&self.b - &self.a)?, b: self.a.clone() })
    }

    fn plus(&self, other: &Self) -> Result<Self> {
        Ok(Self { a: (&self.a + &other.a)?, b: (&self.b + &other.b)? })
    }

    fn minus(&self, other: &Self) -> Result<Self> {
        Ok(Self { a: (&self.a - &other.a)?, b: (&self.b - &other.b)? })
    }

    /// (a + b phi)(c + d phi) = (ac + bd) + (ad + bc + bd) phi.
    fn times(&self, other: &Self) -> Result<Self> {
        if let (Some((a, b)), Some((c, d))) = (self.integers(), other.integers())
            && [a, b, c, d].into_iter().all(|n| n.unsigned_abs() < 1 << 62)
        {
            // Sums of three products below 2^124.
            return Ok(Self { a: (a * c + b * d).into(), b: (a * d + b * c + b * d).into() });
        }
        let golden = (&self.b * &other.b)?;
        let mixed = ((&self.a * &other.b)? + (&self.b * &other.a)?)?;
        Ok(Self { a: ((&self.a * &other.a)? + &golden)?, b: (mixed + golden)? })
    }

    fn over(&self, other: &Self) -> Result<Self> {
        self.times(&other.inverse()?)
    }
}

impl Neg for &GoldenExact {
    type Output = Result<GoldenExact>;

    fn neg(self) -> Result<GoldenExact> {
        Ok(GoldenExact { a: (-&self.a)?, b: (-&self.b)? })
    }
}

operator!(GoldenExact, Add, add, plus);
operator!(GoldenExact, Sub, sub, minus);
operator!(GoldenExact, Mul, mul, times);
operator!(GoldenExact, Div, div, over);
