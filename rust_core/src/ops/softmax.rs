//! softmax(x)_i = e^(x_i) / sum_j e^(x_j) over the last axis, shifted by the largest x so that nothing overflows.

use super::lanes::zip;
use super::{Call, Operation, expect_inputs};
use crate::Result;
use crate::tensor::{Real, Shape};

/// Softmax over the last axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Softmax;

impl Operation for Softmax {
    const NAME: &'static str = "softmax";

    fn shape(&self, inputs: &[&Shape], _: &[Shape]) -> Result<Shape> {
        expect_inputs(Self::NAME, inputs, 1)?;
        Ok(inputs[0].clone())
    }

    #[inline(always)]
    fn run<T: Real, const L: usize>(&self, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        let width = call.shapes[0].last().max(1);
        for (row, out) in out.chunks_exact_mut(width).enumerate() {
            let x = |i: usize| call.inputs[0].at(row * width + i);
            let largest = (1..width).fold(x(0), |m, i| zip(m, x(i), T::maximum));
            let mut sum = [T::ZERO; L];
            for (i, o) in out.iter_mut().enumerate() {
                *o = zip(x(i), largest, |x, m| (x - m).exp());
                sum = zip(sum, *o, |s, e| s + e);
            }
            out.iter_mut().for_each(|o| *o = zip(*o, sum, |e, s| e / s));
        }
    }
}
