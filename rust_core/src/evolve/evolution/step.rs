//! One generation: the members are evaluated, and the centre moves by what they say.

use super::super::attractor::pull;
use super::super::augment;
use super::super::evaluate::{Found, Ready};
use super::super::harmonize::harmonize;
use super::super::record::Told;
use super::super::{Objective, Record, optimizer};
use super::{Evolution, Lattice};
use crate::tensor::Tensor;
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
        augment::check(&self.config, objective)?;
        let generation = self.generation()?;
        let seen = augment::augmented(&self.config, generation, inputs)?;
        let inputs = seen.as_deref().unwrap_or(inputs);
        let later = |inputs: &[Tensor]| augment::augmented(&self.config, generation.wrapping_add(1), inputs);
        let later = following.map(later).transpose()?.flatten();
        let following = later.as_deref().or(following);
        let (mut found, ready) =
            self.placed(|place, evolution| place.generation(evolution, objective, inputs, following))?;
        found.summary.examples = inputs.first().and_then(|x| x.shape().dims().first().copied()).unwrap_or(1);
        let record = self.tell(found, ready)?;
        let Some(following) = following else { return Ok(record) };
        self.placed(|place, evolution| {
            if place.begin(evolution, objective, following).is_err() {
                place.forget();
            }
            Ok(record)
        })
    }

    /// Checks that generations on this objective can be done: perturbed activations need a loss for each example.
    ///
    /// # Errors
    /// `Error::Value` saying what does not fit.
    pub fn check_objective(&mut self, objective: &Objective) -> Result<()> {
        self.check(objective)?;
        augment::check(&self.config, objective)?;
        self.placed(|place, evolution| place.check(evolution, objective))
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

    /// Moves the centre by what the members say: the part of a generation that every strategy and estimator shares.
    ///
    /// # Errors
    /// `Error::Value` when the centre would not stay finite; the state is then that before the call.
    pub(in crate::evolve) fn tell(&mut self, found: Found, ready: Ready) -> Result<Record> {
        let Found { towards, kept, summary, elite, centre: metrics, signal } = found;
        let Ready { mut flux, moments: (mut first, mut second), centroid } = ready;
        let (loss, metrics) = (metrics[0], metrics[1..].to_vec());
        let score = self.config.lambda() * self.harmony()? - loss;
        let sigma = self.deviation();
        optimizer::step(&self.config, self.state.generation, &towards, (&mut first, &mut second), &mut flux);
        if let Some(best) = elite {
            flux = self.member(best)?;
        }
        if self.config.weight_decay > 0.0 {
            let left = 1.0 - self.config.weight_decay * self.config.step_size(self.state.generation);
            flux.iter_mut().for_each(|x| *x *= left);
        }
        if self.config.harmonize_strength > 0.0 {
            let harmony = self.syntony(&flux)?;
            harmonize(&mut flux, self.config.harmonize_strength, harmony, self.modes());
        }
        if let Some(centroid) = centroid {
            pull(&mut flux, self.config.pull_strength, &centroid);
        }
        let average = self.averaged(&flux);
        let (centre, lattice, residual) = self.crystallized(flux)?;
        let after = self.syntony(&centre)?;

        // Nothing below can fail, so that an error leaves the state as it was.
        let before = std::mem::replace(&mut self.state.centre, centre);
        self.state.strategy = kept;
        self.state.lattice = lattice;
        self.state.residual = residual;
        self.state.average = average;
        self.harmony = Some(after);
        let config = &self.config;
        let step_size = config.step_size(self.state.generation);
        self.state.first_moment = first;
        self.state.second_moment = second;
        if config.pull_strength > 0.0 {
            self.state.memory.offer(before, score, self.state.generation);
        }
        self.state.generation += 1;
        self.state.evaluations += config.passes();
        let told = Told { evolution: self, members: &summary, loss, sigma, step_size, syntony: after };
        Ok(Record::new(&told, metrics, signal))
    }

    /// Returns the average of the weights with the new ones in it: of few at the start, then of about 1 / (1 - ema_decay).
    fn averaged(&self, flux: &[f64]) -> Vec<f64> {
        let (decay, generation) = (self.config.ema_decay, self.state.generation as f64);
        if decay == 0.0 {
            return Vec::new();
        }
        let decay = decay.min((1.0 + generation) / (10.0 + generation));
        let before = if self.state.average.is_empty() { &self.state.centre } else { &self.state.average };
        before.iter().zip(flux).map(|(a, x)| a + (1.0 - decay) * (x - a)).collect()
    }

    /// Returns the weights that the model is judged and kept by, with their lattice coefficients: the average, or the centre.
    ///
    /// # Errors
    /// `Error::Value` when the average is not finite.
    pub fn answer(&self) -> Result<(Vec<f64>, Lattice)> {
        if self.state.average.is_empty() {
            return Ok((self.state.centre.clone(), self.state.lattice.clone()));
        }
        self.crystallized(self.state.average.clone()).map(|(values, lattice, _)| (values, lattice))
    }
}
