//! What the members of a generation lose on a batch, before anything is made of it.

use std::sync::Arc;

use super::super::Objective;
use super::super::evaluate::Evaluate;
use super::super::population::{Population, places};
use super::Evolution;
use crate::loops::Draw;
use crate::ops::Element;
use crate::program::{Evaluator, Workspaces};
use crate::tensor::Tensor;
use crate::{Error, Result};

impl Evolution {
    /// Returns the loss on one batch of each member of the generation to come; the state stays as it is.
    ///
    /// # Errors
    /// `Error::Shape` when the inputs are not those of the program.
    pub fn losses(&mut self, objective: &Objective, inputs: &[Tensor]) -> Result<Vec<f64>> {
        self.check(objective)?;
        Ok(self.placed(|place, evolution| place.members(evolution, objective, inputs))?.losses)
    }

    /// Calls what evaluates the members.
    pub(super) fn placed<R>(
        &mut self,
        call: impl FnOnce(&mut dyn Evaluate<Self>, &mut Self) -> Result<R>,
    ) -> Result<R> {
        let fault = || Error::Internal { what: "nothing evaluates the members".into() };
        let mut place = self.place.take().ok_or_else(fault)?;
        let result = call(&mut *place, self);
        self.place = Some(place);
        result
    }

    /// Returns the members of this generation, ready to be evaluated on one batch.
    pub(in crate::evolve) fn population<T: Element + Default>(
        &mut self,
        objective: &Objective,
        inputs: &[Tensor],
        workspaces: Arc<Workspaces<T>>,
    ) -> Result<Arc<Population<T>>> {
        let centre = Arc::new(self.centre_as::<T>());
        let mut evaluator = self.evaluator(objective, inputs, Arc::clone(&centre))?;
        self.perturbation.set_generation(self.generation()?);
        evaluator.prepare(&self.perturbation);
        Ok(Arc::new(Population {
            evaluator,
            perturbation: self.perturbation.clone(),
            spread: self.spread(),
            pairs: self.config.population_size / 2,
            shapes: Arc::clone(&self.shapes),
            centre,
            weights: self.needs_syntony().then(|| Arc::clone(&self.weights)),
            workspaces,
            left: places(&self.perturbation, self.config.population_size / 2),
        }))
    }

    /// Returns what evaluates a centre, and whatever depends on the inputs alone.
    pub(in crate::evolve) fn evaluator<T: Element>(
        &self,
        objective: &Objective,
        inputs: &[Tensor],
        centre: Arc<Vec<Vec<T>>>,
    ) -> Result<Evaluator<T>> {
        let draw = Draw { seed: self.config.seed, generation: self.generation()?, pair: 0 };
        Evaluator::new(Arc::clone(&objective.program), objective.loss, inputs, centre, draw)
    }

    /// Returns the number of the coming generation, as noise is drawn by it.
    pub(in crate::evolve) fn generation(&self) -> Result<u32> {
        u32::try_from(self.state.generation).map_err(|_| Error::Overflow { op: "generation" })
    }
}
