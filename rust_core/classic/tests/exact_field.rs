//! The golden field and its arrays: laws, edges and overflow.

use std::cmp::Ordering;

use proptest::prelude::*;
use syntonic_classic::exact::{GoldenExact, LatticeArithmetic, MAX_BITS, Rational};
use syntonic_core::exact::sequences::fibonacci;
use syntonic_core::exact::snap::Snapper;
use syntonic_core::exact::{BigInt, LatticeArray};
use syntonic_core::{Error, Result};

fn golden(a: (i64, i64), b: (i64, i64)) -> Result<GoldenExact> {
    let part = |(n, d): (i64, i64)| Rational::new(n.into(), d.into());
    Ok(GoldenExact::new(part(a)?, part(b)?))
}

fn rational(size: i64) -> impl Strategy<Value = (i64, i64)> {
    (-size..=size, 1..=size)
}

/// Any fraction of 128-bit integers, and some of twice as many bits.
fn extreme() -> impl Strategy<Value = Rational> {
    let edge = || prop_oneof![any::<i128>(), -3..=3_i128, Just(i128::MAX), Just(i128::MIN), Just(i128::MAX - 1)];
    let fraction = || (edge(), edge()).prop_filter_map("no fraction", |(n, d)| Rational::new(n, d).ok());
    (fraction(), fraction(), any::<bool>()).prop_map(|(x, y, wide)| if wide { (&x * y).unwrap_or(x) } else { x })
}

fn extreme_golden() -> impl Strategy<Value = GoldenExact> {
    (extreme(), extreme()).prop_map(|(a, b)| GoldenExact::new(a, b))
}

/// What must hold of any three numbers.
fn check_laws(x: &GoldenExact, y: &GoldenExact, z: &GoldenExact) -> std::result::Result<(), TestCaseError> {
    prop_assert_eq!((x * (y + z)?)?, ((x * y)? + (x * z)?)?);
    prop_assert_eq!(((x * y)? * z)?, (x * (y * z)?)?);
    prop_assert_eq!(((x - y)? + y)?, x.clone());
    prop_assert_eq!((x * x.conjugate()?)?, GoldenExact::new(x.norm()?, Rational::ZERO));
    prop_assert_eq!((x + x.conjugate()?)?, GoldenExact::new(x.trace()?, Rational::ZERO));
    prop_assert_eq!(x.times_phi()?.div_phi()?, x.clone());
    prop_assert_eq!(x.times_phi()?, (x * GoldenExact::PHI)?);
    if !y.is_zero() {
        prop_assert_eq!(((x / y)? * y)?, x.clone());
        prop_assert_eq!(y.powi(-2)?, (y * y)?.inverse()?);
    }
    prop_assert_eq!(&x.to_string().parse::<GoldenExact>()?, x);
    Ok(())
}

proptest! {
    #[test]
    fn field_laws(
        x in (rational(99), rational(99)), y in (rational(99), rational(99)), z in (rational(99), rational(99))
    ) {
        let [x, y, z] = [golden(x.0, x.1)?, golden(y.0, y.1)?, golden(z.0, z.1)?];
        check_laws(&x, &y, &z)?;
        let difference = (&x - &y)?.to_f64();
        prop_assert_eq!(x.partial_cmp(&y), difference.partial_cmp(&0.0));
    }

    #[test]
    fn field_laws_at_every_size(x in extreme_golden(), y in extreme_golden(), z in extreme_golden()) {
        check_laws(&x, &y, &z)?;
    }

    #[test]
    fn order_is_that_of_the_difference(x in extreme_golden(), y in extreme_golden(), near in any::<bool>()) {
        // The second number again, or one away from the first by next to nothing.
        let y = if near { (&x + (&y * GoldenExact::phi_to_power(-700)?)?)? } else { y };
        let difference = (&x - &y)?;
        prop_assert_eq!(x.cmp(&y), y.cmp(&x).reverse());
        prop_assert_eq!(x.cmp(&x), Ordering::Equal);
        prop_assert_eq!(x.cmp(&y), difference.cmp(&GoldenExact::ZERO));
        prop_assert_eq!(x.cmp(&y), difference.to_f64().total_cmp(&0.0));
        // Conversion to the nearest float is monotonous.
        prop_assert!(x.to_f64().total_cmp(&y.to_f64()) != x.cmp(&y).reverse() || x.to_f64() == y.to_f64());
    }

    #[test]
    fn floats_are_the_nearest(x in extreme_golden()) {
        let float = x.to_f64();
        prop_assert!(float.is_finite());
        let distance = |other: f64| -> Result<GoldenExact> {
            let difference = (&x - GoldenExact::from_f64(other)?)?;
            if difference < GoldenExact::ZERO { -&difference } else { Ok(difference) }
        };
        for other in [float.next_up(), float.next_down()] {
            prop_assert!(distance(float)? <= distance(other)?);
        }
    }

    #[test]
    fn floats_read_back(x in any::<f64>()) {
        match GoldenExact::from_f64(x) {
            Ok(exact) => prop_assert_eq!(exact.to_f64(), x),
            Err(_) => prop_assert!(!x.is_finite()),
        }
    }

    #[test]
    fn arrays_follow_the_scalars(points in prop::collection::vec((-999..999_i64, -999..999_i64), 12)) {
        let scalars: Vec<_> = points.iter().map(|&(a, b)| GoldenExact::from_integers(a, b)).collect();
        let array: LatticeArray = points.into_iter().collect();
        let at = |array: &LatticeArray, i: usize| GoldenExact::from_integers(array.a()[i], array.b()[i]);
        let square = array.mul(&array)?;
        let product = array.matmul_transposed(&array, 4, 3, 4)?;
        for (i, x) in scalars.iter().enumerate() {
            prop_assert_eq!(at(&square, i), (x * x)?);
            prop_assert_eq!(at(&array.add(&square)?, i), (x + at(&square, i))?);
            prop_assert_eq!(at(&array.sub(&square)?, i), (x - at(&square, i))?);
            prop_assert_eq!(at(&array.neg()?, i), (-x)?);
            prop_assert_eq!(at(&array.times_phi()?, i), x.times_phi()?);
            prop_assert_eq!(at(&array.div_phi()?, i), x.div_phi()?);
            prop_assert_eq!(array.to_f64()[i], x.to_f64());
        }
        for i in 0..16 {
            let (row, column) = (i / 4 * 3, i % 4 * 3);
            let sum = (0..3).try_fold(GoldenExact::ZERO, |sum, k| sum + (&scalars[row + k] * &scalars[column + k])?)?;
            prop_assert_eq!(at(&product, i), sum);
        }
        prop_assert_eq!(LatticeArray::snap(&array.to_f64(), &Snapper::new(1000)?)?, array);
    }

    #[test]
    fn nearest_fraction_beats_every_denominator(x in -3.0..3.0_f64, limit in 1..200_i64) {
        let nearest = Rational::nearest(x, limit)?;
        let distance = |n: f64, d: f64| (x - n / d).abs();
        let (n, d) = nearest.small().unwrap_or_default();
        let found = distance(n as f64, d as f64);
        prop_assert!(d <= limit.into());
        for d in 1..=limit {
            let d = d as f64;
            prop_assert!(found <= distance((x * d).round(), d) + 1e-15, "{x} limit {limit}: {nearest}");
        }
    }
}

#[test]
fn powers_of_phi_are_units() -> Result<()> {
    for n in (-400..=400_i64).chain([45_000, -45_001]) {
        let power = GoldenExact::phi_to_power(n)?;
        assert_eq!(power.norm()?, Rational::from(if n % 2 == 0 { 1_i64 } else { -1 }));
        assert_eq!((&power * GoldenExact::phi_to_power(-n)?)?, GoldenExact::ONE);
        if n.abs() < 200 {
            assert_eq!(power, GoldenExact::PHI.powi(n)?);
            assert!((power.to_f64() / GoldenExact::PHI.to_f64().powi(n as i32) - 1.0).abs() < 1e-13);
        }
    }
    for n in [95_000, -95_000, i64::MAX, i64::MIN] {
        assert!(matches!(GoldenExact::phi_to_power(n), Err(Error::Overflow { .. })), "{n}");
    }
    Ok(())
}

#[test]
fn neighbours_that_no_float_can_tell_apart_are_ordered() -> Result<()> {
    // F(k+1) / F(k) lies above phi for even k and below for odd k, at a distance of about F(k)^-2.
    for k in (2..400).chain([40_000, 40_001]) {
        let [above, below] = [k + 1, k].map(|k| fibonacci(k).and_then(Rational::from_integer));
        let ratio = GoldenExact::new((above? / below?)?, Rational::ZERO);
        assert_eq!(ratio > GoldenExact::PHI, k % 2 == 0, "{k}");
    }
    assert!(GoldenExact::new(Rational::ZERO, Rational::new(1, i128::MAX)?) > GoldenExact::ZERO);
    Ok(())
}

#[test]
fn what_fits_again_is_small_again() -> Result<()> {
    let edge = Rational::from(i128::MAX);
    let beyond = (&edge + Rational::ONE)?;
    assert_eq!((beyond.small(), beyond.is_integer()), (None, true));
    assert_eq!((&beyond - Rational::ONE)?, edge);
    assert_eq!((&beyond - Rational::ONE)?.small(), Some((i128::MAX, 1)));
    assert_eq!((-&beyond)?.small(), Some((i128::MIN, 1)));
    assert_eq!((-&Rational::from(i128::MIN))?, beyond);
    assert_eq!(Rational::new(1, i128::MIN)?.reciprocal()?.small(), Some((i128::MIN, 1)));
    assert_eq!(((&edge * &edge)? / &edge)?.small(), Some((i128::MAX, 1)));
    Ok(())
}

#[test]
fn floats_at_the_ends_of_their_range() -> Result<()> {
    let two = GoldenExact::from_integers(2, 0);
    let half =
        |n: i64, twos: i64| -> Result<f64> { Ok((GoldenExact::from_integers(n, 0) * two.powi(twos)?)?.to_f64()) };
    // Ties go to the even neighbour, above and below the normal numbers.
    let tie = (1_i64 << 53) + 1;
    assert_eq!((half(tie, 0)?, half(tie + 2, 0)?), ((tie - 1) as f64, (tie + 3) as f64));
    assert_eq!(
        (half(tie, 200)?, half(-tie - 2, 200)?),
        ((tie - 1) as f64 * 2f64.powi(200), -(tie + 3) as f64 * 2f64.powi(200))
    );
    assert_eq!((half(1, -1074)?, half(1, -1075)?, half(3, -1075)?, half(5, -1076)?), (5e-324, 0.0, 1e-323, 5e-324));
    assert_eq!((half(1, 1023)?, half(1, 1024)?, half(-1, 1024)?), (2f64.powi(1023), f64::INFINITY, f64::NEG_INFINITY));
    assert_eq!((half(tie - 2, 971)?, half(2 * tie - 3, 970)?), (f64::MAX, f64::INFINITY));
    // phi^-1530 is subnormal, and cancels to a thousand bits.
    let small = GoldenExact::phi_to_power(-1530)?;
    assert!(small.to_f64() > 0.0 && small.to_f64() < f64::MIN_POSITIVE);
    assert_eq!(GoldenExact::phi_to_power(-60_000)?.to_f64(), 0.0);
    assert_eq!((-&GoldenExact::phi_to_power(60_000)?)?.to_f64(), f64::NEG_INFINITY);
    Ok(())
}

#[test]
fn text_is_read_in_every_form() -> Result<()> {
    for (text, number) in [
        ("0", golden((0, 1), (0, 1))?),
        ("-phi", golden((0, 1), (-1, 1))?),
        (" 3/2-5*phi ", golden((3, 2), (-5, 1))?),
        ("2/3φ + 1", golden((1, 1), (2, 3))?),
        ("+ 4/6 * phi - 1/2 + 1/2", golden((0, 1), (2, 3))?),
    ] {
        assert_eq!(text.parse(), Ok(number), "{text}");
    }
    for text in
        ["", " ", "+", "1 2", "1 +", "1..2", "1.5", "*phi", "phi*2", "1/phi", "--1", "1/-2", "1e3", "phiphi", "١"]
    {
        assert!(matches!(text.parse::<GoldenExact>(), Err(Error::Value { .. })), "{text}");
    }
    assert_eq!("1/0".parse::<GoldenExact>(), Err(Error::DivisionByZero { op: "parse" }));
    assert_eq!("1".repeat(60).parse::<GoldenExact>()?.to_string(), "1".repeat(60));
    assert_eq!("9".repeat(30_000).parse::<GoldenExact>(), Err(Error::Overflow { op: "parse" }));
    assert_eq!(format!("{}7", "0".repeat(30_000)).parse(), golden((7, 1), (0, 1)));
    assert_eq!(format!("{}1", "1+".repeat(63)).parse(), golden((64, 1), (0, 1)));
    assert!(matches!(format!("{}1", "1+".repeat(64)).parse::<GoldenExact>(), Err(Error::Value { .. })));
    assert_eq!(i128::MIN.to_string().parse::<GoldenExact>()?.to_string(), i128::MIN.to_string());
    Ok(())
}

#[test]
fn zero_and_overflow_are_errors() -> Result<()> {
    assert_eq!(Rational::new(1, 0), Err(Error::DivisionByZero { op: "fraction" }));
    assert!(matches!(GoldenExact::ZERO.inverse(), Err(Error::DivisionByZero { .. })));
    assert!(matches!(GoldenExact::ZERO.powi(-1), Err(Error::DivisionByZero { .. })));
    assert_eq!(GoldenExact::ZERO.powi(0)?, GoldenExact::ONE);
    assert_eq!(GoldenExact::ONE.powi(i64::MIN)?, GoldenExact::ONE);
    let largest = GoldenExact::new(i128::MAX.into(), i128::MAX.into());
    assert_eq!(((&largest * &largest)? / &largest)?, largest);
    // Powers double their bits: the limit is an error, and soon reached.
    assert!(matches!(largest.powi(1 << 40), Err(Error::Overflow { .. })));
    assert!(matches!(Rational::from_integer(BigInt::from(1) << MAX_BITS), Err(Error::Overflow { .. })));
    assert!(Rational::from_integer(BigInt::from(1) << (MAX_BITS - 1)).is_ok());
    let array = LatticeArray::new(vec![i64::MAX], vec![1])?;
    for result in [array.add(&array), array.mul(&array), array.times_phi()] {
        assert!(matches!(result, Err(Error::Overflow { .. })));
    }
    assert!(matches!(array.dot(&array), Err(Error::Overflow { .. })));
    assert!(matches!(LatticeArray::new(vec![1], vec![]), Err(Error::Shape { .. })));
    assert!(matches!(array.matmul_transposed(&array, 1, 2, 1), Err(Error::Shape { .. })));
    Ok(())
}
