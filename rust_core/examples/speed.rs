//! The engine on XOR, end to end: it learns, and its bits depend on nothing but the seed.

use syntonic_core::evolve::{Config, Evolution, Gene, Objective, OptimizerKind};
use syntonic_core::exact::constants::PHI;
use syntonic_core::ops::{BinaryAccuracy, BinaryCrossEntropy, Linear, Tanh};
use syntonic_core::program::Program;
use syntonic_core::tensor::philox::{Key, Stream, fill_normals};
use syntonic_core::tensor::{DType, Shape, Tensor};

const HIDDEN: usize = 16;

fn config() -> Config {
    Config {
        seed: 0,
        population_size: 64,
        sigma: 0.3,
        rank: None,
        optimizer: OptimizerKind::Adam,
        learning_rate: 0.1,
        learning_rate_final: 1.0,
        beta1: 0.9,
        beta2: 0.999,
        max_generations: 100,
        precision: Some(100),
        error_feedback: true,
        harmonize_strength: 0.001,
        pull_strength: 0.03,
        attractor_capacity: 32,
        attractor_decay_rate: 0.98,
        attractor_quantile: 0.0,
        lambda_syntony: 0.027,
        survivor_count: None,
        elitist: false,
        dtype: DType::F32,
        threads: Some(1),
    }
}

fn genes(seed: u32) -> Vec<Gene> {
    let shapes: [(Shape, f64); 4] =
        [([HIDDEN, 2].into(), 0.5_f64.sqrt()), ([HIDDEN].into(), 0.0), ([1, HIDDEN].into(), 0.25), ([1].into(), 0.0)];
    let gene = |(i, (shape, std)): (usize, (Shape, f64))| {
        let mut z = vec![0.0; shape.numel()];
        fill_normals(Key::new(seed, Stream::Init), i as u32, 0, 0, &mut z);
        let norm = |n: usize| (3.0 * n as f64 / shape.last() as f64).powi(2);
        let mode_weights = (0..shape.last()).map(|n| (-norm(n) / PHI).exp()).collect();
        Gene { mode_weights, values: z.iter().map(|z| f64::from(*z) * std).collect(), shape }
    };
    shapes.into_iter().enumerate().map(gene).collect()
}

fn objective() -> Objective {
    let mut program = Program::new(genes(0).iter().map(|g| g.shape.clone()).collect());
    let (x, y) = (program.input([4, 2]), program.input([4]));
    let hidden = program.apply(Linear { weight: 0, bias: Some(1) }, &[x]).unwrap();
    let hidden = program.apply(Tanh, &[hidden]).unwrap();
    let logits = program.apply(Linear { weight: 2, bias: Some(3) }, &[hidden]).unwrap();
    let loss = program.apply(BinaryCrossEntropy, &[logits, y]).unwrap();
    let accuracy = program.apply(BinaryAccuracy, &[logits, y]).unwrap();
    Objective { program, loss, metrics: vec![accuracy] }
}

fn batch() -> [Tensor; 2] {
    [
        Tensor::new([4, 2], vec![0.0_f32, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0]).unwrap(),
        Tensor::new([4], vec![0.0_f32, 1.0, 1.0, 0.0]).unwrap(),
    ]
}

#[allow(dead_code)]
/// Runs `generations` and returns the centre's bits and the generation from which on it solved XOR.
fn run(config: Config, generations: u64) -> (Vec<u64>, Option<u64>) {
    let seed = config.seed;
    let mut evolution = Evolution::new(config, genes(seed)).unwrap();
    let objective = objective();
    let mut solved = None;
    for _ in 0..generations {
        let record = evolution.step(&objective, &batch()).unwrap();
        // The record judges the centre before the step.
        match record.metrics[0] {
            1.0 => solved = solved.or(Some(record.generation - 1)),
            _ => solved = None,
        }
    }
    (evolution.state().centre.iter().map(|x| x.to_bits()).collect(), solved)
}

use std::time::Instant;
use syntonic_core::ops::{CrossEntropy, Relu};
fn gene(seed: u32, i: usize, shape: Shape, std: f64) -> Gene {
    let mut z = vec![0.0; shape.numel()];
    fill_normals(Key::new(seed, Stream::Init), i as u32, 0, 0, &mut z);
    let norm = |n: usize| (3.0 * n as f64 / shape.last() as f64).powi(2);
    let mode_weights = (0..shape.last()).map(|n| (-norm(n) / PHI).exp()).collect();
    Gene { mode_weights, values: z.iter().map(|z| f64::from(*z) * std).collect(), shape }
}
fn main() {
    let only: String = std::env::args().nth(1).unwrap_or_default();
    for threads in [1, 2] {
        for pop in [64, 1024] {
            if !only.is_empty() && only != "xor" {
                continue;
            }
            let mut e =
                Evolution::new(Config { population_size: pop, threads: Some(threads), ..config() }, genes(0)).unwrap();
            let o = objective();
            for _ in 0..200 {
                e.step(&o, &batch()).unwrap();
            }
            let mut best = f64::MAX;
            for _ in 0..9 {
                let t = Instant::now();
                for _ in 0..500 {
                    e.step(&o, &batch()).unwrap();
                }
                best = best.min(t.elapsed().as_secs_f64() / 500.0);
            }
            println!(
                "xor P={pop} threads={threads}: {:.1} us/gen, {:.1} M evals/s",
                best * 1e6,
                pop as f64 / best / 1e6
            );
        }
        for rank in [None, Some(1)] {
            if !only.is_empty() && only != format!("{rank:?}") {
                continue;
            }
            for lambda in [0.0, 0.027] {
                let shapes: [(Shape, f64); 4] =
                    [([32, 64].into(), 0.17), ([32].into(), 0.0), ([10, 32].into(), 0.17), ([10].into(), 0.0)];
                let genes: Vec<Gene> = shapes.into_iter().enumerate().map(|(i, (s, d))| gene(0, i, s, d)).collect();
                let mut p = Program::new(genes.iter().map(|g| g.shape.clone()).collect());
                let (x, y) = (p.input([256, 64]), p.input([256]));
                let h = p.apply(Linear { weight: 0, bias: Some(1) }, &[x]).unwrap();
                let h = p.apply(Relu, &[h]).unwrap();
                let l = p.apply(Linear { weight: 2, bias: Some(3) }, &[h]).unwrap();
                let loss = p.apply(CrossEntropy, &[l, y]).unwrap();
                let o = Objective { program: p, loss, metrics: vec![] };
                let mut z = vec![0.0; 256 * 64];
                fill_normals(Key::new(1, Stream::Data), 0, 0, 0, &mut z);
                let xb = Tensor::new([256, 64], z).unwrap();
                let yb = Tensor::new([256], (0..256).map(|i| (i % 10) as f32).collect::<Vec<_>>()).unwrap();
                let mut e = Evolution::new(
                    Config {
                        population_size: 256,
                        sigma: 0.1,
                        rank,
                        lambda_syntony: lambda,
                        threads: Some(threads),
                        ..config()
                    },
                    genes,
                )
                .unwrap();
                for _ in 0..20 {
                    e.step(&o, &[xb.clone(), yb.clone()]).unwrap();
                }
                let mut best = f64::MAX;
                for _ in 0..5 {
                    let t = Instant::now();
                    for _ in 0..50 {
                        e.step(&o, &[xb.clone(), yb.clone()]).unwrap();
                    }
                    best = best.min(t.elapsed().as_secs_f64() / 50.0);
                }
                println!(
                    "digits rank={rank:?} lambda={lambda} threads={threads}: {:.0} us/gen, {:.0} gen/s",
                    best * 1e6,
                    1.0 / best
                );
            }
        }
    }
}
