//! Snap: the point a + b*phi of the golden lattice that is nearest to a float, |a|, |b| <= precision.
//!
//! The b that brings x - b*phi nearest to an integer is a question about the points k/phi on the circle. By the
//! three-distance theorem a remainder on one side of x can only be improved by Fibonacci steps of one parity, so that
//! each side takes O(log precision) steps (Slater, Proc. Camb. Phil. Soc. 63, 1967). The circle is the wrapping 128-bit
//! integers; a decision within their error is made again in exact integers.

use std::cmp::Ordering;
use std::sync::OnceLock;

use super::constants::{GOLDEN_TURN, PHI, PHI_INVERSE};
use super::embed::compare;
pub use super::embed::{all_to_f64, residual, to_f64};
pub use super::table::{Bucket, Table};
use crate::{Error, Result};

/// The largest precision.
pub const MAX_PRECISION: i64 = 1 << 30;

/// Arrays shorter than this are snapped without a table.
const SHORT: usize = 256;

/// Snaps floats to the nearest point of the golden lattice.
///
/// - Points are a + b*phi with integers |a|, |b| <= precision; outside +-precision (1 + phi) the snap saturates.
/// - Symmetric: snap(-x) = -snap(x).
/// - Idempotent: snap(to_f64(a, b)) = (a, b), for every point within the bounds up to precision 10^7. Beyond it large
///   floats lie further apart than lattice points, and this holds where |a + b*phi| < 10^6.
/// - Ties happen only where 2x is an integer, between points with opposite b: the b with the sign of x is taken.
///
/// ```
/// use syntonic_core::exact::snap::{to_f64, Snapper};
/// let snapper = Snapper::new(100)?;
/// let (a, b) = snapper.snap(0.3)?;
/// assert_eq!((a, b), (99, -61));
/// assert!((to_f64(a, b) - 0.3).abs() < 1e-4);
/// assert_eq!(snapper.snap(1e9)?, (100, 100));
/// # Ok::<(), syntonic_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Snapper {
    precision: i64,
    table: OnceLock<Table>,
}

impl Snapper {
    /// Makes a snapper whose points have coefficients up to `precision`.
    ///
    /// # Errors
    /// `Error::Value` unless 1 <= precision <= [`MAX_PRECISION`].
    pub fn new(precision: i64) -> Result<Self> {
        if (1..=MAX_PRECISION).contains(&precision) {
            return Ok(Self { precision, table: OnceLock::new() });
        }
        let expected = format!("a precision (largest coefficient) from 1 to {MAX_PRECISION}");
        Err(Error::Value { op: "snap", expected, got: precision.to_string() })
    }

    /// Returns the largest coefficient.
    pub fn precision(&self) -> i64 {
        self.precision
    }

    /// Builds, in about 2 ms, the table that makes `snap_into` fast. A long array does so by itself; whoever snaps short
    /// ones thousands of times asks for it. Beyond some precision there is none.
    pub fn prepare(&self) {
        self.table();
    }

    /// Returns the table; none where this precision has none.
    pub fn table(&self) -> Option<&Table> {
        (self.precision <= Table::MAX_PRECISION).then(|| self.table.get_or_init(|| Table::new(self.precision)))
    }

    /// Returns (a, b) of the point nearest to x.
    ///
    /// # Errors
    /// `Error::Value` if x is NaN or infinite.
    pub fn snap(&self, x: f64) -> Result<(i64, i64)> {
        if !x.is_finite() {
            return Err(Error::Value { op: "snap", expected: "finite numbers".to_owned(), got: x.to_string() });
        }
        let (a, b) = nearest(x.abs(), self.precision);
        Ok(if x < 0.0 { (-a, -b) } else { (a, b) })
    }

    /// Snaps a whole array: `(a[i], b[i])` becomes `snap(xs[i])`, the same integers at several times the speed.
    ///
    /// # Errors
    /// `Error::Shape` if the three lengths differ; `Error::Value` if a number is NaN or infinite, and then the
    /// contents of `a` and `b` are unspecified.
    pub fn snap_into(&self, xs: &[f64], a: &mut [i64], b: &mut [i64]) -> Result<()> {
        if a.len() != xs.len() || b.len() != xs.len() {
            let expected = format!("outputs of {} numbers", xs.len());
            return Err(Error::Shape { op: "snap", expected, got: format!("{} and {}", a.len(), b.len()) });
        }
        let table = match self.table.get() {
            None if xs.len() >= SHORT => self.table(),
            ready => ready,
        };
        let mut at = 0;
        while at < xs.len() {
            at += table.map_or(0, |table| table.snap(&xs[at..], &mut a[at..], &mut b[at..]));
            if at < xs.len() {
                (a[at], b[at]) = self.snap(xs[at])?;
                at += 1;
            }
        }
        Ok(())
    }
}

/// Returns the point nearest to x, for finite x >= 0.
fn nearest(x: f64, precision: i64) -> (i64, i64) {
    if x >= to_f64(precision, precision) {
        return (precision, precision);
    }
    // The nearest integer to x - b phi is within the bounds if and only if |x - b phi| < precision + 1/2.
    let reach = 2 * precision + 1;
    let lowest = (floor_over_phi(x, -reach) + 1).max(-precision);
    let highest = floor_over_phi(x, reach).min(precision);
    let target = fraction(x).wrapping_sub((i128::from(lowest) as u128).wrapping_mul(GOLDEN_TURN));
    let (below, under) = one_sided(target, highest - lowest, &UP);
    let (above, over) = one_sided(target.wrapping_neg(), highest - lowest, &DOWN);
    let below = point(x, lowest + below, to_unit(under));
    let above = point(x, lowest + above, -to_unit(over));
    let side =
        if under.abs_diff(over) > DOUBT { under.cmp(&over) } else { compare(x, below.0 + above.0, below.1 + above.1) };
    match side {
        Ordering::Less => below,
        Ordering::Greater => above,
        Ordering::Equal if below.1 > above.1 => below,
        Ordering::Equal => above,
    }
}

/// What |b| <= 2^30 roundings of `GOLDEN_TURN` on either side can amount to, and a reserve.
const DOUBT: u128 = 1 << 34;

/// One Fibonacci step: how many points it passes, and by how much of the circle it approaches.
#[derive(Clone, Copy)]
struct Step {
    points: i64,
    turn: u128,
}

/// Enough to pass the 1.24 * 2^30 values of b that a window can hold.
const STEPS: usize = 23;

/// Steps that move up the circle: 1, 2, 5, 13, ..
static UP: [Step; STEPS] = steps(2, GOLDEN_TURN);
/// Steps that move down the circle: 1, 3, 8, 21, ..
static DOWN: [Step; STEPS] = steps(3, GOLDEN_TURN.wrapping_neg());

/// Lists every second Fibonacci number: 1, `second`, .., each thrice the last less the one before.
const fn steps(second: i64, turn: u128) -> [Step; STEPS] {
    let mut steps = [Step { points: 1, turn }; STEPS];
    let mut points = second;
    let mut i = 1;
    while i < steps.len() {
        steps[i] = Step { points, turn: turn.wrapping_mul(points as u128) };
        points = 3 * points - steps[i - 1].points;
        i += 1;
    }
    steps
}

/// Returns the number k of points in 0..=last that leaves the least remainder, and that remainder.
#[inline]
fn one_sided(mut remainder: u128, last: i64, steps: &[Step]) -> (i64, u128) {
    let mut k = 0;
    for step in steps {
        if k + step.points > last {
            break;
        }
        while step.turn <= remainder && k + step.points <= last {
            remainder -= step.turn;
            k += step.points;
        }
    }
    (k, remainder)
}

/// Returns the point with this b, given x - (a + b*phi) roughly.
#[inline]
fn point(x: f64, b: i64, residual: f64) -> (i64, i64) {
    ((x - b as f64 * PHI - residual).round() as i64, b)
}

/// Returns the largest b with b*phi <= x + halves/2.
#[inline]
fn floor_over_phi(x: f64, halves: i64) -> i64 {
    let estimate = (x + halves as f64 * 0.5) * PHI_INVERSE;
    let b = estimate.floor();
    // The estimate is good to 3e-6.
    let (next, sure) = (b as i64 + 1, (1e-5..1.0 - 1e-5).contains(&(estimate - b)));
    if sure {
        return next - 1;
    }
    let fits = |b: i64| compare(x, -halves, 2 * b) != Ordering::Less;
    [next, next - 1].into_iter().find(|&b| fits(b)).unwrap_or(next - 2)
}

/// Returns the fractional part of 0 <= x < 2^32 in units of 2^-128, rounded down.
#[inline]
fn fraction(x: f64) -> u128 {
    let bits = x.to_bits();
    let mantissa = u128::from(bits & ((1 << 52) - 1) | 1 << 52);
    match (bits >> 52) as i32 + 128 - 1075 {
        shift @ 0.. => mantissa << shift,
        shift @ -52..0 => mantissa >> -shift,
        _ => 0,
    }
}

/// Returns a part of the circle as a float.
#[inline]
fn to_unit(turn: u128) -> f64 {
    (turn >> 64) as u64 as f64 * 2.0_f64.powi(-64)
}
