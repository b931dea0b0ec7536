//! What a member of a population computes, beside what the model alone computes with that member's parameters.

use std::sync::Arc;

use syntonic_core::loops::{Draw, LANES};
use syntonic_core::ops::Element;
use syntonic_core::program::{Evaluator, Half, NodeId, Perturbation, Program, Rank, Workspaces};
use syntonic_core::tensor::philox::{Key, Stream, fill_normals};
use syntonic_core::tensor::{Shape, Tensor};

const SIGMA: f64 = 0.3;
const SEED: u32 = 5;
const GENERATION: u32 = 7;

/// Returns normals of one stream.
pub fn normals(stream: Stream, parameter: u32, pair: u32, generation: u32, count: usize) -> Vec<f32> {
    let mut out = vec![0.0; count];
    fill_normals(Key::new(SEED, stream), parameter, pair, generation, &mut out);
    out
}

/// Returns a tensor of normals.
pub fn data(number: u32, shape: impl Into<Shape>) -> Tensor {
    let shape = shape.into();
    let values = normals(Stream::Data, number, 0, 0, shape.numel());
    Tensor::new(shape, values).unwrap()
}

fn centre<T: Element>(shapes: &[Shape]) -> Vec<Vec<T>> {
    let draw = |(i, shape): (usize, &Shape)| {
        normals(Stream::Init, i as u32, 0, 0, shape.numel()).iter().map(|&z| T::from_f32(z * 0.4)).collect()
    };
    shapes.iter().enumerate().map(draw).collect()
}

/// The parameters of one member, written out.
fn member<T: Element>(shapes: &[Shape], ranks: &[Rank], pair: u32, sign: f64) -> Vec<Vec<T>> {
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
    centre::<T>(shapes).into_iter().enumerate().map(perturb).collect()
}

/// Calls `check` with what each of 20 pairs' members gives in the population and alone.
pub fn compare<T: Element + Default>(
    program: &Program,
    output: NodeId,
    inputs: &[Tensor],
    rank: Option<usize>,
    check: impl Fn(f64, f64),
) {
    let shapes = program.parameter_shapes();
    let draw = Draw { seed: SEED, generation: GENERATION, pair: 0 };
    let perturbation = Perturbation::new(SEED, GENERATION, shapes, rank);
    let program = Arc::new(program.clone());
    let start = |parameters, draw| Evaluator::<T>::new(Arc::clone(&program), output, inputs, parameters, draw).unwrap();
    let mut evaluator = start(Arc::new(centre(shapes)), draw);
    evaluator.prepare(&perturbation);
    let workspaces = Workspaces::<T>::default();
    for first in (0..20).step_by(LANES) {
        for (half, sign) in [(Half::Plus, 1.0), (Half::Minus, -1.0)] {
            let together = workspaces.with(|workspace| {
                perturbation.fill(first as u32, &mut workspace.noise);
                evaluator.members(&perturbation, T::from_f64(SIGMA), half, first as u32, workspace)
            });
            for (lane, together) in together.iter().enumerate() {
                let pair = (first + lane) as u32;
                let alone = member(shapes, perturbation.ranks(), pair, sign);
                check(*together, start(Arc::new(alone), Draw { pair, ..draw }).centre(&[output])[0]);
            }
        }
    }
}

/// Checks that members have the bits of the model alone, with noise of each rank in `ranks`.
pub fn same_bits(program: &Program, output: NodeId, inputs: &[Tensor], ranks: &[Option<usize>]) {
    for &rank in ranks {
        let check = |together: f64, alone: f64| {
            assert!(alone.is_finite());
            assert_eq!(together.to_bits(), alone.to_bits(), "rank {rank:?}");
        };
        compare::<f32>(program, output, inputs, rank, check);
        compare::<f64>(program, output, inputs, rank, check);
    }
}
