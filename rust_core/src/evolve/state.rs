//! Everything that one generation leaves to the next. A checkpoint holds exactly this.

use super::{AttractorMemory, Shock};
use crate::exact::snap::to_f64;
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
    /// The average of the weights; empty without one.
    pub average: Vec<f64>,
    /// First moments, or velocities.
    pub first_moment: Vec<f64>,
    /// Second moments.
    pub second_moment: Vec<f64>,
    /// The remembered states.
    pub memory: AttractorMemory,
    /// What multiplies sigma for a while.
    pub shock: Shock,
    /// What the strategy keeps.
    pub strategy: Vec<f64>,
}

impl State {
    /// Starts at `centre`.
    pub(super) fn new(strategy: Vec<f64>, centre: Vec<f64>, memory: AttractorMemory) -> Self {
        let zeros = vec![0.0; centre.len()];
        Self {
            generation: 0,
            evaluations: 0,
            lattice: (Vec::new(), Vec::new()),
            residual: zeros.clone(),
            average: Vec::new(),
            first_moment: zeros.clone(),
            second_moment: zeros,
            centre,
            memory,
            shock: Shock::NONE,
            strategy,
        }
    }

    /// Checks that all parts belong to a genome of `length` numbers, on the lattice of this precision or in flux.
    ///
    /// # Errors
    /// `Error::Value` naming the part that does not fit.
    pub(super) fn check(&self, length: usize, precision: Option<i64>) -> Result<()> {
        self.check_lengths(length, if precision.is_some() { length } else { 0 })?;
        let finite = |values: &[f64]| values.iter().all(|x| x.is_finite());
        let (a, b) = &self.lattice;
        let bound = precision.unwrap_or(0);
        let on_lattice = |(c, (&a, &b)): (&f64, (&i64, &i64))| *c == to_f64(a, b);
        let rules = [
            (finite(&self.centre), "a finite centre"),
            (finite(&self.residual), "a finite residual"),
            (finite(&self.average), "a finite average"),
            (finite(&self.first_moment), "a finite first_moment"),
            (finite(&self.second_moment), "a finite second_moment"),
            (self.second_moment.iter().all(|v| *v >= 0.0), "second_moment >= 0"),
            (
                self.shock.multiplier > 0.0 && self.shock.multiplier.is_finite(),
                "a shock that multiplies by a number > 0",
            ),
            (self.memory.attractors().iter().all(|a| finite(&a.values) && !a.score.is_nan()), "attractors of numbers"),
            (a.iter().chain(b).all(|c| (-bound..=bound).contains(c)), "lattice coefficients within the precision"),
            (
                precision.is_none() || self.centre.iter().zip(a.iter().zip(b)).all(on_lattice),
                "a centre on its lattice points",
            ),
        ];
        match rules.into_iter().find(|(holds, _)| !holds) {
            None => Ok(()),
            Some((_, expected)) => {
                Err(Error::Value { op: "state", expected: expected.into(), got: "another, so it is damaged".into() })
            }
        }
    }

    fn check_lengths(&self, length: usize, coefficients: usize) -> Result<()> {
        let mut parts = vec![
            ("centre", self.centre.len(), length),
            ("lattice a", self.lattice.0.len(), coefficients),
            ("lattice b", self.lattice.1.len(), coefficients),
            ("residual", self.residual.len(), length),
            ("first_moment", self.first_moment.len(), length),
            ("second_moment", self.second_moment.len(), length),
        ];
        if !self.average.is_empty() {
            parts.push(("average", self.average.len(), length));
        }
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
