//! Each switch of the evolution does what its formula says: the engine against a second, plain implementation.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod reference;

use reference::{Reference, batch, genes, loss, member, objective, outputs, plain};
use syntonic_core::evolve::{Config, Displacement, Evolution, OptimizerKind, Record, Schedule};
use syntonic_core::tensor::{DType, Tensor};

const GENERATIONS: u64 = 8;

fn run(config: &Config, fragile: bool) -> (Evolution, Vec<Record>) {
    let mut evolution = Evolution::new(config.clone(), genes()).unwrap();
    let objective = objective(fragile);
    let records = (0..GENERATIONS).map(|_| evolution.step(&objective, &batch()).unwrap()).collect();
    (evolution, records)
}

fn distance(x: &[f64], y: &[f64]) -> f64 {
    assert_eq!(x.len(), y.len());
    x.iter().zip(y).map(|(x, y)| (x - y).abs()).fold(0.0, |m, d| if d > m || d.is_nan() { d } else { m })
}

/// Compares engine and reference, and checks that `off`, the same without the switch, goes another way.
fn agree(on: Config, off: Option<Config>) -> Reference {
    let (evolution, records) = run(&on, false);
    let mut reference = Reference::new(on, false);
    for record in &records {
        let before = loss(&reference.centre, false);
        assert!((record.loss - before).abs() < 1e-12, "{} {before}", record.loss);
        reference.step();
        assert_eq!((record.generation, record.nan_members), (reference.generation, 0));
        assert!((record.syntony - reference::syntony(&reference.centre)).abs() < 1e-12);
        assert_eq!(record.attractors, reference.memory.len());
    }
    let state = evolution.state();
    assert!(distance(&state.centre, &reference.centre) < 1e-12, "{:?} {:?}", state.centre, reference.centre);
    assert!(distance(&state.residual, &reference.residual) < 1e-12);
    assert!(distance(&state.first_moment, &reference.first) < 1e-11);
    assert!(distance(&state.second_moment, &reference.second) < 1e-10);
    if let Some(off) = off {
        assert!(distance(&run(&off, false).0.state().centre, &state.centre) > 1e-4, "the switch changes nothing");
    }
    reference
}

#[test]
fn adam() {
    agree(plain(), None);
    agree(Config { beta1: 0.0, beta2: 0.5, learning_rate_final: 1.0, ..plain() }, Some(plain()));
}

#[test]
fn momentum() {
    agree(Config { optimizer: OptimizerKind::Momentum, ..plain() }, Some(plain()));
}

#[test]
fn schedules() {
    agree(Config { sigma_final: 0.3, ..plain() }, Some(plain()));
    agree(Config { sigma_final: 0.3, schedule: Schedule::Linear, ..plain() }, Some(plain()));
}

#[test]
fn a_shock_multiplies_sigma_and_passes() {
    let mut evolution = Evolution::new(plain(), genes()).unwrap();
    let objective = objective(false);
    evolution.step(&objective, &batch()).unwrap();
    evolution.shock(3.0, 4).unwrap();
    let sigmas: Vec<f64> = (0..6).map(|_| evolution.step(&objective, &batch()).unwrap().sigma).collect();
    let expected = [3.0, 2.5, 2.0, 1.5, 1.0, 1.0].map(|factor| factor * plain().sigma);
    assert!(distance(&sigmas, &expected) < 1e-15, "{sigmas:?}");
    assert!(evolution.shock(f64::NAN, 1).is_err() && evolution.shock(0.0, 1).is_err());
}

#[test]
fn a_displacement_moves_the_centre_and_stays_on_the_lattice() {
    let displacement = Displacement { magnitude: 0.5, golden_scaling: true, unit: false };
    let mut evolution = Evolution::new(Config { lattice: true, precision: 50, ..plain() }, genes()).unwrap();
    let before = evolution.state().clone();
    evolution.displace(&displacement).unwrap();
    let after = evolution.state().clone();
    assert!(distance(&before.centre, &after.centre) > 1e-2);
    assert_eq!((before.generation, before.first_moment), (after.generation, after.first_moment.clone()));
    evolution.set_state(after).unwrap();
    assert!(evolution.displace(&Displacement { magnitude: f64::INFINITY, ..displacement }).is_err());
}

#[test]
fn noise_of_low_rank() {
    agree(Config { rank: Some(1), ..plain() }, Some(plain()));
    // Rank 2 would need as many normals as full rank, so it is full rank.
    let two = Config { rank: Some(2), ..plain() };
    assert_eq!(run(&two, false).0.state(), run(&plain(), false).0.state());
}

#[test]
fn harmonize() {
    agree(Config { harmonize_strength: 0.3, ..plain() }, Some(plain()));
}

#[test]
fn pull() {
    let pull = Config { pull_strength: 0.2, ..plain() };
    assert_eq!(agree(pull.clone(), Some(plain())).memory.len(), 8);
    // A decay of 0 forgets at once, so nothing pulls.
    let forgetful = run(&Config { attractor_decay_rate: 0.0, ..pull }, false).0;
    assert_eq!(forgetful.state().centre, run(&plain(), false).0.state().centre);
}

#[test]
fn lattice_and_error_feedback() {
    let lattice = Config { lattice: true, precision: 6, ..plain() };
    let reference = agree(lattice.clone(), Some(plain()));
    assert!(reference.residual.iter().any(|r| r.abs() > 1e-3));
    let off = agree(Config { error_feedback: false, ..lattice.clone() }, Some(lattice));
    assert!(off.residual.iter().all(|r| *r == 0.0));
}

#[test]
fn all_at_once() {
    let all = Config {
        lattice: true,
        precision: 9,
        harmonize_strength: 0.1,
        pull_strength: 0.1,
        lambda_syntony: Some(0.5),
        rank: Some(1),
        ..plain()
    };
    agree(all.clone(), Some(Config { lambda_syntony: Some(0.0), ..all.clone() }));
    agree(all.clone(), Some(Config { lattice: false, ..all.clone() }));
    agree(all.clone(), Some(Config { harmonize_strength: 0.0, ..all }));
}

#[test]
fn survivors_alone_have_weight() {
    agree(Config { survivor_count: Some(9), ..plain() }, Some(plain()));
    let everybody = Config { survivor_count: Some(plain().population_size), ..plain() };
    assert_eq!(run(&everybody, false).0.state().centre, run(&plain(), false).0.state().centre);
}

#[test]
fn the_elite_replaces_a_worse_centre() {
    let elitist = Config { elitist: true, ..plain() };
    let reference = agree(elitist.clone(), Some(plain()));
    assert!(reference.replaced > 0);
    // The first step ends at the best member's very parameters.
    let mut evolution = Evolution::new(elitist.clone(), genes()).unwrap();
    let start = evolution.state().centre.clone();
    evolution.step(&objective(false), &batch()).unwrap();
    let members = (0..elitist.population_size).map(|i| member(&elitist, &start, i, 0));
    let best = members.min_by(|x, y| loss(x, false).total_cmp(&loss(y, false))).unwrap();
    assert_eq!(evolution.state().centre, best);
    // Harmonized, pulled and snapped like any other.
    let whole = Config { lattice: true, precision: 9, harmonize_strength: 0.2, pull_strength: 0.1, ..elitist.clone() };
    assert!(agree(whole.clone(), Some(Config { elitist: false, ..whole })).replaced > 0);
    agree(Config { survivor_count: Some(7), ..elitist.clone() }, Some(elitist));
}

#[test]
fn a_better_centre_is_kept() {
    // The targets are what the centre computes, so no member is better.
    let [x, target] = batch();
    let first = |elitist| {
        let mut evolution = Evolution::new(Config { elitist, ..plain() }, genes()).unwrap();
        let reached = outputs(&evolution.state().centre, false);
        let target = Tensor::new(target.shape().clone(), reached).unwrap();
        let record = evolution.step(&objective(false), &[x.clone(), target]).unwrap();
        assert!(record.loss < 1e-20 && record.best_fitness < -1e-6);
        evolution.state().clone()
    };
    assert_eq!(first(true), first(false));
}

#[test]
fn binary32_members_move_the_centre_as_binary64_ones_do() {
    // Only the order of the losses counts, and binary32 keeps it here.
    for rank in [None, Some(1)] {
        let double = run(&Config { rank, ..plain() }, false).0;
        let single = run(&Config { rank, dtype: DType::F32, ..plain() }, false).0;
        assert_eq!(single.state().centre, double.state().centre);
    }
}

#[test]
fn members_without_a_loss_are_the_worst() {
    let config = Config { lattice: true, precision: 9, ..plain() };
    let mut evolution = Evolution::new(config.clone(), genes()).unwrap();
    let mut reference = Reference::new(config, true);
    let mut counts = Vec::new();
    for _ in 0..4 {
        let record = evolution.step(&objective(true), &batch()).unwrap();
        reference.step();
        assert_eq!(record.nan_members, reference.nan_members);
        counts.push(record.nan_members);
        let state = evolution.state();
        assert!(distance(&state.centre, &reference.centre) < 1e-12);
        assert!(state.centre.iter().chain(&state.first_moment).chain(&state.second_moment).all(|x| x.is_finite()));
    }
    assert!(counts.iter().any(|n| (1..38).contains(n)), "{counts:?}");
}

#[test]
fn a_generation_without_any_loss_moves_nothing() {
    for dtype in [DType::F32, DType::F64] {
        let config = Config { dtype, pull_strength: 0.1, elitist: true, ..plain() };
        let mut evolution = Evolution::new(config, genes()).unwrap();
        let before = evolution.state().centre.clone();
        let [x, target] = batch();
        let nothing = Tensor::new(target.shape().clone(), vec![f64::NAN; 15]).unwrap();
        let record = evolution.step(&objective(false), &[x, nothing]).unwrap();
        assert_eq!((record.nan_members, record.attractors, record.evaluations), (38, 0, 38));
        assert!(record.best_fitness.is_nan() && record.mean_fitness.is_nan() && record.loss.is_nan());
        assert_eq!(evolution.state().centre, before);
    }
}

#[test]
fn huge_noise_leaves_the_state_finite() {
    for (dtype, sigma) in [(DType::F32, 1e30), (DType::F64, 1e30), (DType::F64, 1e200)] {
        for survivor_count in [None, Some(5)] {
            let config = Config { sigma, dtype, survivor_count, lattice: true, precision: 50, ..plain() };
            let mut evolution = Evolution::new(config, genes()).unwrap();
            for _ in 0..3 {
                evolution.step(&objective(false), &batch()).unwrap();
            }
            let state = evolution.state();
            let numbers = state.centre.iter().chain(&state.residual).chain(&state.first_moment);
            assert!(numbers.chain(&state.second_moment).all(|x| x.is_finite()));
        }
    }
}
