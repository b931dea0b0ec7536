//! Evaluates a population: sixteen mirrored pairs at a time on each thread.

use std::sync::{Arc, OnceLock};

use super::direction::Left;
use super::pool::{NORMAL_COST, Pool};
use super::strategy::Spread;
use crate::Result;
use crate::loops::{LANES, Parameter};
use crate::ops::Element;
use crate::program::{Evaluator, Half, Perturbation, Workspace, Workspaces};
use crate::tensor::Shape;

/// The most bytes of normals that are left for the direction: drawing them again would take longer than reading them.
const LEFT: usize = 16 << 20;

/// The members of one generation.
pub(super) struct Population<T> {
    pub evaluator: Evaluator<T>,
    pub perturbation: Perturbation,
    pub spread: Spread,
    pub pairs: usize,
    pub shapes: Arc<Vec<Shape>>,
    pub centre: Arc<Vec<Vec<T>>>,
    /// w(n) of each parameter's modes; nothing if nobody asks for syntony.
    pub weights: Option<Arc<Vec<Vec<f64>>>>,
    pub workspaces: Arc<Workspaces<T>>,
    /// The normals of each group, for the direction; no groups if there are too many normals.
    pub left: Left<T>,
}

/// Returns a place for the normals of each group, or none if they are too many.
pub(super) fn places<T>(perturbation: &Perturbation, pairs: usize) -> Left<T> {
    let groups = pairs.div_ceil(LANES);
    let bytes = groups.saturating_mul(perturbation.scratch_len()).saturating_mul(size_of::<[T; LANES]>());
    Arc::new((0..if bytes <= LEFT { groups } else { 0 }).map(|_| OnceLock::new()).collect())
}

/// What was found of each member; member 2p is centre + sigma * noise of pair p, member 2p + 1 its mirror image.
#[derive(Debug, Default)]
pub(super) struct Evaluation {
    pub losses: Vec<f64>,
    /// Empty if nobody asked.
    pub syntonies: Vec<f64>,
}

/// The members' losses in short.
#[derive(Clone, Copy, Debug)]
pub(super) struct Summary {
    /// Fitness of the best member; NaN if none has a number.
    pub best: f64,
    /// Mean fitness of those that have a number.
    pub mean: f64,
    /// How many losses are NaN.
    pub nan: usize,
    /// Examples that each was judged on.
    pub examples: usize,
}

impl Summary {
    /// Returns what is to be told of an evaluation.
    pub fn of(evaluation: &Evaluation) -> Self {
        let numbers = || evaluation.losses.iter().filter(|loss| !loss.is_nan());
        let count = numbers().count();
        Self {
            best: numbers().map(|loss| -loss).fold(f64::NAN, f64::max),
            mean: -numbers().sum::<f64>() / count as f64,
            nan: evaluation.losses.len() - count,
            examples: 1,
        }
    }

    /// Returns what is to be told of draws, of whose examples' losses `nan` are no finite numbers.
    pub fn of_draws(losses: Vec<f64>, nan: usize) -> Self {
        Self { nan, ..Self::of(&Evaluation { losses, syntonies: Vec::new() }) }
    }
}

/// What was found of sixteen members.
struct Group {
    losses: [f64; LANES],
    syntonies: Option<[f64; LANES]>,
}

impl<T: Element + Default> Population<T> {
    /// Computes every member's loss, and its syntony if asked. The result does not depend on the number of threads.
    ///
    /// # Errors
    /// `Error::Interrupted`.
    pub fn evaluate(self: &Arc<Self>, pool: &Pool) -> Result<Evaluation> {
        let groups = self.pairs.div_ceil(LANES);
        let cost = groups * (2 * self.evaluator.cost() + NORMAL_COST * self.perturbation.scratch_len());
        let population = Arc::clone(self);
        let found = pool.map(groups, cost, move |group| population.group(group * LANES))?;
        let mut evaluation = Evaluation::default();
        for pair in 0..self.pairs {
            for half in &found[pair / LANES] {
                evaluation.losses.push(half.losses[pair % LANES]);
                evaluation.syntonies.extend(half.syntonies.map(|syntonies| syntonies[pair % LANES]));
            }
        }
        Ok(evaluation)
    }

    /// The deviation that the members' noise is multiplied by once each weight's own is in it.
    fn sigma(&self) -> f64 {
        if let Spread::All(sigma) = self.spread { sigma } else { 1.0 }
    }

    /// Multiplies the normals of a group, of full rank, by the deviations of their weights.
    fn scale(&self, deviations: &[f64], noise: &mut [[T; LANES]]) {
        let mut rest = deviations;
        for (shape, &start) in self.shapes.iter().zip(self.perturbation.offsets()) {
            let (these, others) = rest.split_at(shape.numel());
            rest = others;
            for (lanes, &s) in noise[start..].iter_mut().zip(these) {
                let s = T::from_f64(s);
                lanes.iter_mut().for_each(|z| *z = *z * s);
            }
        }
    }

    fn group(&self, first: usize) -> [Group; 2] {
        let pair = first as u32;
        let sigma = T::from_f64(self.sigma());
        self.workspaces.with(|workspace| {
            self.perturbation.fill(pair, &mut workspace.noise);
            if let Spread::Each(deviations) = &self.spread {
                if let Some(left) = self.left.get(first / LANES) {
                    left.get_or_init(|| workspace.noise.clone());
                }
                self.scale(deviations, &mut workspace.noise);
            }
            let found = [Half::Plus, Half::Minus].map(|half| Group {
                losses: self.evaluator.members(&self.perturbation, sigma, half, pair, workspace),
                syntonies: self.weights.as_ref().map(|weights| self.syntony(weights, half, workspace)),
            });
            if let Some(left) = self.left.get(first / LANES) {
                left.get_or_init(|| std::mem::take(&mut workspace.noise));
            }
            found
        })
    }

    /// Returns the syntony of sixteen members: sums of a few rows in `T`, their totals in binary64.
    fn syntony(&self, weights: &[Vec<f64>], half: Half, workspace: &mut Workspace<T>) -> [f64; LANES] {
        let sigma = T::from_f64(if half == Half::Plus { self.sigma() } else { -self.sigma() });
        let Workspace { noise, scratch, .. } = workspace;
        let (mut low, mut total) = ([0.0; LANES], [0.0; LANES]);
        for (i, (shape, centre)) in self.shapes.iter().zip(self.centre.iter()).enumerate() {
            let parameter = Parameter { shape, centre, noise: self.perturbation.noise(i, sigma, noise) };
            parameter.energies(&weights[i], scratch.get_mut(), &mut low, &mut total);
        }
        std::array::from_fn(|l| if total[l] == 0.0 { 0.0 } else { low[l] / total[l] })
    }
}
