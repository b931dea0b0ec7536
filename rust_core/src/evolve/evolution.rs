//! One generation after the other: differentiate, evaluate, recurse, harmonize, pull, crystallize, remember.

mod escape;
mod evaluate;
mod judge;
mod outside;
mod start;
mod step;

use std::sync::Arc;

use super::direction::{Left, direction};
use super::evaluate::{Evaluate, Ready};
use super::harmonize::{Modes, syntony};
use super::interrupt::Interrupt;
use super::pool::Pool;
use super::strategy::{Power, Spread, Strategy};
use super::{Config, State};
use crate::exact::snap::{Snapper, all_to_f64};
use crate::ops::Element;
use crate::program::Perturbation;
use crate::tensor::Shape;
use crate::{Error, Result};

/// The coefficients (a, b) of a genome's lattice points.
type Lattice = (Vec<i64>, Vec<i64>);
/// A centre, its coefficients, and what rounding to them left over.
type Crystal = (Vec<f64>, Lattice, Vec<f64>);

/// A population-based evolution of one genome.
#[derive(Debug)]
pub struct Evolution {
    pub(super) config: Config,
    pub(super) shapes: Arc<Vec<Shape>>,
    pub(super) weights: Arc<Vec<Vec<f64>>>,
    pub(super) perturbation: Perturbation,
    pub(super) strategy: Box<dyn Strategy>,
    /// What evaluates the members; none only while it does.
    place: Option<Box<dyn Evaluate<Evolution>>>,
    snapper: Option<Snapper>,
    pub(super) pool: Pool,
    pub(super) state: State,
    /// The syntony of the centre if it is known.
    pub(super) harmony: Option<f64>,
}

impl Evolution {
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
        let kept = self.strategy.start(&self.config, self.state.centre.len()).len();
        if state.strategy.len() != kept || !state.strategy.iter().all(|x| x.is_finite()) {
            return Err(Error::Value {
                op: "state",
                expected: format!("{kept} finite numbers that the strategy keeps"),
                got: format!("{}, of another strategy or damaged", state.strategy.len()),
            });
        }
        self.forget();
        self.state = state;
        self.harmony = None;
        Ok(())
    }

    /// Takes back what a device has begun, for the state is about to change.
    pub(super) fn forget(&mut self) {
        if let Some(place) = &mut self.place {
            place.forget();
        }
    }

    /// Has `interrupt` asked while members are evaluated and their noise is summed: a step that it ends changes nothing.
    pub fn set_interrupt(&mut self, interrupt: Option<Interrupt>) {
        self.pool.interrupt = interrupt;
    }

    /// How the members of the coming generation are spread.
    pub(super) fn spread(&self) -> Spread {
        let factor = self.state.shock.factor(self.state.generation);
        match self.strategy.ask(&self.config, self.state.generation, &self.state.strategy) {
            Spread::All(sigma) => Spread::All(sigma * factor),
            Spread::Each(sigmas) => Spread::Each(sigmas.into_iter().map(|sigma| sigma * factor).collect()),
        }
    }

    /// The standard deviation of the coming generation's noise; the mean of those that weights have of their own.
    pub(super) fn deviation(&self) -> f64 {
        match self.spread() {
            Spread::All(sigma) => sigma,
            Spread::Each(sigmas) => sigmas.iter().sum::<f64>() / sigmas.len() as f64,
        }
    }

    /// Returns the parameters of one member.
    fn member(&self, member: usize) -> Result<Vec<f64>> {
        let sign = if member.is_multiple_of(2) { 1.0 } else { -1.0 };
        let mut utilities = vec![0.0; self.config.population_size / 2];
        let spread = self.spread();
        utilities[member / 2] = if let Spread::All(sigma) = spread { sign * sigma } else { sign };
        let (left, shapes) = (Left::default(), &self.shapes);
        let mut offset = direction::<f32>(&self.pool, &self.perturbation, &left, shapes, &utilities, Power::One)?;
        if let Spread::Each(sigmas) = spread {
            offset.iter_mut().zip(sigmas).for_each(|(o, s)| *o *= s);
        }
        Ok(self.state.centre.iter().zip(offset).map(|(c, o)| c + o).collect())
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

    /// Returns w(n) of each weight of the genome.
    pub(super) fn mode_weights(&self) -> Vec<f64> {
        self.modes().flat_map(|(length, weights)| weights.iter().copied().cycle().take(length)).collect()
    }

    pub(super) fn centre_as<T: Element>(&self) -> Vec<Vec<T>> {
        split(&self.state.centre, &self.shapes)
    }
}

/// Returns flat weights as parameters of these shapes.
fn split<T: Element>(values: &[f64], shapes: &[Shape]) -> Vec<Vec<T>> {
    let mut rest = values;
    let take = |shape: &Shape| {
        let (these, others) = rest.split_at(shape.numel());
        rest = others;
        these.iter().map(|&x| T::from_f64(x)).collect()
    };
    shapes.iter().map(take).collect()
}
