//! The lattice near zero as a sorted table: a snap in one comparison.
//!
//! The floats nearest to one point are an interval. The table keeps the last float of every interval, found by exact
//! comparison, so that a lookup gives the same integers as the search. Buckets are narrower than the narrowest
//! interval, hence no bucket holds more than one border.

use std::cmp::Ordering;

use super::constants::{PHI, PHI_INVERSE};
use super::embed::{compare, to_f64};

/// Points and borders for 0 <= x < `end`.
#[derive(Clone, Debug)]
pub(super) struct Table {
    end: f64,
    buckets_per_unit: f64,
    /// The first border in or after each bucket.
    first: Vec<u32>,
    /// The largest float that belongs to each point.
    borders: Vec<f64>,
    /// (a, b), in rising order of a + b*phi.
    points: Vec<(i32, i32)>,
}

impl Table {
    /// Above this precision a table would serve few numbers.
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
        let mut first = Vec::new();
        let mut border = 0_u32;
        for bucket in 0..=(end * buckets_per_unit) as u32 {
            while borders[border as usize] < f64::from(bucket) / buckets_per_unit {
                border += 1;
            }
            first.push(border);
        }
        let points = points.into_iter().map(|(a, b)| (a as i32, b as i32)).collect();
        Self { end, buckets_per_unit, first, borders, points }
    }

    /// Returns what the table is made of.
    pub(super) fn parts(&self) -> TableParts<'_> {
        let Self { end, buckets_per_unit, first, borders, points } = self;
        TableParts { end: *end, buckets_per_unit: *buckets_per_unit, first, borders, points }
    }

    /// Returns the point nearest to x, or nothing if the table does not reach x.
    #[inline]
    pub(super) fn snap(&self, x: f64) -> Option<(i64, i64)> {
        let size = x.abs();
        // False for NaN.
        if size < self.end {
            let i = self.first[(size * self.buckets_per_unit) as u32 as usize] as usize;
            let (a, b) = self.points[i + usize::from(size > self.borders[i])];
            let sign = if x < 0.0 { -1 } else { 1 };
            return Some((sign * i64::from(a), sign * i64::from(b)));
        }
        None
    }
}

/// What a table is made of, for a device that looks numbers up by itself.
pub(crate) struct TableParts<'a> {
    /// Beyond this there is no entry.
    pub end: f64,
    /// Buckets in a unit of |x|.
    pub buckets_per_unit: f64,
    /// The first border in or after each bucket.
    pub first: &'a [u32],
    /// The largest float that belongs to each point.
    pub borders: &'a [f64],
    /// (a, b), in rising order of a + b*phi.
    pub points: &'a [(i32, i32)],
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
