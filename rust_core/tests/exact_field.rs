//! The golden field and its arrays: laws, edges and overflow.

use std::cmp::Ordering;

use proptest::prelude::*;
use syntonic_core::exact::sequences::fibonacci;
use syntonic_core::exact::snap::Snapper;
use syntonic_core::exact::{GoldenExact, LatticeArray, Rational};
use syntonic_core::{Error, Result};

fn golden(a: (i64, i64), b: (i64, i64)) -> Result<GoldenExact> {
    let part = |(n, d): (i64, i64)| Rational::new(n.into(), d.into());
    Ok(GoldenExact::new(part(a)?, part(b)?))
}

fn rational(size: i64) -> impl Strategy<Value = (i64, i64)> {
    (-size..=size, 1..=size)
}

/// Any fraction of 128-bit integers.
fn extreme() -> impl Strategy<Value = Rational> {
    let edge = prop_oneof![any::<i128>(), -3..=3_i128, Just(i128::MAX), Just(i128::MIN), Just(i128::MAX - 1)];
    (edge.clone(), edge).prop_filter_map("no fraction", |(n, d)| Rational::new(n, d).ok())
}

proptest! {
    #[test]
    fn field_laws(
        x in (rational(99), rational(99)), y in (rational(99), rational(99)), z in (rational(99), rational(99))
    ) {
        let [x, y, z] = [golden(x.0, x.1)?, golden(y.0, y.1)?, golden(z.0, z.1)?];
        prop_assert_eq!((x * (y + z)?)?, ((x * y)? + (x * z)?)?);
        prop_assert_eq!(((x * y)? * z)?, (x * (y * z)?)?);
        prop_assert_eq!(((x - y)? + y)?, x);
        prop_assert_eq!((x * x.conjugate()?)?, GoldenExact::new(x.norm()?, Rational::ZERO));
        prop_assert_eq!((x + x.conjugate()?)?, GoldenExact::new(x.trace()?, Rational::ZERO));
        prop_assert_eq!(x.times_phi()?.div_phi()?, x);
        prop_assert_eq!(x.times_phi()?, (x * GoldenExact::PHI)?);
        if !y.is_zero() {
            prop_assert_eq!(((x / y)? * y)?, x);
            prop_assert_eq!(y.powi(-2)?, ((y * y)?).inverse()?);
        }
        prop_assert_eq!(x.to_string().parse::<GoldenExact>()?, x);
        let difference = (x - y)?.to_f64();
        prop_assert_eq!(x.partial_cmp(&y), difference.partial_cmp(&0.0));
    }

    #[test]
    fn no_size_overflows_the_order(a in extreme(), b in extreme(), c in extreme(), d in extreme()) {
        let (x, y) = (GoldenExact::new(a, b), GoldenExact::new(c, d));
        prop_assert_eq!(x.cmp(&y), y.cmp(&x).reverse());
        prop_assert_eq!(x.cmp(&x), Ordering::Equal);
        prop_assert_eq!(x.cmp(&GoldenExact::ZERO), x.to_f64().total_cmp(&0.0));
        if (x.to_f64() - y.to_f64()).abs() > 1e-14 * x.to_f64().abs().max(y.to_f64().abs()) {
            prop_assert_eq!(x.cmp(&y), x.to_f64().total_cmp(&y.to_f64()));
        }
        prop_assert_eq!(x.to_string().parse::<GoldenExact>()?, x);
        // Whatever does not fit is an error, never a wrong number or a panic.
        for result in [x + y, x - y, x * y, x / y, -x, x.conjugate(), x.inverse(), x.powi(3), x.times_phi()] {
            let sound = matches!(result, Ok(_) | Err(Error::Overflow { .. } | Error::DivisionByZero { .. }));
            prop_assert!(sound, "{:?}", result);
        }
    }

    #[test]
    fn arrays_follow_the_scalars(points in prop::collection::vec((-999..999_i64, -999..999_i64), 12)) {
        let scalars: Vec<_> = points.iter().map(|&(a, b)| GoldenExact::from_integers(a, b)).collect();
        let array: LatticeArray = points.into_iter().collect();
        let at = |array: &LatticeArray, i: usize| GoldenExact::from_integers(array.a()[i], array.b()[i]);
        let square = array.mul(&array)?;
        let product = array.matmul_transposed(&array, 4, 3, 4)?;
        for (i, &x) in scalars.iter().enumerate() {
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
            let sum = (0..3).try_fold(GoldenExact::ZERO, |sum, k| sum + (scalars[row + k] * scalars[column + k])?)?;
            prop_assert_eq!(at(&product, i), sum);
        }
        prop_assert_eq!(LatticeArray::snap(&array.to_f64(), &Snapper::new(1000)?)?, array);
    }

    #[test]
    fn nearest_fraction_beats_every_denominator(x in -3.0..3.0_f64, limit in 1..200_i64) {
        let nearest = Rational::nearest(x, limit)?;
        let distance = |n: f64, d: f64| (x - n / d).abs();
        let found = distance(nearest.numerator() as f64, nearest.denominator() as f64);
        prop_assert!(nearest.denominator() <= limit.into());
        for d in 1..=limit {
            let d = d as f64;
            prop_assert!(found <= distance((x * d).round(), d) + 1e-15, "{x} limit {limit}: {nearest}");
        }
    }
}

#[test]
fn powers_of_phi_are_units() -> Result<()> {
    for n in -183..=183_i64 {
        let power = GoldenExact::phi_to_power(n)?;
        assert_eq!(power.norm().unwrap_or(Rational::ONE).denominator(), 1);
        if n.abs() < 60 {
            assert_eq!(power, GoldenExact::PHI.powi(n)?);
            assert_eq!((power * GoldenExact::phi_to_power(-n)?)?, GoldenExact::ONE);
        }
    }
    for n in [186, -186, i64::MAX, i64::MIN] {
        assert_eq!(GoldenExact::phi_to_power(n), Err(Error::Overflow { op: "phi_to_power" }));
    }
    Ok(())
}

#[test]
fn neighbours_that_no_float_can_tell_apart_are_ordered() -> Result<()> {
    // F(k+1) / F(k) lies above phi for even k and below for odd k, at a distance of about F(k)^-2.
    for k in 2..183 {
        let ratio = GoldenExact::new(Rational::new(fibonacci(k + 1)?, fibonacci(k)?)?, Rational::ZERO);
        assert_eq!(ratio > GoldenExact::PHI, k % 2 == 0, "{k}");
    }
    assert!(GoldenExact::new(Rational::ZERO, Rational::new(1, i128::MAX)?) > GoldenExact::ZERO);
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
    assert_eq!("1".repeat(60).parse::<GoldenExact>(), Err(Error::Overflow { op: "parse" }));
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
    assert!(matches!(largest + largest, Err(Error::Overflow { .. })));
    assert!(matches!(largest * largest, Err(Error::Overflow { .. })));
    let array = LatticeArray::new(vec![i64::MAX], vec![1])?;
    for result in [array.add(&array), array.mul(&array), array.times_phi()] {
        assert!(matches!(result, Err(Error::Overflow { .. })));
    }
    assert!(matches!(array.dot(&array), Err(Error::Overflow { .. })));
    assert!(matches!(LatticeArray::new(vec![1], vec![]), Err(Error::Shape { .. })));
    assert!(matches!(array.matmul_transposed(&array, 1, 2, 1), Err(Error::Shape { .. })));
    Ok(())
}
