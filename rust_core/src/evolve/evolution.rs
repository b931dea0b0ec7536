//! One generation after the other: differentiate, evaluate, recurse, harmonize, pull, crystallize, remember.

mod evaluate;
mod judge;
mod step;

use std::sync::Arc;

use super::crew::Crew;
use super::direction::{Left, direction};
use super::harmonize::{Modes, syntony};
use super::population::Summary;
use super::remote::Remote;
use super::{AttractorMemory, Config, State};
use crate::cuda::Device;
use crate::exact::snap::{Snapper, all_to_f64};
use crate::ops::Element;
use crate::program::{NodeId, Perturbation, Program, Workspaces};
use crate::tensor::Shape;
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
}

/// What a step begins with, whatever the members say.
pub(super) struct Ready {
    /// The centre with what rounding left over.
    pub flux: Vec<f64>,
    /// The moments of the optimizer.
    pub moments: (Vec<f64>, Vec<f64>),
    /// What the memory pulls the centre towards; none if nothing does.
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
    pub(super) crew: Crew,
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
            snapper: config.bound().map(Snapper::new).transpose()?,
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

    /// Evaluates members on a CUDA device from now on; the centre stays with the CPU, where one helper evaluates it.
    ///
    /// # Errors
    /// `Error::Value` when the system grants no thread.
    pub fn on(mut self, device: &Arc<Device>) -> Result<Self> {
        self.remote = Some(Remote::new(device));
        self.crew = Crew::new(Some(self.crew.threads().min(2)))?;
        Ok(self)
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
        state.check(self.state.centre.len(), self.config.bound())?;
        self.forget();
        self.state = state;
        self.harmony = None;
        Ok(())
    }

    /// Takes back what a device has begun, for the state is about to change.
    pub(super) fn forget(&mut self) {
        if let Some(remote) = &mut self.remote {
            remote.forget();
        }
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

    /// Returns what the coming step begins with.
    pub(super) fn ready(&self) -> Ready {
        let state = &self.state;
        let memory = (self.config.pull_strength > 0.0).then_some(&state.memory);
        Ready {
            flux: state.centre.iter().zip(&state.residual).map(|(c, r)| c + r).collect(),
            moments: (state.first_moment.clone(), state.second_moment.clone()),
            centroid: memory.and_then(|memory| memory.centroid(state.generation)),
        }
    }

    /// Returns `flux` as a centre, its lattice coefficients and what rounding to them left over: on the lattice the
    /// nearest point, with the rest carried on if so configured; otherwise `flux` itself.
    pub(super) fn crystallized(&self, flux: Vec<f64>) -> Result<Crystal> {
        if !flux.iter().fold(true, |finite, x| finite & x.is_finite()) {
            return Err(Error::Value {
                op: "trainer",
                expected: "a finite centre; a smaller sigma, learning_rate or initial value may keep it so".into(),
                got: flux.iter().find(|x| !x.is_finite()).map_or_else(String::new, f64::to_string),
            });
        }
        let length = flux.len();
        let Some(snapper) = &self.snapper else {
            return Ok((flux, Lattice::default(), vec![0.0; length]));
        };
        let (mut a, mut b) = (vec![0; length], vec![0; length]);
        snapper.snap_into(&flux, &mut a, &mut b)?;
        let centre = all_to_f64(&a, &b);
        let left = flux.iter().zip(&centre).map(|(x, c)| x - c);
        let residual = if self.config.error_feedback { left.collect() } else { vec![0.0; length] };
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
