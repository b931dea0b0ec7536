//! What is derived from a program once: its losses, sites, points, and what has to be run again behind each.

use std::ops::Range;
use std::sync::Arc;

use super::loss::{RowLoss, batch};
use super::noise::DrawNoise;
use super::paley::Rows;
use super::reach::{Examples, examples, reaches};
use super::sites::{Head, Reading, Sites};
use crate::program::{NodeId, Program};
use crate::{Error, Result};

/// Parts that a batch is cut into, however many threads there are: sums are made in each and joined in one order.
const SLICES: usize = 8;

/// How activations are perturbed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Activations {
    /// Draws of noise for each example.
    pub draws: usize,
    /// Their law.
    pub noise: DrawNoise,
    /// Whether each draw is made with either sign, in place of one clean pass for all.
    pub mirrored: bool,
    /// What a loss counts that lies one position later, behind a causal mixture.
    pub credit_discount: f64,
    /// Whether the error of the outputs is the loss's own closed form.
    pub exact_head: bool,
    /// Whether units that a rectifier stops get no noise.
    pub active_only: bool,
    /// Whether sigma is in units of the standard deviation of each site's values over the batch.
    pub sigma_by_spread: bool,
    /// Whether each draw perturbs one site, in turn, and not all.
    pub in_turn: bool,
}

impl Activations {
    /// Returns how often the batch is run forward in a generation.
    pub fn passes(&self) -> usize {
        if self.mirrored { 2 * self.draws } else { self.draws + 1 }
    }
}

/// A program prepared for perturbed activations.
#[derive(Debug)]
pub(in crate::evolve) struct Plan {
    pub(super) program: Arc<Program>,
    /// The loss itself, a scalar.
    scalar: NodeId,
    pub(super) loss: RowLoss,
    pub(super) batch: usize,
    pub(super) settings: Activations,
    pub(super) sites: Sites,
    /// Orthogonal rows over the noisy elements of an example.
    pub(super) rows: Arc<Rows>,
    pub(super) head: Option<Head>,
    pub(super) examples: Vec<Examples>,
    /// Values that the outputs are made of.
    pub(super) needed: Vec<bool>,
    /// Values of the clean pass that are read again.
    pub(super) kept: Vec<bool>,
    /// The point at each value.
    pub(super) point_of: Vec<Option<usize>>,
    /// What lies behind all points, then behind each.
    dirty: Vec<Vec<bool>>,
    pub(super) slices: Vec<Range<usize>>,
}

impl Plan {
    /// Prepares a program whose scalar `loss` is to be made small.
    ///
    /// # Errors
    /// `Error::Value` when the loss is no mean of losses of examples, a parameter is not read, or settings do not fit.
    pub fn new(program: &Arc<Program>, loss: NodeId, settings: Activations) -> Result<Self> {
        let batch = batch(program)?;
        let scalar = loss;
        let loss = RowLoss::of(program, loss)?;
        let (reaches, examples) = (reaches(program, &loss), examples(program, batch));
        let mut sites = Sites::find(program, &loss, &reaches, &examples)?;
        let head = if settings.exact_head { Some(sites.head(program, &loss)?) } else { None };
        let needed = program.ancestors(loss.outputs);
        let nodes = program.nodes();
        let mut point_of = vec![None; nodes.len()];
        sites.points.iter().enumerate().for_each(|(i, point)| point_of[point.node] = Some(i));
        let perturbed: Vec<usize> =
            (0..sites.points.len()).filter(|&point| head.as_ref().is_none_or(|head| head.point != point)).collect();
        if settings.in_turn && settings.draws < perturbed.len() {
            return Err(Error::Value {
                op: "trainer",
                expected: format!("draws >= {}, one for each site, as draw_sites=in_turn needs", perturbed.len()),
                got: settings.draws.to_string(),
            });
        }
        let rows = Arc::new(Rows::new(sites.number(program, batch, settings.in_turn, &perturbed), settings.draws));
        let behind = |from: &[usize]| {
            let mut dirty = vec![false; nodes.len()];
            for (id, node) in nodes.iter().enumerate().take(loss.outputs + 1).filter(|(id, _)| needed[*id]) {
                dirty[id] = point_of[id].is_some_and(|point| from.contains(&point))
                    || node.inputs.iter().any(|&input| dirty[input]);
            }
            dirty
        };
        let all = [behind(&perturbed)];
        let dirty: Vec<Vec<bool>> =
            all.into_iter().chain((0..sites.points.len()).map(|point| behind(&[point]))).collect();
        let mut kept = vec![false; nodes.len()];
        kept[loss.outputs] = true;
        for site in &sites.sites {
            match site.reading {
                Reading::Multiplied { other, .. } => kept[other] = true,
                Reading::Added { .. } | Reading::Itself { .. } => {}
                Reading::Operation | Reading::Factor { .. } => kept[nodes[site.node].inputs[0]] = true,
            }
        }
        sites.points.iter().for_each(|point| kept[point.node] = true);
        for dirty in &dirty {
            for (id, _) in nodes.iter().enumerate().filter(|(id, _)| dirty[*id]) {
                nodes[id].inputs.iter().filter(|&&input| !dirty[input]).for_each(|&input| kept[input] = true);
            }
        }
        let is_cut = (0..=loss.outputs).all(|id| !needed[id] || examples[id] != Examples::Mixed);
        let size = if is_cut { batch.div_ceil(SLICES) } else { batch };
        let slices = (0..batch).step_by(size).map(|first| first..batch.min(first + size)).collect();
        let program = Arc::clone(program);
        Ok(Self {
            program,
            scalar,
            loss,
            batch,
            settings,
            sites,
            rows,
            head,
            examples,
            needed,
            kept,
            point_of,
            dirty,
            slices,
        })
    }

    /// Returns whether this was derived from that loss of that program.
    pub fn is_of(&self, program: &Arc<Program>, loss: NodeId) -> bool {
        Arc::ptr_eq(&self.program, program) && self.scalar == loss
    }

    /// Returns for each value whether it lies behind the noise of a point, or of any.
    pub(super) fn dirty(&self, only: Option<usize>) -> &[bool] {
        &self.dirty[only.map_or(0, |point| point + 1)]
    }

    /// Returns whether noise is added at a point.
    pub(super) fn is_perturbed(&self, point: usize) -> bool {
        self.head.as_ref().is_none_or(|head| head.point != point)
    }

    /// Returns the points that noise is added at.
    pub(super) fn perturbed(&self) -> Vec<usize> {
        (0..self.sites.points.len()).filter(|&point| self.is_perturbed(point)).collect()
    }

    /// Returns whether draws can be computed side by side: all that lies behind noise belongs to examples.
    pub(super) fn stacks(&self) -> bool {
        let dirty = self.dirty(None);
        (0..dirty.len()).all(|id| !dirty[id] || self.examples[id] == Examples::First)
    }

    /// Returns the numbers of one example behind the points, about: what a draw's memory is.
    pub(super) fn width(&self) -> usize {
        let nodes = self.program.nodes();
        let dirty = self.dirty(None);
        let sizes = (0..dirty.len()).filter(|&id| dirty[id]).map(|id| nodes[id].shape.numel() / self.batch);
        sizes.max().unwrap_or(1).max(1)
    }
}
