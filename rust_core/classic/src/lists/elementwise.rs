//! Steps that change every number of a list, and return a new list.

use syntonic_core::tensor::afford::afford;
use syntonic_core::{Error, Result};

/// Returns x / scalar for every x.
///
/// # Errors
/// `Error::DivisionByZero`.
pub fn div_scalar(x: &[f64], scalar: f64) -> Result<Vec<f64>> {
    if scalar == 0.0 {
        return Err(Error::DivisionByZero { op: "div_scalar" });
    }
    Ok(x.iter().map(|x| x / scalar).collect())
}

/// Returns every x within min..=max; NaN stays NaN.
///
/// # Errors
/// `Error::Value` unless min <= max.
pub fn clamp(x: &[f64], min: f64, max: f64) -> Result<Vec<f64>> {
    if min <= max {
        return Ok(x.iter().map(|x| x.clamp(min, max)).collect());
    }
    Err(Error::Value { op: "clamp", expected: "min <= max".into(), got: format!("{min} and {max}") })
}

/// Returns e^(-x / phi) for every x, with a phi of one's own.
///
/// # Errors
/// `Error::Value` unless phi is finite and positive.
pub fn golden_weights(x: &[f64], phi: f64) -> Result<Vec<f64>> {
    if phi.is_finite() && phi > 0.0 {
        return Ok(x.iter().map(|x| (-x / phi).exp()).collect());
    }
    Err(Error::Value { op: "golden_weight", expected: "a finite phi above 0".into(), got: phi.to_string() })
}

/// Returns a list of one number, or an error if memory cannot hold it.
pub(super) fn filled(op: &'static str, count: usize, value: f64) -> Result<Vec<f64>> {
    afford::<f64>(op, count)?;
    Ok(vec![value; count])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_and_divisors_are_checked() {
        assert_eq!(clamp(&[-2.0, 0.5, 3.0], -1.0, 1.0), Ok(vec![-1.0, 0.5, 1.0]));
        assert!(clamp(&[f64::NAN], 0.0, 1.0).unwrap()[0].is_nan());
        assert!(clamp(&[], 1.0, 0.0).is_err() && clamp(&[], f64::NAN, 0.0).is_err());
        assert_eq!(div_scalar(&[3.0], 0.0), Err(Error::DivisionByZero { op: "div_scalar" }));
        assert_eq!(div_scalar(&[3.0], -2.0), Ok(vec![-1.5]));
        assert_eq!(golden_weights(&[0.0, 2.0], 2.0), Ok(vec![1.0, (-1.0_f64).exp()]));
        assert!(golden_weights(&[], 0.0).is_err() && filled("t", usize::MAX, 0.0).is_err());
    }
}
