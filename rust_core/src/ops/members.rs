//! What tests demand of every operation: sixteen members together, each alone, in place, and by any number of threads,
//! to the same bits.

use std::cell::RefCell;

use crate::loops::{Call, Draw, LANES, Operand};
use crate::ops::{Compute, Element, Op};
use crate::tensor::{DType, Real, Shape, Tensor};
use crate::threads;

/// Returns numbers of mixed sizes and signs.
pub(crate) fn numbers<T: Real>(count: usize, seed: usize) -> Vec<T> {
    let number = |i: usize| ((i * 7919 + seed * 104_729 + 12_345) % 20_011) as f64 / 1_500.0 - 6.5;
    (0..count).map(|i| T::from_f64(number(i))).collect()
}

fn run<T: Compute<L>, const L: usize>(op: &Op, inputs: &[Operand<'_, T, L>], shapes: &[&Shape], out: &mut [[T; L]]) {
    let scratch = RefCell::default();
    op.run(&Call { inputs, shapes, parameters: &[], base: &[], draw: Draw::default(), scratch: &scratch }, out);
}

fn bits<T: Real>(x: T) -> u64 {
    x.to_f64().to_bits()
}

/// Checks an operation without parameters on inputs of these shapes, in both formats.
pub(crate) fn agree(op: impl Into<Op>, shapes: &[&[usize]]) {
    let op = op.into();
    let shapes: Vec<Shape> = shapes.iter().map(|dims| dims.to_vec().into()).collect();
    agree_as::<f32>(&op, &shapes);
    agree_as::<f64>(&op, &shapes);
}

fn agree_as<T: Element>(op: &Op, shapes: &[Shape]) {
    let shapes: Vec<&Shape> = shapes.iter().collect();
    let count = op.shape(&shapes, &[]).unwrap().numel();
    let alone: Vec<Vec<Vec<T>>> =
        (0..LANES).map(|l| shapes.iter().enumerate().map(|(i, s)| numbers(s.numel(), 31 * i + l)).collect()).collect();
    let together: Vec<Vec<[T; LANES]>> = (0..shapes.len())
        .map(|i| (0..shapes[i].numel()).map(|e| std::array::from_fn(|l| alone[l][i][e])).collect())
        .collect();
    let mut members = vec![[T::NAN; LANES]; count];
    let operands: Vec<_> = together.iter().map(|x| Operand::Members(x)).collect();
    run(op, &operands, &shapes, &mut members);
    let mut shared = vec![[T::NAN; LANES]; count];
    let mut operands = operands.clone();
    if op.in_place() {
        let mut over = together[0].clone();
        operands[0] = Operand::InPlace;
        run(op, &operands, &shapes, &mut over);
        assert_eq!(over, members, "{} in place", op.name());
        operands[0] = Operand::Members(&together[0]);
    }
    if shapes.len() > 1 {
        operands[1] = Operand::Shared(&alone[3][1]);
        run(op, &operands, &shapes, &mut shared);
    }
    for l in 0..LANES {
        let mut out = vec![[T::NAN]; count];
        let operands: Vec<_> = alone[l].iter().map(|x| Operand::Shared(x)).collect();
        run(op, &operands, &shapes, &mut out);
        let same = |x: &[[T; LANES]]| (0..count).all(|e| bits(x[e][l]) == bits(out[e][0]));
        assert!(same(&members), "{} {}, lane {l}", op.name(), shapes[0]);
        assert!(l != 3 || shapes.len() < 2 || same(&shared), "{} with a shared second input", op.name());
    }
}

/// Checks that a large operation has the same bits with threads and without.
pub(crate) fn agree_for_threads(op: impl Into<Op>, shapes: &[&[usize]]) {
    let op = op.into();
    let tensors: Vec<Tensor> = (shapes.iter().enumerate())
        .map(|(i, dims)| Tensor::new(dims.to_vec(), numbers::<f32>(dims.iter().product(), i)).unwrap())
        .collect();
    let inputs: Vec<&Tensor> = tensors.iter().collect();
    let together = op.eager(&inputs, &[]).unwrap();
    assert_eq!(together.dtype(), DType::F32);
    let shapes: Vec<&Shape> = tensors.iter().map(Tensor::shape).collect();
    let mut alone = vec![[0.0_f32]; together.shape().numel()];
    let operands: Vec<_> = tensors.iter().map(|x| Operand::Shared(f32::slice(x))).collect();
    run(&op, &operands, &shapes, &mut alone);
    assert!(threads::count() > 0);
    let same = f32::slice(&together).iter().zip(&alone).all(|(a, [b])| a.to_bits() == b.to_bits());
    assert!(same, "{} by {} threads", op.name(), threads::count());
}

#[test]
fn softmax_of_every_axis() {
    use crate::ops::{Softmax, SoftmaxWeight};
    for (dims, axis) in [(&[3, 5][..], 1), (&[3, 5], 2), (&[2, 37, 3], 2), (&[2, 3, 20, 2], 3), (&[1100], 1), (&[], 1)]
    {
        agree(Softmax { axis, weight: SoftmaxWeight::Identity }, &[dims]);
        agree(Softmax { axis, weight: SoftmaxWeight::Syntony { scale: 0.7 } }, &[dims, dims]);
        let length = dims.len().checked_sub(axis).map_or(1, |i| dims[i]);
        let norms = (0..length).map(|i| (i * i) as f64 / 50.0).collect();
        agree(Softmax { axis, weight: SoftmaxWeight::Norms { scale: 1.5, norms } }, &[dims]);
    }
    agree_for_threads(Softmax::LAST, &[&[3000, 101]]);
    agree_for_threads(Softmax { axis: 2, weight: SoftmaxWeight::Identity }, &[&[31, 101, 99]]);
    let weight = SoftmaxWeight::Syntony { scale: 1.0 };
    agree_for_threads(Softmax { axis: 1, weight }, &[&[3000, 101], &[3000, 101]]);
}

#[test]
fn norms() {
    use crate::ops::{BatchNorm, LayerNorm};
    for dims in [&[3, 5][..], &[1, 1], &[7, 1030], &[2, 3, 9]] {
        agree(LayerNorm { eps: 1e-5, variance: 1.0 }, &[dims]);
        agree(BatchNorm { eps: 1e-5, variance: 0.618 }, &[dims]);
    }
    agree(BatchNorm { eps: 1e-5, variance: 1.0 }, &[&[1100, 3]]);
    agree_for_threads(LayerNorm { eps: 1e-5, variance: 1.0 }, &[&[3000, 101]]);
    agree_for_threads(BatchNorm { eps: 1e-5, variance: 1.0 }, &[&[3001, 101]]);
}

#[test]
fn phi_residuals() {
    use crate::ops::{Activation, LayerNorm, PhiResidual, ResidualMode};
    let norm = LayerNorm { eps: 1e-5, variance: 1.0 };
    for mode in [ResidualMode::Phi, ResidualMode::Symmetric, ResidualMode::Standard] {
        for activation in [Activation::None, Activation::Relu, Activation::Gelu, Activation::LayerNorm(norm)] {
            agree(PhiResidual { mode, activation }, &[&[3, 333], &[3, 333]]);
            agree_for_threads(PhiResidual { mode, activation }, &[&[3000, 101], &[3000, 101]]);
        }
    }
}
