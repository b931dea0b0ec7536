//! PGPE, parameter-exploring policy gradients, with symmetric sampling: each weight has a deviation, which grows where pairs
//! of members do better than the others.
//!
//! With e_p = s z_p, fitness r+ and r- of a pair, the best fitness m and the mean b of the generation: mu follows the mean over
//! pairs of e_p (r+ - r-) / (2 m - r+ - r-), and s the mean of ((r+ + r-) / 2 - b) / (m - b) * (e_p^2 - s^2) / s.
//! Sehnke et al., "Parameter-exploring policy gradients", Neural Networks 23 (2010), section 2.3 with equations 15 to 19.
//! Each generation has a batch of its own, so that m and b are of the generation, not of the whole past; and no deviation
//! changes by more than a share of itself in one generation.

use super::deviations::Deviations;
use crate::Result;
use crate::evolve::setting::settings;
use crate::evolve::strategy::{Sample, refuse};
use crate::evolve::{Config, OptimizerKind};

pub(super) const DOC: &str = "parameter-exploring policy gradients, symmetric sampling (Sehnke et al., 2010)";

settings! {
    /// What PGPE sets beside the settings that all share.
    pub(super) struct Own {
        /// Rate at which the deviations change.
        sigma_learning_rate: f64 = 0.1, Bound::AtLeast(0.0);
        /// The largest change of a deviation in a generation, as a share of it.
        sigma_change: f64 = 0.2, Bound::Above(0.0), Bound::Below(1.0);
    }
}

/// Sets a step that takes the direction as it is.
pub(super) fn defaults(config: &mut Config) {
    config.optimizer = OptimizerKind::Momentum;
    config.beta1 = 0.9;
    config.learning_rate = 1.0;
    config.learning_rate_final = 1.0;
}

impl Deviations for Own {
    const NAME: &'static str = "pgpe";

    fn check_own(&self, config: &Config) -> Result<()> {
        let Some(count) = config.survivor_count else { return Ok(()) };
        refuse(Self::NAME, "survivor_count none, as both members of a pair count", count)
    }

    fn weights(&self, sample: &Sample<'_>) -> (Vec<f64>, Vec<f64>) {
        let numbers = || sample.scores.iter().copied().filter(|score| score.is_finite());
        let (worst, best) = (numbers().fold(f64::INFINITY, f64::min), numbers().fold(f64::NEG_INFINITY, f64::max));
        // What is no finite number counts as the worst that is; without any there is nothing to follow.
        let score = |x: f64| if x.is_finite() { x } else { worst };
        let share = |part: f64, whole: f64| if whole > 0.0 && whole.is_finite() { part / whole } else { 0.0 };
        let count = sample.scores.len() as f64;
        let mean = sample.scores.iter().map(|x| score(*x)).sum::<f64>() / count;
        let pairs = sample.scores.chunks_exact(2).map(|pair| (score(pair[0]), score(pair[1])));
        let scale = 2.0 / count;
        let odd = pairs.clone().map(|(plus, minus)| scale * share(plus - minus, 2.0 * best - plus - minus)).collect();
        let even = pairs.map(|(plus, minus)| scale * share((plus + minus) / 2.0 - mean, best - mean)).collect();
        (odd, even)
    }

    fn factor(&self, _: usize) -> impl Fn(f64) -> f64 {
        |x| 1.0 + (self.sigma_learning_rate * x).clamp(-self.sigma_change, self.sigma_change)
    }
}
