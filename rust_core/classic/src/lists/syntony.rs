//! Syntony of lists: S = sum x^2 w / sum x^2 with w = e^(-n^2 / phi), and what is made of several of them.

use super::same_length;
use syntonic_core::tensor::{ModeNorms, mode_weights, syntony};
use syntonic_core::{Error, Result};

/// Returns S of values with these squared mode norms; 0 for no values or no energy.
///
/// # Errors
/// `Error::Shape` for different lengths, `Error::Value` for a norm that is negative or not finite.
pub fn winding_syntony(values: &[f64], norms: &[f64]) -> Result<f64> {
    same_length("winding_syntony", values.len(), norms.len())?;
    syntony(values, &mode_weights(norms.len(), &ModeNorms::Given(norms.to_vec()))?)
}

/// Returns S of each of `batch` rows of `dim` values, all with the same norms.
///
/// # Errors
/// `Error::Shape` unless there are batch * dim values and dim norms, `Error::Value` as [`winding_syntony`].
pub fn batch_winding_syntony(values: &[f64], batch: usize, dim: usize, norms: &[f64]) -> Result<Vec<f64>> {
    let op = "batch_winding_syntony";
    same_length(op, batch.saturating_mul(dim), values.len())?;
    same_length(op, dim, norms.len())?;
    let weights = mode_weights(dim, &ModeNorms::Given(norms.to_vec()))?;
    if dim == 0 {
        return super::elementwise::filled(op, batch, 0.0);
    }
    values.chunks(dim).map(|row| syntony(row, &weights)).collect()
}

/// How several syntonies become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregate {
    /// Their mean.
    Mean,
    /// The smallest.
    Min,
    /// e to the mean logarithm, none taken below 1e-10.
    Geometric,
}

impl Aggregate {
    /// Returns the method called `name`.
    ///
    /// # Errors
    /// `Error::Value` for a name that is not `mean`, `min` or `geometric`.
    pub fn from_name(name: &str) -> Result<Self> {
        match name {
            "mean" => Ok(Self::Mean),
            "min" => Ok(Self::Min),
            "geometric" => Ok(Self::Geometric),
            other => Err(Error::Value {
                op: "aggregate_syntony",
                expected: "mean, min or geometric".into(),
                got: format!("{other:?}"),
            }),
        }
    }

    /// Returns one syntony for several, 1/2 for none, and NaN if one is NaN.
    pub fn of(self, syntonies: &[f64]) -> f64 {
        let n = syntonies.len() as f64;
        if syntonies.is_empty() {
            return 0.5;
        }
        if syntonies.iter().any(|s| s.is_nan()) {
            return f64::NAN;
        }
        match self {
            Self::Mean => syntonies.iter().sum::<f64>() / n,
            Self::Min => syntonies.iter().copied().fold(f64::INFINITY, f64::min),
            Self::Geometric => (syntonies.iter().map(|s| s.max(1e-10).ln()).sum::<f64>() / n).exp(),
        }
    }
}

/// Returns 1 - H(p) / ln n for n probabilities with entropy H; 1/2 for one or none.
///
/// # Errors
/// `Error::Value` unless they are finite, at least 0, and sum to 1 within 1e-6.
pub fn syntony_of_probabilities(p: &[f64]) -> Result<f64> {
    let refused = |expected: &str, got: f64| {
        Err(Error::Value { op: "syntony of probabilities", expected: expected.into(), got: got.to_string() })
    };
    if let Some(&bad) = p.iter().find(|p| !(p.is_finite() && **p >= 0.0)) {
        return refused("finite probabilities of at least 0", bad);
    }
    let sum: f64 = p.iter().sum();
    if !p.is_empty() && (sum - 1.0).abs() > 1e-6 {
        return refused("probabilities that sum to 1", sum);
    }
    if p.len() < 2 {
        return Ok(0.5);
    }
    let entropy: f64 = p.iter().filter(|p| **p > 0.0).map(|p| -p * p.ln()).sum();
    Ok((1.0 - entropy / (p.len() as f64).ln()).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_judged_alone() {
        let norms = [0.0, 1.0, 4.0];
        let (a, b) = ([1.0, 2.0, 3.0], [1e-30, 0.0, 0.0]);
        let alone = [winding_syntony(&a, &norms).unwrap(), winding_syntony(&b, &norms).unwrap()];
        assert_eq!(batch_winding_syntony(&[a, b].concat(), 2, 3, &norms).unwrap(), alone);
        assert_eq!(alone[1], 1.0);
        assert_eq!(batch_winding_syntony(&[], 2, 0, &[]).unwrap(), [0.0; 2]);
        assert!(winding_syntony(&a, &norms[..2]).is_err() && winding_syntony(&a, &[0.0, -1.0, 0.0]).is_err());
        assert!(batch_winding_syntony(&a, usize::MAX, 3, &norms).is_err());
    }

    #[test]
    fn aggregates() {
        let many = vec![1e-3; 400];
        assert!((Aggregate::Geometric.of(&many) - 1e-3).abs() < 1e-15);
        assert_eq!((Aggregate::Mean.of(&[0.2, 0.4]), Aggregate::Min.of(&[0.2, 0.1])), (0.300_000_000_000_000_04, 0.1));
        assert_eq!(Aggregate::Min.of(&[]), 0.5);
        assert!(Aggregate::Min.of(&[0.1, f64::NAN]).is_nan());
        assert!(Aggregate::from_name("median").is_err());
    }

    #[test]
    fn certainty_is_syntonic() {
        assert_eq!(syntony_of_probabilities(&[1.0, 0.0]), Ok(1.0));
        assert!(syntony_of_probabilities(&[0.25; 4]).unwrap().abs() < 1e-15);
        assert_eq!(syntony_of_probabilities(&[]), Ok(0.5));
        assert!(syntony_of_probabilities(&[0.9, 0.9]).is_err() && syntony_of_probabilities(&[1.5, -0.5]).is_err());
    }
}
