//! Members of any program on a CUDA device: so many at a time as fit its memory, by one kernel for the whole program where there
//! is one, else one operation after the other.
//!
//! Their weights are made on the device and summed up there; scores, ranks and whatever a strategy makes of them are the CPU's.

use std::sync::Arc;

use super::evaluate::{Evaluate, Found, Ready};
use super::fitting::fitting;
use super::population::{Evaluation, Summary};
use super::strategy::{Power, Spread};
use super::{Evolution, Interrupt, Objective};
use crate::cuda::{Chunk, Device, DeviceTensor, FusedKernel, Generation, Held, Layout, Perturbed, Step};
use crate::loops::{Draw, Value, Weights};
use crate::ops::Op;
use crate::program::{NodeId, Program, Rank, SideBySide, Values};
use crate::tensor::{Shape, Tensor};
use crate::{Error, Result};

/// A device, and the members on it.
#[derive(Debug)]
pub(super) struct Chunks {
    device: Arc<Device>,
    plan: Option<Plan>,
}

/// What is made once for an objective.
#[derive(Debug)]
struct Plan {
    objective: Objective,
    run: SideBySide,
    /// The whole program as one kernel, where there is one.
    kernel: Option<FusedKernel>,
    noise: Perturbed,
    shapes: Arc<Vec<Shape>>,
    /// Whether a parameter stays in factors: nothing but `linear` reads it.
    in_factors: Vec<bool>,
    /// Members of a chunk, an even number.
    members: usize,
    /// What all members share on the last inputs, and those.
    shared: (Vec<Tensor>, Values),
}

impl Plan {
    fn new(device: &Arc<Device>, evolution: &Evolution, objective: &Objective) -> Result<Self> {
        let config = evolution.config();
        let program = &objective.program;
        let wanted: Vec<NodeId> = objective.wanted().collect();
        if program.shape(objective.loss)?.numel() != 1 {
            let expected = "a program that ends in one number for each member".into();
            return Err(Error::Shape { op: "program", expected, got: program.shape(objective.loss)?.to_string() });
        }
        let layouts: Vec<Layout> = evolution
            .shapes
            .iter()
            .zip(evolution.perturbation.ranks())
            .map(|(shape, rank)| match *rank {
                Rank::Full => Layout { rows: 1, columns: shape.numel(), rank: 0 },
                Rank::Low { rows, columns, rank } => Layout { rows, columns, rank },
            })
            .collect();
        let noise = Perturbed::new(device, config.dtype, &layouts, &evolution.mode_weights())?;
        let run = SideBySide::new(program, &wanted, device, config.dtype)?;
        let kernel = match program.fused(&wanted, config.dtype) {
            Ok(fused) => FusedKernel::new(device, fused)?,
            Err(_) => None,
        };
        let factor = |p: usize| kernel.is_none() && layouts[p].rank > 0 && is_factor(program, p);
        let in_factors: Vec<bool> = (0..layouts.len()).map(factor).collect();
        let joined: usize = (layouts.iter().zip(&in_factors))
            .filter(|(layout, in_factors)| layout.rank > 0 && !**in_factors)
            .map(|(layout, _)| layout.rows * layout.columns)
            .sum();
        let values = if kernel.is_some() { 0 } else { run.numbers(&wanted) };
        let numbers = noise.numbers().saturating_add(joined).saturating_add(values);
        let members = fitting(numbers.saturating_mul(config.dtype.size()), device.free_memory()?)?;
        // As many in each chunk.
        let chunks = config.population_size.div_ceil(members);
        let members = (config.population_size / 2).div_ceil(chunks) * 2;
        Ok(Self {
            objective: objective.clone(),
            run,
            kernel,
            noise,
            shapes: Arc::clone(&evolution.shapes),
            in_factors,
            members,
            shared: (Vec::new(), Vec::new()),
        })
    }

    /// Copies what all members share to the device, unless it is there.
    fn share(&mut self, inputs: &[Tensor], draw: Draw) -> Result<()> {
        let (known, _) = &self.shared;
        let is_same = known.len() == inputs.len() && known.iter().zip(inputs).all(|(one, other)| one.is_same(other));
        if !is_same || draws(&self.objective.program) {
            self.shared = (inputs.to_vec(), self.run.share(inputs, draw)?);
        }
        Ok(())
    }

    fn is_of(&self, objective: &Objective) -> bool {
        let own = &self.objective;
        Arc::ptr_eq(&own.program, &objective.program)
            && (own.loss, &own.metrics) == (objective.loss, &objective.metrics)
    }

    /// Returns all parameters of the members of a chunk.
    fn parameters(&self, generation: &Generation, chunk: &Chunk, members: usize) -> Result<Vec<Weights>> {
        let one = |(number, shape): (usize, &Shape)| match self.noise.parameter(chunk, number)? {
            Held::Factors(left, right) if self.in_factors[number] => {
                let centre = self.noise.centre(generation, number)?.reshape(shape.clone())?;
                Ok(Weights::Factors { centre, left, right })
            }
            _ => whole(&self.noise.joined(generation, chunk, number)?, members, shape),
        };
        self.shapes.iter().enumerate().map(one).collect()
    }

    /// Starts the kernel for the members of a chunk, and for the centre if that is wanted too.
    fn start(
        &self,
        kernel: &FusedKernel,
        begun: &Begun<'_>,
        chunk: &Chunk,
        members: usize,
        with_centre: bool,
    ) -> Result<(DeviceTensor, DeviceTensor)> {
        let parameter = |number| {
            let own = self.noise.joined(&begun.generation, chunk, number)?;
            Ok((own, self.noise.centre(&begun.generation, number)?))
        };
        let parameters = (0..self.shapes.len()).map(parameter).collect::<Result<Vec<_>>>()?;
        let given = kernel.fused().given.iter().map(|&id| match &self.shared.1[id] {
            Some(Value::Shared(value)) => Ok(value),
            _ => Err(Error::Internal { what: "a value that members share was not computed".into() }),
        });
        kernel.start(members, &parameters, &given.collect::<Result<Vec<_>>>()?, with_centre)
    }

    /// Returns the losses of some members whose parameters are given.
    fn losses(&self, parameters: &[Weights], members: usize, draw: Draw) -> Result<DeviceTensor> {
        let mut found = self.run.run(&self.shared.1, parameters, members, draw, &[self.objective.loss])?;
        found.pop().ok_or_else(|| Error::Internal { what: "a loss that was not computed".into() })
    }
}

/// Whether a program draws random numbers of its own.
fn draws(program: &Program) -> bool {
    program.nodes().iter().any(|node| matches!(node.op, Some(Op::Dropout(_))))
}

/// Returns whether all that reads a parameter are products with it, which may be made with its factors.
fn is_factor(program: &Program, parameter: usize) -> bool {
    let mut readers = program.nodes().iter().filter_map(|node| node.op.as_ref());
    readers.all(|op| match op {
        Op::Linear(linear) => linear.bias != Some(parameter),
        op => !op.parameters().contains(&parameter),
    })
}

fn whole(values: &DeviceTensor, members: usize, shape: &Shape) -> Result<Weights> {
    Ok(Weights::Whole(values.reshape([&[members], shape.dims()].concat().into())?))
}

impl Chunks {
    /// Starts with no program.
    pub fn new(device: &Arc<Device>) -> Self {
        Self { device: Arc::clone(device), plan: None }
    }

    /// Returns what is made once for an objective.
    fn plan(&mut self, evolution: &Evolution, objective: &Objective) -> Result<&mut Plan> {
        let plan = match self.plan.take().filter(|plan| plan.is_of(objective)) {
            Some(plan) => plan,
            None => Plan::new(&self.device, evolution, objective)?,
        };
        Ok(self.plan.insert(plan))
    }
}

/// What a generation on a device begins with.
struct Begun<'a> {
    evolution: &'a Evolution,
    plan: &'a Plan,
    generation: Generation,
    draw: Draw,
}

impl<'a> Begun<'a> {
    fn new(evolution: &'a Evolution, plan: &'a mut Plan, inputs: &[Tensor]) -> Result<Self> {
        let (config, state) = (evolution.config(), evolution.state());
        let number = evolution.generation()?;
        let draw = Draw { seed: config.seed, generation: number, pair: 0 };
        let spread = evolution.spread();
        let (sigma, deviations) = match &spread {
            Spread::All(sigma) => (*sigma, None),
            Spread::Each(deviations) => (1.0, Some(deviations.as_slice())),
        };
        let step = Step { sigma, seed: config.seed, generation: number, lambda: 0.0 };
        let generation = plan.noise.begin(&step, &state.centre, deviations)?;
        plan.share(inputs, draw)?;
        Ok(Self { evolution, plan, generation, draw })
    }

    /// The kernel by which all that is wanted of the centre is found together with the first members.
    fn finds_centre(&self) -> Option<&FusedKernel> {
        let wanted = self.plan.objective.wanted().count();
        self.plan.kernel.as_ref().filter(|kernel| kernel.fused().found == wanted)
    }

    /// Evaluates all members, and the centre if that is wanted and the kernel does it.
    fn evaluation(&self, with_centre: bool) -> Result<(Evaluation, Option<DeviceTensor>)> {
        let (plan, evolution) = (self.plan, self.evolution);
        let (mut centre, with_centre) = (None, with_centre && self.finds_centre().is_some());
        let with_syntony = evolution.needs_syntony();
        let mut evaluation = Evaluation::default();
        let mut read = |(losses, energies): (DeviceTensor, Option<DeviceTensor>)| -> Result<()> {
            evaluation.losses.extend(losses.download()?.to_f64());
            if let Some(energies) = energies {
                let energies = energies.download()?.to_f64();
                let (low, total) = energies.split_at(energies.len() / 2);
                evaluation.syntonies.extend(low.iter().zip(total).map(|(l, t)| if *t == 0.0 { 0.0 } else { l / t }));
            }
            Ok(())
        };
        let mut before = None;
        let population = evolution.config().population_size;
        for first in (0..population).step_by(plan.members) {
            Interrupt::check(evolution.pool.interrupt.as_ref())?;
            let members = plan.members.min(population - first);
            let chunk = plan.noise.members(&self.generation, first / 2, members / 2)?;
            let energies = with_syntony.then(|| plan.noise.energies(&self.generation, &chunk)).transpose()?;
            let losses = match &plan.kernel {
                Some(kernel) => {
                    let with_centre = with_centre && first == 0;
                    let (losses, of_centre) = plan.start(kernel, self, &chunk, members, with_centre)?;
                    centre = if with_centre { Some(of_centre) } else { centre };
                    losses
                }
                None => {
                    let parameters = plan.parameters(&self.generation, &chunk, members)?;
                    let draw = Draw { pair: (first / 2) as u32, ..self.draw };
                    plan.losses(&parameters, members, draw)?
                }
            };
            // The device works on this one while the one before is read.
            before.replace((losses, energies)).map_or(Ok(()), &mut read)?;
        }
        before.map_or(Ok(()), &mut read)?;
        Ok((evaluation, centre))
    }

    /// Starts what is wanted of the centre: it is one member without noise.
    fn centre(&self) -> Result<Vec<DeviceTensor>> {
        let plan = self.plan;
        let parameters = plan.shapes.iter().enumerate();
        let parameters =
            parameters.map(|(number, shape)| whole(&plan.noise.centre(&self.generation, number)?, 1, shape));
        let wanted: Vec<NodeId> = plan.objective.wanted().collect();
        plan.run.run(&plan.shared.1, &parameters.collect::<Result<Vec<_>>>()?, 1, self.draw, &wanted)
    }
}

impl Evaluate<Evolution> for Chunks {
    fn generation(
        &mut self,
        evolution: &mut Evolution,
        objective: &Objective,
        inputs: &[Tensor],
        _: Option<&[Tensor]>,
    ) -> Result<(Found, Ready)> {
        let plan = self.plan(evolution, objective)?;
        // Whoever replaces the centre is drawn again.
        evolution.perturbation.set_generation(evolution.generation()?);
        let begun = Begun::new(evolution, plan, inputs)?;
        let alone = if begun.finds_centre().is_some() { Vec::new() } else { begun.centre()? };
        let (evaluation, centre) = begun.evaluation(true)?;
        let first = |x: DeviceTensor| Ok(x.download()?.to_f64().first().copied().unwrap_or(f64::NAN));
        let centre = match centre {
            Some(found) => found.download()?.to_f64(),
            None => alone.into_iter().map(first).collect::<Result<Vec<f64>>>()?,
        };
        let sums = |weights: &[f64], power| begun.plan.noise.sum(&begun.generation, weights, power == Power::Two);
        let (towards, kept) = evolution.towards(&evaluation, &sums)?;
        let elite = evolution.elite(&evaluation, centre[0])?;
        let summary = Summary::of(&evaluation);
        Ok((Found { towards, kept, summary, elite, centre, signal: Vec::new() }, evolution.ready()))
    }

    fn members(&mut self, evolution: &mut Evolution, objective: &Objective, inputs: &[Tensor]) -> Result<Evaluation> {
        let plan = self.plan(evolution, objective)?;
        Ok(Begun::new(evolution, plan, inputs)?.evaluation(false)?.0)
    }

    fn check(&mut self, evolution: &Evolution, objective: &Objective) -> Result<()> {
        self.plan(evolution, objective).map(drop)
    }

    fn outside(
        &mut self,
        evolution: &Evolution,
        objective: &Objective,
        inputs: &[Tensor],
        members: &[Vec<f64>],
    ) -> Result<Option<Vec<f64>>> {
        let device = Arc::clone(&self.device);
        let plan = self.plan(evolution, objective)?;
        let begun = Begun::new(evolution, plan, inputs)?;
        let mut losses = Vec::with_capacity(members.len());
        // Each draws what the first pair draws.
        let plan = begun.plan;
        let together = if draws(&objective.program) { 2 } else { plan.members };
        for chunk in members.chunks(together) {
            Interrupt::check(evolution.pool.interrupt.as_ref())?;
            let mut parameters = Vec::with_capacity(plan.shapes.len());
            let mut start = 0;
            for shape in plan.shapes.iter() {
                let end = start + shape.numel();
                let values: Vec<f64> = chunk.iter().flat_map(|member| member[start..end].iter().copied()).collect();
                let dims: Shape = [&[chunk.len()], shape.dims()].concat().into();
                let values = Tensor::new(dims, values)?.cast(evolution.config().dtype);
                parameters.push(Weights::Whole(DeviceTensor::upload(&device, &values)?));
                start = end;
            }
            losses.extend(plan.losses(&parameters, chunk.len(), begun.draw)?.download()?.to_f64());
        }
        Ok(Some(losses))
    }
}
