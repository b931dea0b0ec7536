//! Fractions of 128-bit integers: the fast path of [`Rational`](super::Rational). What does not fit is nothing.

/// A reduced fraction with a positive denominator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Small {
    pub n: i128,
    pub d: i128,
}

impl Small {
    /// Makes n / d; nothing if d is 0, or the reduced fraction does not fit.
    pub(super) fn new(n: i128, d: i128) -> Option<Self> {
        Self::from_sizes((n < 0) != (d < 0), n.unsigned_abs(), d.unsigned_abs())
    }

    fn from_sizes(negative: bool, n: u128, d: u128) -> Option<Self> {
        if d == 0 {
            return None;
        }
        let common = gcd(n, d);
        let (n, d) = if common == 1 { (n, d) } else { (n / common, d / common) };
        let n = if negative { 0_i128.checked_sub_unsigned(n) } else { 0_i128.checked_add_unsigned(n) };
        Some(Self { n: n?, d: i128::try_from(d).ok()? })
    }

    /// Returns self + other.
    pub(super) fn add(self, other: Self) -> Option<Self> {
        if self.d == 1 && other.d == 1 {
            return Some(Self { n: self.n.checked_add(other.n)?, d: 1 });
        }
        let common = gcd(self.d.unsigned_abs(), other.d.unsigned_abs()) as i128;
        let (left, right) = (other.d / common, self.d / common);
        let n = self.n.checked_mul(left)?.checked_add(other.n.checked_mul(right)?)?;
        Self::new(n, self.d.checked_mul(left)?)
    }

    /// Returns -self.
    pub(super) fn neg(self) -> Option<Self> {
        Some(Self { n: self.n.checked_neg()?, ..self })
    }

    /// Returns self * other.
    pub(super) fn mul(self, other: Self) -> Option<Self> {
        if self.d == 1 && other.d == 1 {
            return Some(Self { n: self.n.checked_mul(other.n)?, d: 1 });
        }
        // Reduced crosswise first, so that the products are reduced too.
        let (left, right) = (Self::new(self.n, other.d)?, Self::new(other.n, self.d)?);
        Some(Self { n: left.n.checked_mul(right.n)?, d: left.d.checked_mul(right.d)? })
    }

    /// Returns the fraction nearest to |x| < 2^53 with a denominator of at most `limit`; of two, the simpler one.
    pub(super) fn nearest(x: f64, limit: u64) -> Option<Self> {
        let (n, d) = best_fraction(x.abs(), u128::from(limit))?;
        Self::from_sizes(x < 0.0, n, d)
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

/// Returns (n, d) nearest to 0 <= x < 2^53 with d <= limit < 2^63, by continued fractions.
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
