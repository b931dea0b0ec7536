//! Everything that a run of the evolution engine may set: the one place where a setting is described.
//!
//! A new setting is a line of the table and the code that heeds it: the Python signature, the schema of configs, `--help` and
//! the messages for wrong values come from here.

use super::activity::{Activations, DrawNoise};
use super::setting::{Settings, choice, settings};
use crate::exact::constants::{PHI, Q_DEFICIT};
use crate::tensor::DType;
use crate::{Error, Result};

choice! {
    /// How the estimated direction becomes a step.
    pub enum OptimizerKind {
        /// Kingma and Ba, "Adam", arXiv 1412.6980.
        Adam = "adam",
        /// Heavy-ball momentum.
        Momentum = "momentum",
    }
}

choice! {
    /// How sigma and the step size come down to their final shares.
    pub enum Schedule {
        /// Along half a cosine.
        Cosine = "cosine",
        /// Along a straight line.
        Linear = "linear",
    }
}

choice! {
    /// What learns how the loss changes.
    pub enum Estimator {
        /// Members: perturbed copies of the weights, one loss each.
        Weights = "weights",
        /// Draws: noise on the outputs of layers, one loss for each example.
        Activations = "activations",
    }
}

choice! {
    /// How the error of the outputs is found.
    pub enum Head {
        /// By perturbing them.
        Perturbed = "perturbed",
        /// By the loss's own closed form.
        Exact = "exact",
    }
}

choice! {
    /// What sigma is measured in where activations are perturbed.
    pub enum SigmaUnit {
        /// As it is.
        Absolute = "absolute",
        /// Standard deviations of each site's values over the batch.
        Spread = "spread",
    }
}

choice! {
    /// Which sites a draw perturbs.
    pub enum DrawSites {
        /// All of them.
        All = "all",
        /// One, in turn.
        InTurn = "in_turn",
    }
}

/// Members are numbered by 32-bit counters.
const MOST_MEMBERS: f64 = (1_u32 << 30) as f64;
/// Generations are numbered by them too; as many attractors, or generations looked at, would not fit memory.
const MOST_DRAWS: f64 = (1_u32 << 20) as f64;
const MOST: f64 = u32::MAX as f64;

settings! {
    /// The settings of an evolution.
    pub struct Config {
        /// Seed of all random numbers.
        seed: u32 = 0, Bound::AtLeast(0.0), Bound::AtMost(MOST);
        /// Members of a generation, in mirrored pairs.
        population_size: usize = 64, Bound::AtLeast(2.0), Bound::AtMost(MOST_MEMBERS), Bound::Even;
        /// Standard deviation of the noise at the start.
        sigma: f64 = 0.1, Bound::Above(0.0);
        /// Share of sigma left at the end.
        sigma_final: f64 = 1.0, Bound::Above(0.0), Bound::AtMost(1.0);
        /// Rank of the noise of matrices; null: full rank.
        rank: Option<usize> = None, Bound::AtLeast(1.0);
        /// Step size at the start.
        learning_rate: f64 = 0.03, Bound::Above(0.0);
        /// Share of it left at the end.
        learning_rate_final: f64 = 0.1, Bound::AtLeast(0.0), Bound::AtMost(1.0);
        /// How both shares are reached over max_generations.
        schedule: Schedule = Schedule::Cosine;
        /// How the estimated direction becomes a step.
        optimizer: OptimizerKind = OptimizerKind::Adam;
        /// Decay of the first moment, or of the velocity.
        beta1: f64 = 0.9, Bound::AtLeast(0.0), Bound::Below(1.0);
        /// Decay of the second moment.
        beta2: f64 = 0.999, Bound::AtLeast(0.0), Bound::Below(1.0);
        /// Generations of a run.
        max_generations: u64 = 200, Bound::AtLeast(1.0), Bound::AtMost(MOST);
        /// Whether the centre is snapped to Z[phi] after each generation.
        lattice: bool = true;
        /// Bound M on the lattice coefficients.
        precision: i64 = 100, Bound::AtLeast(1.0), Bound::AtMost(MOST_MEMBERS);
        /// Whether what rounding leaves over is carried to the next generation.
        error_feedback: bool = true;
        /// s in beta = s S / phi, the damping of high modes.
        harmonize_strength: f64 = 0.001, Bound::AtLeast(0.0), Bound::AtMost(PHI);
        /// Share of the attractors' centroid in the new centre; 0 switches the memory off.
        pull_strength: f64 = 0.03, Bound::AtLeast(0.0), Bound::AtMost(1.0);
        /// Attractors remembered at once.
        attractor_capacity: usize = 32, Bound::AtLeast(1.0), Bound::AtMost(MOST);
        /// Decay of an attractor's weight in a generation.
        attractor_decay_rate: f64 = 0.98, Bound::AtLeast(0.0), Bound::AtMost(1.0);
        /// Quantile of the remembered scores that a new attractor must exceed.
        attractor_quantile: f64 = 0.0, Bound::AtLeast(0.0), Bound::AtMost(1.0);
        /// Weight of syntony in a member's score; null: q = 0.0274.
        lambda_syntony: Option<f64> = None, Bound::AtLeast(0.0);
        /// Members of highest syntony that take part in the ranking; null: all.
        survivor_count: Option<usize> = None, Bound::AtLeast(2.0);
        /// Whether the best member replaces the centre when its score is higher.
        elitist: bool = false;
        /// Generations whose syntony is searched for the archonic pattern, every tenth generation.
        archonic_window: usize = 50, Bound::AtLeast(4.0), Bound::AtMost(MOST);
        /// What is perturbed: copies of the weights, or the outputs of layers, each example its own.
        estimator: Estimator = Estimator::Weights;
        /// Activations: draws of noise for each example, beside one clean pass.
        draws: usize = 7, Bound::AtLeast(1.0), Bound::AtMost(MOST_DRAWS);
        /// Activations: law of the noise; the hadamard draws of an example are orthogonal.
        draw_noise: DrawNoise = DrawNoise::Hadamard;
        /// Activations: whether each draw is made with either sign instead of beside one clean pass.
        mirrored: bool = false;
        /// Activations: what a loss counts that lies one position later, behind causal attention.
        credit_discount: f64 = 0.5, Bound::AtLeast(0.0), Bound::AtMost(1.0);
        /// Activations: whether the outputs' error is found by noise or is the loss's own closed form.
        head: Head = Head::Perturbed;
        /// Activations: whether units that a ReLU stops get no noise.
        active_only: bool = false;
        /// Activations: what sigma is measured in, for each site.
        sigma_unit: SigmaUnit = SigmaUnit::Absolute;
        /// Activations: which sites a draw perturbs.
        draw_sites: DrawSites = DrawSites::All;
        /// Activations: generations from one measure of each site's signal to the next; 0: never.
        signal_interval: usize = 0, Bound::AtLeast(0.0), Bound::AtMost(MOST);
        /// Share of each label that is spread over all classes, where the loss is a cross-entropy.
        label_smoothing: f64 = 0.0, Bound::AtLeast(0.0), Bound::Below(1.0);
        /// Standard deviation of Gaussian noise on the model's inputs while it learns.
        input_noise: f64 = 0.0, Bound::AtLeast(0.0);
        /// The most places by which images or signals are shifted while the model learns; zeros move in.
        shift: usize = 0, Bound::AtLeast(0.0), Bound::AtMost(MOST_DRAWS);
        /// Share of each weight that is lost in a generation, times the step size.
        weight_decay: f64 = 0.0, Bound::AtLeast(0.0);
        /// Decay of an average of the weights, by which the model is judged and kept; 0: the weights themselves.
        ema_decay: f64 = 0.0, Bound::AtLeast(0.0), Bound::Below(1.0);
        /// Number format of the members; the centre is float64 always.
        dtype: DType = DType::F32;
        /// Threads of the engine; null: one for each core. No result depends on it.
        threads: Option<usize> = None, Bound::AtLeast(1.0), Bound::AtMost(1024.0);
    }
}

impl Config {
    /// Checks every range, and what two settings must keep together.
    ///
    /// # Errors
    /// `Error::Value` for the first fault.
    pub fn check(&self) -> Result<()> {
        self.check_each()?;
        if self.estimator == Estimator::Activations && (self.elitist || self.survivor_count.is_some()) {
            let got = if self.elitist { "elitist=true" } else { "a survivor_count" };
            return Err(Error::Value {
                op: "trainer",
                expected: "estimator=weights with elitist or survivor_count, which choose among members".into(),
                got: format!("estimator=activations and {got}"),
            });
        }
        match self.survivor_count {
            Some(count) if count > self.population_size => Err(Error::Value {
                op: "trainer",
                expected: format!("2 <= survivor_count <= population_size = {}, or none", self.population_size),
                got: count.to_string(),
            }),
            _ => Ok(()),
        }
    }

    /// Returns how activations are perturbed, if they are.
    pub fn perturbed(&self) -> Activations {
        Activations {
            draws: self.draws,
            noise: self.draw_noise,
            mirrored: self.mirrored,
            credit_discount: self.credit_discount,
            exact_head: self.head == Head::Exact,
            active_only: self.active_only,
            sigma_by_spread: self.sigma_unit == SigmaUnit::Spread,
            in_turn: self.draw_sites == DrawSites::InTurn,
        }
    }

    /// Returns the forward passes over the batch of one generation, the centre's not counted where members have none.
    pub fn passes(&self) -> u64 {
        match self.estimator {
            Estimator::Weights => self.population_size as u64,
            Estimator::Activations => self.perturbed().passes() as u64,
        }
    }

    /// Returns the bound on the lattice coefficients; none if the parameters stay floats.
    pub fn bound(&self) -> Option<i64> {
        self.lattice.then_some(self.precision)
    }

    /// Returns the weight of a member's syntony in its score.
    pub fn lambda(&self) -> f64 {
        self.lambda_syntony.unwrap_or(Q_DEFICIT)
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
