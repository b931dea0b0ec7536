//! What strategies share that give each weight a deviation of its own, which follows the scores as the centre does.
//!
//! With weights u_p and v_p of the pairs: g = s * sum of u_p z_p, and s *= f(sum of v_p (z_p^2 - 1)).

use crate::Result;
use crate::evolve::Config;
use crate::evolve::strategy::{Sample, Spread, Strategy, refuse};

/// A strategy with a deviation for each weight: what it is beside that.
pub(super) trait Deviations: std::fmt::Debug + Send + Sync {
    /// Its name in a config.
    const NAME: &'static str;

    /// Checks the settings that only this one refuses.
    fn check_own(&self, _config: &Config) -> Result<()> {
        Ok(())
    }

    /// Returns the weights of the pairs' z and of their z^2.
    fn weights(&self, sample: &Sample<'_>) -> (Vec<f64>, Vec<f64>);

    /// Returns f, by which a deviation of a genome of `length` weights changes.
    fn factor(&self, length: usize) -> impl Fn(f64) -> f64;
}

impl<D: Deviations> Strategy for D {
    fn check(&self, config: &Config) -> Result<()> {
        if let Some(rank) = config.rank {
            return refuse(D::NAME, "rank none, as each weight has a deviation", rank);
        }
        if config.sigma_final != 1.0 {
            return refuse(D::NAME, "sigma_final 1, as the deviations follow the scores", config.sigma_final);
        }
        self.check_own(config)
    }

    fn start(&self, config: &Config, length: usize) -> Vec<f64> {
        vec![config.sigma; length]
    }

    fn ask(&self, _: &Config, _: u64, memory: &[f64]) -> Spread {
        Spread::Each(memory.to_vec())
    }

    fn tell(&self, sample: &Sample<'_>, memory: &mut [f64]) -> Result<Vec<f64>> {
        let (odd, even) = self.weights(sample);
        let (mut direction, squares) = (sample.sum(&odd)?, sample.sum_of_squares(&even)?);
        let total: f64 = even.iter().sum();
        if let Spread::Each(spread) = sample.spread {
            direction.iter_mut().zip(spread).for_each(|(g, s)| *g *= s);
        }
        let factor = self.factor(memory.len());
        memory.iter_mut().zip(squares).for_each(|(s, square)| *s *= factor(square - total));
        Ok(direction)
    }
}
