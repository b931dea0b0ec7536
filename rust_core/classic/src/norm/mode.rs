//! Which variance a norm aims at.

use syntonic_core::exact::constants::PHI_INVERSE;
use syntonic_core::{Error, Result};

/// The variance that a norm gives its output, before scale and shift.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum GoldenNormMode {
    /// 1/phi
    Golden,
    /// 1
    Standard,
    /// Any other.
    Custom(f64),
}

impl GoldenNormMode {
    /// Returns the mode called `name`.
    ///
    /// # Errors
    /// `Error::Value` for any name but `golden` and `standard`.
    pub fn from_name(name: &str) -> Result<Self> {
        match name {
            "golden" => Ok(Self::Golden),
            "standard" => Ok(Self::Standard),
            _ => Err(Error::Value {
                op: "golden norm",
                expected: "a mode of golden, standard, or GoldenNormMode.custom(variance)".into(),
                got: format!("{name:?}"),
            }),
        }
    }

    /// Returns the mode of this variance.
    ///
    /// # Errors
    /// `Error::Value` unless the variance is above 0 and finite.
    pub fn custom(variance: f64) -> Result<Self> {
        if variance > 0.0 && variance.is_finite() {
            return Ok(Self::Custom(variance));
        }
        Err(Error::Value { op: "golden norm", expected: "a variance > 0".into(), got: variance.to_string() })
    }

    /// Returns the variance.
    pub fn variance(self) -> f64 {
        match self {
            Self::Golden => PHI_INVERSE,
            Self::Standard => 1.0,
            Self::Custom(variance) => variance,
        }
    }

    /// Returns the mode's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Golden => "golden",
            Self::Standard => "standard",
            Self::Custom(_) => "custom",
        }
    }
}
