//! The lattice near zero as a sorted table: a snap in one comparison.
//!
//! The floats nearest to one point are an interval. The table keeps the last float of every interval, found by exact
//! comparison, so that a lookup gives the same integers as the search. Buckets are narrower than the narrowest
//! interval, hence no bucket holds more than one border.

use std::cmp::Ordering;

use pulp::{Arch, NullaryFnOnce};

use super::constants::{PHI, PHI_INVERSE};
use super::embed::{compare, to_f64};

/// What a snap near zero needs, for |x| < `end`.
#[derive(Clone, Debug)]
pub struct Table {
    /// Beyond this there is no entry.
    pub end: f64,
    /// Buckets in a unit of |x|.
    pub buckets_per_unit: f64,
    /// What each bucket of |x| can be snapped to.
    pub buckets: Vec<Bucket>,
}

/// The first border in or after a bucket, and the points (a, b) on either side of it.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    /// The largest float that belongs to the lower point.
    pub border: f64,
    /// The lower point and the higher.
    pub points: [(i16, i16); 2],
}

impl Table {
    /// Above this precision a table would serve few numbers, and coefficients would not fit.
    pub(super) const MAX_PRECISION: i64 = 4096;

    /// About 1.24 times this many points are listed.
    const SIZE: f64 = 16384.0;

    /// Lists the points of one precision, at most `MAX_PRECISION`.
    pub(super) fn new(precision: i64) -> Self {
        let end = (Self::SIZE / precision as f64).min(to_f64(precision, precision));
        let points = points(precision, end);
        let mut borders: Vec<f64> = points.windows(2).map(|pair| border(pair[0], pair[1])).collect();
        borders.push(f64::INFINITY);
        let narrowest = borders.windows(2).map(|pair| pair[1] - pair[0]).fold(1.0, f64::min);
        let mut buckets_per_unit = 1.0;
        while buckets_per_unit * narrowest <= 1.0 {
            buckets_per_unit *= 2.0;
        }
        let narrow = |(a, b): (i64, i64)| (a as i16, b as i16);
        let mut i = 0;
        let bucket = |bucket: u32| {
            while borders[i] < f64::from(bucket) / buckets_per_unit {
                i += 1;
            }
            let high = points.get(i + 1).unwrap_or(&points[i]);
            Bucket { border: borders[i], points: [narrow(points[i]), narrow(*high)] }
        };
        let buckets = (0..=(end * buckets_per_unit) as u32).map(bucket).collect();
        Self { end, buckets_per_unit, buckets }
    }

    /// Snaps numbers up to the first that the table does not reach, NaN among them; returns how many.
    pub(super) fn snap(&self, xs: &[f64], a: &mut [i64], b: &mut [i64]) -> usize {
        Arch::new().dispatch(Snap { table: self, xs, a, b })
    }
}

/// A walk along an array, in the processor's own instructions for rounding.
struct Snap<'a> {
    table: &'a Table,
    xs: &'a [f64],
    a: &'a mut [i64],
    b: &'a mut [i64],
}

impl NullaryFnOnce for Snap<'_> {
    type Output = usize;

    #[inline(always)]
    fn call(self) -> usize {
        // Added to a whole number, it leaves that number in the last bits.
        const WHOLE: f64 = (1_u64 << 52) as f64;
        let Table { end, buckets_per_unit, buckets } = self.table;
        for (i, ((&x, a), b)) in self.xs.iter().zip(self.a).zip(self.b).enumerate() {
            let size = x.abs();
            let number = ((size * buckets_per_unit).floor() + WHOLE).to_bits() as u32 as usize;
            // False for NaN.
            let reached = if size < *end { buckets.get(number) } else { None };
            let Some(bucket) = reached else { return i };
            // An index, since nobody can foretell a branch.
            let (of_a, of_b) = bucket.points[usize::from(size > bucket.border)];
            let sign = if x < 0.0 { -1 } else { 1 };
            (*a, *b) = (sign * i64::from(of_a), sign * i64::from(of_b));
        }
        self.xs.len()
    }
}

/// Lists the points from 0 to a little beyond `end`, sorted.
fn points(precision: i64, end: f64) -> Vec<(i64, i64)> {
    let mut points = vec![];
    // Neighbours are at most 1 apart: one point beyond `end` is among them, unless `end` is the last point.
    let beyond = end + 1.0;
    let highest = (((precision as f64 + beyond) * PHI_INVERSE) as i64 + 1).min(precision);
    for b in -highest..=highest {
        let golden = b as f64 * PHI;
        let lowest = ((-golden).ceil() as i64).max(-precision);
        let highest = ((beyond - golden).floor() as i64).min(precision);
        points.extend((lowest..=highest).map(|a| (a, b)));
    }
    points.sort_by_cached_key(|&(a, b)| to_f64(a, b).to_bits());
    points
}

/// Returns the largest float that is nearer to `low` than to `high`; a tie goes to the larger b.
fn border(low: (i64, i64), high: (i64, i64)) -> f64 {
    let (a, b) = (low.0 + high.0, low.1 + high.1);
    let is_high = |x| match compare(x, a, b) {
        Ordering::Less => false,
        Ordering::Equal => high.1 > low.1,
        Ordering::Greater => true,
    };
    let mut x = to_f64(a, b) / 2.0;
    while is_high(x) {
        x = x.next_down();
    }
    while !is_high(x.next_up()) {
        x = x.next_up();
    }
    x
}
