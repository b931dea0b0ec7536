//! Mean squared error: mean (x - y)^2.

use pulp::Simd;

use super::binary_cross_entropy::{check_pairs, mean_of_pairs};
use crate::Result;
use crate::loops::{Call, Operation};
use crate::tensor::{Real, Shape};

/// Mean of (x - y)^2 over two inputs with as many elements.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanSquaredError;

impl Operation for MeanSquaredError {
    const NAME: &'static str = "mse";

    fn shape(&self, inputs: &[&Shape], _: &[Shape]) -> Result<Shape> {
        check_pairs(Self::NAME, inputs)?;
        Ok(Shape::default())
    }

    #[inline(always)]
    fn run<S: Simd, T: Real, const L: usize>(&self, _: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        out[0] = mean_of_pairs(call, |x, y| (x - y) * (x - y));
    }
}
