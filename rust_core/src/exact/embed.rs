//! Where a + b*phi lies on the real line: its float, its sign and its order, for every size of a and b.
//!
//! When a and b differ in sign, their parts may cancel to any depth. Multiplying by the unit phi, which is Euclid's
//! algorithm on (|a|, |b|), shrinks both until nothing cancels any more; every step is exact.

use std::cmp::Ordering;

use pulp::{Arch, NullaryFnOnce};

use super::constants::{PHI, PHI_LOW};

/// A number s (p + q phi) phi^-steps with p, q >= 0 and s = -1 or 1.
struct Settled {
    /// Whether s = -1.
    negative: bool,
    /// The rational part.
    p: u128,
    /// The golden part.
    q: u128,
    /// How often the number was multiplied by phi.
    steps: u32,
}

/// Writes u - v phi, with u >= 0 and v > 0, as a number in which nothing cancels.
fn settle(mut u: u128, mut v: u128) -> Settled {
    let mut negative = true;
    let mut steps = 1;
    while u > v {
        // (u - v phi) phi = -(v - (u - v) phi)
        (u, v) = (v, u - v);
        negative = !negative;
        steps += 1;
    }
    Settled { negative, p: v, q: v - u, steps }
}

/// Returns a + b*phi as a float.
///
/// The error is below 0.51 units in the last place while |a|, |b| <= 2^53 and at most 44 leading bits cancel, and below
/// 2 units for all other integers, however much cancels.
///
/// ```
/// use syntonic_core::exact::snap::to_f64;
/// assert_eq!(to_f64(1, 1), 2.618033988749895);
/// // phi^-70: thirty digits cancel
/// assert_eq!(to_f64(308061521170129, -190392490709135), 2.348903540440425e-15);
/// ```
#[inline(always)]
pub fn to_f64(a: i64, b: i64) -> f64 {
    let value = small_to_f64(a, b);
    let exact_parts = a.unsigned_abs().max(b.unsigned_abs()) <= 1 << 53;
    // The parts carry 104 bits: up to 44 of them may cancel.
    if (exact_parts && value.abs() >= (b as f64 * PHI).abs() * 2.0_f64.powi(-44)) || (a >= 0) == (b >= 0) || b == 0 {
        return value;
    }
    let tail = settle(u128::from(a.unsigned_abs()), u128::from(b.unsigned_abs()));
    let size = (tail.q as f64).mul_add(PHI, tail.p as f64) / power(tail.steps);
    if tail.negative == (a > 0) { -size } else { size }
}

/// Below this, at most 42 leading bits cancel: |a + b phi| |a - b / phi| is an integer, 1 or more unless both are 0.
const SMALL: u64 = 1 << 20;

/// As [`to_f64`], for |a|, |b| < 2^53 of which not more than 44 leading bits cancel.
#[inline(always)]
fn small_to_f64(a: i64, b: i64) -> f64 {
    let (high, low) = times_phi(b as f64);
    let (sum, rest) = two_sum(a as f64, high);
    sum + (rest + low)
}

/// Returns [`to_f64`] of each pair of coefficients.
///
/// ```
/// use syntonic_core::exact::snap::all_to_f64;
/// assert_eq!(all_to_f64(&[1, 2], &[1, 0]), [2.618033988749895, 2.0]);
/// ```
pub fn all_to_f64(a: &[i64], b: &[i64]) -> Vec<f64> {
    // Without the processor's own fused multiply-add each number takes several times as long.
    struct Embed<'a>(&'a [i64], &'a [i64], &'a mut [f64]);
    impl NullaryFnOnce for Embed<'_> {
        type Output = ();

        #[inline(always)]
        fn call(self) {
            let mut all = 0;
            for (&a, &b) in self.0.iter().zip(self.1) {
                all |= a.unsigned_abs() | b.unsigned_abs();
            }
            for ((out, &a), &b) in self.2.iter_mut().zip(self.0).zip(self.1) {
                // Without branches, so that a vector of them is done at once.
                *out = if all < SMALL { small_to_f64(a, b) } else { to_f64(a, b) };
            }
        }
    }
    let mut values = vec![0.0; a.len()];
    Arch::new().dispatch(Embed(a, b, &mut values));
    values
}

/// Returns x - (a + b*phi), right to about 2^-100 (|x| + |a| + |b|), for |a|, |b| <= 2^53.
///
/// ```
/// use syntonic_core::exact::snap::residual;
/// assert_eq!(residual(1.5, -1, 1), 0.8819660112501051);
/// ```
#[inline]
pub fn residual(x: f64, a: i64, b: i64) -> f64 {
    let (high, low) = times_phi(b as f64);
    let (whole, rest) = two_sum(x, -(a as f64));
    let (sum, more) = two_sum(whole, -high);
    sum + (more + (rest - low))
}

/// Compares 2x with a + b*phi exactly, for finite x and |a|, |b| <= 2^32.
pub(super) fn compare(x: f64, a: i64, b: i64) -> Ordering {
    let x = 2.0 * x;
    let difference = residual(x, a, b);
    if difference.abs() > (x.abs() + a.unsigned_abs() as f64 + b.unsigned_abs() as f64) * 2.0_f64.powi(-98) {
        return difference.total_cmp(&0.0);
    }
    // |a + b phi| is 0 or above 2^-34, and x is that near to it: x is a multiple of 2^-87 and the integers below fit.
    const SCALE: f64 = (1_u128 << 90) as f64;
    sign((x * SCALE) as i128 - (i128::from(a) << 90), i128::from(-b) << 90)
}

/// Returns the sign of p + q*phi, as its order relative to 0.
pub fn sign(p: i128, q: i128) -> Ordering {
    let (of_p, of_q) = (p.cmp(&0), q.cmp(&0));
    if of_p == of_q || of_q == Ordering::Equal {
        return of_p;
    }
    if of_p == Ordering::Equal {
        return of_q;
    }
    if settle(p.unsigned_abs(), q.unsigned_abs()).negative { of_p.reverse() } else { of_p }
}

/// Returns phi^n to a few units in the last place.
fn power(n: u32) -> f64 {
    // phi^n = F(n-1) + F(n) phi; Fibonacci numbers up to F(90) fit an i64.
    const CHUNK: u32 = 90;
    let (mut f, mut g) = (1_i64, 0_i64);
    for _ in 0..n % CHUNK {
        (f, g) = (g, f + g);
    }
    let rest = to_f64(f, g);
    (0..n / CHUNK).fold(rest, |power, _| power * to_f64(1_779_979_416_004_714_189, 2_880_067_194_370_816_120))
}

/// Returns x * phi as an unevaluated sum of two floats.
#[inline(always)]
pub fn times_phi(x: f64) -> (f64, f64) {
    let high = x * PHI;
    (high, x.mul_add(PHI, -high) + x * PHI_LOW)
}

/// Returns a + b as an unevaluated sum of two floats, without error (Knuth, TAOCP 2, 4.2.2).
#[inline(always)]
pub fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let of_b = sum - a;
    (sum, (a - (sum - of_b)) + (b - of_b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_phi_cancel_without_loss() {
        let (mut a, mut b) = (1_i64, 0_i64);
        for n in 0..=90 {
            // phi^-n = (-1)^n (F(n+1) - F(n) phi)
            let exact = 1.0 / power(n);
            assert!((to_f64(a, b) / exact - 1.0).abs() < 8e-16, "phi^-{n}");
            assert_eq!(all_to_f64(&[a], &[b]), [to_f64(a, b)], "phi^-{n}");
            (a, b) = (b - a, a);
        }
    }

    #[test]
    fn the_ends_of_the_integers_embed() {
        let end = i64::MAX as f64;
        let relative = |a, b, value: f64| (to_f64(a, b) / value - 1.0).abs();
        assert!(relative(i64::MAX, i64::MAX, end * (1.0 + PHI)) < 1e-15);
        assert!(relative(i64::MIN, i64::MIN, -end * (1.0 + PHI)) < 1e-15);
        assert!(relative(i64::MIN, i64::MAX, end * (PHI - 1.0)) < 1e-15);
        assert_eq!(to_f64(i64::MIN, 0), -(2.0_f64.powi(63)));
        assert_eq!(to_f64(0, 0), 0.0);
    }

    #[test]
    fn comparison_sees_exact_ties_and_the_last_bit() {
        assert_eq!(compare(0.0, 0, 0), Ordering::Equal);
        assert_eq!(compare(2.5, 5, 0), Ordering::Equal);
        for (a, b) in [(1, 1), (-89, 144), (10_000_019, -6_180_000)] {
            let half = to_f64(a, b) / 2.0;
            assert_eq!(compare(half.next_down().next_down(), a, b), Ordering::Less);
            assert_eq!(compare(half.next_up().next_up(), a, b), Ordering::Greater);
        }
        assert_eq!(compare(f64::MIN_POSITIVE, 0, 0), Ordering::Greater);
    }

    #[test]
    fn sign_agrees_with_squares() {
        for p in -60_i128..=60 {
            for q in -60_i128..=60 {
                // 2p + q against -q sqrt 5
                let (left, right) = (2 * p + q, -q);
                let squares = (left * left.abs()).cmp(&(5 * right * right.abs()));
                assert_eq!(sign(p, q), squares, "{p} + {q} phi");
            }
        }
        assert_eq!(sign(i128::MIN, i128::MAX), Ordering::Greater);
        assert_eq!(sign(i128::MAX, i128::MIN), Ordering::Less);
    }
}
