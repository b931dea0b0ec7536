//! Reach against brute force, estimates against the derivative by differences, plain against fast.

mod nets;

use std::sync::Arc;

use nets::{Net, nets};

use super::super::pool::Pool;
use super::estimate::Estimate;
use super::noise::{Factors, Place, Source};
use super::plan::Plan;
use super::{Activations, DrawNoise, Request, estimate};
use crate::ops::Op;
use crate::program::NodeId;
use crate::tensor::{Shape, Tensor};

const SETTINGS: Activations = Activations {
    draws: 7,
    noise: DrawNoise::Hadamard,
    mirrored: false,
    credit_discount: 1.0,
    exact_head: false,
    active_only: false,
    sigma_by_spread: false,
    in_turn: false,
};

impl Net {
    fn plan(&self, settings: Activations) -> Arc<Plan> {
        Arc::new(Plan::new(&self.program, self.loss, settings).unwrap_or_else(|e| panic!("{}: {e}", self.name)))
    }

    /// All values, one of them changed at one element; with the plainest of executors.
    fn values(&self, parameters: &[Tensor], changed: Option<(NodeId, usize)>) -> Vec<Tensor> {
        let nodes = self.program.nodes();
        let mut values: Vec<Tensor> = Vec::new();
        for (id, node) in nodes.iter().enumerate() {
            let constant =
                self.program.constants().iter().find(|(held, _)| *held == id).map(|(_, value)| value.clone());
            let input = self.program.inputs().iter().position(|&i| i == id).map(|i| self.inputs[i].clone());
            let mut value = match &node.op {
                None => constant.or(input).unwrap(),
                Some(Op::Weight(weight)) => parameters[weight.parameter].clone(),
                Some(op) => op.eager(&node.inputs.iter().map(|&i| &values[i]).collect::<Vec<_>>(), parameters).unwrap(),
            };
            if let Some((_, element)) = changed.filter(|(at, _)| *at == id) {
                let mut numbers = value.to_f64();
                numbers[element] += 0.01;
                value = Tensor::new(value.shape().clone(), numbers).unwrap();
            }
            values.push(value);
        }
        values
    }

    fn rows(&self, plan: &Plan, values: &[Tensor]) -> Vec<f64> {
        let loss = &plan.loss;
        let mut rows = vec![0.0; loss.rows.numel()];
        let targets = loss.targets.map(|id| values[id].to_f64()).unwrap_or_default();
        loss.losses(&values[loss.outputs].to_f64(), &targets, &mut rows);
        rows
    }

    /// The derivative of the loss by each parameter, by central differences.
    fn derivative(&self) -> Vec<f64> {
        let step = 1e-5;
        let mut found = Vec::new();
        for (i, parameter) in self.parameters.iter().enumerate() {
            for element in 0..parameter.shape().numel() {
                let at = |by: f64| {
                    let mut parameters = self.parameters.clone();
                    let mut numbers = parameter.to_f64();
                    numbers[element] += by;
                    parameters[i] = Tensor::new(parameter.shape().clone(), numbers).unwrap();
                    self.values(&parameters, None)[self.loss].to_f64()[0]
                };
                found.push((at(step) - at(-step)) / (2.0 * step));
            }
        }
        found
    }

    fn estimate(&self, plan: &Arc<Plan>, pool: &Pool, generation: u32, sigma: f64, plain: bool) -> Estimate {
        let request = Request {
            inputs: self.inputs.clone(),
            parameters: self.parameters.clone(),
            seed: 9,
            generation,
            sigma,
            wanted: vec![self.loss],
            signal: false,
            plain,
            device: None,
        };
        estimate::<f64>(pool, plan, &request).unwrap_or_else(|e| panic!("{}: {e}", self.name))
    }

    /// Checks that the mean of many estimates is the derivative, within what its own spread allows.
    fn is_unbiased(&self, settings: Activations, count: u32) {
        let (plan, pool, exact) = (self.plan(settings), Pool::new(Some(1)).unwrap(), self.derivative());
        // Each element, and projections of all of them: on the derivative itself, and on signs.
        let n = exact.len();
        let signs = |row: usize| (0..n).map(move |i| if (i + 1).pow(2) * (row + 3) % 7 < 3 { 1.0 } else { -1.0 });
        let mut rows: Vec<Vec<f64>> = (0..n).map(|i| (0..n).map(|j| f64::from(i == j)).collect()).collect();
        rows.extend([exact.clone()].into_iter().chain((0..6).map(|row| signs(row).collect())));
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let (mut sum, mut squares) = (vec![0.0; rows.len()], vec![0.0; rows.len()]);
        for generation in 0..count {
            let towards = self.estimate(&plan, &pool, generation, 1e-5, false).towards;
            for (i, row) in rows.iter().enumerate() {
                let x = -dot(row, &towards);
                sum[i] += x;
                squares[i] += x * x;
            }
        }
        let count = f64::from(count);
        for (i, row) in rows.iter().enumerate() {
            let (mean, exact) = (sum[i] / count, dot(row, &exact));
            let error = ((squares[i] / count - mean * mean).max(0.0) / count).sqrt() + 1e-6 * dot(row, row).sqrt();
            let z = (mean - exact) / error;
            assert!(z.abs() < 4.9, "{}, row {i}: {mean} +- {error}, exactly {exact}", self.name);
        }
    }
}

#[test]
fn reach_is_what_brute_force_finds() {
    for net in nets() {
        let plan = net.plan(SETTINGS);
        let before = net.rows(&plan, &net.values(&net.parameters, None));
        for point in &plan.sites.points {
            let shape = &net.program.nodes()[point.node].shape;
            for element in 0..shape.numel() {
                let after = net.rows(&plan, &net.values(&net.parameters, Some((point.node, element))));
                let felt: Vec<bool> = before.iter().zip(&after).map(|(a, b)| a != b).collect();
                let index = |dims: &Shape, mut flat: usize| -> Vec<isize> {
                    let mut at: Vec<isize> = dims
                        .dims()
                        .iter()
                        .rev()
                        .map(|size| {
                            let i = flat % size;
                            flat /= size;
                            i as isize
                        })
                        .collect();
                    at.reverse();
                    at
                };
                let own = index(shape, element);
                // The first query of a causal attention sees one key, whose weight is 1 whatever both are.
                let lonely = own.get(1) == Some(&0)
                    && net.program.nodes().iter().any(|node| match &node.op {
                        Some(Op::Attention(a)) => a.causal && node.inputs[..2].contains(&point.node),
                        _ => false,
                    });
                let reached: Vec<bool> = (0..before.len())
                    .map(|row| {
                        let row = index(&plan.loss.rows, row);
                        point.reach.iter().zip(row).all(|(link, row)| {
                            link.is_none_or(|link| {
                                let at = own[link.axis] + link.shift;
                                let is_lonely = lonely && link.axis == 1 && row == at;
                                !is_lonely && if link.later { row >= at } else { row == at }
                            })
                        })
                    })
                    .collect();
                if net.smooth {
                    assert_eq!(felt, reached, "{}: value {}, element {element}", net.name, point.node);
                } else {
                    assert!(felt.iter().zip(&reached).all(|(f, r)| !f || *r), "{}: value {}", net.name, point.node);
                }
            }
        }
    }
}

/// The noise of each example in one draw: that of all points, one behind the other.
fn noise_of_examples(net: &Net, plan: &Plan, draw: usize) -> Vec<Vec<f64>> {
    let source = Source::new(9, 4, plan.settings.noise, &plan.rows);
    let mut examples = vec![Vec::new(); plan.batch];
    for (number, point) in plan.sites.points.iter().enumerate().filter(|(number, _)| plan.is_perturbed(*number)) {
        let mut noise = vec![0.0; net.program.nodes()[point.node].shape.numel()];
        let period = noise.len() / plan.batch;
        let place = Place { point: number, draw, first: 0, period, column: point.offset };
        source.add(place, Factors { values: &[1.0], inner: noise.len(), gate: None }, &mut noise);
        examples.iter_mut().zip(noise.chunks(period)).for_each(|(all, noise)| all.extend(noise));
    }
    examples
}

#[test]
fn hadamard_draws_of_an_example_are_orthogonal_over_all_sites() {
    for net in nets().iter().filter(|net| ["mlp", "rectified", "causal transformer"].contains(&net.name)) {
        for (draws, exact_head) in [(3, false), (7, false), (31, true)] {
            let plan = net.plan(Activations { draws, exact_head, ..SETTINGS });
            let noise: Vec<Vec<Vec<f64>>> = (0..draws).map(|draw| noise_of_examples(net, &plan, draw)).collect();
            // Whole rows have q + 1 columns; what is missing of them is all that can be left of a product.
            let missing = (plan.rows.count + 1 - noise[0][0].len()) as f64;
            for example in 0..plan.batch {
                for (i, a) in noise.iter().enumerate() {
                    for b in &noise[..i] {
                        let product: f64 = a[example].iter().zip(&b[example]).map(|(x, y)| x * y).sum();
                        assert!(product.abs() <= missing, "{}: {product}, {missing} columns missing", net.name);
                    }
                }
            }
        }
    }
}

#[test]
fn many_estimates_have_the_derivative_as_their_mean() {
    for net in nets() {
        net.is_unbiased(SETTINGS, 3000);
    }
}

#[test]
fn every_law_and_way_is_unbiased() {
    let nets = nets();
    let ways = [
        Activations { noise: DrawNoise::Gaussian, ..SETTINGS },
        Activations { noise: DrawNoise::Sign, mirrored: true, draws: 3, ..SETTINGS },
        Activations { exact_head: true, sigma_by_spread: true, ..SETTINGS },
        Activations { in_turn: true, draws: 12, ..SETTINGS },
        Activations { active_only: true, ..SETTINGS },
    ];
    for way in ways {
        for name in ["mlp", "rectified", "causal transformer", "weighted"] {
            nets.iter().filter(|net| net.name == name).for_each(|net| net.is_unbiased(way, 700));
        }
    }
}

#[test]
fn the_fast_engine_has_the_bits_of_the_plain_one_on_any_number_of_threads() {
    for settings in [SETTINGS, Activations { mirrored: true, noise: DrawNoise::Gaussian, exact_head: true, ..SETTINGS }]
    {
        // An exact head needs outputs that come from a site.
        for net in nets().into_iter().filter(|net| !settings.exact_head || net.name != "conv2d and pooling") {
            let plan = net.plan(settings);
            let plain = net.estimate(&plan, &Pool::new(Some(1)).unwrap(), 4, 0.1, true);
            for threads in [1, 2, 7] {
                let fast = net.estimate(&plan, &Pool::new(Some(threads)).unwrap(), 4, 0.1, false);
                assert_eq!(plain.towards, fast.towards, "{} on {threads} threads", net.name);
                assert_eq!((&plain.centre, &plain.draws), (&fast.centre, &fast.draws), "{}", net.name);
            }
            assert!(plain.towards.iter().all(|x| x.is_finite()) && plain.towards.iter().any(|x| *x != 0.0));
        }
    }
}
