//! What evaluates members: `cpu` does, and on a GPU `remote` and `chunks`. What they return is all that a step needs to know.

use super::Objective;
use super::population::{Evaluation, Summary};
use crate::Result;
use crate::tensor::Tensor;

/// What the members of a generation say.
pub(super) struct Found {
    /// The direction that they favour: the optimizer makes a step of it.
    pub towards: Vec<f64>,
    /// What the strategy keeps for the next generation.
    pub kept: Vec<f64>,
    /// Their losses in short.
    pub summary: Summary,
    /// The member that replaces the centre.
    pub elite: Option<usize>,
    /// The centre's loss and metrics.
    pub centre: Vec<f64>,
    /// What was measured of each site's signal; see `Record`.
    pub signal: Vec<(usize, f64)>,
}

/// What a step begins with, whatever the members say.
pub(super) struct Ready {
    /// The centre with what rounding left over.
    pub flux: Vec<f64>,
    /// The moments of the optimizer.
    pub moments: (Vec<f64>, Vec<f64>),
    /// What the memory pulls the centre towards; none if nothing does.
    pub centroid: Option<Vec<f64>>,
}

/// Evaluates the members of the coming generation of an evolution `E`.
pub(super) trait Evaluate<E>: std::fmt::Debug + Send {
    /// Returns what the members of the generation say, and what the step begins with. `following` is the batch of the
    /// generation after it, if it is known.
    fn generation(
        &mut self,
        evolution: &mut E,
        objective: &Objective,
        inputs: &[Tensor],
        following: Option<&[Tensor]>,
    ) -> Result<(Found, Ready)>;

    /// Returns what is found of each member of the generation; nothing changes.
    fn members(&mut self, evolution: &mut E, objective: &Objective, inputs: &[Tensor]) -> Result<Evaluation>;

    /// Returns the losses of members that were made outside, flat weights; none where that is left to the CPU. Nothing changes.
    fn outside(&mut self, _: &E, _: &Objective, _: &[Tensor], _: &[Vec<f64>]) -> Result<Option<Vec<f64>>> {
        Ok(None)
    }

    /// Begins a generation whose batch is known, where that is of use.
    ///
    /// # Errors
    /// Whatever its own step will say again.
    fn begin(&mut self, _: &mut E, _: &Objective, _: &[Tensor]) -> Result<()> {
        Ok(())
    }

    /// Checks that generations on this objective can be done.
    ///
    /// # Errors
    /// `Error::Value` saying what does not fit.
    fn check(&mut self, _: &E, _: &Objective) -> Result<()> {
        Ok(())
    }

    /// Forgets what was begun: the state is about to change.
    fn forget(&mut self) {}
}
