//! What the members of a generation lose on a batch, before anything is made of it.

use std::sync::Arc;

use super::super::population::{Population, places};
use super::{Evolution, Objective};
use crate::loops::Draw;
use crate::ops::Element;
use crate::program::{Evaluator, Workspaces};
use crate::tensor::{DType, Tensor};
use crate::{Error, Result};

impl Evolution {
    /// Returns the loss on one batch of each member of the generation to come; the state stays as it is.
    ///
    /// # Errors
    /// `Error::Shape` when the inputs are not those of the program.
    pub fn losses(&mut self, objective: &Objective, inputs: &[Tensor]) -> Result<Vec<f64>> {
        self.check(objective)?;
        if let Some(mut remote) = self.remote.take() {
            let losses = match self.config.dtype {
                DType::F32 => remote.losses::<f32>(self, objective, inputs, Arc::clone(&self.single)),
                DType::F64 => remote.losses::<f64>(self, objective, inputs, Arc::clone(&self.double)),
            };
            self.remote = Some(remote);
            return losses;
        }
        let (single, double) = (Arc::clone(&self.single), Arc::clone(&self.double));
        Ok(match self.config.dtype {
            DType::F32 => self.population::<f32>(objective, inputs, single)?.evaluate(&self.crew).losses,
            DType::F64 => self.population::<f64>(objective, inputs, double)?.evaluate(&self.crew).losses,
        })
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
            sigma: self.sigma(),
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

    fn generation(&self) -> Result<u32> {
        u32::try_from(self.state.generation).map_err(|_| Error::Overflow { op: "generation" })
    }
}
