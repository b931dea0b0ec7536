//! Snap against exhaustive search in exact integers.

use proptest::prelude::*;
use syntonic_core::exact::snap::{MAX_PRECISION, Snapper, residual, to_f64};
use syntonic_core::tensor::philox::{Key, Stream, philox};
use syntonic_core::{Error, Result};

/// phi in units of 2^-96.
const PHI_96: i128 = (1 << 96) + (0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C834_u128 >> 32) as i128;

/// Returns the nearest point to x >= 0 by trying every b; of equally near ones the one with the largest b.
fn search(x: f64, precision: i64) -> (i64, i64) {
    let fixed = (x * 2.0_f64.powi(96)) as i128;
    let distances = (-precision..=precision).map(|b| {
        let rest = fixed - i128::from(b) * PHI_96;
        let a = ((rest + (1 << 95)) >> 96).clamp(-i128::from(precision), i128::from(precision));
        ((rest - (a << 96)).abs(), -b, a as i64)
    });
    distances.min().map_or((0, 0), |(_, b, a)| (a, -b))
}

/// Returns numbers in [0, 1), a pure function of their index.
fn uniform(i: u32) -> f64 {
    let [low, high, ..] = philox([i, 0, 0, 0], Key::new(7, Stream::Data));
    (f64::from(high) + f64::from(low) * 2.0_f64.powi(-32)) * 2.0_f64.powi(-32)
}

/// Lists floats of every kind: anywhere, on points, midway between points, half integers, near the bound and beyond.
fn samples(precision: i64, count: u32) -> Vec<f64> {
    let bound = to_f64(precision, precision);
    let coefficient = |i| (uniform(i) * (2 * precision + 1) as f64) as i64 - precision;
    let mut xs = vec![0.0, 1e-300, f64::MIN_POSITIVE, 1e-20, bound, bound + 0.4, 1.5 * bound, 1e300, f64::MAX];
    for i in 0..count {
        let point = to_f64(coefficient(2 * i), coefficient(2 * i + 1)).abs();
        let middle = to_f64(coefficient(3 * i) + coefficient(i), coefficient(5 * i) + coefficient(7 * i)).abs() / 2.0;
        let half = (uniform(i) * 2.0 * bound).floor() / 2.0;
        let near_bound = bound + (uniform(i) - 0.8) * 6.0;
        for x in [uniform(i) * 4.0, uniform(i) * bound, point, middle, half, near_bound.max(0.0)] {
            xs.extend([x, x.next_up()]);
            xs.extend((x > 0.0).then(|| x.next_down()));
        }
    }
    xs
}

#[test]
fn snap_is_the_nearest_point() -> Result<()> {
    for precision in [1, 2, 3, 4, 5, 7, 8, 13, 21, 37, 100, 233] {
        let snapper = Snapper::new(precision)?;
        for x in samples(precision, 300) {
            let x = x.min(1e6);
            let (a, b) = search(x, precision);
            assert_eq!(snapper.snap(x)?, (a, b), "{x:e} at precision {precision}");
            assert_eq!(snapper.snap(-x)?, (-a, -b), "-{x:e} at precision {precision}");
        }
    }
    Ok(())
}

#[test]
fn snap_is_the_nearest_point_at_a_million() -> Result<()> {
    let snapper = Snapper::new(1_000_000)?;
    for x in samples(1_000_000, 12) {
        let x = x.min(1e7);
        assert_eq!(snapper.snap(x)?, search(x, 1_000_000), "{x:e}");
    }
    Ok(())
}

#[test]
fn ties_take_the_sign_of_the_number() -> Result<()> {
    let mut ties = 0;
    for precision in 1..40 {
        let snapper = Snapper::new(precision)?;
        for halves in 1..2 * precision {
            let x = halves as f64 / 2.0;
            let (a, b) = snapper.snap(x)?;
            let other = (halves - a, -b);
            if b != 0 && other.0.abs() <= precision {
                ties += 1;
                assert!(b > 0, "{x} at precision {precision}");
                assert_eq!(residual(x, a, b), -residual(x, other.0, other.1));
            }
        }
    }
    assert!(ties > 100, "{ties}");
    Ok(())
}

#[test]
fn arrays_get_the_integers_of_the_scalar_path() -> Result<()> {
    for precision in [1, 2, 3, 5, 8, 37, 79, 80, 100, 1000, 4096, 4097, 1_000_000] {
        let snapper = Snapper::new(precision)?;
        let xs: Vec<f64> = samples(precision, 300).into_iter().flat_map(|x| [x, -x]).collect();
        let (mut a, mut b) = (vec![0; xs.len()], vec![0; xs.len()]);
        snapper.snap_into(&xs, &mut a, &mut b)?;
        for (i, &x) in xs.iter().enumerate() {
            assert_eq!((a[i], b[i]), snapper.snap(x)?, "{x:e} at precision {precision}");
        }
    }
    Ok(())
}

#[test]
fn bad_input_is_refused() {
    for precision in [0, -1, MAX_PRECISION + 1, i64::MIN] {
        assert!(matches!(Snapper::new(precision), Err(Error::Value { .. })), "{precision}");
    }
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let snap = |count| {
            let mut xs = vec![0.5; count];
            xs[count - 1] = bad;
            Snapper::new(100)?.snap_into(&xs, &mut vec![0; count], &mut vec![0; count])
        };
        assert!(matches!(snap(1), Err(Error::Value { .. })));
        assert!(matches!(snap(1000), Err(Error::Value { .. })));
    }
    let short = Snapper::new(100).and_then(|s| s.snap_into(&[0.0; 3], &mut [0; 3], &mut [0; 2]));
    assert!(matches!(short, Err(Error::Shape { .. })));
}

proptest! {
    #[test]
    fn snap_is_symmetric(x in -1e10..1e10_f64, precision in 1..=MAX_PRECISION) {
        let snapper = Snapper::new(precision)?;
        let (a, b) = snapper.snap(x)?;
        prop_assert_eq!(snapper.snap(-x)?, (-a, -b));
        prop_assert!(a.abs() <= precision && b.abs() <= precision);
    }

    #[test]
    fn snap_is_idempotent(a in -1.0..1.0_f64, b in -1.0..1.0_f64, precision in 1..=10_000_000_i64) {
        let [a, b] = [a, b].map(|share| (share * precision as f64).round() as i64);
        prop_assert_eq!(Snapper::new(precision)?.snap(to_f64(a, b))?, (a, b));
    }

    #[test]
    fn snap_is_idempotent_where_floats_are_dense(x in -1e6..1e6_f64, precision in 1_000_000..=MAX_PRECISION) {
        let snapper = Snapper::new(precision)?;
        let (a, b) = snapper.snap(x)?;
        prop_assert_eq!(snapper.snap(to_f64(a, b))?, (a, b));
    }
}

#[test]
fn a_million_numbers_at_a_hundred() -> Result<()> {
    let snapper = Snapper::new(100)?;
    let bound = to_f64(100, 100);
    let xs: Vec<f64> = (0..1_000_000).map(|i| uniform(i) * if i % 2 == 0 { 3.0 } else { bound }).collect();
    let (mut a, mut b) = (vec![0; xs.len()], vec![0; xs.len()]);
    snapper.snap_into(&xs, &mut a, &mut b)?;
    for (i, &x) in xs.iter().enumerate() {
        assert_eq!((a[i], b[i]), search(x, 100), "{x:e}");
    }
    Ok(())
}

/// All b of one precision, sorted by the place of b*phi on the circle: the nearest fitting place is found by looking
/// outwards from that of x.
struct Circle {
    precision: i64,
    places: Vec<(u128, i64)>,
}

impl Circle {
    const TURN: u128 = 1 << 96;

    fn new(precision: i64) -> Self {
        let place = |b: i64| ((i128::from(b) * PHI_96).rem_euclid(Self::TURN as i128) as u128, b);
        let mut places: Vec<_> = (-precision..=precision).map(place).collect();
        places.sort_unstable();
        Self { precision, places }
    }

    /// Returns the nearest point to x within the bounds.
    fn nearest(&self, x: f64) -> (i64, i64) {
        let fixed = (x * 2.0_f64.powi(96)) as i128;
        let place = fixed.rem_euclid(Self::TURN as i128) as u128;
        let count = self.places.len();
        let start = self.places.partition_point(|&(other, _)| other < place);
        let up = (0..count).map(|i| self.places[(start + i) % count]);
        let down = (1..=count).map(|i| self.places[(start + count - i) % count]);
        // Of one side the first that fits is the nearest of that side.
        let fits = |(_, b): (u128, i64)| {
            let rest = fixed - i128::from(b) * PHI_96;
            let a = ((rest + (1 << 95)) >> 96) as i64;
            (a.abs() <= self.precision).then_some(((rest - (i128::from(a) << 96)).abs(), -b, a))
        };
        let sides = [up.clone().find_map(fits), down.clone().find_map(fits)];
        sides.into_iter().flatten().min().map_or((0, 0), |(_, b, a)| (a, -b))
    }
}

#[test]
fn a_hundred_thousand_numbers_at_a_million() -> Result<()> {
    const PRECISION: i64 = 1_000_000;
    let (circle, snapper) = (Circle::new(PRECISION), Snapper::new(PRECISION)?);
    let bound = to_f64(PRECISION, PRECISION) * 0.95;
    for i in 0..100_000 {
        let x = uniform(i) * if i % 2 == 0 { 4.0 } else { bound };
        let (a, b) = circle.nearest(x);
        assert_eq!(snapper.snap(x)?, (a, b), "{x:e}");
        assert_eq!(snapper.snap(-x)?, (-a, -b), "-{x:e}");
        assert_eq!(snapper.snap(to_f64(a, b))?, (a, b), "the point of {x:e}");
    }
    Ok(())
}
