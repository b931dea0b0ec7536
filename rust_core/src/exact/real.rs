//! Numbers of Q(phi) as real numbers: their float and their order, exact for every size of the coefficients.

use std::cmp::Ordering;

use super::GoldenExact;
use super::constants::PHI;
use super::embed::{self, Settled, settle};
use super::wide::Wide;

/// An integer as (is negative, size).
type Signed = (bool, Wide);

impl GoldenExact {
    /// Returns the number as a float, right to about 4 units in the last place however much a + b*phi cancels.
    ///
    /// ```
    /// use syntonic_core::exact::GoldenExact;
    /// let tiny = GoldenExact::phi_to_power(-180)?;
    /// assert!((tiny.to_f64() * 1.618033988749895_f64.powi(180) - 1.0).abs() < 1e-13);
    /// # Ok::<(), syntonic_core::Error>(())
    /// ```
    pub fn to_f64(self) -> f64 {
        let integers = self.integers().map(|(a, b)| (i64::try_from(a), i64::try_from(b)));
        if let Some((Ok(a), Ok(b))) = integers {
            return embed::to_f64(a, b);
        }
        let [p, q, denominator] = self.over_one_denominator();
        let combine = |p: Wide, q: Wide| q.to_f64().mul_add(PHI, p.to_f64()) / denominator.1.to_f64();
        let size = match cancelling(p, q) {
            Some(number) => combine(number.p, number.q) / embed::power(number.steps),
            None => combine(p.1, q.1),
        };
        if is_negative(p, q) { -size } else { size }
    }

    /// Returns (p, q, d) with self = (p + q phi) / d and d > 0, each as (is negative, size < 2^254).
    fn over_one_denominator(self) -> [Signed; 3] {
        let (a, b) = (self.rational_coefficient(), self.phi_coefficient());
        let [an, ad, bn, bd] = [a.numerator(), a.denominator(), b.numerator(), b.denominator()];
        [(an, bd), (bn, ad), (ad, bd)].map(|(x, y)| ((x < 0) != (y < 0), wide(x) * wide(y)))
    }
}

fn wide(n: i128) -> Wide {
    Wide::from(n.unsigned_abs())
}

/// Writes |p| - |q| phi without cancellation if p and q differ in sign.
fn cancelling(p: Signed, q: Signed) -> Option<Settled<Wide>> {
    let zero = Wide::from(0);
    (p.0 != q.0 && p.1 != zero && q.1 != zero).then(|| settle(p.1, q.1))
}

/// Returns whether p + q phi < 0.
fn is_negative(p: Signed, q: Signed) -> bool {
    match cancelling(p, q) {
        Some(number) => p.0 != number.negative,
        None => p.0 || q.0,
    }
}

/// Returns x y - z w as (is negative, size).
fn cross(x: Signed, y: Wide, z: Signed, w: Wide) -> Signed {
    let (left, right) = (x.1 * y, z.1 * w);
    if x.0 != z.0 {
        return (x.0, left + right);
    }
    match left.cmp(&right) {
        Ordering::Less => (!x.0, right - left),
        Ordering::Equal => (false, Wide::from(0)),
        Ordering::Greater => (x.0, left - right),
    }
}

impl Ord for GoldenExact {
    fn cmp(&self, other: &Self) -> Ordering {
        if self == other {
            return Ordering::Equal;
        }
        if let (Some((a, b)), Some((c, d))) = (self.integers(), other.integers())
            && let (Some(p), Some(q)) = (a.checked_sub(c), b.checked_sub(d))
        {
            return embed::sign(p, q);
        }
        let ([p, q, d], [r, s, e]) = (self.over_one_denominator(), other.over_one_denominator());
        // The sign of (p e - r d) + (q e - s d) phi; every size is below 2^509.
        let (p, q) = (cross(p, e.1, r, d.1), cross(q, e.1, s, d.1));
        if is_negative(p, q) { Ordering::Less } else { Ordering::Greater }
    }
}

impl PartialOrd for GoldenExact {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
