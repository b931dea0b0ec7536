//! Arrays of Z[phi] against 128-bit integers: small coefficients, the bounds of the fast paths, and overflow.

use proptest::prelude::*;
use syntonic_classic::exact::LatticeArithmetic;
use syntonic_core::exact::{LatticeArray, Point};
use syntonic_core::{Error, Result};

/// Coefficients of every size, with the neighbourhood of 2^30 and of the ends.
fn coefficient() -> impl Strategy<Value = i64> {
    let near = |n: i64| (n.saturating_sub(2)..=n.saturating_add(2)).boxed();
    let bounds = [0, 1 << 30, -(1 << 30), 1 << 31, -(1 << 31), 1 << 61, i64::MAX, i64::MIN, i64::MAX / 2, i64::MIN / 2];
    prop_oneof![
        -200..200_i64,
        any::<i32>().prop_map(i64::from),
        any::<i64>(),
        proptest::sample::select(bounds.to_vec()).prop_flat_map(near)
    ]
}

/// A coefficient of a kind: all small, so that fast paths are met, or anything.
fn points(length: usize) -> impl Strategy<Value = Vec<Point>> {
    let small = -(1_i64 << 30)..1 << 30;
    prop_oneof![
        prop::collection::vec((small.clone(), small), length),
        prop::collection::vec((coefficient(), coefficient()), length)
    ]
}

/// Returns the point of two wide integers, if each has 64 bits.
fn narrow(a: Option<i128>, b: Option<i128>) -> Option<Point> {
    Some((i64::try_from(a?).ok()?, i64::try_from(b?).ok()?))
}

fn wide(x: Point) -> (i128, i128) {
    (x.0.into(), x.1.into())
}

fn check(
    got: Result<LatticeArray>,
    want: impl Iterator<Item = Option<Point>>,
) -> std::result::Result<(), TestCaseError> {
    match want.collect::<Option<LatticeArray>>() {
        Some(want) => prop_assert_eq!(got, Ok(want)),
        None => {
            let overflow = matches!(got, Err(Error::Overflow { .. }));
            prop_assert!(overflow);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn pointwise(x in points(3), y in points(3)) {
        let arrays: [LatticeArray; 2] = [x.clone(), y.clone()].map(|points| points.into_iter().collect());
        let [left, right] = &arrays;
        let zipped = || x.iter().zip(&y).map(|(&x, &y)| (wide(x), wide(y)));
        check(left.add(right), zipped().map(|((a, b), (c, d))| narrow(Some(a + c), Some(b + d))))?;
        check(left.sub(right), zipped().map(|((a, b), (c, d))| narrow(Some(a - c), Some(b - d))))?;
        check(left.mul(right), zipped().map(|((a, b), (c, d))| {
            let golden = (a * d).checked_add(b * c).and_then(|sum| sum.checked_add(b * d));
            narrow((a * c).checked_add(b * d), golden)
        }))?;
    }

    #[test]
    fn products_of_matrices(x in points(6), y in points(9)) {
        let (left, right): (LatticeArray, LatticeArray) = (x.iter().copied().collect(), y.iter().copied().collect());
        let entries = (0..2).flat_map(|i| (0..3).map(move |j| (i, j)));
        let want = entries.map(|(i, j)| {
            let pairs = (0..3).map(|k| (wide(x[i * 3 + k]), wide(y[j * 3 + k])));
            pairs.fold((Some(0_i128), Some(0_i128)), |(p, q), ((a, b), (c, d))| {
                let add = |sum: Option<i128>, term: i128| sum.and_then(|sum| sum.checked_add(term));
                (add(add(p, a * c), b * d), add(add(add(q, a * d), b * c), b * d))
            })
        });
        let got = left.matmul_transposed(&right, 2, 3, 3);
        // A partial sum beyond 128 bits is an overflow, though the whole might fit.
        let want: Vec<_> = want.collect();
        match want.iter().map(|&(a, b)| narrow(a, b)).collect::<Option<LatticeArray>>() {
            Some(want) => prop_assert_eq!(got, Ok(want)),
            None => {
                let overflow = matches!(got, Err(Error::Overflow { .. }));
                prop_assert!(overflow);
            }
        }
    }
}
