//! 1 / (1 + e^-x).

use pulp::Simd;

use super::{Call, Operation, elementwise, expect_inputs};
use crate::Result;
use crate::tensor::{Real, Shape};

/// 1 / (1 + e^-x), element by element.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sigmoid;

impl Operation for Sigmoid {
    const NAME: &'static str = "sigmoid";
    const IN_PLACE: bool = true;

    fn shape(&self, inputs: &[&Shape], _: &[Shape]) -> Result<Shape> {
        expect_inputs(Self::NAME, inputs, 1)?;
        Ok(inputs[0].clone())
    }

    #[inline(always)]
    fn run<S: Simd, T: Real, const L: usize>(&self, _: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        elementwise::unary(call, out, |x| T::ONE / (T::ONE + (-x).exp()));
    }
}
