//! The evolution strategy of centred ranks: g = 1 / (P s) sum of rank_k z_k, with one deviation s that follows a schedule.
//!
//! Salimans et al., "Evolution strategies as a scalable alternative to reinforcement learning", arXiv 1703.03864. With noise of
//! low rank: Sarkar et al., "Evolution strategies at the hyperscale", arXiv 2511.16652.

use crate::Result;
use crate::evolve::Config;
use crate::evolve::strategy::{Sample, Spread, Strategy};

pub(super) const DOC: &str = "centred ranks, one deviation that follows a schedule (Salimans et al., 2017)";

/// The strategy; its settings are those that all share.
#[derive(Debug)]
pub(super) struct Ranks;

impl Strategy for Ranks {
    fn ask(&self, config: &Config, generation: u64, _: &[f64]) -> Spread {
        Spread::All(config.sigma_at(generation))
    }

    fn is_of_devices(&self) -> bool {
        true
    }

    fn tell(&self, sample: &Sample<'_>, _: &mut [f64]) -> Result<Vec<f64>> {
        let Spread::All(sigma) = sample.spread else { return sample.sum(&[]) };
        let size = (sample.config.population_size as f64) * sigma;
        let weights: Vec<f64> = sample.ranks().chunks_exact(2).map(|pair| (pair[0] - pair[1]) / size).collect();
        sample.sum(&weights)
    }
}
