//! A member of the population computes what the model alone computes with that member's parameters.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use syntonic_core::ops::{
    Affine, Arithmetic, CrossEntropy, Draw, Dropout, Gelu, LANES, Linear, Mean, MeanSquaredError, Op, Relu, Sigmoid,
    Softmax, Tanh,
};
use syntonic_core::program::{Evaluator, Half, NodeId, Perturbation, Program, Rank, Workspaces};
use syntonic_core::tensor::philox::{Key, Stream, fill_normals};
use syntonic_core::tensor::{Real, Shape, Tensor};

const SIGMA: f64 = 0.3;
const SEED: u32 = 5;
const GENERATION: u32 = 7;

fn shapes() -> Vec<Shape> {
    vec![[21, 6].into(), [21].into(), [21].into(), [21].into(), [13, 21].into(), [13].into(), [5, 13].into()]
}

/// A program that uses every operation that members run, on rows that do not fill a tile.
fn program() -> (Program, NodeId) {
    let mut p = Program::new(shapes());
    let (x, labels, target) = (p.input([7, 6]), p.input([7]), p.input([13]));
    let mut apply = |op: Op, inputs: &[NodeId]| p.apply(op, inputs).unwrap();
    let shared = apply(Tanh.into(), &[x]);
    let h = apply(Linear { weight: 0, bias: Some(1) }.into(), &[shared]);
    let h = apply(Relu.into(), &[h]);
    let h = apply(Affine { scale: 2, shift: 3 }.into(), &[h]);
    let h = apply(Dropout { p: 0.25, layer: 1 }.into(), &[h]);
    let h = apply(Linear { weight: 4, bias: Some(5) }.into(), &[h]);
    let gelu = apply(Gelu.into(), &[h]);
    let sigmoid = apply(Sigmoid.into(), &[h]);
    let h = apply(Arithmetic::Mul.into(), &[gelu, sigmoid]);
    let h = apply(Arithmetic::Sub.into(), &[h, target]);
    let logits = apply(Linear { weight: 6, bias: None }.into(), &[h]);
    let loss = apply(CrossEntropy.into(), &[logits, labels]);
    let p1 = apply(Softmax.into(), &[logits]);
    let p2 = apply(Arithmetic::Add.into(), &[p1, logits]);
    let mse = apply(MeanSquaredError.into(), &[p2, p1]);
    let mean = apply(Mean.into(), &[p2]);
    let sum = apply(Arithmetic::Add.into(), &[loss, mse]);
    let out = apply(Arithmetic::Add.into(), &[sum, mean]);
    (p, out)
}

fn normals(stream: Stream, parameter: u32, pair: u32, generation: u32, count: usize) -> Vec<f32> {
    let mut out = vec![0.0; count];
    fill_normals(Key::new(SEED, stream), parameter, pair, generation, &mut out);
    out
}

fn inputs() -> [Tensor; 3] {
    [
        Tensor::new([7, 6], normals(Stream::Data, 0, 0, 0, 42)).unwrap(),
        Tensor::new([7], vec![0.0_f32, 4.0, 1.0, 3.0, 2.0, 2.0, 0.0]).unwrap(),
        Tensor::new([13], normals(Stream::Data, 1, 0, 0, 13)).unwrap(),
    ]
}

fn centre<T: Real>() -> Vec<Vec<T>> {
    let draw = |(i, shape): (usize, &Shape)| {
        normals(Stream::Init, i as u32, 0, 0, shape.numel()).iter().map(|&z| T::from_f32(z * 0.4)).collect()
    };
    shapes().iter().enumerate().map(draw).collect()
}

/// The parameters of one member, written out.
fn member<T: Real>(ranks: &[Rank], pair: u32, sign: f64) -> Vec<Vec<T>> {
    let perturb = |(i, c): (usize, Vec<T>)| {
        let z = normals(Stream::Noise, i as u32, pair, GENERATION, ranks[i].normals(c.len()));
        let at = |(e, c): (usize, &T)| match ranks[i] {
            Rank::Full => T::from_f64(sign * SIGMA).fma(T::from_f32(z[e]), *c),
            Rank::Low { rows, columns, rank } => {
                let scale = T::from_f64(sign * SIGMA) / T::from_f64(rank as f64).sqrt();
                (0..rank).fold(*c, |sum, r| {
                    let (a, b) = (z[r * rows + e / columns], z[rank * rows + r * columns + e % columns]);
                    (T::from_f32(a) * scale).fma(T::from_f32(b), sum)
                })
            }
        };
        c.iter().enumerate().map(at).collect()
    };
    centre::<T>().into_iter().enumerate().map(perturb).collect()
}

/// Calls `check` with what each of 40 pairs' members gives in the population and alone.
fn compare<T: Real + syntonic_core::ops::Element + Default>(rank: Option<usize>, check: impl Fn(f64, f64)) {
    let (program, output) = program();
    let draw = Draw { seed: SEED, generation: GENERATION, pair: 0 };
    let perturbation = Perturbation::new(SEED, GENERATION, &shapes(), rank);
    let (program, centre) = (Arc::new(program), Arc::new(centre::<T>()));
    let mut evaluator = Evaluator::new(Arc::clone(&program), output, &inputs(), centre, draw).unwrap();
    evaluator.prepare(&perturbation);
    let workspaces = Workspaces::<T>::default();
    for first in (0..40).step_by(LANES) {
        for (half, sign) in [(Half::Plus, 1.0), (Half::Minus, -1.0)] {
            let together = workspaces.with(|workspace| {
                perturbation.fill(first as u32, &mut workspace.noise);
                evaluator.members(&perturbation, T::from_f64(SIGMA), half, first as u32, workspace)
            });
            for (lane, together) in together.iter().enumerate() {
                let pair = (first + lane) as u32;
                let parameters = member::<T>(perturbation.ranks(), pair, sign);
                let alone = Evaluator::new(
                    Arc::clone(&program),
                    output,
                    &inputs(),
                    Arc::new(parameters),
                    Draw { pair, ..draw },
                )
                .unwrap();
                check(*together, alone.centre(&[output])[0]);
            }
        }
    }
}

#[test]
fn full_rank_members_have_the_bits_of_the_model_alone() {
    compare::<f32>(None, |together, alone| assert_eq!(together.to_bits(), alone.to_bits()));
    compare::<f64>(None, |together, alone| assert_eq!(together.to_bits(), alone.to_bits()));
}

#[test]
fn low_rank_members_have_the_values_of_the_model_alone() {
    // The low-rank term is added in another order than that of the written-out matrix: 21 sums of rounding errors.
    for rank in [1, 2] {
        compare::<f32>(Some(rank), |together, alone| assert!((together - alone).abs() < 2e-5 * (1.0 + alone.abs())));
        compare::<f64>(Some(rank), |together, alone| assert!((together - alone).abs() < 4e-14 * (1.0 + alone.abs())));
    }
}
