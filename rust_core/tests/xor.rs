//! The engine on XOR, end to end: it learns, and its bits depend on nothing but the seed.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use syntonic_core::evolve::{Config, Evolution, Gene, Objective};
use syntonic_core::exact::constants::PHI;
use syntonic_core::ops::{BinaryAccuracy, BinaryCrossEntropy, Linear, Tanh};
use syntonic_core::program::Program;
use syntonic_core::tensor::philox::{Key, Stream, fill_normals};
use syntonic_core::tensor::{DType, Shape, Tensor};

const HIDDEN: usize = 16;

fn config() -> Config {
    Config {
        sigma: 0.3,
        learning_rate: 0.1,
        learning_rate_final: 1.0,
        max_generations: 100,
        lambda_syntony: Some(0.027),
        threads: Some(1),
        ..Config::default()
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
    Objective { program: Arc::new(program), loss, metrics: vec![accuracy] }
}

fn batch() -> [Tensor; 2] {
    [
        Tensor::new([4, 2], vec![0.0_f32, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0]).unwrap(),
        Tensor::new([4], vec![0.0_f32, 1.0, 1.0, 0.0]).unwrap(),
    ]
}

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

#[test]
fn the_centre_solves_xor_for_every_seed() {
    let mut solved: Vec<u64> = (0..20).filter_map(|seed| run(Config { seed, ..config() }, 60).1).collect();
    solved.sort_unstable();
    println!("generations: {solved:?}");
    assert_eq!(solved.len(), 20);
    assert!(solved[10] <= 20, "{solved:?}");
}

#[test]
fn the_centre_becomes_the_best_member_only_when_elitism_is_asked_for() {
    let after = |elitist| {
        let still = Config { lattice: false, pull_strength: 0.0, harmonize_strength: 0.0, ..config() };
        let mut evolution = Evolution::new(Config { elitist, learning_rate: 1e-9, ..still }, genes(0)).unwrap();
        let before = evolution.state().centre.clone();
        evolution.step(&objective(), &batch()).unwrap();
        before.iter().zip(&evolution.state().centre).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max)
    };
    assert!(after(false) < 1e-8, "the step alone moves by its size");
    assert!(after(true) > 0.1, "the best member is sigma away");
}

#[test]
fn threads_change_no_bit() {
    for rank in [None, Some(1)] {
        for dtype in [DType::F32, DType::F64] {
            let with =
                |threads| run(Config { rank, dtype, population_size: 166, threads: Some(threads), ..config() }, 12).0;
            assert_eq!(with(1), with(2));
            assert_eq!(with(1), with(5));
        }
    }
}

#[test]
fn a_restored_state_continues_bit_for_bit() {
    let objective = objective();
    let mut whole = Evolution::new(config(), genes(0)).unwrap();
    for _ in 0..9 {
        whole.step(&objective, &batch()).unwrap();
    }
    let mut resumed = Evolution::new(config(), genes(0)).unwrap();
    resumed.set_state(whole.state().clone()).unwrap();
    for _ in 0..9 {
        assert_eq!(whole.step(&objective, &batch()).unwrap(), resumed.step(&objective, &batch()).unwrap());
    }
    assert_eq!(whole.state(), resumed.state());
}
