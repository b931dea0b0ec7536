//! What an evolution refuses, and that a refusal leaves its state as it was.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "the second implementation is for another test")]
mod reference;

use reference::{batch, genes, objective, plain};
use syntonic_core::evolve::{Attractor, Config, Evolution, Gene, Objective, OptimizerKind, State};
use syntonic_core::ops::{Linear, MeanSquaredError, Tanh};
use syntonic_core::program::Program;
use syntonic_core::tensor::Tensor;

/// What is done to a state.
type Damage = fn(&mut State);

fn refused(config: Config, words: &str) {
    let error = Evolution::new(config, genes()).unwrap_err().to_string();
    assert!(error.contains(words), "{error}");
}

#[test]
fn settings_out_of_range() {
    for population_size in [0, 1, 7, (1 << 30) + 2] {
        refused(Config { population_size, ..plain() }, "population_size");
    }
    for sigma in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        refused(Config { sigma, ..plain() }, "sigma");
    }
    refused(Config { rank: Some(0), ..plain() }, "rank");
    refused(Config { learning_rate: f64::NAN, ..plain() }, "learning_rate");
    refused(Config { beta2: 1.0, ..plain() }, "beta");
    refused(Config { pull_strength: 1.5, ..plain() }, "pull_strength");
    refused(Config { harmonize_strength: 2.0, ..plain() }, "harmonize_strength");
    refused(Config { survivor_count: Some(39), ..plain() }, "survivor_count");
    for threads in [0, 100_000] {
        refused(Config { threads: Some(threads), ..plain() }, "threads");
    }
    refused(Config { lattice: true, precision: 0, ..plain() }, "");
}

#[test]
fn a_rank_beyond_all_bounds_is_full_rank() {
    let of = |rank| {
        let mut evolution = Evolution::new(Config { rank, ..plain() }, genes()).unwrap();
        evolution.step(&objective(false), &batch()).unwrap();
        evolution.state().centre.clone()
    };
    assert_eq!(of(Some(usize::MAX)), of(None));
}

#[test]
fn genes_that_are_no_numbers_or_none() {
    for lattice in [false, true] {
        let mut bad = genes();
        bad[0].values[3] = f64::NAN;
        assert!(Evolution::new(Config { lattice, ..plain() }, bad).is_err());
        assert!(Evolution::new(Config { lattice, ..plain() }, Vec::new()).is_err());
    }
}

#[test]
fn a_parameter_without_elements_harms_nobody() {
    for empty in [[0, 4], [4, 0]] {
        let gene = Gene { shape: empty.into(), mode_weights: vec![1.0; empty[1]], values: Vec::new() };
        let all: Vec<Gene> = genes().into_iter().chain([gene]).collect();
        let config = Config { rank: Some(1), lambda_syntony: Some(0.1), lattice: true, precision: 20, ..plain() };
        let mut evolution = Evolution::new(config.clone(), all.clone()).unwrap();
        let mut without = Evolution::new(config, genes()).unwrap();
        let mut program = Program::new(all.into_iter().map(|gene| gene.shape).collect());
        let (x, y) = (program.input([5, 6]), program.input([5, 3]));
        let sums = program.apply(Linear { weight: 0, bias: Some(1) }, &[x]).unwrap();
        let sums = program.apply(Tanh, &[sums]).unwrap();
        let loss = program.apply(MeanSquaredError, &[sums, y]).unwrap();
        let with = Objective { program: program.into(), loss, metrics: Vec::new() };
        for _ in 0..3 {
            evolution.step(&with, &batch()).unwrap();
            without.step(&objective(false), &batch()).unwrap();
        }
        assert_eq!(evolution.state().centre, without.state().centre);
    }
}

#[test]
fn an_error_leaves_the_state_as_it_was() {
    let mut evolution = Evolution::new(Config { pull_strength: 0.1, ..plain() }, genes()).unwrap();
    evolution.step(&objective(false), &batch()).unwrap();
    let before = evolution.state().clone();
    let [x, target] = batch();
    let narrow = Tensor::new([5, 5], vec![0.0_f64; 25]).unwrap();
    for inputs in [vec![narrow, target], vec![x], Vec::new()] {
        assert!(evolution.step(&objective(false), &inputs).is_err());
    }
    let mut other = objective(false);
    other.program = Program::new(vec![[1].into()]).into();
    assert!(evolution.step(&other, &batch()).is_err());
    assert_eq!(evolution.state(), &before);
}

#[test]
fn a_centre_that_would_leave_the_numbers_is_refused() {
    for lattice in [false, true] {
        let wild = Config { optimizer: OptimizerKind::Momentum, learning_rate: 1e308, sigma: 1e-6, lattice, ..plain() };
        let mut evolution = Evolution::new(wild, genes()).unwrap();
        let before = evolution.state().clone();
        let error = evolution.step(&objective(false), &batch()).unwrap_err().to_string();
        assert!(error.contains("finite centre") && error.contains("learning_rate"), "{error}");
        assert_eq!(evolution.state(), &before);
    }
}

#[test]
fn a_state_of_another_genome_or_a_damaged_one() {
    let config = Config { lattice: true, precision: 10, pull_strength: 0.1, ..plain() };
    let mut evolution = Evolution::new(config.clone(), genes()).unwrap();
    for _ in 0..3 {
        evolution.step(&objective(false), &batch()).unwrap();
    }
    let good = evolution.state().clone();
    let damages: [(&str, Damage); 12] = [
        ("centre", |s| s.centre.truncate(20)),
        ("lattice a", |s| s.lattice.0.push(0)),
        ("lattice b", |s| s.lattice.1.clear()),
        ("residual", |s| s.residual.push(0.0)),
        ("first_moment", |s| s.first_moment.truncate(1)),
        ("second_moment", |s| s.second_moment.clear()),
        ("attractor", |s| {
            s.memory.set_attractors(vec![Attractor { values: vec![0.0; 3], score: 0.0, generation: 0 }]);
        }),
        ("finite centre", |s| s.centre[2] = f64::NAN),
        ("lattice points", |s| s.centre[2] += 1e-9),
        ("precision", |s| s.lattice.0[0] = 11),
        ("second_moment >= 0", |s| s.second_moment[1] = -1.0),
        ("finite residual", |s| s.residual[0] = f64::INFINITY),
    ];
    let mut other = Evolution::new(config, genes()).unwrap();
    let start = other.state().clone();
    for (words, damage) in damages {
        let mut state = good.clone();
        damage(&mut state);
        let error = other.set_state(state).unwrap_err().to_string();
        assert!(error.contains(words), "{words}: {error}");
        assert_eq!(other.state(), &start);
    }
    other.set_state(good.clone()).unwrap();
    for _ in 0..3 {
        assert_eq!(
            other.step(&objective(false), &batch()).unwrap(),
            evolution.step(&objective(false), &batch()).unwrap()
        );
    }
    assert_eq!(other.state(), evolution.state());
    // A state in flux is none on the lattice.
    let mut floats = Evolution::new(Config { pull_strength: 0.1, ..plain() }, genes()).unwrap();
    assert!(floats.set_state(good).is_err());
}
