//! Mode norms: n_i^2 of feature i, and the golden weight w_i = e^(-n_i^2 / phi) that it gives.
//!
//! The feature index runs over the last axis alone, so that a row's syntony does not depend on where the row lies.

use super::Real;
use super::afford::afford;
use crate::exact::constants::PHI;
use crate::{Error, Result};

/// Which norm a feature has. `d` is the size of the last axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ModeNorms {
    /// n_i^2 = (3 i / d)^2: informative for any width.
    #[default]
    Scaled,
    /// n_i^2 = i^2: only the first few features count.
    Raw,
    /// Norms of one's own, one per feature.
    Given(Vec<f64>),
}

/// The largest scaled norm is just below this.
const SCALE: f64 = 3.0;

impl ModeNorms {
    /// Returns the norms called `name`: `scaled` or `raw`.
    ///
    /// # Errors
    /// `Error::Value` for any other name.
    pub fn from_name(name: &str) -> Result<Self> {
        match name {
            "scaled" => Ok(Self::Scaled),
            "raw" => Ok(Self::Raw),
            other => Err(Error::Value {
                op: "mode norms",
                expected: "\"scaled\", \"raw\" or one number per feature".into(),
                got: format!("{other:?}"),
            }),
        }
    }

    /// Returns n_i^2 of `d` features.
    ///
    /// # Errors
    /// `Error::Shape` when given norms are not `d`, `Error::Value` when one of them is negative or not finite.
    pub fn norms(&self, d: usize) -> Result<Vec<f64>> {
        afford::<[f64; 2]>("mode norms", d)?;
        match self {
            Self::Scaled => Ok((0..d).map(|i| (SCALE * i as f64 / d as f64).powi(2)).collect()),
            Self::Raw => Ok((0..d).map(|i| (i as f64).powi(2)).collect()),
            Self::Given(norms) if norms.len() != d => Err(Error::Shape {
                op: "mode norms",
                expected: format!("{d} norms, one per feature of the last axis"),
                got: norms.len().to_string(),
            }),
            Self::Given(norms) => match norms.iter().find(|n| !(n.is_finite() && **n >= 0.0)) {
                Some(bad) => Err(Error::Value {
                    op: "mode norms",
                    expected: "finite squares of at least 0".into(),
                    got: bad.to_string(),
                }),
                None => Ok(norms.clone()),
            },
        }
    }
}

/// Returns the golden weights w_i = e^(-n_i^2 / phi) of `d` features.
///
/// ```
/// use syntonic_core::tensor::{mode_weights, ModeNorms};
/// let w = mode_weights(3, &ModeNorms::Raw)?;
/// assert!((w[1] - 0.53900308).abs() < 1e-8 && (w[2] - 0.08440438).abs() < 1e-8);
/// # Ok::<(), syntonic_core::Error>(())
/// ```
///
/// # Errors
/// As [`ModeNorms::norms`].
pub fn mode_weights(d: usize, kind: &ModeNorms) -> Result<Vec<f64>> {
    Ok(kind.norms(d)?.into_iter().map(golden_weight).collect())
}

/// Returns e^(-norm / phi) for a squared norm, the same bits on every machine.
pub fn golden_weight(norm: f64) -> f64 {
    Real::exp(-norm / PHI)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scaled_norms_spread_over_any_width() {
        for d in [1, 2, 7, 1000] {
            let norms = ModeNorms::Scaled.norms(d).unwrap();
            assert_eq!(norms[0], 0.0);
            assert!(norms.is_sorted() && norms[d - 1] < 9.0);
        }
        assert!(ModeNorms::Scaled.norms(0).unwrap().is_empty());
    }

    #[test]
    fn own_norms_are_checked() {
        assert!(ModeNorms::Given(vec![0.0, 1.0]).norms(3).is_err());
        assert!(ModeNorms::Given(vec![f64::NAN]).norms(1).is_err());
        assert!(ModeNorms::Given(vec![-1.0]).norms(1).is_err());
        assert!(ModeNorms::from_name("flat").is_err());
    }
}
