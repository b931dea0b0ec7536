//! The passes of one generation: the clean one, the draws, and what the losses say before anything is credited.

use std::ops::Range;
use std::sync::Arc;

use super::super::pool::Pool;
use super::card::Card;
use super::forward::{Draws, Forward, Values, missing, part};
use super::plan::Plan;
use super::reach::Examples;
use crate::Result;
use crate::ops::{Element, Op};
use crate::program::NodeId;
use crate::tensor::Tensor;

/// Numbers that one draw's largest value has side by side with others: with more they would leave the cache.
const TOGETHER: usize = 1 << 16;

/// The same on a device: enough to keep it busy, in little of its memory.
const ON_A_CARD: usize = 1 << 26;

/// Everything of one generation that its tasks read, as far as it is known.
pub(super) struct Generation<T> {
    pub forward: Arc<Forward<T>>,
    /// The parts that passes are made in.
    pub slices: Arc<Vec<Range<usize>>>,
    /// The values of the clean pass, of each part.
    pub clean: Arc<Vec<Values>>,
    pub sigmas: Arc<Vec<f64>>,
    /// The device that passes are made on; none is the CPU.
    pub card: Option<Arc<Card>>,
}

impl<T> Clone for Generation<T> {
    fn clone(&self) -> Self {
        let Self { forward, slices, clean, sigmas, card } = self;
        let (forward, slices) = (Arc::clone(forward), Arc::clone(slices));
        Self { forward, slices, clean: Arc::clone(clean), sigmas: Arc::clone(sigmas), card: card.clone() }
    }
}

impl<T: Element> Generation<T> {
    pub fn plan(&self) -> &Plan {
        &self.forward.plan
    }

    /// Runs the clean pass of each slice.
    pub fn passes(&self, pool: &Pool, cost: usize) -> Result<Vec<Values>> {
        if let Some(card) = &self.card {
            return Ok(vec![card.clean(&self.forward)?]);
        }
        let these = self.clone();
        pool.map(self.slices.len(), cost, move |slice| these.forward.clean(&these.slices[slice]))?.into_iter().collect()
    }

    /// Returns the outputs of the whole batch.
    pub fn outputs(&self) -> Result<Tensor> {
        let outputs = self.plan().loss.outputs;
        let parts: Vec<&Tensor> = self
            .clean
            .iter()
            .map(|values| values[outputs].as_ref().ok_or_else(|| missing(outputs)))
            .collect::<Result<_>>()?;
        if let [one] = parts.as_slice() {
            return Ok((*one).clone());
        }
        let all: Vec<&[T]> = parts.iter().map(|part| T::slice(part)).collect();
        Tensor::new(self.plan().program.nodes()[outputs].shape.clone(), T::storage(all.concat()))
    }

    /// Computes the loss and the metrics of the centre as every trainer does, from the outputs of the whole batch.
    pub fn scalars(&self, outputs: &Tensor, wanted: &[NodeId], parameters: &[Tensor]) -> Result<Vec<f64>> {
        let plan = self.plan();
        let nodes = plan.program.nodes();
        let mut values: Values = vec![None; nodes.len()];
        let mut needed = vec![false; nodes.len()];
        wanted.iter().for_each(|&id| needed[id] = true);
        for id in (0..nodes.len()).rev().filter(|&id| id != plan.loss.outputs) {
            if needed[id] && nodes[id].varies {
                nodes[id].inputs.iter().for_each(|&input| needed[input] = true);
            }
        }
        for id in (0..nodes.len()).filter(|&id| needed[id]) {
            values[id] = Some(match &nodes[id].op {
                _ if id == plan.loss.outputs => outputs.clone(),
                Some(op) if nodes[id].varies => {
                    let inputs: Vec<&Tensor> = nodes[id]
                        .inputs
                        .iter()
                        .map(|&input| values[input].as_ref().ok_or_else(|| missing(input)))
                        .collect::<Result<_>>()?;
                    match op {
                        Op::Weight(weight) => parameters[weight.parameter].clone(),
                        op => op.eager(&inputs, parameters)?,
                    }
                }
                _ => self.forward.whole(id)?.clone(),
            });
        }
        let first = |id: &NodeId| values[*id].as_ref().and_then(|v| v.to_f64().first().copied()).unwrap_or(f64::NAN);
        Ok(wanted.iter().map(first).collect())
    }

    /// Returns what multiplies the noise of each point.
    pub fn sigmas(&self, sigma: f64) -> Result<Vec<f64>> {
        let plan = self.plan();
        let points = plan.sites.points.iter();
        points
            .map(|point| if plan.settings.sigma_by_spread { Ok(sigma * self.spread(point.node)?) } else { Ok(sigma) })
            .collect()
    }

    /// Returns the standard deviation of a value over the batch; 1 where it is constant.
    pub fn spread(&self, node: NodeId) -> Result<f64> {
        let (mut count, mut sum, mut squares) = (0.0, 0.0, 0.0);
        for values in self.clean.iter() {
            let z = T::slice(values[node].as_ref().ok_or_else(|| missing(node))?);
            count += z.len() as f64;
            sum += z.iter().map(|x| x.to_f64()).sum::<f64>();
            squares += z.iter().map(|x| x.to_f64() * x.to_f64()).sum::<f64>();
        }
        let variance = squares / count - (sum / count) * (sum / count);
        Ok(if variance > 1e-12 * squares / count { variance.sqrt() } else { 1.0 })
    }

    pub fn weights(&self) -> Result<Option<Tensor>> {
        self.plan().loss.weights.map(|id| self.forward.whole(id).cloned()).transpose()
    }

    /// Returns the loss of each row of some examples.
    pub fn row_losses(&self, outputs: &[T], examples: Range<usize>) -> Result<Vec<f64>> {
        let loss = &self.plan().loss;
        let each = loss.rows.numel() / self.plan().batch;
        let mut losses = vec![T::ZERO; examples.len() * each];
        loss.losses(outputs, self.targets(&examples)?, &mut losses);
        Ok(losses.into_iter().map(T::to_f64).collect())
    }

    pub fn targets(&self, examples: &Range<usize>) -> Result<&[T]> {
        let loss = &self.plan().loss;
        let each = loss.rows.numel() / self.plan().batch;
        let Some(targets) = loss.targets else { return Ok(&[]) };
        Ok(&T::slice(self.forward.whole(targets)?)[examples.start * each..examples.end * each])
    }

    /// Returns the loss of each row of the clean pass.
    pub fn clean_losses(&self, pool: &Pool, cost: usize) -> Result<Vec<f64>> {
        let these = self.clone();
        let found = pool.map(self.slices.len(), cost, move |slice| {
            let outputs = these.clean[slice][these.plan().loss.outputs].as_ref();
            these.row_losses(outputs.map_or(&[], |x| T::slice(x)), these.slices[slice].clone())
        })?;
        Ok(found.into_iter().collect::<Result<Vec<_>>>()?.concat())
    }

    /// Returns the exact error of the last site over the whole batch; nothing if it is perturbed.
    pub fn exact(&self, pool: &Pool, cost: usize, clean: &[f64]) -> Result<Vec<T>> {
        let plan = self.plan();
        let Some(head) = &plan.head else { return Ok(Vec::new()) };
        let shares = plan.loss.shares(self.weights()?.as_ref(), |row| clean[row].is_finite());
        let factor = |share: &f64| T::from_f64(head.scale * share);
        let factors: Vec<T> = shares.iter().map(factor).collect();
        let these = self.clone();
        let parts = pool.map(self.slices.len(), cost, move |slice| {
            let (loss, examples) = (&these.plan().loss, &these.slices[slice]);
            let x = these.clean[slice][loss.outputs].as_ref().map_or(&[][..], |x| T::slice(x));
            let each = factors.len() / these.plan().batch;
            let factors = &factors[examples.start * each..examples.end * each];
            let mut errors = vec![T::ZERO; x.len()];
            loss.errors(x, these.targets(examples)?, &mut errors);
            let width = (errors.len() / factors.len().max(1)).max(1);
            for (errors, &factor) in errors.chunks_exact_mut(width).zip(factors) {
                // An error that is no number counts nothing.
                errors.iter_mut().for_each(|e| *e = if factor == T::ZERO { T::ZERO } else { *e * factor });
            }
            Ok(errors)
        })?;
        let errors = parts.into_iter().collect::<Result<Vec<_>>>()?.concat();
        let size = plan.program.nodes()[plan.sites.points[head.point].node].shape.numel();
        if size == errors.len() && head.in_order {
            return Ok(errors);
        }
        let mut error = vec![T::ZERO; size];
        for (&e, &place) in errors.iter().zip(&head.elements) {
            error[place] = error[place] + e;
        }
        Ok(error)
    }

    /// Returns the groups of draws, for each slice.
    pub fn draws(&self, plain: bool) -> Vec<(usize, Draws)> {
        let plan = self.plan();
        let settings = &plan.settings;
        let perturbed = plan.perturbed();
        let signs: &[f64] = if settings.mirrored { &[1.0, -1.0] } else { &[1.0] };
        let card = self.card.is_some();
        let stacks = plan.stacks() && !plain && (card || self.slices.len() > 1);
        let together = if card { ON_A_CARD } else { TOGETHER };
        let mut tasks = Vec::new();
        for (slice, examples) in self.slices.iter().enumerate() {
            let most = if stacks { (together / (plan.width() * examples.len())).max(1) } else { 1 };
            let mut passes: Vec<(Option<usize>, (usize, f64))> = (0..settings.draws)
                .flat_map(|draw| signs.iter().map(move |&sign| (draw, sign)))
                .map(|pass| (settings.in_turn.then(|| perturbed[pass.0 % perturbed.len()]), pass))
                .collect();
            // Draws of one point side by side; each pass keeps its number.
            passes.sort_by_key(|(only, (draw, _))| (*only, *draw));
            for same in passes.chunk_by(|a, b| a.0 == b.0) {
                for group in same.chunks(most) {
                    let which = group.iter().map(|(_, pass)| *pass).collect();
                    tasks.push((slice, Draws { which, only: group[0].0, sigmas: Arc::clone(&self.sigmas) }));
                }
            }
        }
        if perturbed.is_empty() { Vec::new() } else { tasks }
    }

    /// Runs all draws and returns the loss of each pass and row; passes of one draw are neighbours.
    pub fn run(&self, pool: &Pool, cost: usize, tasks: Vec<(usize, Draws)>) -> Result<Vec<Vec<f64>>> {
        let (these, tasks) = (self.clone(), Arc::new(tasks));
        let all = Arc::clone(&tasks);
        let found = pool.map(tasks.len(), cost, move |task| {
            let (slice, draws) = &all[task];
            let examples = &these.slices[*slice];
            let clean = &these.clean[*slice];
            let outputs = match &these.card {
                Some(card) => card.draws(&these.forward, draws, examples, clean)?,
                None => these.forward.draws(draws, examples, clean)?,
            };
            let outputs = T::slice(&outputs);
            let size = outputs.len() / draws.which.len();
            outputs.chunks_exact(size).map(|outputs| these.row_losses(outputs, examples.clone())).collect()
        })?;
        let found: Vec<Vec<Vec<f64>>> = found.into_iter().collect::<Result<_>>()?;
        let plan = self.plan();
        let rows = plan.loss.rows.numel();
        let each = rows / plan.batch;
        let signs = if plan.settings.mirrored { 2 } else { 1 };
        let passes = if tasks.is_empty() { 0 } else { plan.settings.draws * signs };
        let mut losses = vec![vec![0.0; rows]; passes];
        for ((slice, draws), found) in tasks.iter().zip(found) {
            for (&(draw, sign), found) in draws.which.iter().zip(found) {
                let pass = draw * signs + usize::from(sign < 0.0);
                let examples = &self.slices[*slice];
                losses[pass][examples.start * each..examples.end * each].copy_from_slice(&found);
            }
        }
        Ok(losses)
    }

    /// Returns for each draw and row what its noise changed the loss by; NaN where that is not known.
    pub fn changes(&self, passes: &[Vec<f64>], clean: &[f64]) -> Vec<Vec<f64>> {
        let known = |x: f64| if x.is_finite() { x } else { f64::NAN };
        if self.plan().settings.mirrored {
            let pairs = passes.chunks_exact(2);
            return pairs.map(|p| p[0].iter().zip(&p[1]).map(|(a, b)| known((a - b) / 2.0)).collect()).collect();
        }
        passes.iter().map(|losses| losses.iter().zip(clean).map(|(l, c)| known(l - c)).collect()).collect()
    }

    /// Counts the examples of the passes whose losses are not all finite.
    pub fn lost(&self, passes: &[Vec<f64>], clean: &[f64]) -> usize {
        let each = clean.len() / self.plan().batch;
        let broken =
            |losses: &[f64]| losses.chunks_exact(each).filter(|rows| rows.iter().any(|l| !l.is_finite())).count();
        broken(clean) + passes.iter().map(|losses| broken(losses)).sum::<usize>()
    }

    /// Returns the clean values of some examples, cut or joined from those of the slices they were computed in.
    pub fn values(&self, examples: &Range<usize>) -> Result<Values> {
        if let Some(same) = self.slices.iter().position(|slice| slice == examples) {
            return Ok(self.clean[same].clone());
        }
        let plan = self.plan();
        let join = |id: NodeId| -> Result<Option<Tensor>> {
            let parts: Vec<&Tensor> = self.clean.iter().filter_map(|values| values[id].as_ref()).collect();
            if parts.len() < self.clean.len() {
                return Ok(None);
            }
            if plan.examples[id] != Examples::First {
                return Ok(Some(parts[0].clone()));
            }
            if let [whole] = parts.as_slice() {
                return part::<T>(whole, examples).map(Some);
            }
            let all: Vec<T> = parts.iter().flat_map(|part| T::slice(part).iter().copied()).collect();
            Tensor::new(plan.program.nodes()[id].shape.clone(), T::storage(all)).map(Some)
        };
        (0..plan.program.nodes().len()).map(join).collect()
    }
}
