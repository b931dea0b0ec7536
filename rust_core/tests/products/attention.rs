//! Attention and products of values: members compute what the model alone does, and what cannot be is refused.

use crate::alone::{data, same_bits};
use syntonic_core::ops::{Attention, How, Linear, MatMul, Op, Reduce, Reshape, Tanh};
use syntonic_core::program::Program;
use syntonic_core::tensor::{Shape, Tensor};

const PLAIN: Attention = Attention { heads: 1, causal: false, masked: false, scale: None };

/// Attention over 21 positions of width 10, from a shared input, with projections of its own.
fn program(attention: Attention, mask: &[usize]) -> (Program, usize) {
    let mut p = Program::new(vec![[10, 6].into(), [10, 6].into(), [4, 6].into()]);
    let (x, mask) = (p.input([3, 21, 6]), p.input(mask.to_vec()));
    let project = |p: &mut Program, weight| p.apply(Linear { weight, bias: None }, &[x]).unwrap();
    let (q, k, v) = (project(&mut p, 0), project(&mut p, 1), project(&mut p, 2));
    let inputs = if attention.masked { vec![q, k, v, mask] } else { vec![q, k, v] };
    let h = p.apply(attention, &inputs).unwrap();
    let h = p.apply(Tanh, &[h]).unwrap();
    let out = p.apply(Reduce::all(How::Mean), &[h]).unwrap();
    (p, out)
}

#[test]
fn members_that_attend_have_the_bits_of_the_model_alone() {
    let mask = Tensor::new([3, 21], (0..63).map(|i| f32::from(u8::from(i % 5 != 0 && i > 22))).collect::<Vec<_>>());
    for (heads, causal, masked) in [(1, false, false), (2, true, false), (2, false, true), (1, true, true)] {
        let (p, out) = program(Attention { heads, causal, masked, scale: Some(0.7) }, &[3, 21]);
        same_bits(&p, out, &[data(0, [3, 21, 6]), mask.clone().unwrap()], &[None]);
    }
}

#[test]
fn members_with_masks_and_queries_of_their_own_have_the_bits_of_the_model_alone() {
    // A mask that varies between members, queries and values that all share, more keys than queries.
    let mut p = Program::new(vec![[1, 6].into(), [4, 6].into()]);
    let (x, q, v) = (p.input([2, 9, 6]), p.input([2, 6, 4]), p.input([2, 9, 3]));
    let mask = p.apply(Linear { weight: 0, bias: None }, &[x]).unwrap();
    let mask = p.apply(syntonic_core::ops::Relu, &[mask]).unwrap();
    let mask = p.apply(Reshape([2, 9].into()), &[mask]).unwrap();
    let k = p.apply(Linear { weight: 1, bias: None }, &[x]).unwrap();
    let h = p.apply(Attention { masked: true, causal: true, ..PLAIN }, &[q, k, v, mask]).unwrap();
    let out = p.apply(Reduce::all(How::Mean), &[h]).unwrap();
    same_bits(&p, out, &[data(0, [2, 9, 6]), data(1, [2, 6, 4]), data(2, [2, 9, 3])], &[None]);
}

#[test]
fn members_that_multiply_values_have_the_bits_of_the_model_alone() {
    let mut p = Program::new(vec![[19, 6].into(), [5, 6].into()]);
    let (x, table) = (p.input([3, 7, 6]), p.input([2, 1, 5, 7]));
    let a = p.apply(Linear { weight: 0, bias: None }, &[x]).unwrap();
    let b = p.apply(MatMul, &[table, a]).unwrap();
    let c = p.apply(Linear { weight: 1, bias: None }, &[x]).unwrap();
    let d = p.apply(MatMul, &[c, b]).unwrap();
    assert_eq!(p.shape(d).unwrap(), &Shape::from([2, 3, 7, 19]));
    let out = p.apply(Reduce::all(How::Mean), &[d]).unwrap();
    same_bits(&p, out, &[data(0, [3, 7, 6]), data(1, [2, 1, 5, 7])], &[None]);
}

fn refused(op: impl Into<Op>, shapes: &[&[usize]], words: &str) {
    let shapes: Vec<Shape> = shapes.iter().map(|s| s.to_vec().into()).collect();
    let error = op.into().shape(&shapes.iter().collect::<Vec<_>>(), &[]).unwrap_err().to_string();
    assert!(error.contains(words), "{error}");
}

#[test]
fn what_cannot_attend_is_refused() {
    let (q, k, v): (&[usize], &[usize], &[usize]) = (&[2, 5, 6], &[2, 7, 6], &[2, 7, 4]);
    refused(PLAIN, &[&[5, 6], k, v], "(batch, length, width)");
    refused(PLAIN, &[q, &[2, 7, 5], v], "keys (2, keys, 6)");
    refused(PLAIN, &[q, &[1, 7, 6], v], "keys (2, keys, 6)");
    refused(PLAIN, &[q, k, &[2, 6, 4]], "values (2, 7, width)");
    refused(PLAIN, &[q, k, v, &[2, 7]], "3 inputs");
    refused(Attention { masked: true, ..PLAIN }, &[q, k, v], "4 inputs");
    refused(Attention { masked: true, ..PLAIN }, &[q, k, v, &[2, 5]], "a key mask of shape (2, 7)");
    refused(Attention { heads: 4, ..PLAIN }, &[q, k, v], "heads that divide the widths 6 and 4");
    refused(Attention { heads: 3, ..PLAIN }, &[q, k, v], "heads that divide the widths 6 and 4");
    refused(Attention { heads: 0, ..PLAIN }, &[q, k, v], "heads that divide");
    for scale in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        refused(Attention { scale: Some(scale), ..PLAIN }, &[q, k, v], "a positive and finite scale");
    }
}

#[test]
fn matrices_that_do_not_fit_are_refused() {
    refused(MatMul, &[&[], &[3]], "at least one axis");
    refused(MatMul, &[&[3], &[]], "at least one axis");
    refused(MatMul, &[&[2, 3], &[2, 3]], "the same k");
    refused(MatMul, &[&[2, 3], &[2]], "the same k");
    refused(MatMul, &[&[2, 5, 3], &[3, 3, 4]], "equal or 1");
    refused(MatMul, &[&[3]], "2 inputs");
    refused(MatMul, &[&[1 << 40, 0], &[0, 1 << 40]], "elements");
}
