//! What one generation found: the one place where a figure of a generation is described.
//!
//! A new figure is a line of the table: its doc, its name, its type and how it is computed. Records in Python, what is tracked
//! and what is shown come from here.

use super::Evolution;
use super::population::Summary;
use super::setting::{Type, Value};

/// What a figure is computed from, after the step.
pub(super) struct Told<'a> {
    pub evolution: &'a Evolution,
    pub members: &'a Summary,
    /// The centre's loss before the step.
    pub loss: f64,
    /// Standard deviation of the noise that was used.
    pub sigma: f64,
    /// Step size that was used.
    pub step_size: f64,
    /// Syntony of the new centre.
    pub syntony: f64,
}

/// A described figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figure {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub doc: &'static str,
    /// Whether it is recorded each generation; what only numbers the generation is not.
    pub tracked: bool,
}

macro_rules! tracked {
    (counter) => {
        false
    };
    (figure) => {
        true
    };
}

macro_rules! record {
    ($told:ident: $(#[doc = $doc:literal] $role:ident $name:ident: $type:ty = $value:expr;)+) => {
        /// What one generation found.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Record {
            $(#[doc = $doc] pub $name: $type,)+
            /// The centre's further metrics on the generation's batch, in the order of the objective.
            pub metrics: Vec<f64>,
            /// Of perturbed activations, where it was measured: for the first parameter of each site, the cosine between
            /// the estimates of two halves of the draws.
            pub signal: Vec<(usize, f64)>,
        }

        impl Record {
            /// All figures, in order.
            pub const FIGURES: &[Figure] =
                &[$(Figure { name: stringify!($name), doc: $doc, tracked: tracked!($role) }),+];

            pub(super) fn new($told: &Told<'_>, metrics: Vec<f64>, signal: Vec<(usize, f64)>) -> Self {
                Self { $($name: $value,)+ metrics, signal }
            }

            /// Returns each figure's value, in order.
            pub fn values(&self) -> Vec<Value> {
                vec![$(self.$name.to_value()),+]
            }
        }
    };
}

record! { told:
    /// Generations done, this one included.
    counter generation: u64 = told.evolution.state.generation;
    /// Members evaluated so far.
    counter evaluations: u64 = told.evolution.state.evaluations;
    /// The centre's loss on the generation's batch, before the step.
    figure loss: f64 = told.loss;
    /// Fitness (minus the loss) of the best member; NaN if none is a number.
    figure best_fitness: f64 = told.members.best;
    /// Mean fitness of the members whose fitness is a number.
    figure mean_fitness: f64 = told.members.mean;
    /// Members whose fitness is NaN; they count as worst.
    figure nan_members: usize = told.members.nan;
    /// Examples that all generations so far have run forward: members, or clean pass and draws, times the batch.
    figure forward_examples: u64 = told.evolution.state.generation * told.evolution.config.passes() * told.members.examples as u64;
    /// Syntony S of the new centre, 0 to 1.
    figure syntony: f64 = told.syntony;
    /// States remembered.
    figure attractors: usize = told.evolution.state.memory.attractors().len();
    /// Standard deviation of the noise.
    figure sigma: f64 = told.sigma;
    /// Step size that was used.
    figure step_size: f64 = told.step_size;
}
