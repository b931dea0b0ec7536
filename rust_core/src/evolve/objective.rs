//! What an evolution begins with, and what its generations are judged by.

use std::sync::Arc;

use crate::program::{NodeId, Program};
use crate::tensor::Shape;

/// One parameter of the genome.
#[derive(Clone, Debug)]
pub struct Gene {
    /// Its shape.
    pub shape: Shape,
    /// w(n) of each mode of its last axis.
    pub mode_weights: Vec<f64>,
    /// Its values, row-major.
    pub values: Vec<f64>,
}

/// What a generation is judged by.
#[derive(Clone, Debug)]
pub struct Objective {
    /// The traced model and benchmark.
    pub program: Arc<Program>,
    /// The loss, a scalar; fitness is its negative.
    pub loss: NodeId,
    /// Further scalars, computed for the centre alone.
    pub metrics: Vec<NodeId>,
}

impl Objective {
    /// What is computed for the centre: the loss, then the metrics.
    pub(super) fn wanted(&self) -> impl Iterator<Item = NodeId> {
        std::iter::once(self.loss).chain(self.metrics.iter().copied())
    }
}
