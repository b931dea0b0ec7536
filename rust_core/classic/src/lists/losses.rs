//! Losses of lists, each in its stable form: log-sum-exp instead of logarithms of small probabilities.

use super::{phase, same_length};
use syntonic_core::exact::constants::PHI;
use syntonic_core::{Error, Result};

/// Returns the mean of (p - t)^2; 0 for empty lists.
///
/// # Errors
/// `Error::Shape` for different lengths.
pub fn mean_squared_error(predictions: &[f64], targets: &[f64]) -> Result<f64> {
    same_length("mse_loss", predictions.len(), targets.len())?;
    let sum: f64 = predictions.iter().zip(targets).fold(0.0, |sum, (p, t)| sum + (p - t) * (p - t));
    Ok(sum / predictions.len().max(1) as f64)
}

/// Returns e^x / sum e^x; nothing of nothing.
pub fn softmax(x: &[f64]) -> Vec<f64> {
    let largest = largest(x);
    // Entries equal to the largest count 1, so that a list of -infinity alone is even.
    let powers: Vec<f64> = x.iter().map(|&v| if v == largest { 1.0 } else { (v - largest).exp() }).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|p| p / sum).collect()
}

/// Returns -sum t ln softmax(x) for target weights t; 0 for empty lists. A class of weight 0 counts nothing.
///
/// # Errors
/// `Error::Shape` for different lengths.
pub fn cross_entropy(logits: &[f64], targets: &[f64]) -> Result<f64> {
    same_length("cross_entropy_loss", logits.len(), targets.len())?;
    let largest = largest(logits);
    let total = largest + logits.iter().map(|x| (x - largest).exp()).sum::<f64>().ln();
    let counted = logits.iter().zip(targets).filter(|(_, t)| **t != 0.0);
    Ok(counted.fold(0.0, |sum, (x, t)| sum + t * (total - x)))
}

/// Returns the mean of [`cross_entropy`] over rows of `classes` logits; 0 for no rows.
///
/// # Errors
/// `Error::Shape` unless both lists have batch * classes numbers.
pub fn batch_cross_entropy(logits: &[f64], targets: &[f64], batch: usize, classes: usize) -> Result<f64> {
    for list in [logits, targets] {
        same_length("batch_cross_entropy_loss", batch.saturating_mul(classes), list.len())?;
    }
    if classes == 0 {
        return Ok(0.0);
    }
    let mut rows = logits.chunks(classes).zip(targets.chunks(classes)).map(|(x, t)| cross_entropy(x, t));
    Ok(rows.try_fold(0.0, |sum, row| Ok::<f64, Error>(sum + row?))? / batch.max(1) as f64)
}

/// Returns lambda (S - target)^2 for a target in (0, 1], which a syntony can reach.
///
/// # Errors
/// `Error::Value` for another target.
pub fn syntony_loss_srt(syntony: f64, lambda: f64, target: f64) -> Result<f64> {
    if target > 0.0 && target <= 1.0 {
        return Ok(lambda * (syntony - target) * (syntony - target));
    }
    Err(Error::Value { op: "syntony_loss_srt", expected: "a target in (0, 1]".into(), got: target.to_string() })
}

/// Returns mu (Arg Tr e^(i pi rho) - target)^2, where rho has the eigenvalues x^2 / sum x^2; 0 for no energy.
///
/// # Errors
/// `Error::Value` for values that are not finite.
pub fn phase_alignment(values: &[f64], target: f64, mu: f64) -> Result<f64> {
    if let Some(bad) = values.iter().find(|x| !x.is_finite()) {
        return Err(Error::Value {
            op: "phase_alignment_loss",
            expected: "finite numbers".into(),
            got: bad.to_string(),
        });
    }
    let largest = values.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    if largest == 0.0 {
        return Ok(0.0);
    }
    let energies: Vec<f64> = values.iter().map(|x| (x / largest) * (x / largest)).collect();
    let total: f64 = energies.iter().sum();
    let difference = phase(&energies.into_iter().map(|e| e / total).collect::<Vec<_>>())? - target;
    Ok(mu * difference * difference)
}

/// Returns lambda times the sum of phi^-l norms\[l\] over layers l, whose norms are squared.
pub fn golden_decay(norms: &[f64], lambda: f64) -> f64 {
    // Horner's rule in 1 / phi.
    lambda * norms.iter().rev().fold(0.0, |sum, norm| sum / PHI + norm)
}

fn largest(x: &[f64]) -> f64 {
    x.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cross_entropy_is_stable() {
        let near = |got: f64, want: f64| assert!((got - want).abs() < 1e-15 * want.abs().max(1.0), "{got} {want}");
        near(cross_entropy(&[0.0, 0.0], &[1.0, 0.0]).unwrap(), 2.0_f64.ln());
        near(cross_entropy(&[1000.0, 0.0], &[0.0, 1.0]).unwrap(), 1000.0);
        near(cross_entropy(&[0.0, f64::NEG_INFINITY], &[1.0, 0.0]).unwrap(), 0.0);
        near(
            batch_cross_entropy(&[0.0, 0.0, 1000.0, 0.0], &[1.0, 0.0, 0.0, 1.0], 2, 2).unwrap(),
            500.346_573_590_279_97,
        );
        assert!(cross_entropy(&[0.0], &[]).is_err() && batch_cross_entropy(&[0.0], &[0.0], 2, 1).is_err());
        assert_eq!(batch_cross_entropy(&[], &[], 3, 0), Ok(0.0));
        // Not -0, which a sum of nothing is.
        for nothing in [batch_cross_entropy(&[], &[], 0, 3), cross_entropy(&[], &[]), mean_squared_error(&[], &[])] {
            assert!(nothing.unwrap().is_sign_positive());
        }
    }

    #[test]
    fn softmax_of_extremes() {
        assert_eq!(softmax(&[1e308, -1e308]), [1.0, 0.0]);
        assert_eq!(softmax(&[f64::NEG_INFINITY; 4]), [0.25; 4]);
        assert!(softmax(&[]).is_empty());
        assert!(softmax(&[f64::NAN, 0.0]).iter().all(|p| p.is_nan()));
    }

    #[test]
    fn the_phase_target_can_be_reached() {
        let target = std::f64::consts::FRAC_PI_2;
        assert_eq!(phase_alignment(&[3e200, -3e200], target, 2.0), Ok(0.0));
        assert!(phase_alignment(&[1.0, 0.5], target, 2.0).unwrap() < 1e-30);
        assert!(phase_alignment(&[1.0, 0.5, 0.5], target, 2.0).unwrap() > 0.01);
        assert_eq!(phase_alignment(&[0.0], target, 2.0), Ok(0.0));
        assert!(phase_alignment(&[f64::NAN], target, 2.0).is_err());
    }

    #[test]
    fn weights_of_layers_fall_by_phi() {
        assert!((golden_decay(&[1.0, 2.0, 3.0], 0.5) - 0.5 * (1.0 + 2.0 / PHI + 3.0 / PHI / PHI)).abs() < 1e-15);
        assert_eq!(golden_decay(&[], 1.0), 0.0);
        assert!(syntony_loss_srt(0.5, 1.0, 1.6).is_err() && syntony_loss_srt(0.5, 1.0, f64::NAN).is_err());
        assert_eq!(syntony_loss_srt(0.5, 2.0, 1.0), Ok(0.5));
    }
}
