//! SNES, the separable natural evolution strategy: each weight has a deviation of its own, which follows the natural gradient.
//!
//! With utilities u_k of the ranked members and d weights: mu += eta_mu s * sum of u_k z_k, and
//! s *= exp(eta_s / 2 * sum of u_k (z_k^2 - 1)), eta_s = (3 + ln d) / (5 sqrt d).
//! Schaul, Glasmachers, Schmidhuber, "High dimensions and heavy tails for natural evolution strategies", GECCO 2011, algorithm 2.
//! Here members come in mirrored pairs, as everywhere in this engine, and eta_mu is the learning rate.

use super::deviations::Deviations;
use crate::evolve::setting::settings;
use crate::evolve::strategy::Sample;
use crate::evolve::{Config, OptimizerKind};

pub(super) const DOC: &str = "separable natural evolution strategy: a deviation for each weight (Schaul et al., 2011)";

settings! {
    /// What SNES sets beside the settings that all share.
    pub(super) struct Own {
        /// Rate at which the deviations change; null: (3 + ln d) / (5 sqrt d) for d weights.
        sigma_learning_rate: Option<f64> = None, Bound::Above(0.0);
    }
}

/// Sets the learning rate of the paper, and the optimizer that takes the direction as it is.
pub(super) fn defaults(config: &mut Config) {
    config.optimizer = OptimizerKind::Momentum;
    config.beta1 = 0.0;
    config.learning_rate = 1.0;
    config.learning_rate_final = 1.0;
}

impl Deviations for Own {
    const NAME: &'static str = "snes";

    fn weights(&self, sample: &Sample<'_>) -> (Vec<f64>, Vec<f64>) {
        let utilities = utilities(sample);
        let pairs = utilities.chunks_exact(2);
        (pairs.clone().map(|pair| pair[0] - pair[1]).collect(), pairs.map(|pair| pair[0] + pair[1]).collect())
    }

    fn factor(&self, length: usize) -> impl Fn(f64) -> f64 {
        let d = length as f64;
        let rate = self.sigma_learning_rate.unwrap_or((3.0 + d.ln()) / (5.0 * d.sqrt()));
        move |x| (0.5 * rate * x).exp()
    }
}

/// Returns u_k = max(0, ln(n/2 + 1) - ln(place)) / sum - 1/n for each of the n members that take part, equal scores sharing
/// the mean of their places' utilities; 0 for the others.
fn utilities(sample: &Sample<'_>) -> Vec<f64> {
    let count = sample.takes_part.iter().filter(|takes_part| **takes_part).count() as f64;
    let raw: Vec<f64> = (1..=count as usize).map(|k| ((count / 2.0 + 1.0).ln() - (k as f64).ln()).max(0.0)).collect();
    let total: f64 = raw.iter().sum();
    let key = |i: usize| if sample.scores[i].is_nan() { f64::NEG_INFINITY } else { sample.scores[i] };
    let mut order: Vec<usize> = (0..sample.scores.len()).filter(|&i| sample.takes_part[i]).collect();
    order.sort_by(|&i, &j| key(j).total_cmp(&key(i)).then(i.cmp(&j)));
    let mut utilities = vec![0.0; sample.scores.len()];
    let mut place = 0;
    for equal in order.chunk_by(|&i, &j| key(i) == key(j)) {
        let mean = raw[place..place + equal.len()].iter().sum::<f64>() / equal.len() as f64;
        equal.iter().for_each(|&i| utilities[i] = mean / total - 1.0 / count);
        place += equal.len();
    }
    utilities
}
