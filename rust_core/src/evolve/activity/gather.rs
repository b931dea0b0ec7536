//! From what the losses changed by to the direction of every parameter: credits, errors, products, sums in one order.

use std::sync::Arc;

use super::super::pool::Pool;
use super::credit::credits;
use super::generation::Generation;
use super::plan::Plan;
use super::products::directions;
use crate::Result;
use crate::ops::Element;
use crate::tensor::Tensor;

/// The direction of some parameters.
pub(super) type Partial = Vec<(usize, Vec<f64>)>;

/// What the directions are made of.
pub(super) struct Work<T> {
    pub generation: Generation<T>,
    /// For each draw and row, what its noise changed the loss by.
    pub changes: Vec<Vec<f64>>,
    /// The loss of each row without noise.
    pub clean: Vec<f64>,
    /// The error of the last site, if it is exact.
    pub head: Vec<T>,
}

impl<T: Element> Work<T> {
    /// Returns the derivative of the loss by each site's parameters, as the draws that take part estimate it.
    pub fn directions(self: &Arc<Self>, pool: &Pool, cost: usize, takes: fn(usize) -> bool) -> Result<Vec<Partial>> {
        let plan = Arc::clone(&self.generation.forward.plan);
        let mut tasks: Vec<(usize, Option<usize>)> = Vec::new();
        for (number, point) in plan.sites.points.iter().enumerate() {
            match point.by_example {
                true => tasks.extend((0..plan.slices.len()).map(|slice| (number, Some(slice)))),
                false => tasks.push((number, None)),
            }
        }
        let weights = self.generation.weights()?;
        let counted = |point| self.counted(point, weights.as_ref(), takes);
        // Draws that perturb all points count alike at each.
        let counting: Vec<Arc<Vec<Vec<f64>>>> = if plan.settings.in_turn {
            (0..plan.sites.points.len()).map(|point| Arc::new(counted(point))).collect()
        } else {
            let all = Arc::new(plan.perturbed().first().map_or_else(Vec::new, |&point| counted(point)));
            vec![all; plan.sites.points.len()]
        };
        let (these, all) = (Arc::clone(self), tasks.clone());
        let found = pool.map(tasks.len(), cost, move |task| {
            let (point, slice) = all[task];
            these.part(point, slice, &counting[point])
        })?;
        let mut found = found.into_iter().collect::<Result<Vec<Vec<Partial>>>>()?.into_iter();
        let mut total: Vec<Partial> = vec![Partial::new(); plan.sites.sites.len()];
        for (number, point) in plan.sites.points.iter().enumerate() {
            let parts: Vec<Vec<Partial>> =
                found.by_ref().take(if point.by_example { plan.slices.len() } else { 1 }).collect();
            let own = plan.sites.sites.iter().enumerate().filter(|(_, site)| site.point == number).map(|(i, _)| i);
            for (i, joined) in own.zip(joined(parts)) {
                total[i] = joined;
            }
        }
        Ok(total)
    }

    /// Returns for each draw and row its change as it counts at a point, times sigma: nothing for draws that do not
    /// perturb it.
    fn counted(&self, point: usize, weights: Option<&Tensor>, takes: fn(usize) -> bool) -> Vec<Vec<f64>> {
        let Self { generation, changes, clean, .. } = self;
        let plan = generation.plan();
        let (settings, perturbed) = (&plan.settings, plan.perturbed());
        if !plan.is_perturbed(point) {
            return Vec::new();
        }
        let meant = |draw: usize| takes(draw) && (!settings.in_turn || perturbed[draw % perturbed.len()] == point);
        let known = |row: usize| (0..changes.len()).filter(|&draw| meant(draw) && !changes[draw][row].is_nan()).count();
        let counts: Vec<usize> =
            (0..clean.len()).map(|row| if clean[row].is_finite() { known(row) } else { 0 }).collect();
        let shares = plan.loss.shares(weights, |row| counts[row] > 0);
        let counted = |(draw, changes): (usize, &Vec<f64>)| {
            let each = |(row, &change): (usize, &f64)| {
                let none = counts[row] == 0 || change.is_nan();
                if none { 0.0 } else { change * shares[row] / counts[row] as f64 }
            };
            if meant(draw) { changes.iter().enumerate().map(each).collect() } else { Vec::new() }
        };
        changes.iter().enumerate().map(counted).collect()
    }

    /// Returns what one slice, or the whole batch, says of the sites of a point.
    fn part(&self, point: usize, slice: Option<usize>, counted: &[Vec<f64>]) -> Result<Vec<Partial>> {
        let generation = &self.generation;
        let plan = generation.plan();
        let site = &plan.sites.points[point];
        let node = &plan.program.nodes()[site.node];
        let examples = slice.map_or(0..plan.batch, |slice| plan.slices[slice].clone());
        let clean = generation.values(&examples)?;
        let shape = if slice.is_some() { node.shape.with_axis(0, examples.len()) } else { node.shape.clone() };
        let size = shape.numel();
        let error: Vec<T> = if plan.is_perturbed(point) {
            let each = plan.loss.rows.numel() / plan.batch;
            let rows = plan.loss.rows.with_axis(0, examples.len());
            let sigma = generation.sigmas[point];
            let mut error = vec![T::ZERO; size];
            for (draw, changes) in counted.iter().enumerate().filter(|(_, changes)| !changes.is_empty()) {
                let changes = &changes[examples.start * each..examples.end * each];
                let credits = credits(&site.reach, &shape, &rows, changes, plan.settings.credit_discount);
                let values: Vec<T> = credits.values.iter().map(|&credit| T::from_f64(credit / sigma)).collect();
                let of = (point, draw);
                generation.forward.add_noise(of, (&values, credits.inner), &examples, &clean, &mut error);
            }
            error
        } else {
            let each = self.head.len() / plan.batch;
            match slice {
                Some(_) => self.head[examples.start * each..examples.end * each].to_vec(),
                None => self.head.clone(),
            }
        };
        let sites = plan.sites.sites.iter().filter(|site| site.point == point);
        sites.map(|site| directions(plan, site, &error, &shape, &clean)).collect()
    }
}

/// Joins the parts of each site, two neighbours at a time until one is left.
fn joined(mut parts: Vec<Vec<Partial>>) -> Vec<Partial> {
    while parts.len() > 1 {
        let mut next = Vec::with_capacity(parts.len().div_ceil(2));
        let mut rest = parts.into_iter();
        while let Some(mut a) = rest.next() {
            for (a, b) in a.iter_mut().zip(rest.next().unwrap_or_default()) {
                for ((_, a), (_, b)) in a.iter_mut().zip(b) {
                    a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
                }
            }
            next.push(a);
        }
        parts = next;
    }
    parts.pop().unwrap_or_default()
}

/// The cosine, for each site, between what the half of the draws says and what the other half says.
pub(super) fn signals(plan: &Plan, total: &[Partial], half: &[Partial]) -> Vec<(usize, f64)> {
    let perturbed = |i: usize| plan.is_perturbed(plan.sites.sites[i].point);
    let sites = total.iter().zip(half).enumerate().filter(|(i, _)| perturbed(*i));
    sites
        .filter_map(|(_, (total, half))| {
            let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
            for ((_, total), (_, half)) in total.iter().zip(half) {
                for (t, a) in total.iter().zip(half) {
                    // Either half is scaled by its own count, so that the whole is about their mean.
                    let b = 2.0 * t - a;
                    (ab, aa, bb) = (ab + a * b, aa + a * a, bb + b * b);
                }
            }
            let length = (aa * bb).sqrt();
            total.first().map(|(parameter, _)| (*parameter, if length > 0.0 { ab / length } else { 0.0 }))
        })
        .collect()
}
