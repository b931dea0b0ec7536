//! The two halves of a generation for a loop of one's own: `members` asks, `tell_fitness` tells.

use std::sync::Arc;

use super::super::direction::Left;
use super::super::evaluate::Found;
use super::super::population::{Evaluation, Summary};
use super::super::strategy::Spread;
use super::super::{Objective, Record};
use super::{Evolution, split};
use crate::loops::Draw;
use crate::ops::Element;
use crate::program::Rank;
use crate::program::{Evaluator, NodeId};
use crate::tensor::philox::{Key, Stream, fill_normals};
use crate::tensor::{DType, Tensor};
use crate::{Error, Result};

impl Evolution {
    /// Returns the weights of each member of the generation to come, mirror images side by side. Nothing changes.
    ///
    /// # Errors
    /// `Error::Overflow` when there have been too many generations.
    pub fn members(&self) -> Result<Vec<Vec<f64>>> {
        let generation = self.generation()?;
        let (centre, spread) = (&self.state.centre, self.spread());
        let mut members = Vec::with_capacity(self.config.population_size);
        for pair in 0..self.config.population_size / 2 {
            let mut noise = self.noise(generation, pair as u32);
            match &spread {
                Spread::All(sigma) => noise.iter_mut().for_each(|z| *z *= sigma),
                Spread::Each(sigmas) => noise.iter_mut().zip(sigmas).for_each(|(z, sigma)| *z *= sigma),
            }
            members.push(centre.iter().zip(&noise).map(|(c, z)| c + z).collect());
            members.push(centre.iter().zip(&noise).map(|(c, z)| c - z).collect());
        }
        Ok(members)
    }

    /// As `members`, cut into parameters: float64 tensors in the order of the genome's.
    ///
    /// # Errors
    /// As `members`.
    pub fn parameters_of_members(&self) -> Result<Vec<Vec<Tensor>>> {
        let cut = |member: Vec<f64>| {
            let values = split::<f64>(&member, &self.shapes).into_iter();
            values.zip(self.shapes.iter()).map(|(values, shape)| Tensor::new(shape.clone(), values)).collect()
        };
        self.members()?.into_iter().map(cut).collect()
    }

    /// Does the rest of a generation whose members were evaluated outside: `fitness` of each, higher is better, NaN counts
    /// as worst. `centre` is the centre's loss and metrics; without it the mean loss of the members stands for its loss.
    ///
    /// # Errors
    /// `Error::Value` for another number of members, or for an elitist run without the centre's loss.
    pub fn tell_fitness(&mut self, fitness: &[f64], centre: Option<Vec<f64>>) -> Result<Record> {
        let evaluation = self.evaluated(fitness)?;
        if self.config.elitist && centre.is_none() {
            return Err(Error::Value {
                op: "tell",
                expected: "the centre's fitness as well, which an elitist run compares".into(),
                got: "none".into(),
            });
        }
        let summary = Summary::of(&evaluation);
        self.perturbation.set_generation(self.generation()?);
        let (towards, kept) =
            self.towards(&evaluation, &|weights, power| self.sum(&Left::<f32>::default(), weights, power))?;
        let centre = centre.unwrap_or_else(|| vec![-summary.mean]);
        let elite = self.elite(&evaluation, centre[0])?;
        self.forget();
        self.tell(Found { towards, kept, summary, elite, centre, signal: Vec::new() }, self.ready())
    }

    /// As `tell_fitness`, for members and a direction that were made outside.
    ///
    /// # Errors
    /// `Error::Value` for another number of members or weights.
    pub fn follow(&mut self, towards: Vec<f64>, fitness: &[f64], centre: Option<Vec<f64>>) -> Result<Record> {
        if towards.len() != self.state.centre.len() || !towards.iter().all(|x| x.is_finite()) {
            return Err(Error::Value {
                op: "tell",
                expected: format!("a direction of {} finite numbers", self.state.centre.len()),
                got: format!("{} numbers, finite or not", towards.len()),
            });
        }
        let evaluation = self.evaluated(fitness)?;
        let summary = Summary::of(&evaluation);
        let centre = centre.unwrap_or_else(|| vec![-summary.mean]);
        let kept = self.state.strategy.clone();
        self.forget();
        self.tell(Found { towards, kept, summary, elite: None, centre, signal: Vec::new() }, self.ready())
    }

    /// Returns the loss of members that were made outside, each evaluated by itself.
    ///
    /// # Errors
    /// `Error::Shape` when inputs or members do not fit the program, `Error::Interrupted`.
    pub fn losses_of(&mut self, objective: &Objective, inputs: &[Tensor], members: &[Vec<f64>]) -> Result<Vec<f64>> {
        self.check(objective)?;
        let length = self.state.centre.len();
        if let Some(member) = members.iter().find(|member| member.len() != length) {
            return Err(Error::Shape {
                op: "evaluate",
                expected: format!("members of {length} weights"),
                got: member.len().to_string(),
            });
        }
        match self.placed(|place, evolution| place.outside(evolution, objective, inputs, members))? {
            Some(losses) => Ok(losses),
            None => self.losses_by_threads(objective, inputs, members),
        }
    }

    /// Returns the centre's loss and metrics on a batch. Nothing changes.
    ///
    /// # Errors
    /// `Error::Shape` when the inputs are not those of the program.
    pub fn centre_on(&self, objective: &Objective, inputs: &[Tensor]) -> Result<Vec<f64>> {
        self.check(objective)?;
        let wanted: Vec<NodeId> = objective.wanted().collect();
        Ok(match self.config.dtype {
            DType::F32 => self.evaluator(objective, inputs, Arc::new(self.centre_as::<f32>()))?.centre(&wanted),
            DType::F64 => self.evaluator(objective, inputs, Arc::new(self.centre_as::<f64>()))?.centre(&wanted),
        })
    }

    /// As `losses_of`, by the threads of the CPU.
    fn losses_by_threads(&self, objective: &Objective, inputs: &[Tensor], members: &[Vec<f64>]) -> Result<Vec<f64>> {
        match self.config.dtype {
            DType::F32 => self.losses_as::<f32>(objective, inputs, members),
            DType::F64 => self.losses_as::<f64>(objective, inputs, members),
        }
    }

    fn losses_as<T: Element>(
        &self,
        objective: &Objective,
        inputs: &[Tensor],
        members: &[Vec<f64>],
    ) -> Result<Vec<f64>> {
        // An error that inputs may give is given here, once.
        let cost = self.evaluator(objective, inputs, Arc::new(self.centre_as::<T>()))?.cost();
        let draw = Draw { seed: self.config.seed, generation: self.generation()?, pair: 0 };
        let (objective, inputs, shapes) = (objective.clone(), inputs.to_vec(), Arc::clone(&self.shapes));
        let (count, cost) = (members.len(), cost.saturating_mul(members.len()));
        let members = members.to_vec();
        let losses = self.pool.map(count, cost, move |i| {
            let weights = Arc::new(split::<T>(&members[i], &shapes));
            let evaluator = Evaluator::new(Arc::clone(&objective.program), objective.loss, &inputs, weights, draw);
            evaluator.map(|evaluator| evaluator.centre(&[objective.loss])[0])
        })?;
        losses.into_iter().collect()
    }

    /// Checks the fitness of a generation's members, and finds their syntonies if anybody asks.
    fn evaluated(&self, fitness: &[f64]) -> Result<Evaluation> {
        if fitness.len() != self.config.population_size {
            return Err(Error::Value {
                op: "tell",
                expected: format!("the fitness of each of the {} members", self.config.population_size),
                got: fitness.len().to_string(),
            });
        }
        let mut evaluation = Evaluation { losses: fitness.iter().map(|x| -x).collect(), syntonies: Vec::new() };
        if self.needs_syntony() {
            let members = self.members()?;
            evaluation.syntonies = members.iter().map(|member| self.syntony(member)).collect::<Result<_>>()?;
        }
        Ok(evaluation)
    }

    /// Returns the noise of a pair, written out for each weight.
    fn noise(&self, generation: u32, pair: u32) -> Vec<f64> {
        let key = Key::new(self.config.seed, Stream::Noise);
        let mut noise = Vec::with_capacity(self.state.centre.len());
        for (number, (shape, &rank)) in self.shapes.iter().zip(self.perturbation.ranks()).enumerate() {
            let mut z = vec![0.0_f32; rank.normals(shape.numel())];
            fill_normals(key, number as u32, pair, generation, &mut z);
            match rank {
                Rank::Full => noise.extend(z.into_iter().map(f64::from)),
                Rank::Low { rows, columns, rank } => {
                    let (left, right) = z.split_at(rank * rows);
                    let scale = 1.0 / (rank as f64).sqrt();
                    let term = |row: usize, column: usize, r: usize| {
                        f64::from(left[r * rows + row]) * f64::from(right[r * columns + column])
                    };
                    let places = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
                    noise.extend(
                        places.map(|(row, column)| scale * (0..rank).map(|r| term(row, column, r)).sum::<f64>()),
                    );
                }
            }
        }
        noise
    }
}
