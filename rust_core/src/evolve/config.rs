//! Everything that a run of the evolution engine may set, with its ranges.

use crate::tensor::DType;
use crate::{Error, Result};

/// How the estimated direction becomes a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptimizerKind {
    /// Kingma and Ba, "Adam", arXiv 1412.6980.
    Adam,
    /// Heavy-ball momentum.
    Momentum,
}

/// How sigma and the step size come down to their final shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// Along half a cosine.
    Cosine,
    /// Along a straight line.
    Linear,
}

/// Members are numbered by 32-bit counters.
const MOST_MEMBERS: usize = 1 << 30;
/// More threads than this are a mistake, not a wish.
const MOST_THREADS: usize = 1024;

/// The settings of an evolution.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Seed of all random numbers.
    pub seed: u32,
    /// Members in a generation: mirrored pairs, so even.
    pub population_size: usize,
    /// Standard deviation of the noise at the first generation.
    pub sigma: f64,
    /// Share of sigma that is left at the last generation.
    pub sigma_final: f64,
    /// Rank of the noise of matrices; none is full rank.
    pub rank: Option<usize>,
    /// How the direction becomes a step.
    pub optimizer: OptimizerKind,
    /// Step size at the first generation.
    pub learning_rate: f64,
    /// Share of the step size that is left at the last generation.
    pub learning_rate_final: f64,
    /// How the final shares are reached.
    pub schedule: Schedule,
    /// Decay of the first moment (Adam) or of the velocity (momentum).
    pub beta1: f64,
    /// Decay of the second moment (Adam).
    pub beta2: f64,
    /// Generations after which the schedule ends.
    pub max_generations: u64,
    /// Bound on the coefficients of the lattice; none leaves the parameters floats.
    pub precision: Option<i64>,
    /// Whether what rounding to the lattice leaves over is carried to the next generation.
    pub error_feedback: bool,
    /// Strength of the harmonization: beta = strength * S / phi.
    pub harmonize_strength: f64,
    /// Share of the attractors' centroid in the new centre.
    pub pull_strength: f64,
    /// Attractors that are remembered at once.
    pub attractor_capacity: usize,
    /// Decay of an attractor's weight in one generation.
    pub attractor_decay_rate: f64,
    /// Quantile of the remembered scores that a new attractor must exceed.
    pub attractor_quantile: f64,
    /// Weight of a member's syntony in its score.
    pub lambda_syntony: f64,
    /// Members of highest syntony that take part in the ranking; none lets all take part.
    pub survivor_count: Option<usize>,
    /// Whether the best member replaces the centre when its score is higher.
    pub elitist: bool,
    /// Format that members are computed in.
    pub dtype: DType,
    /// Threads, the caller's included; none is one for each core.
    pub threads: Option<usize>,
}

impl Config {
    /// Checks every range.
    ///
    /// # Errors
    /// `Error::Value` for the first setting out of its range.
    pub fn check(&self) -> Result<()> {
        let positive = |x: f64| x > 0.0 && x.is_finite();
        let share = |x: f64| (0.0..=1.0).contains(&x);
        let below_one = |x: f64| (0.0..1.0).contains(&x);
        let population = self.population_size;
        let rules: [(bool, &str, String); 16] = [
            (
                (2..=MOST_MEMBERS).contains(&population) && population.is_multiple_of(2),
                "an even population_size from 2 to 2^30",
                population.to_string(),
            ),
            (positive(self.sigma), "sigma > 0, finite", self.sigma.to_string()),
            (self.sigma_final > 0.0 && self.sigma_final <= 1.0, "0 < sigma_final <= 1", self.sigma_final.to_string()),
            (self.rank != Some(0), "rank >= 1, or none for full rank", "0".into()),
            (positive(self.learning_rate), "learning_rate > 0, finite", self.learning_rate.to_string()),
            (share(self.learning_rate_final), "0 <= learning_rate_final <= 1", self.learning_rate_final.to_string()),
            (
                below_one(self.beta1) && below_one(self.beta2),
                "0 <= beta1, beta2 < 1",
                format!("{}, {}", self.beta1, self.beta2),
            ),
            (self.max_generations >= 1, "max_generations >= 1", self.max_generations.to_string()),
            (
                self.harmonize_strength >= 0.0 && self.harmonize_strength <= crate::exact::constants::PHI,
                "0 <= harmonize_strength <= phi",
                self.harmonize_strength.to_string(),
            ),
            (share(self.pull_strength), "0 <= pull_strength <= 1", self.pull_strength.to_string()),
            (self.attractor_capacity >= 1, "attractor_capacity >= 1", "0".into()),
            (share(self.attractor_decay_rate), "0 <= attractor_decay_rate <= 1", self.attractor_decay_rate.to_string()),
            (share(self.attractor_quantile), "0 <= attractor_quantile <= 1", self.attractor_quantile.to_string()),
            (self.lambda_syntony.is_finite(), "a finite lambda_syntony", self.lambda_syntony.to_string()),
            (
                self.survivor_count.is_none_or(|s| (2..=population).contains(&s)),
                "2 <= survivor_count <= population_size",
                format!("{:?}", self.survivor_count),
            ),
            (
                self.threads.is_none_or(|threads| (1..=MOST_THREADS).contains(&threads)),
                "threads from 1 to 1024, or none for one on each core",
                format!("{:?}", self.threads),
            ),
        ];
        match rules.into_iter().find(|(holds, ..)| !holds) {
            None => Ok(()),
            Some((_, expected, got)) => Err(Error::Value { op: "trainer", expected: expected.into(), got }),
        }
    }

    /// Returns the step size after `generation` finished generations.
    pub fn step_size(&self, generation: u64) -> f64 {
        self.learning_rate * self.share_left(generation, self.learning_rate_final)
    }

    /// Returns the standard deviation of the noise after `generation` finished generations.
    pub fn sigma_at(&self, generation: u64) -> f64 {
        self.sigma * self.share_left(generation, self.sigma_final)
    }

    fn share_left(&self, generation: u64, last: f64) -> f64 {
        let done = (generation as f64 / self.max_generations as f64).min(1.0);
        let left = match self.schedule {
            Schedule::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * done).cos()),
            Schedule::Linear => 1.0 - done,
        };
        last + (1.0 - last) * left
    }
}
