//! softmax(x)_i = e^(x_i) / sum_j e^(x_j) over the last axis, shifted by the largest x so that nothing overflows.

use pulp::Simd;

use super::lanes::{add, max, sub};
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
    fn run<S: Simd, T: Real, const L: usize>(&self, simd: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        let width = call.shapes[0].last().max(1);
        for (row, out) in out.chunks_exact_mut(width).enumerate() {
            let mut largest = [-T::INFINITY; L];
            for (i, o) in out.iter_mut().enumerate() {
                *o = call.inputs[0].at(row * width + i);
                largest = max(simd, &largest, o);
            }
            let mut sum = [T::ZERO; L];
            for o in out.iter_mut() {
                *o = sub(simd, o, &largest);
            }
            // A flat pass, which compilers turn into vector code.
            for e in out.as_flattened_mut() {
                *e = e.exp();
            }
            for o in out.iter() {
                sum = add(simd, &sum, o);
            }
            for o in out.iter_mut() {
                for l in 0..L {
                    o[l] = o[l] / sum[l];
                }
            }
        }
    }
}
