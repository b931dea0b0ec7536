//! One generation: the members are evaluated, and the centre moves by what they say.

use std::sync::Arc;

use super::super::attractor::pull;
use super::super::harmonize::harmonize;
use super::super::population::Summary;
use super::super::record::Told;
use super::super::{Record, optimizer};
use super::{Evolution, Found, Objective, Ready};
use crate::ops::Element;
use crate::program::{NodeId, Workspaces};
use crate::tensor::{DType, Tensor};
use crate::{Error, Result};

impl Evolution {
    /// Does one generation on one batch. After an error the state is that before the call.
    ///
    /// # Errors
    /// `Error::Shape` when the inputs are not those of the program.
    pub fn step(&mut self, objective: &Objective, inputs: &[Tensor]) -> Result<Record> {
        self.step_ahead(objective, inputs, None)
    }

    /// As [`Self::step`], for one who may know the batch of the `following` generation: a device begins it before this
    /// returns, and works while the caller looks at the record. A step on that batch ends it; all else forgets it, and it
    /// leaves no trace. What is wrong with it is said by its own step.
    ///
    /// # Errors
    /// As those of `step`.
    pub fn step_ahead(
        &mut self,
        objective: &Objective,
        inputs: &[Tensor],
        following: Option<&[Tensor]>,
    ) -> Result<Record> {
        self.check(objective)?;
        match self.config.dtype {
            DType::F32 => self.step_as::<f32>(objective, inputs, following, Arc::clone(&self.single)),
            DType::F64 => self.step_as::<f64>(objective, inputs, following, Arc::clone(&self.double)),
        }
    }

    pub(super) fn check(&self, objective: &Objective) -> Result<()> {
        if objective.program.parameter_shapes() == self.shapes.as_slice() {
            return Ok(());
        }
        Err(Error::Shape {
            op: "trainer",
            expected: "a program over the genome's parameters".into(),
            got: format!("{} parameters", objective.program.parameter_shapes().len()),
        })
    }

    fn step_as<T: Element + Default>(
        &mut self,
        objective: &Objective,
        inputs: &[Tensor],
        following: Option<&[Tensor]>,
        workspaces: Arc<Workspaces<T>>,
    ) -> Result<Record> {
        let (found, ready) = match self.remote.take() {
            Some(mut remote) => {
                let found = remote.generation(self, objective, inputs, following, Arc::clone(&workspaces));
                self.remote = Some(remote);
                found?
            }
            None => {
                let population = self.population(objective, inputs, Arc::clone(&workspaces))?;
                let evaluation = population.evaluate(&self.crew);
                let wanted: Vec<NodeId> = objective.wanted().collect();
                let centre = population.evaluator.centre(&wanted);
                let towards = self.towards(&evaluation, &population.left);
                let elite = self.elite(&evaluation, centre[0])?;
                (Found { towards, summary: Summary::of(&evaluation), elite, centre }, self.ready())
            }
        };
        let record = self.tell(found, ready)?;
        let Some(following) = following else { return Ok(record) };
        if let Some(mut remote) = self.remote.take() {
            if remote.begin(self, objective, following, workspaces).is_err() {
                remote.forget();
            }
            self.remote = Some(remote);
        }
        Ok(record)
    }

    /// Moves the centre by what the members' losses say.
    fn tell(&mut self, found: Found, ready: Ready) -> Result<Record> {
        let Found { towards, summary, elite, centre: metrics } = found;
        let Ready { mut flux, moments: (mut first, mut second), centroid } = ready;
        let (loss, metrics) = (metrics[0], metrics[1..].to_vec());
        let score = self.config.lambda() * self.harmony()? - loss;
        let sigma = self.sigma();
        optimizer::step(&self.config, self.state.generation, &towards, (&mut first, &mut second), &mut flux);
        if let Some(best) = elite {
            flux = self.member(best);
        }
        if self.config.harmonize_strength > 0.0 {
            let harmony = self.syntony(&flux)?;
            harmonize(&mut flux, self.config.harmonize_strength, harmony, self.modes());
        }
        if let Some(centroid) = centroid {
            pull(&mut flux, self.config.pull_strength, &centroid);
        }
        let (centre, lattice, residual) = self.crystallized(flux)?;
        let after = self.syntony(&centre)?;

        // Nothing below can fail, so that an error leaves the state as it was.
        let before = std::mem::replace(&mut self.state.centre, centre);
        self.state.lattice = lattice;
        self.state.residual = residual;
        self.harmony = Some(after);
        let config = &self.config;
        let step_size = config.step_size(self.state.generation);
        self.state.first_moment = first;
        self.state.second_moment = second;
        if config.pull_strength > 0.0 {
            self.state.memory.offer(before, score, self.state.generation);
        }
        self.state.generation += 1;
        self.state.evaluations += config.population_size as u64;
        let told = Told { evolution: self, members: &summary, loss, sigma, step_size, syntony: after };
        Ok(Record::new(&told, metrics))
    }
}
