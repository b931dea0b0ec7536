//! Rational numbers n/d: reduced, d > 0, and never wrong.
//!
//! Numerator and denominator are 128-bit integers as long as both fit, and big integers otherwise. Which of the two
//! they are follows from the value alone, so that equal fractions are equal in every bit.

use std::borrow::Borrow;
use std::ops::{Add, Div, Mul, Neg, Sub};

use num_bigint::BigInt;
use num_integer::Integer;

use super::small::Small;
use syntonic_core::{Error, Result};

/// The most bits of a numerator or denominator, about 19,700 digits: beyond it a reduction takes too long to wait for.
pub const MAX_BITS: u64 = 1 << 16;

/// A reduced fraction with a positive denominator.
///
/// ```
/// use syntonic_classic::exact::Rational;
/// let tiny = Rational::new(1, i128::MAX)?;
/// assert_eq!((&(&tiny * &tiny)? / &tiny)?, tiny);
/// # Ok::<(), syntonic_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rational(Parts);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Parts {
    Small(Small),
    /// Reduced too; one of the two does not fit 128 bits.
    Big(Box<(BigInt, BigInt)>),
}

impl Rational {
    /// Zero.
    pub const ZERO: Self = Self(Parts::Small(Small { n: 0, d: 1 }));
    /// One.
    pub const ONE: Self = Self(Parts::Small(Small { n: 1, d: 1 }));

    /// Makes numerator / denominator.
    ///
    /// # Errors
    /// `Error::DivisionByZero` if the denominator is 0.
    ///
    /// ```
    /// use syntonic_classic::exact::Rational;
    /// assert_eq!(Rational::new(4, -6)?, Rational::new(-2, 3)?);
    /// # Ok::<(), syntonic_core::Error>(())
    /// ```
    pub fn new(numerator: i128, denominator: i128) -> Result<Self> {
        match Small::new(numerator, denominator) {
            Some(small) => Ok(Self(Parts::Small(small))),
            None => Self::reduced("fraction", numerator.into(), denominator.into()),
        }
    }

    /// Makes an integer of any size.
    ///
    /// # Errors
    /// `Error::Overflow` beyond [`MAX_BITS`].
    pub fn from_integer(n: BigInt) -> Result<Self> {
        Self::reduced("integer", n, 1.into())
    }

    /// Returns the fraction nearest to x with a denominator of at most `max_denominator`; of two, the simpler one.
    ///
    /// # Errors
    /// `Error::Value` if x is NaN or infinite or `max_denominator` < 1.
    ///
    /// ```
    /// use syntonic_classic::exact::Rational;
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
        if x.abs() >= 2.0_f64.powi(53) {
            return Self::from_f64(x);
        }
        let small = Small::nearest(x, max_denominator.unsigned_abs());
        small.map(|small| Self(Parts::Small(small))).ok_or(Error::Overflow { op })
    }

    /// Returns x itself, a fraction with a power of two below.
    ///
    /// # Errors
    /// `Error::Value` if x is NaN or infinite.
    ///
    /// ```
    /// use syntonic_classic::exact::Rational;
    /// assert_eq!(Rational::from_f64(-0.75)?, Rational::new(-3, 4)?);
    /// # Ok::<(), syntonic_core::Error>(())
    /// ```
    pub fn from_f64(x: f64) -> Result<Self> {
        let op = "from_f64";
        if !x.is_finite() {
            return Err(Error::Value { op, expected: "a finite number".to_owned(), got: x.to_string() });
        }
        let bits = x.abs().to_bits();
        // A subnormal number has the exponent 0 and no leading one, and counts in the same units as exponent 1.
        let (field, fraction) = ((bits >> 52) as i32, (bits & ((1 << 52) - 1)) as i128);
        let mantissa = if field == 0 { fraction } else { fraction | 1 << 52 };
        let mantissa = if x < 0.0 { -mantissa } else { mantissa };
        match field.max(1) - 1075 {
            // 53 bits and a sign leave room for 74 more.
            up @ 0..=74 => Self::new(mantissa << up, 1),
            down @ -126..0 => Self::new(mantissa, 1 << -down),
            up @ 0.. => Self::reduced(op, BigInt::from(mantissa) << up, 1.into()),
            down => Self::reduced(op, mantissa.into(), BigInt::from(1) << -down),
        }
    }

    /// Makes a fraction of integers of any size.
    pub(super) fn reduced(op: &'static str, n: BigInt, d: BigInt) -> Result<Self> {
        let (zero, one) = (BigInt::ZERO, BigInt::from(1));
        if d == zero {
            return Err(Error::DivisionByZero { op });
        }
        let (n, d) = if d < zero { (-n, -d) } else { (n, d) };
        let common = if d == one { one.clone() } else { d.gcd(&(&n % &d)) };
        let (n, d) = if common == one { (n, d) } else { (n / &common, d / common) };
        if let (Ok(n), Ok(d)) = (i128::try_from(&n), i128::try_from(&d)) {
            return Ok(Self(Parts::Small(Small { n, d })));
        }
        if n.bits().max(d.bits()) > MAX_BITS {
            Err(Error::Overflow { op })
        } else {
            Ok(Self(Parts::Big((n, d).into())))
        }
    }

    /// Returns numerator and denominator if both have 128 bits, sign included.
    pub fn small(&self) -> Option<(i128, i128)> {
        match &self.0 {
            Parts::Small(Small { n, d }) => Some((*n, *d)),
            Parts::Big(_) => None,
        }
    }

    /// Returns the integer if it is one of 128 bits.
    pub(super) fn integer(&self) -> Option<i128> {
        match &self.0 {
            Parts::Small(Small { n, d: 1 }) => Some(*n),
            _ => None,
        }
    }

    /// Returns the integer above the line.
    pub fn numerator(&self) -> BigInt {
        match &self.0 {
            Parts::Small(small) => small.n.into(),
            Parts::Big(big) => big.0.clone(),
        }
    }

    /// Returns the positive integer below the line.
    pub fn denominator(&self) -> BigInt {
        match &self.0 {
            Parts::Small(small) => small.d.into(),
            Parts::Big(big) => big.1.clone(),
        }
    }

    /// Returns whether this is 0.
    pub fn is_zero(&self) -> bool {
        self.integer() == Some(0)
    }

    /// Returns whether this is below 0.
    pub fn is_negative(&self) -> bool {
        match &self.0 {
            Parts::Small(small) => small.n < 0,
            Parts::Big(big) => big.0 < BigInt::ZERO,
        }
    }

    /// Returns whether the denominator is 1.
    pub fn is_integer(&self) -> bool {
        match &self.0 {
            Parts::Small(small) => small.d == 1,
            Parts::Big(big) => big.1 == BigInt::from(1),
        }
    }

    /// Returns 1 / self.
    ///
    /// # Errors
    /// `Error::DivisionByZero` at 0.
    pub fn reciprocal(&self) -> Result<Self> {
        match self.small() {
            Some((n, d)) => Self::new(d, n),
            None => Self::reduced("fraction", self.denominator(), self.numerator()),
        }
    }

    /// Combines two fractions: on the fast path if they and the result fit, else by big integers.
    #[inline]
    fn combine(
        &self,
        other: &Self,
        fast: fn(Small, Small) -> Option<Small>,
        slow: fn(&Self, &Self) -> Result<Self>,
    ) -> Result<Self> {
        if let (Parts::Small(x), Parts::Small(y)) = (&self.0, &other.0)
            && let Some(small) = fast(*x, *y)
        {
            return Ok(Self(Parts::Small(small)));
        }
        slow(self, other)
    }

    fn plus(&self, other: &Self) -> Result<Self> {
        self.combine(other, Small::add, |x, y| {
            let n = x.numerator() * y.denominator() + y.numerator() * x.denominator();
            Self::reduced("add", n, x.denominator() * y.denominator())
        })
    }

    fn minus(&self, other: &Self) -> Result<Self> {
        self.plus(&(-other)?)
    }

    fn times(&self, other: &Self) -> Result<Self> {
        self.combine(other, Small::mul, |x, y| {
            Self::reduced("mul", x.numerator() * y.numerator(), x.denominator() * y.denominator())
        })
    }

    fn over(&self, other: &Self) -> Result<Self> {
        self.times(&other.reciprocal()?)
    }
}

impl From<i64> for Rational {
    fn from(n: i64) -> Self {
        i128::from(n).into()
    }
}

impl From<i128> for Rational {
    fn from(n: i128) -> Self {
        Self(Parts::Small(Small { n, d: 1 }))
    }
}

impl Neg for &Rational {
    type Output = Result<Rational>;

    fn neg(self) -> Result<Rational> {
        if let Parts::Small(small) = self.0
            && let Some(small) = small.neg()
        {
            return Ok(Rational(Parts::Small(small)));
        }
        Rational::reduced("neg", -self.numerator(), self.denominator())
    }
}

/// Makes an operator of a method: exact, or an error for what is beyond [`MAX_BITS`] or divided by 0.
macro_rules! operator {
    ($type:ty, $operator:ident, $name:ident, $method:ident) => {
        impl<T: Borrow<$type>> $operator<T> for &$type {
            type Output = Result<$type>;

            fn $name(self, other: T) -> Result<$type> {
                self.$method(other.borrow())
            }
        }

        impl<T: Borrow<$type>> $operator<T> for $type {
            type Output = Result<$type>;

            fn $name(self, other: T) -> Result<$type> {
                self.$method(other.borrow())
            }
        }
    };
}
pub(super) use operator;

operator!(Rational, Add, add, plus);
operator!(Rational, Sub, sub, minus);
operator!(Rational, Mul, mul, times);
operator!(Rational, Div, div, over);
