//! One generation after the other: differentiate, evaluate, recurse, harmonize, pull, crystallize, remember.

mod evaluate;
mod judge;

use std::sync::Arc;

use super::crew::Crew;
use super::direction::{Left, direction};
use super::harmonize::{Modes, harmonize, syntony};
use super::population::Summary;
use super::remote::Remote;
use super::{AttractorMemory, Config, Record, State, optimizer};
use crate::cuda::Device;
use crate::exact::snap::{Snapper, all_to_f64};
use crate::ops::Element;
use crate::program::{NodeId, Perturbation, Program, Workspaces};
use crate::tensor::{DType, Shape, Tensor};
use crate::{Error, Result};

/// The coefficients (a, b) of a genome's lattice points.
type Lattice = (Vec<i64>, Vec<i64>);
/// A centre, its coefficients, and what rounding to them left over.
type Crystal = (Vec<f64>, Lattice, Vec<f64>);

/// Snaps in a run from which on a table for them pays.
const WORTH_A_TABLE: u64 = 50_000;

/// One parameter of the genome.
#[derive(Clone, Debug)]
pub struct Gene {
    /// Its shape.
    pub shape: Shape,
    /// w(n) of each mode of its last axis.
    pub mode_weights: Vec<f64>,
    /// Its values, row-major.
    pub values: Vec<f64>,
}

/// What a generation is judged by.
#[derive(Clone, Debug)]
pub struct Objective {
    /// The traced model and benchmark.
    pub program: Arc<Program>,
    /// The loss, a scalar; fitness is its negative.
    pub loss: NodeId,
    /// Further scalars, computed for the centre alone.
    pub metrics: Vec<NodeId>,
}

impl Objective {
    /// What is computed for the centre: the loss, then the metrics.
    pub(super) fn wanted(&self) -> impl Iterator<Item = NodeId> {
        std::iter::once(self.loss).chain(self.metrics.iter().copied())
    }
}

/// What the members of a generation say.
pub(super) struct Found {
    /// The direction that their ranks favour.
    pub towards: Vec<f64>,
    /// Their losses in short.
    pub summary: Summary,
    /// The member that replaces the centre.
    pub elite: Option<usize>,
    /// The centre's loss and metrics.
    pub centre: Vec<f64>,
    /// What the memory pulls the centre towards.
    pub centroid: Option<Vec<f64>>,
}

/// A population-based evolution of one genome.
#[derive(Debug)]
pub struct Evolution {
    pub(super) config: Config,
    pub(super) shapes: Arc<Vec<Shape>>,
    pub(super) weights: Arc<Vec<Vec<f64>>>,
    pub(super) perturbation: Perturbation,
    remote: Option<Remote>,
    snapper: Option<Snapper>,
    crew: Crew,
    single: Arc<Workspaces<f32>>,
    double: Arc<Workspaces<f64>>,
    pub(super) state: State,
    /// The syntony of the centre if it is known.
    pub(super) harmony: Option<f64>,
}

impl Evolution {
    /// Starts an evolution at the genes' values, crystallized if `config` asks for the lattice.
    ///
    /// # Errors
    /// `Error::Value` for a setting out of its range, `Error::Shape` for a gene whose parts do not fit.
    pub fn new(config: Config, genes: Vec<Gene>) -> Result<Self> {
        config.check()?;
        if genes.iter().all(|gene| gene.values.is_empty()) {
            return Err(Error::Value {
                op: "trainer",
                expected: "a model with at least one parameter".into(),
                got: "none".into(),
            });
        }
        for gene in &genes {
            if gene.values.len() != gene.shape.numel() || gene.mode_weights.len() != gene.shape.last() {
                return Err(Error::Shape {
                    op: "trainer",
                    expected: format!("{} values and {} mode norms", gene.shape.numel(), gene.shape.last()),
                    got: format!("{} and {}", gene.values.len(), gene.mode_weights.len()),
                });
            }
        }
        let shapes: Vec<Shape> = genes.iter().map(|gene| gene.shape.clone()).collect();
        let memory =
            AttractorMemory::new(config.attractor_capacity, config.attractor_decay_rate, config.attractor_quantile);
        let centre = genes.iter().flat_map(|gene| gene.values.iter().copied()).collect();
        let mut evolution = Self {
            perturbation: Perturbation::new(config.seed, 0, &shapes, config.rank),
            snapper: config.precision.map(Snapper::new).transpose()?,
            weights: Arc::new(genes.into_iter().map(|gene| gene.mode_weights).collect()),
            crew: Crew::new(config.threads)?,
            shapes: Arc::new(shapes),
            single: Arc::default(),
            double: Arc::default(),
            remote: None,
            state: State::new(centre, memory),
            harmony: None,
            config,
        };
        if let Some(snapper) = &evolution.snapper {
            let snaps = evolution.config.max_generations.saturating_mul(evolution.state.centre.len() as u64);
            if snaps >= WORTH_A_TABLE {
                snapper.prepare();
            }
        }
        // What the start has beside the lattice is no step that was lost: the residual stays 0.
        (evolution.state.centre, evolution.state.lattice, _) =
            evolution.crystallized(evolution.state.centre.clone())?;
        Ok(evolution)
    }

    /// Evaluates members on a CUDA device from now on; the centre stays with the CPU.
    #[must_use]
    pub fn on(mut self, device: &Arc<Device>) -> Self {
        self.remote = Some(Remote::new(device));
        self
    }

    /// Returns the settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Returns the state after the last finished generation.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Continues from a saved state.
    ///
    /// # Errors
    /// `Error::Value` when it belongs to another genome.
    pub fn set_state(&mut self, state: State) -> Result<()> {
        state.check(self.state.centre.len(), self.config.precision)?;
        self.forget();
        self.state = state;
        self.harmony = None;
        Ok(())
    }

    /// Does one generation on one batch. After an error the state is that before the call.
    ///
    /// # Errors
    /// `Error::Shape` when the inputs are not those of the program.
    pub fn step(&mut self, objective: &Objective, inputs: &[Tensor]) -> Result<Record> {
        self.check(objective)?;
        match self.config.dtype {
            DType::F32 => self.step_as::<f32>(objective, inputs, Arc::clone(&self.single)),
            DType::F64 => self.step_as::<f64>(objective, inputs, Arc::clone(&self.double)),
        }
    }

    /// Has a device begin the generation to come on one batch, so that it works while the caller looks at the last one.
    /// `step` on the same batch then ends it; all else forgets it, and it leaves no trace. Nothing happens on the CPU.
    ///
    /// What goes wrong here goes wrong again in `step`, which says so.
    pub fn begin(&mut self, objective: &Objective, inputs: &[Tensor]) {
        if self.check(objective).is_err() {
            return;
        }
        let Some(mut remote) = self.remote.take() else { return };
        let begun = match self.config.dtype {
            DType::F32 => remote.begin::<f32>(self, objective, inputs, Arc::clone(&self.single)),
            DType::F64 => remote.begin::<f64>(self, objective, inputs, Arc::clone(&self.double)),
        };
        if begun.is_err() {
            remote.forget();
        }
        self.remote = Some(remote);
    }

    /// Takes back what a device has begun, for the state is about to change.
    pub(super) fn forget(&mut self) {
        if let Some(remote) = &mut self.remote {
            remote.forget();
        }
    }

    fn check(&self, objective: &Objective) -> Result<()> {
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
        workspaces: Arc<Workspaces<T>>,
    ) -> Result<Record> {
        let found = match self.remote.take() {
            Some(mut remote) => {
                let found = remote.generation(self, objective, inputs, workspaces);
                self.remote = Some(remote);
                found?
            }
            None => {
                let population = self.population(objective, inputs, workspaces)?;
                let evaluation = population.evaluate(&self.crew);
                let wanted: Vec<NodeId> = objective.wanted().collect();
                let centre = population.evaluator.centre(&wanted);
                let towards = self.towards(&evaluation, &population.left);
                let elite = self.elite(&evaluation, centre[0])?;
                Found { towards, summary: Summary::of(&evaluation), elite, centre, centroid: self.centroid() }
            }
        };
        self.tell(found)
    }

    /// Moves the centre by what the members' losses say.
    fn tell(&mut self, found: Found) -> Result<Record> {
        let Found { towards, summary, elite, centre: metrics, centroid } = found;
        let (loss, metrics) = (metrics[0], metrics[1..].to_vec());
        let state = &self.state;
        let score = self.config.lambda_syntony * self.harmony()? - loss;
        let sigma = self.sigma();
        let (mut first, mut second) = (state.first_moment.clone(), state.second_moment.clone());
        let mut flux: Vec<f64> = state.centre.iter().zip(&state.residual).map(|(c, r)| c + r).collect();
        optimizer::step(&self.config, state.generation, &towards, (&mut first, &mut second), &mut flux);
        if let Some(best) = elite {
            flux = self.member(best);
        }
        if self.config.harmonize_strength > 0.0 {
            let harmony = self.syntony(&flux)?;
            harmonize(&mut flux, self.config.harmonize_strength, harmony, self.modes());
        }
        self.pull(&mut flux, centroid);
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
            self.state.memory.offer(&before, score, self.state.generation);
        }
        self.state.generation += 1;
        self.state.evaluations += config.population_size as u64;
        Ok(Record {
            generation: self.state.generation,
            evaluations: self.state.evaluations,
            loss,
            metrics,
            best_fitness: summary.best,
            mean_fitness: summary.mean,
            nan_members: config.population_size - summary.count,
            syntony: after,
            attractors: self.state.memory.attractors().len(),
            sigma,
            step_size,
        })
    }

    /// The standard deviation of the coming generation's noise.
    pub(super) fn sigma(&self) -> f64 {
        let generation = self.state.generation;
        self.config.sigma_at(generation) * self.state.shock.factor(generation)
    }

    /// Returns the parameters of one member.
    fn member(&self, member: usize) -> Vec<f64> {
        let sign = if member.is_multiple_of(2) { 1.0 } else { -1.0 };
        let mut utilities = vec![0.0; self.config.population_size / 2];
        utilities[member / 2] = sign * self.sigma();
        let offset = direction::<f32>(&self.crew, &self.perturbation, &Left::default(), &self.shapes, &utilities);
        self.state.centre.iter().zip(offset).map(|(c, o)| c + o).collect()
    }

    /// The centroid of the attractors; none if nothing pulls towards it.
    pub(super) fn centroid(&self) -> Option<Vec<f64>> {
        let memory = (self.config.pull_strength > 0.0).then_some(&self.state.memory);
        memory.and_then(|memory| memory.centroid(self.state.generation))
    }

    /// The retrocausal pull: psi <- (1 - lambda) psi + lambda c with the attractors' centroid c.
    fn pull(&self, flux: &mut [f64], centroid: Option<Vec<f64>>) {
        let (strength, Some(centroid)) = (self.config.pull_strength, centroid) else { return };
        flux.iter_mut().zip(centroid).for_each(|(x, c)| *x = (1.0 - strength) * *x + strength * c);
    }

    /// Returns `flux` as a centre, its lattice coefficients and what rounding to them left over: on the lattice the
    /// nearest point, with the rest carried on if so configured; otherwise `flux` itself.
    pub(super) fn crystallized(&self, flux: Vec<f64>) -> Result<Crystal> {
        let none = vec![0.0; flux.len()];
        if let Some(bad) = flux.iter().find(|x| !x.is_finite()) {
            return Err(Error::Value {
                op: "trainer",
                expected: "a finite centre; a smaller sigma, learning_rate or initial value may keep it so".into(),
                got: bad.to_string(),
            });
        }
        let Some(snapper) = &self.snapper else {
            return Ok((flux, Lattice::default(), none));
        };
        let (mut a, mut b) = (vec![0; flux.len()], vec![0; flux.len()]);
        snapper.snap_into(&flux, &mut a, &mut b)?;
        let centre = all_to_f64(&a, &b);
        let left = flux.iter().zip(&centre).map(|(x, c)| x - c);
        let residual = if self.config.error_feedback { left.collect() } else { none };
        Ok((centre, (a, b), residual))
    }

    /// The syntony of the centre, which the last generation has computed.
    fn harmony(&self) -> Result<f64> {
        self.harmony.map_or_else(|| self.syntony(&self.state.centre), Ok)
    }

    fn syntony(&self, values: &[f64]) -> Result<f64> {
        syntony(values, self.modes())
    }

    /// Each parameter's number of elements and w(n).
    fn modes(&self) -> impl Iterator<Item = Modes<'_>> {
        self.shapes.iter().zip(self.weights.iter()).map(|(shape, weights)| (shape.numel(), weights.as_slice()))
    }

    fn centre_as<T: Element>(&self) -> Vec<Vec<T>> {
        let mut rest = self.state.centre.as_slice();
        let take = |shape: &Shape| {
            let (these, others) = rest.split_at(shape.numel());
            rest = others;
            these.iter().map(|&x| T::from_f64(x)).collect()
        };
        self.shapes.iter().map(take).collect()
    }
}
