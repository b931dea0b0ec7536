//! One generation: a clean pass, draws, the credit of every element, and the direction of every parameter.

use std::sync::Arc;

use super::super::pool::Pool;
use super::card::Card;
use super::forward::Forward;
use super::gather::{Work, signals};
use super::generation::Generation;
use super::noise::Source;
use super::plan::Plan;
use crate::cuda::Device;
use crate::loops::Draw;
use crate::ops::Element;
use crate::program::NodeId;
use crate::tensor::{Shape, Tensor};
use crate::{Error, Result};

/// What a generation is computed from.
pub(in crate::evolve) struct Request {
    pub inputs: Vec<Tensor>,
    /// The centre's parameters.
    pub parameters: Vec<Tensor>,
    pub seed: u32,
    pub generation: u32,
    /// Size of the noise.
    pub sigma: f64,
    /// Scalars to be computed for the centre, the loss first.
    pub wanted: Vec<NodeId>,
    /// Whether each site's signal is measured.
    pub signal: bool,
    /// Whether the whole batch is one part and draws are made one by one: the plain version.
    pub plain: bool,
    /// Where passes are made; none is the CPU.
    pub device: Option<Arc<Device>>,
}

/// What a generation says.
#[derive(Clone, Debug)]
pub(in crate::evolve) struct Estimate {
    /// The direction in which the loss falls, over all parameters.
    pub towards: Vec<f64>,
    /// The scalars that were wanted.
    pub centre: Vec<f64>,
    /// The loss of each draw.
    pub draws: Vec<f64>,
    /// Losses of examples that were no finite numbers, over all draws.
    pub lost: usize,
    /// For the first parameter of each site: the cosine between the estimates of two halves of the draws.
    pub signal: Vec<(usize, f64)>,
}

/// Estimates the direction of one generation.
///
/// # Errors
/// `Error::Shape` when the inputs are not those of the program, `Error::Value` when no loss is a number.
pub(in crate::evolve) fn estimate<T: Element>(pool: &Pool, plan: &Arc<Plan>, request: &Request) -> Result<Estimate> {
    let settings = &plan.settings;
    let noise = Source::new(request.seed, request.generation, settings.noise, &plan.rows);
    let draw = Draw { seed: request.seed, generation: request.generation, pair: 0 };
    let forward = Forward::<T>::new(plan, &request.inputs, request.parameters.clone(), noise, draw)?;
    let card = request.device.as_ref().map(|device| Card::new(device, &request.parameters)).transpose()?.map(Arc::new);
    let whole = request.plain || card.is_some();
    let slices = if whole { std::iter::once(0..plan.batch).collect() } else { plan.slices.clone() };
    let (slices, clean, sigmas) = (Arc::new(slices), Arc::default(), Arc::default());
    let mut generation = Generation { forward: Arc::new(forward), slices, clean, sigmas, card };
    let cost = plan.cost();
    generation.clean = Arc::new(generation.passes(pool, cost)?);
    generation.sigmas = Arc::new(generation.sigmas(request.sigma)?);
    let outputs = generation.outputs()?;
    let centre = generation.scalars(&outputs, &request.wanted, &request.parameters)?;
    let clean = generation.clean_losses(pool, cost / 4)?;
    if !clean.iter().any(|loss| loss.is_finite()) {
        return Err(Error::Value {
            op: "trainer",
            expected: "an example with a finite loss; a smaller learning_rate or initial value may help".into(),
            got: format!("{} of {} examples", clean[0], clean.len()),
        });
    }
    let head = generation.exact(pool, cost / 4, &clean)?;
    let passes = generation.run(pool, cost * settings.draws, generation.draws(request.plain))?;
    let changes = generation.changes(&passes, &clean);
    let lost = generation.lost(&passes, &clean);
    let shares = plan.loss.shares(generation.weights()?.as_ref(), |row| clean[row].is_finite());
    let mean = |losses: &Vec<f64>| losses.iter().zip(&shares).map(|(l, s)| if *s == 0.0 { 0.0 } else { l * s }).sum();
    let draws = passes.iter().map(mean).collect();
    let work = Arc::new(Work { generation, changes, clean, head });
    let total = work.directions(pool, cost, |_| true)?;
    let signal = if request.signal && settings.draws > 1 {
        signals(plan, &total, &work.directions(pool, cost, |draw| draw % 2 == 0)?)
    } else {
        Vec::new()
    };
    let mut towards: Vec<Vec<f64>> =
        plan.program.parameter_shapes().iter().map(|shape| vec![0.0; shape.numel()]).collect();
    for (parameter, values) in total.into_iter().flatten() {
        towards[parameter].iter_mut().zip(values).for_each(|(t, x)| *t -= x);
    }
    Ok(Estimate { towards: towards.concat(), centre, draws, lost, signal })
}

impl Plan {
    /// Returns about how many vector instructions one pass takes.
    fn cost(&self) -> usize {
        let nodes = self.program.nodes();
        let cost = |id: usize| {
            let inputs: Vec<&Shape> = nodes[id].inputs.iter().map(|&i| &nodes[i].shape).collect();
            nodes[id].op.as_ref().map_or(0, |op| op.cost(&inputs, &nodes[id].shape))
        };
        (0..nodes.len()).filter(|&id| self.needed[id]).map(cost).sum::<usize>() / 16
    }
}
