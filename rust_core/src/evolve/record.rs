//! What one generation found.

/// What one generation found.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Generations done, this one included.
    pub generation: u64,
    /// Members evaluated so far.
    pub evaluations: u64,
    /// The centre's loss on this generation's batch, before the step.
    pub loss: f64,
    /// The centre's further metrics on that batch.
    pub metrics: Vec<f64>,
    /// Fitness of the best member.
    pub best_fitness: f64,
    /// Mean fitness of the members whose fitness is a number.
    pub mean_fitness: f64,
    /// Members whose fitness is not a number.
    pub nan_members: usize,
    /// Syntony of the new centre.
    pub syntony: f64,
    /// Attractors remembered.
    pub attractors: usize,
    /// Standard deviation of the noise that was used.
    pub sigma: f64,
    /// Step size that was used.
    pub step_size: f64,
}
