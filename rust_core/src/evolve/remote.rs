//! The seam to a CUDA device: it evaluates and ranks the members, the CPU does the rest as always.
//!
//! The kernel is generated from the program on first use and kept as long as the same program is asked for. While the
//! device works, the CPU evaluates the centre.

use std::sync::Arc;

use super::evolution::Found;
use super::population::{Evaluation, Population, Summary};
use super::{Evolution, Objective};
use crate::Result;
use crate::cuda::{Device, Members, Outcome, Step};
use crate::ops::Element;
use crate::program::{NodeId, Program, Workspaces};
use crate::tensor::Tensor;

/// A device, and the members on it.
#[derive(Debug)]
pub(super) struct Remote {
    device: Arc<Device>,
    plan: Option<Plan>,
}

/// Members of one program.
#[derive(Debug)]
struct Plan {
    program: Arc<Program>,
    loss: NodeId,
    /// The values that the members read beside the parameters.
    shared: Vec<NodeId>,
    members: Members,
}

impl Remote {
    /// Starts with no program.
    pub fn new(device: &Arc<Device>) -> Self {
        Self { device: Arc::clone(device), plan: None }
    }

    /// Does what the members of a generation have a part in, and evaluates the centre meanwhile.
    pub fn generation<T: Element>(
        &mut self,
        evolution: &Evolution,
        objective: &Objective,
        population: &Population<T>,
        wanted: &[NodeId],
    ) -> Result<Found> {
        let step = step_of(evolution)?;
        let survivors = evolution.config().survivor_count;
        let members = self.evaluate(evolution, objective, population, &step)?;
        if survivors.is_none() {
            members.rank(&step)?;
        }
        let centre = population.evaluator.centre(wanted);
        let mut evaluation = None;
        if survivors.is_some() || evolution.config().elitist {
            let (losses, syntonies) = members.found()?;
            evaluation = Some(Evaluation { losses, syntonies });
        }
        let mut scale = 1.0;
        if let (Some(survivors), Some(evaluation)) = (survivors, &evaluation) {
            scale = members.weigh(&evolution.ranks(evaluation), survivors)?;
        }
        let Outcome { least, sum, count, mut direction } = members.outcome()?;
        direction.iter_mut().for_each(|x| *x *= scale);
        let summary = match &evaluation {
            Some(evaluation) => Summary::of(evaluation),
            None => Summary { best: if count > 0 { -least } else { f64::NAN }, mean: -sum / count as f64, count },
        };
        let elite = evaluation.map_or(Ok(None), |evaluation| evolution.elite(&evaluation, centre[0]))?;
        Ok(Found { towards: direction, summary, elite, centre })
    }

    /// Returns the loss of each member of the generation to come.
    pub fn losses<T: Element + Default>(
        &mut self,
        evolution: &mut Evolution,
        objective: &Objective,
        inputs: &[Tensor],
        workspaces: Arc<Workspaces<T>>,
    ) -> Result<Vec<f64>> {
        let population = evolution.population(objective, inputs, workspaces)?;
        let step = step_of(evolution)?;
        Ok(self.evaluate(evolution, objective, &population, &step)?.found()?.0)
    }

    /// Starts the evaluation.
    fn evaluate<T: Element>(
        &mut self,
        evolution: &Evolution,
        objective: &Objective,
        population: &Population<T>,
        step: &Step,
    ) -> Result<&mut Members> {
        let known = self
            .plan
            .take()
            .filter(|plan| Arc::ptr_eq(&plan.program, &objective.program) && plan.loss == objective.loss);
        let plan = match known {
            Some(plan) => plan,
            None => self.plan(evolution, objective)?,
        };
        let plan = self.plan.insert(plan);
        let shared: Vec<&[T]> = plan.shared.iter().map(|&id| population.evaluator.shared(id)).collect();
        plan.members.evaluate(step, &population.centre.concat(), &shared)?;
        Ok(&mut plan.members)
    }

    /// Generates the kernel of a program.
    fn plan(&self, evolution: &Evolution, objective: &Objective) -> Result<Plan> {
        let config = evolution.config();
        let program = Arc::clone(&objective.program);
        let (blueprint, shared) = program.kernel(
            objective.loss,
            &evolution.perturbation,
            config.dtype,
            config.population_size,
            evolution.needs_syntony(),
        )?;
        let parameters = evolution.shapes.iter().zip(evolution.weights.iter());
        let weights: Vec<f64> =
            parameters.flat_map(|(shape, weights)| weights.iter().copied().cycle().take(shape.numel())).collect();
        let members = Members::new(&self.device, blueprint, &weights)?;
        Ok(Plan { program, loss: objective.loss, shared, members })
    }
}

/// What the coming generation differs in from the others.
fn step_of(evolution: &Evolution) -> Result<Step> {
    let config = evolution.config();
    let generation =
        u32::try_from(evolution.state().generation).map_err(|_| crate::Error::Overflow { op: "generation" })?;
    Ok(Step { sigma: evolution.sigma(), seed: config.seed, generation, lambda: config.lambda_syntony })
}
