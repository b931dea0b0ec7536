//! The evolution written a second time, in plain loops over binary64: members written out, nothing shared, nothing fast.
//!
//! The model is y = tanh(x W^T + b) on a fixed batch, judged by its mean squared error.

use std::sync::Arc;

use syntonic_core::evolve::{Config, Gene, Objective, OptimizerKind, Schedule};
use syntonic_core::exact::constants::PHI;
use syntonic_core::ops::{Arithmetic, Linear, MeanSquaredError, Tanh};
use syntonic_core::program::Program;
use syntonic_core::tensor::philox::{Key, Stream, fill_normals};
use syntonic_core::tensor::{DType, Shape, Tensor};

pub const ROWS: usize = 5;
pub const INPUTS: usize = 6;
pub const OUTPUTS: usize = 3;
/// A fragile model takes the power 2^10 of a sum, which leaves binary64 beyond 2.
const SQUARINGS: usize = 10;

/// An ordinary evolution strategy; each test switches on what it is about.
pub fn plain() -> Config {
    Config {
        seed: 11,
        population_size: 38,
        sigma: 0.2,
        sigma_final: 1.0,
        rank: None,
        optimizer: OptimizerKind::Adam,
        learning_rate: 0.05,
        learning_rate_final: 0.2,
        schedule: Schedule::Cosine,
        beta1: 0.9,
        beta2: 0.99,
        max_generations: 12,
        lattice: false,
        error_feedback: true,
        harmonize_strength: 0.0,
        pull_strength: 0.0,
        attractor_capacity: 100,
        attractor_decay_rate: 0.9,
        attractor_quantile: 0.0,
        lambda_syntony: Some(0.0),
        survivor_count: None,
        elitist: false,
        dtype: DType::F64,
        threads: Some(2),
        ..Config::default()
    }
}

/// What the schedule leaves of a quantity whose final share is `last`.
fn left(c: &Config, generation: u64, last: f64) -> f64 {
    let t = generation as f64 / c.max_generations as f64;
    match c.schedule {
        Schedule::Cosine => (1.0 + last) / 2.0 + (1.0 - last) / 2.0 * (std::f64::consts::PI * t).cos(),
        Schedule::Linear => (1.0 - t) + last * t,
    }
}

fn sigma(c: &Config, generation: u64) -> f64 {
    c.sigma * left(c, generation, c.sigma_final)
}

pub fn normals(stream: Stream, parameter: u32, pair: u32, generation: u32, count: usize) -> Vec<f64> {
    let mut z = vec![0.0; count];
    fill_normals(Key::new(plain().seed, stream), parameter, pair, generation, &mut z);
    z.into_iter().map(f64::from).collect()
}

fn weights(shape: &Shape) -> Vec<f64> {
    let norm = |n: usize| (3.0 * n as f64 / shape.last() as f64).powi(2);
    (0..shape.last()).map(|n| (-norm(n) / PHI).exp()).collect()
}

pub fn genes() -> Vec<Gene> {
    let shapes: [Shape; 2] = [[OUTPUTS, INPUTS].into(), [OUTPUTS].into()];
    let gene = |(i, shape): (usize, Shape)| Gene {
        mode_weights: weights(&shape),
        values: normals(Stream::Init, i as u32, 0, 0, shape.numel()).iter().map(|z| 0.4 * z).collect(),
        shape,
    };
    shapes.into_iter().enumerate().map(gene).collect()
}

pub fn batch() -> [Tensor; 2] {
    [
        Tensor::new([ROWS, INPUTS], normals(Stream::Data, 0, 0, 0, ROWS * INPUTS)).unwrap(),
        Tensor::new([ROWS, OUTPUTS], normals(Stream::Data, 1, 0, 0, ROWS * OUTPUTS)).unwrap(),
    ]
}

/// The model as a program. A fragile one adds w - w with w = (x W^T + b)^1024, which is NaN where w is infinite.
pub fn objective(fragile: bool) -> Objective {
    let mut program = Program::new(genes().iter().map(|gene| gene.shape.clone()).collect());
    let (x, target) = (program.input([ROWS, INPUTS]), program.input([ROWS, OUTPUTS]));
    let sums = program.apply(Linear { weight: 0, bias: Some(1) }, &[x]).unwrap();
    let mut y = program.apply(Tanh, &[sums]).unwrap();
    if fragile {
        let mut power = sums;
        for _ in 0..SQUARINGS {
            power = program.apply(Arithmetic::Mul, &[power, power]).unwrap();
        }
        let nothing = program.apply(Arithmetic::Sub, &[power, power]).unwrap();
        y = program.apply(Arithmetic::Add, &[y, nothing]).unwrap();
    }
    let loss = program.apply(MeanSquaredError, &[y, target]).unwrap();
    Objective { program: Arc::new(program), loss, metrics: Vec::new() }
}

/// The outputs of parameters that are written out.
pub fn outputs(values: &[f64], fragile: bool) -> Vec<f64> {
    let (weight, bias) = values.split_at(OUTPUTS * INPUTS);
    let x = batch()[0].to_f64();
    let output = |i: usize| {
        let (row, o) = (i / OUTPUTS, i % OUTPUTS);
        let product = |k: usize| x[row * INPUTS + k] * weight[o * INPUTS + k];
        let sum = (0..INPUTS).map(product).sum::<f64>() + bias[o];
        let power = (0..SQUARINGS).fold(sum, |power, _| power * power);
        sum.tanh() + if fragile { 0.0 * power } else { 0.0 }
    };
    (0..ROWS * OUTPUTS).map(output).collect()
}

/// The loss of parameters that are written out.
pub fn loss(values: &[f64], fragile: bool) -> f64 {
    let target = batch()[1].to_f64();
    let squares = outputs(values, fragile).iter().zip(&target).map(|(y, t)| (y - t).powi(2)).sum::<f64>();
    squares / target.len() as f64
}

/// w(n) of each element of the genome.
fn mode_weights() -> Vec<f64> {
    let repeat = |gene: &Gene| gene.mode_weights.iter().copied().cycle().take(gene.values.len()).collect::<Vec<_>>();
    genes().iter().flat_map(repeat).collect()
}

pub fn syntony(values: &[f64]) -> f64 {
    let (low, total) = values.iter().zip(mode_weights()).fold((0.0, 0.0), |(l, t), (x, w)| (l + x * x * w, t + x * x));
    low / total
}

/// The noise of a pair, written out over the genome.
pub fn noise(config: &Config, pair: usize, generation: u64) -> Vec<f64> {
    let draw = |parameter, count| normals(Stream::Noise, parameter, pair as u32, generation as u32, count);
    let weight = match config.rank {
        Some(rank) if rank * (OUTPUTS + INPUTS) < OUTPUTS * INPUTS => {
            let z = draw(0, rank * (OUTPUTS + INPUTS));
            let (a, b) = z.split_at(rank * OUTPUTS);
            let at =
                |e: usize| (0..rank).map(|r| a[r * OUTPUTS + e / INPUTS] * b[r * INPUTS + e % INPUTS]).sum::<f64>();
            (0..OUTPUTS * INPUTS).map(|e| at(e) / (rank as f64).sqrt()).collect()
        }
        _ => draw(0, OUTPUTS * INPUTS),
    };
    [weight, draw(1, OUTPUTS)].concat()
}

/// The parameters of one member.
pub fn member(config: &Config, centre: &[f64], member: usize, generation: u64) -> Vec<f64> {
    let sign = if member.is_multiple_of(2) { sigma(config, generation) } else { -sigma(config, generation) };
    centre.iter().zip(noise(config, member / 2, generation)).map(|(c, z)| c + sign * z).collect()
}

/// The nearest a + b phi with |a|, |b| <= precision, by trying all.
fn snap(x: f64, precision: i64) -> f64 {
    let all = (-precision..=precision).flat_map(|a| (-precision..=precision).map(move |b| a as f64 + b as f64 * PHI));
    all.min_by(|p, q| (p - x).abs().total_cmp(&(q - x).abs())).unwrap()
}

/// What one generation leaves to the next.
pub struct Reference {
    pub config: Config,
    pub fragile: bool,
    pub centre: Vec<f64>,
    pub residual: Vec<f64>,
    pub first: Vec<f64>,
    pub second: Vec<f64>,
    /// (values, score, generation)
    pub memory: Vec<(Vec<f64>, f64, u64)>,
    pub generation: u64,
    /// Members whose loss is no number, in the last generation.
    pub nan_members: usize,
    /// Generations in which the best member replaced the centre.
    pub replaced: usize,
}

impl Reference {
    pub fn new(config: Config, fragile: bool) -> Self {
        let start: Vec<f64> = genes().into_iter().flat_map(|gene| gene.values).collect();
        let centre: Vec<f64> = start.iter().map(|&x| config.bound().map_or(x, |m| snap(x, m))).collect();
        let none = vec![0.0; centre.len()];
        let (residual, first, second) = (none.clone(), none.clone(), none);
        Self {
            config,
            fragile,
            centre,
            residual,
            first,
            second,
            memory: vec![],
            generation: 0,
            nan_members: 0,
            replaced: 0,
        }
    }

    fn score(&self, values: &[f64]) -> f64 {
        self.config.lambda() * syntony(values) - loss(values, self.fragile)
    }

    pub fn step(&mut self) {
        let config = self.config.clone();
        let members: Vec<Vec<f64>> =
            (0..config.population_size).map(|i| member(&config, &self.centre, i, self.generation)).collect();
        self.nan_members = members.iter().filter(|m| loss(m, self.fragile).is_nan()).count();
        let scores: Vec<f64> = members.iter().map(|m| self.score(m)).collect();
        let syntonies: Vec<f64> = members.iter().map(|m| syntony(m)).collect();
        let better = |i: usize| syntonies.iter().filter(|s| **s > syntonies[i]).count();
        let survives: Vec<bool> =
            (0..members.len()).map(|i| better(i) < config.survivor_count.unwrap_or(usize::MAX)).collect();
        let direction = self.direction(&scores, &survives);
        let score = self.score(&self.centre);
        let mut flux: Vec<f64> = self.centre.iter().zip(&self.residual).map(|(c, r)| c + r).collect();
        self.move_along(&direction, &mut flux);
        if config.elitist {
            let numbers = (0..members.len()).filter(|&i| survives[i] && !scores[i].is_nan());
            let best = numbers.max_by(|&i, &j| scores[i].total_cmp(&scores[j])).unwrap();
            if scores[best] > score {
                flux.clone_from(&members[best]);
                self.replaced += 1;
            }
        }
        let beta = config.harmonize_strength * syntony(&flux) / PHI;
        flux.iter_mut().zip(mode_weights()).for_each(|(x, w)| *x *= 1.0 - beta * (1.0 - w));
        self.pull(&mut flux);
        if config.pull_strength > 0.0 {
            self.memory.push((self.centre.clone(), score, self.generation));
        }
        self.centre = flux.iter().map(|&x| config.bound().map_or(x, |m| snap(x, m))).collect();
        let keeps = if config.error_feedback { 1.0 } else { 0.0 };
        self.residual = flux.iter().zip(&self.centre).map(|(x, c)| keeps * (x - c)).collect();
        self.generation += 1;
    }

    /// sum over pairs of (rank of + minus rank of -) noise / (P sigma); ranks from the definition, over survivors.
    fn direction(&self, scores: &[f64], survives: &[bool]) -> Vec<f64> {
        let value = |i: usize| if scores[i].is_nan() { f64::NEG_INFINITY } else { scores[i] };
        let all: Vec<usize> = (0..scores.len()).filter(|&i| survives[i]).collect();
        let rank = |i: usize| {
            let below = all.iter().filter(|&&j| value(j) < value(i)).count() as f64;
            let equal = all.iter().filter(|&&j| value(j) == value(i)).count() as f64;
            if survives[i] { (below + (equal - 1.0) / 2.0) / (all.len() - 1) as f64 - 0.5 } else { 0.0 }
        };
        let mut sum = vec![0.0; self.centre.len()];
        for pair in 0..scores.len() / 2 {
            let utility =
                (rank(2 * pair) - rank(2 * pair + 1)) / (scores.len() as f64 * sigma(&self.config, self.generation));
            sum.iter_mut().zip(noise(&self.config, pair, self.generation)).for_each(|(s, z)| *s += utility * z);
        }
        sum
    }

    fn move_along(&mut self, direction: &[f64], flux: &mut [f64]) {
        let c = &self.config;
        let t = self.generation as f64;
        let size = c.learning_rate * left(c, self.generation, c.learning_rate_final);
        for (i, g) in direction.iter().enumerate() {
            let (m, v) = (&mut self.first[i], &mut self.second[i]);
            flux[i] += size
                * match c.optimizer {
                    OptimizerKind::Momentum => {
                        *m = c.beta1 * *m + g;
                        *m
                    }
                    OptimizerKind::Adam => {
                        *m = c.beta1 * *m + (1.0 - c.beta1) * g;
                        *v = c.beta2 * *v + (1.0 - c.beta2) * g.powi(2);
                        let (m, v) = (*m / (1.0 - c.beta1.powf(t + 1.0)), *v / (1.0 - c.beta2.powf(t + 1.0)));
                        m / (v.sqrt() + 1e-8)
                    }
                };
        }
    }

    /// psi <- (1 - lambda) psi + lambda c; an attractor's weight is (1/2 + share of the others that it beats) decay^age.
    fn pull(&self, flux: &mut [f64]) {
        let strength = self.config.pull_strength;
        if self.memory.is_empty() {
            return;
        }
        let beaten = |score: f64| self.memory.iter().filter(|(_, other, _)| *other < score).count() as f64;
        let last = (self.memory.len() - 1).max(1) as f64;
        let weight = |score: f64, born: u64| {
            (0.5 + beaten(score) / last) * self.config.attractor_decay_rate.powf((self.generation - born) as f64)
        };
        let total: f64 = self.memory.iter().map(|(_, score, born)| weight(*score, *born)).sum();
        for (i, x) in flux.iter_mut().enumerate() {
            let sum: f64 = self.memory.iter().map(|(values, score, born)| weight(*score, *born) * values[i]).sum();
            *x = (1.0 - strength) * *x + strength * sum / total;
        }
    }
}
