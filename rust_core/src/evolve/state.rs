//! Everything that one generation leaves to the next. A checkpoint holds exactly this.

use super::AttractorMemory;
use crate::{Error, Result};

/// The state of an evolution between two generations.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Generations done.
    pub generation: u64,
    /// Members evaluated.
    pub evaluations: u64,
    /// The centre: all parameters, flat. On the lattice these are the exact points, rounded to binary64.
    pub centre: Vec<f64>,
    /// The centre's lattice coefficients (a, b); empty if the parameters are floats.
    pub lattice: (Vec<i64>, Vec<i64>),
    /// What rounding to the lattice left over.
    pub residual: Vec<f64>,
    /// First moments, or velocities.
    pub first_moment: Vec<f64>,
    /// Second moments.
    pub second_moment: Vec<f64>,
    /// The remembered states.
    pub memory: AttractorMemory,
}

impl State {
    /// Starts at `centre`.
    pub(super) fn new(centre: Vec<f64>, memory: AttractorMemory) -> Self {
        let zeros = vec![0.0; centre.len()];
        Self {
            generation: 0,
            evaluations: 0,
            lattice: (Vec::new(), Vec::new()),
            residual: zeros.clone(),
            first_moment: zeros.clone(),
            second_moment: zeros,
            centre,
            memory,
        }
    }

    /// Checks that all parts belong to a genome of `length` numbers, on the lattice or not.
    ///
    /// # Errors
    /// `Error::Value` naming the part that does not fit.
    pub(super) fn check(&self, length: usize, lattice: bool) -> Result<()> {
        let coefficients = if lattice { length } else { 0 };
        let mut parts = vec![
            ("centre", self.centre.len(), length),
            ("lattice a", self.lattice.0.len(), coefficients),
            ("lattice b", self.lattice.1.len(), coefficients),
            ("residual", self.residual.len(), length),
            ("first_moment", self.first_moment.len(), length),
            ("second_moment", self.second_moment.len(), length),
        ];
        parts.extend(self.memory.attractors().iter().map(|a| ("attractor", a.values.len(), length)));
        match parts.into_iter().find(|(_, got, expected)| got != expected) {
            None => Ok(()),
            Some((part, got, expected)) => Err(Error::Value {
                op: "state",
                expected: format!("{expected} numbers in {part}, as the model and trainer have"),
                got: got.to_string(),
            }),
        }
    }
}
