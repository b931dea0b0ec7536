//! The seam to a CUDA device: it evaluates and ranks the members, the CPU does the rest as always.
//!
//! The kernel is generated from the program on first use and kept as long as the same program is asked for. While the
//! device works, a thread evaluates the centre. Where the next batch is known, the device gets it meanwhile and begins with it at once.

use std::sync::Arc;

use super::evaluate::{Evaluate, Found, Ready};
use super::pool::Started;
use super::population::{Evaluation, Population, Summary};
use super::{Config, Evolution, Objective};
use crate::cuda::{Device, Members, Outcome, Step};
use crate::ops::Element;
use crate::program::{Evaluator, NodeId, Program, Workspaces};
use crate::tensor::{DType, Tensor};
use crate::{Error, Result};

/// A device, and the members on it.
#[derive(Debug)]
pub(super) struct Remote {
    device: Arc<Device>,
    plan: Option<Plan>,
    single: Arc<Workspaces<f32>>,
    double: Arc<Workspaces<f64>>,
    /// The inputs that the plan's members have.
    inputs: Vec<Tensor>,
    ahead: Option<Ahead>,
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

impl Plan {
    fn is_of(&self, objective: &Objective) -> bool {
        Arc::ptr_eq(&self.program, &objective.program) && self.loss == objective.loss
    }

    /// Starts to copy what all members share to the device.
    fn share<T: Element>(&mut self, evaluator: &Evaluator<T>) -> Result<()> {
        let shared: Vec<&[T]> = self.shared.iter().map(|&id| evaluator.shared(id)).collect();
        self.members.share(&shared)
    }
}

/// A generation that the device has begun, and all that it follows from beside the evolution's state.
#[derive(Debug)]
struct Ahead {
    objective: Objective,
    inputs: Vec<Tensor>,
    /// The centre's loss and metrics, which a thread computes meanwhile.
    centre: Started<Vec<f64>>,
}

impl Ahead {
    /// Whether it is what is asked for.
    fn is_of(&self, objective: &Objective, inputs: &[Tensor]) -> bool {
        Arc::ptr_eq(&self.objective.program, &objective.program)
            && (self.objective.loss, &self.objective.metrics) == (objective.loss, &objective.metrics)
            && are_same(&self.inputs, inputs)
    }
}

fn are_same(some: &[Tensor], others: &[Tensor]) -> bool {
    some.len() == others.len() && some.iter().zip(others).all(|(one, other)| one.is_same(other))
}

impl Remote {
    /// Starts with no program.
    pub fn new(device: &Arc<Device>) -> Self {
        Self {
            device: Arc::clone(device),
            plan: None,
            single: Arc::default(),
            double: Arc::default(),
            inputs: Vec::new(),
            ahead: None,
        }
    }

    /// Whether members of this objective can be evaluated by a kernel, and ranked by the device.
    pub fn has_kernel(evolution: &Evolution, objective: &Objective) -> bool {
        let Config { dtype, population_size, .. } = *evolution.config();
        let Objective { program, loss, .. } = objective;
        let kernel = || program.kernel(*loss, &evolution.perturbation, dtype, population_size, false);
        evolution.strategy.is_of_devices() && kernel().is_ok()
    }

    /// Begins the generation to come, and has the centre evaluated while the device works.
    fn begin_as<T: Element + Default>(
        &mut self,
        evolution: &mut Evolution,
        objective: &Objective,
        inputs: &[Tensor],
        workspaces: Arc<Workspaces<T>>,
    ) -> Result<()> {
        self.ahead = None;
        let population = evolution.population(objective, inputs, workspaces)?;
        let step = step_of(evolution)?;
        let filtered = evolution.config().survivor_count.is_some();
        self.start(evolution, objective, inputs, &population, &step, !filtered)?;
        let wanted: Vec<NodeId> = objective.wanted().collect();
        let cost = population.evaluator.cost();
        let centre = evolution.pool.start(cost, move || population.evaluator.centre(&wanted));
        self.ahead = Some(Ahead { objective: objective.clone(), inputs: inputs.to_vec(), centre });
        Ok(())
    }

    /// Copies the inputs of the generation after the one under way to the device, where it can.
    fn hand<T: Element + Default>(&mut self, evolution: &Evolution, objective: &Objective, inputs: &[Tensor]) {
        let Some(plan) = self.plan.as_mut().filter(|plan| plan.is_of(objective)) else { return };
        if are_same(&self.inputs, inputs) {
            return;
        }
        self.inputs.clear();
        let evaluator = evolution.evaluator::<T>(objective, inputs, Arc::default());
        if evaluator.and_then(|evaluator| plan.share(&evaluator)).is_ok() {
            self.inputs = inputs.to_vec();
        }
    }

    /// Does what the members of a generation have a part in: ends it if it was begun, otherwise begins it first. The device
    /// gets the inputs of the next one meanwhile, if they are known.
    fn generation_as<T: Element + Default>(
        &mut self,
        evolution: &mut Evolution,
        objective: &Objective,
        inputs: &[Tensor],
        following: Option<&[Tensor]>,
        workspaces: Arc<Workspaces<T>>,
    ) -> Result<(Found, Ready)> {
        if !self.ahead.as_ref().is_some_and(|ahead| ahead.is_of(objective, inputs)) {
            self.begin_as(evolution, objective, inputs, workspaces)?;
        }
        if let Some(following) = following {
            self.hand::<T>(evolution, objective, following);
        }
        let (Some(Ahead { centre, .. }), Some(Plan { members, .. })) = (self.ahead.take(), &mut self.plan) else {
            return Err(Error::Internal { what: "a generation without a beginning".into() });
        };
        let survivors = evolution.config().survivor_count;
        let mut evaluation = None;
        if survivors.is_some() || evolution.config().elitist {
            let (losses, syntonies) = members.found()?;
            evaluation = Some(Evaluation { losses, syntonies });
        }
        let mut scale = 1.0;
        if let (Some(survivors), Some(evaluation)) = (survivors, &evaluation) {
            scale = members.weigh(&evolution.ranks(evaluation), survivors)?;
        }
        // Nothing of this depends on the members, so it is done while the device works.
        let ready = evolution.ready();
        let Outcome { least, sum, count, mut direction } = members.outcome()?;
        direction.iter_mut().for_each(|x| *x *= scale);
        let centre = centre.finish()?;
        let summary = match &evaluation {
            Some(evaluation) => Summary::of(evaluation),
            None => Summary {
                best: if count > 0 { -least } else { f64::NAN },
                mean: -sum / count as f64,
                nan: evolution.config().population_size - count,
                examples: 1,
            },
        };
        let elite = evaluation.map_or(Ok(None), |evaluation| evolution.elite(&evaluation, centre[0]))?;
        let kept = evolution.state().strategy.clone();
        Ok((Found { towards: direction, kept, summary, elite, centre, signal: Vec::new() }, ready))
    }

    /// Starts the evaluation, and what follows it if `whole`.
    fn start<T: Element>(
        &mut self,
        evolution: &Evolution,
        objective: &Objective,
        inputs: &[Tensor],
        population: &Population<T>,
        step: &Step,
        whole: bool,
    ) -> Result<&mut Members> {
        let plan = match self.plan.take().filter(|plan| plan.is_of(objective)) {
            Some(plan) => plan,
            None => {
                self.inputs.clear();
                self.plan(evolution, objective)?
            }
        };
        let plan = self.plan.insert(plan);
        if !are_same(&self.inputs, inputs) {
            self.inputs.clear();
            plan.share(&population.evaluator)?;
            self.inputs = inputs.to_vec();
        }
        let centre = population.centre.concat();
        match whole {
            true => plan.members.generation(step, &centre)?,
            false => plan.members.evaluate(step, &centre)?,
        }
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
        let members = Members::new(&self.device, blueprint, &evolution.mode_weights())?;
        Ok(Plan { program, loss: objective.loss, shared, members })
    }
}

impl Evaluate<Evolution> for Remote {
    fn generation(
        &mut self,
        evolution: &mut Evolution,
        objective: &Objective,
        inputs: &[Tensor],
        following: Option<&[Tensor]>,
    ) -> Result<(Found, Ready)> {
        let (single, double) = (Arc::clone(&self.single), Arc::clone(&self.double));
        match evolution.config().dtype {
            DType::F32 => self.generation_as(evolution, objective, inputs, following, single),
            DType::F64 => self.generation_as(evolution, objective, inputs, following, double),
        }
    }

    fn members(&mut self, evolution: &mut Evolution, objective: &Objective, inputs: &[Tensor]) -> Result<Evaluation> {
        self.ahead = None;
        let step = step_of(evolution)?;
        let (single, double) = (Arc::clone(&self.single), Arc::clone(&self.double));
        let members = match evolution.config().dtype {
            DType::F32 => {
                let population = evolution.population(objective, inputs, single)?;
                self.start(evolution, objective, inputs, &population, &step, false)?
            }
            DType::F64 => {
                let population = evolution.population(objective, inputs, double)?;
                self.start(evolution, objective, inputs, &population, &step, false)?
            }
        };
        let (losses, syntonies) = members.found()?;
        Ok(Evaluation { losses, syntonies })
    }

    fn begin(&mut self, evolution: &mut Evolution, objective: &Objective, inputs: &[Tensor]) -> Result<()> {
        let (single, double) = (Arc::clone(&self.single), Arc::clone(&self.double));
        match evolution.config().dtype {
            DType::F32 => self.begin_as(evolution, objective, inputs, single),
            DType::F64 => self.begin_as(evolution, objective, inputs, double),
        }
    }

    fn forget(&mut self) {
        self.ahead = None;
    }
}

/// What the coming generation differs in from the others.
fn step_of(evolution: &Evolution) -> Result<Step> {
    let config = evolution.config();
    let generation = evolution.generation()?;
    Ok(Step { sigma: evolution.deviation(), seed: config.seed, generation, lambda: config.lambda() })
}
