//! Numbers of Q(phi) as real numbers: their nearest float and their order, for every size of the coefficients.
//!
//! Nearly always two floats with a bound of their error decide. Where they do not, integers do: a + b phi is
//! (s + q sqrt 5) / d, whose sign is that of a difference of squares, and which no float and no middle between two
//! floats can equal unless q = 0.

use std::cmp::Ordering;

use num_bigint::{BigInt, BigUint};
use num_integer::Integer;

use super::{GoldenExact, Rational};
use syntonic_core::Result;
use syntonic_core::exact::constants::PHI;
use syntonic_core::exact::embed::{self, times_phi, two_sum};

impl GoldenExact {
    /// Returns the nearest float, of two the even one; infinite beyond the largest float.
    ///
    /// ```
    /// use syntonic_classic::exact::GoldenExact;
    /// assert_eq!(GoldenExact::phi_to_power(-180)?.to_f64(), 2.41115291974223e-38);
    /// # Ok::<(), syntonic_core::Error>(())
    /// ```
    pub fn to_f64(&self) -> f64 {
        if let Some(near) = Near::new(self) {
            let (low, high) = (near.high + (near.low - near.error), near.high + (near.low + near.error));
            if low == high {
                return low;
            }
        }
        Surd::new(self).to_f64()
    }
}

impl GoldenExact {
    /// Returns the largest integer that is no larger.
    ///
    /// ```
    /// use syntonic_classic::exact::GoldenExact;
    /// let below = (GoldenExact::ONE - GoldenExact::phi_to_power(-90)?)?;
    /// assert_eq!((below.floor(), GoldenExact::ONE.floor()), (0.into(), 1.into()));
    /// # Ok::<(), syntonic_core::Error>(())
    /// ```
    pub fn floor(&self) -> BigInt {
        let Surd { s, q, d } = Surd::new(self);
        // Where q is not 0 its root is irrational, and an integer below it is no less below -root.
        let root = BigInt::from((5_u32 * q.magnitude() * q.magnitude()).sqrt());
        let root = if q < BigInt::ZERO { -root - 1 } else { root };
        (s + root).div_floor(&d)
    }

    /// Returns the nearest integer, of two the even one.
    ///
    /// # Errors
    /// `Error::Overflow`.
    pub fn round(&self) -> Result<BigInt> {
        let half = Self::new(Rational::new(1, 2)?, Rational::ZERO);
        let above = (self + half)?;
        let rounded = above.floor();
        let tie = above == Self::new(Rational::from_integer(rounded.clone())?, Rational::ZERO);
        Ok(if tie && rounded.is_odd() { rounded - 1 } else { rounded })
    }
}

impl Ord for GoldenExact {
    fn cmp(&self, other: &Self) -> Ordering {
        if let (Some((a, b)), Some((c, d))) = (self.integers(), other.integers())
            && let (Some(p), Some(q)) = (a.checked_sub(c), b.checked_sub(d))
        {
            return embed::sign(p, q);
        }
        if let (Some(x), Some(y)) = (Near::new(self), Near::new(other)) {
            let (difference, rest) = two_sum(x.high, -y.high);
            let difference = difference + (rest + (x.low - y.low));
            // The last term is what the two sums may have lost.
            if difference.abs() > 2.0 * (x.error + y.error) + difference.abs() * 2.0_f64.powi(-50) {
                return difference.total_cmp(&0.0);
            }
        }
        Surd::new(self).minus(Surd::new(other)).sign()
    }
}

impl PartialOrd for GoldenExact {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A number as an unevaluated sum of two floats, and more than it can be away from it.
struct Near {
    high: f64,
    low: f64,
    error: f64,
}

impl Near {
    /// Returns nothing for coefficients beyond 128 bits.
    fn new(x: &GoldenExact) -> Option<Self> {
        let (a, b) = (halves(x.rational_coefficient())?, halves(x.phi_coefficient())?);
        let (golden, rest) = times_phi(b.0);
        let (sum, lost) = two_sum(a.0, golden);
        let (high, low) = two_sum(sum, lost + (a.1 + (rest + b.1 * PHI)));
        // Each part is good to 2^-102 of itself.
        Some(Self { high, low, error: (a.0.abs() + golden.abs()) * 2.0_f64.powi(-98) })
    }
}

/// Returns a fraction as an unevaluated sum of two floats, to 103 bits.
fn halves(x: &Rational) -> Option<(f64, f64)> {
    let split = |n: i128| {
        let high = n as f64;
        // The cast saturates at the lowest and the highest integer, by 1 at most.
        (high, (n - high as i128) as f64)
    };
    let (n, d) = x.small()?;
    let (high, low) = split(n);
    if d == 1 {
        return Some((high, low));
    }
    let d = split(d);
    let quotient = high / d.0;
    let rest = (-quotient).mul_add(d.0, high) + (low - quotient * d.1);
    Some(two_sum(quotient, rest / d.0))
}

/// The number (s + q sqrt 5) / d, d > 0.
struct Surd {
    s: BigInt,
    q: BigInt,
    d: BigInt,
}

impl Surd {
    fn new(x: &GoldenExact) -> Self {
        let (a, b) = (x.rational_coefficient(), x.phi_coefficient());
        let q = b.numerator() * a.denominator();
        Self { s: 2 * a.numerator() * b.denominator() + &q, q, d: 2 * a.denominator() * b.denominator() }
    }

    fn minus(self, other: Self) -> Self {
        let cross = |x: BigInt, y: BigInt| x * &other.d - y * &self.d;
        Self { s: cross(self.s, other.s), q: cross(self.q, other.q), d: &self.d * &other.d }
    }

    /// Returns s^2 - 5 q^2, which is 0 for 0 alone.
    fn norm(&self) -> BigInt {
        &self.s * &self.s - 5 * (&self.q * &self.q)
    }

    fn sign(&self) -> Ordering {
        let (of_s, of_q) = (self.s.cmp(&BigInt::ZERO), self.q.cmp(&BigInt::ZERO));
        if of_s == of_q || of_q == Ordering::Equal {
            return of_s;
        }
        if self.norm() > BigInt::ZERO { of_s } else { of_q }
    }

    fn to_f64(&self) -> f64 {
        let (s, q, d) = (self.s.magnitude(), self.q.magnitude(), self.d.magnitude());
        let size = if *q == BigUint::ZERO {
            quotient(s, d, 0)
        } else {
            // Where signs differ, |s| - |q| sqrt 5 = norm / (|s| + |q| sqrt 5) does not cancel.
            let cancelling = (self.s.sign() != self.q.sign()).then(|| self.norm().into_parts().1);
            let nearest = |root: &BigUint, scale: i64| match &cancelling {
                Some(norm) => quotient(norm, &(root * d), -scale),
                None => quotient(root, d, scale),
            };
            let mut bits = 128;
            loop {
                let (low, high, scale) = bracket(s, q, bits);
                let (low, high) = (nearest(&low, scale), nearest(&high, scale));
                if low == high {
                    break low;
                }
                bits *= 2;
            }
        };
        if self.sign() == Ordering::Less { -size } else { size }
    }
}

/// Returns (low, high, k) with low <= (s + q sqrt 5) 2^-k <= high, both of about `bits` bits and almost equal.
fn bracket(s: &BigUint, q: &BigUint, bits: u64) -> (BigUint, BigUint, i64) {
    let scale = s.bits().max(q.bits()).cast_signed() - bits.cast_signed();
    let cut = |n: &BigUint| if scale < 0 { n << -scale } else { n >> scale };
    let (s, q) = (cut(s), cut(q));
    // The cut takes less than 1 off each, the root less than 1 once more, and 1 + sqrt 5 + 1 < 5.
    let low = s + (5_u32 * &q * &q).sqrt();
    let high = &low + 5_u32;
    (low, high, scale)
}

/// Returns the float nearest to n / d * 2^scale, of two the even one.
fn quotient(n: &BigUint, d: &BigUint, scale: i64) -> f64 {
    if *n == BigUint::ZERO {
        return 0.0;
    }
    // A quotient of 66 or 67 bits, the last of which says whether anything is left.
    let shift = 66 - (n.bits().cast_signed() - d.bits().cast_signed());
    let (whole, rest) = if shift < 0 { n.div_rem(&(d << -shift)) } else { (n << shift).div_rem(d) };
    let whole = u128::try_from(whole).unwrap_or(u128::MAX) << 1 | u128::from(rest != BigUint::ZERO);
    let exponent = scale - shift - 1;
    let length = i64::from(u128::BITS - whole.leading_zeros());
    // Subnormal numbers are multiples of 2^-1074.
    let drop = (length - 53).max(-1074 - exponent);
    if drop > length {
        return 0.0;
    }
    let (kept, left, half) = (whole >> drop, whole & ((1 << drop) - 1), 1_u128 << (drop - 1));
    let kept = kept + u128::from(left > half || (left == half && kept & 1 == 1));
    match i32::try_from(exponent + drop) {
        Ok(e) if e <= 971 => (kept as f64) * power_of_two(e / 2) * power_of_two(e - e / 2),
        _ => f64::INFINITY,
    }
}

/// Returns 2^e for |e| <= 1022.
fn power_of_two(e: i32) -> f64 {
    f64::from_bits(((1023 + e) as u64) << 52)
}
