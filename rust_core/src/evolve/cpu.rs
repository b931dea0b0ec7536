//! Members on the CPU: groups of sixteen pairs, each by one thread of the pool.

use std::sync::Arc;

use super::evaluate::{Evaluate, Found, Ready};
use super::population::{Evaluation, Summary};
use super::{Evolution, Objective};
use crate::Result;
use crate::ops::Element;
use crate::program::{NodeId, Workspaces};
use crate::tensor::{DType, Tensor};

/// The CPU: the threads of the pool, each with memory that it uses again.
#[derive(Debug, Default)]
pub(super) struct Cpu {
    single: Arc<Workspaces<f32>>,
    double: Arc<Workspaces<f64>>,
}

impl Evaluate<Evolution> for Cpu {
    fn generation(
        &mut self,
        evolution: &mut Evolution,
        objective: &Objective,
        inputs: &[Tensor],
        _: Option<&[Tensor]>,
    ) -> Result<(Found, Ready)> {
        match evolution.config().dtype {
            DType::F32 => generation(evolution, objective, inputs, Arc::clone(&self.single)),
            DType::F64 => generation(evolution, objective, inputs, Arc::clone(&self.double)),
        }
    }

    fn members(&mut self, evolution: &mut Evolution, objective: &Objective, inputs: &[Tensor]) -> Result<Evaluation> {
        match evolution.config().dtype {
            DType::F32 => evolution.population(objective, inputs, Arc::clone(&self.single))?.evaluate(&evolution.pool),
            DType::F64 => evolution.population(objective, inputs, Arc::clone(&self.double))?.evaluate(&evolution.pool),
        }
    }
}

fn generation<T: Element + Default>(
    evolution: &mut Evolution,
    objective: &Objective,
    inputs: &[Tensor],
    workspaces: Arc<Workspaces<T>>,
) -> Result<(Found, Ready)> {
    let population = evolution.population(objective, inputs, workspaces)?;
    let evaluation = population.evaluate(&evolution.pool)?;
    let wanted: Vec<NodeId> = objective.wanted().collect();
    let centre = population.evaluator.centre(&wanted);
    let (towards, kept) =
        evolution.towards(&evaluation, &|weights, power| evolution.sum(&population.left, weights, power))?;
    let elite = evolution.elite(&evaluation, centre[0])?;
    Ok((
        Found { towards, kept, summary: Summary::of(&evaluation), elite, centre, signal: Vec::new() },
        evolution.ready(),
    ))
}
