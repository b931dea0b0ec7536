//! PGPE, parameter-exploring policy gradients, with symmetric sampling: each weight has a deviation, which grows where pairs
//! of members do better than the others.
//!
//! With e_p = s z_p, fitness r+ and r- of a pair, the best fitness m and the mean b of the generation: mu follows the mean over
//! pairs of e_p (r+ - r-) / (2 m - r+ - r-), and s the mean of ((r+ + r-) / 2 - b) / (m - b) * (e_p^2 - s^2) / s.
//! Sehnke et al., "Parameter-exploring policy gradients", Neural Networks 23 (2010), section 2.3 with equations 15 to 19.
//! Each generation has a batch of its own, so that m and b are of the generation, not of the whole past; and no deviation
//! changes by more than a share of itself in one generation.

use crate::Result;
use crate::evolve::setting::settings;
use crate::evolve::strategy::{Sample, Spread, Strategy, refuse};
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

impl Strategy for Own {
    fn check(&self, config: &Config) -> Result<()> {
        if let Some(rank) = config.rank {
            return refuse("pgpe", "rank none, as each weight has a deviation", rank);
        }
        if config.sigma_final != 1.0 {
            return refuse("pgpe", "sigma_final 1, as the deviations follow the scores", config.sigma_final);
        }
        if let Some(count) = config.survivor_count {
            return refuse("pgpe", "survivor_count none, as both members of a pair count", count);
        }
        Ok(())
    }

    fn start(&self, config: &Config, length: usize) -> Vec<f64> {
        vec![config.sigma; length]
    }

    fn ask(&self, _: &Config, _: u64, memory: &[f64]) -> Spread {
        Spread::Each(memory.to_vec())
    }

    fn tell(&self, sample: &Sample<'_>, memory: &mut [f64]) -> Result<Vec<f64>> {
        let numbers = || sample.scores.iter().copied().filter(|score| score.is_finite());
        let (worst, best) = (numbers().fold(f64::INFINITY, f64::min), numbers().fold(f64::NEG_INFINITY, f64::max));
        // What is no finite number counts as the worst that is; without any there is nothing to follow.
        let score = |x: f64| if x.is_finite() { x } else { worst };
        let share = |part: f64, whole: f64| if whole > 0.0 && whole.is_finite() { part / whole } else { 0.0 };
        let count = sample.scores.len() as f64;
        let mean = sample.scores.iter().map(|x| score(*x)).sum::<f64>() / count;
        let pairs = sample.scores.chunks_exact(2).map(|pair| (score(pair[0]), score(pair[1])));
        let scale = 2.0 / count;
        let odd: Vec<f64> =
            pairs.clone().map(|(plus, minus)| scale * share(plus - minus, 2.0 * best - plus - minus)).collect();
        let even: Vec<f64> =
            pairs.map(|(plus, minus)| scale * share((plus + minus) / 2.0 - mean, best - mean)).collect();
        let (mut direction, squares) = (sample.sum(&odd)?, sample.sum_of_squares(&even)?);
        let total: f64 = even.iter().sum();
        if let Spread::Each(spread) = sample.spread {
            direction.iter_mut().zip(spread).for_each(|(g, s)| *g *= s);
        }
        for (s, square) in memory.iter_mut().zip(squares) {
            let change = self.sigma_learning_rate * (square - total);
            *s *= 1.0 + change.clamp(-self.sigma_change, self.sigma_change);
        }
        Ok(direction)
    }
}
