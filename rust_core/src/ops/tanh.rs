//! The hyperbolic tangent.

use pulp::Simd;

use super::{Call, Operation, elementwise, expect_inputs};
use crate::Result;
use crate::tensor::{Real, Shape};

/// The hyperbolic tangent, element by element.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tanh;

impl Operation for Tanh {
    const NAME: &'static str = "tanh";
    const IN_PLACE: bool = true;

    fn shape(&self, inputs: &[&Shape], _: &[Shape]) -> Result<Shape> {
        expect_inputs(Self::NAME, inputs, 1)?;
        Ok(inputs[0].clone())
    }

    #[inline(always)]
    fn run<S: Simd, T: Real, const L: usize>(&self, _: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        elementwise::unary(call, out, |x| x.tanh());
    }
}
