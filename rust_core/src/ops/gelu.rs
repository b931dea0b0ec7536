//! The Gaussian error linear unit in its tanh form: x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))).
//!
//! Source: Hendrycks and Gimpel, "Gaussian error linear units", arXiv 1606.08415.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use pulp::Simd;

use super::{Call, Operation, elementwise, expect_inputs};
use crate::Result;
use crate::tensor::{Real, Shape};

/// The Gaussian error linear unit (tanh form), element by element.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gelu;

impl Operation for Gelu {
    const NAME: &'static str = "gelu";
    const IN_PLACE: bool = true;

    fn shape(&self, inputs: &[&Shape], _: &[Shape]) -> Result<Shape> {
        expect_inputs(Self::NAME, inputs, 1)?;
        Ok(inputs[0].clone())
    }

    #[inline(always)]
    fn run<S: Simd, T: Real, const L: usize>(&self, _: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        let (outer, inner, half) = (T::from_f64(FRAC_2_SQRT_PI * FRAC_1_SQRT_2), T::from_f64(0.044_715), T::from_f64(0.5));
        elementwise::unary(call, out, |x| {
            let t = (outer * (inner * x * x).fma(x, x)).tanh();
            half * x * (T::ONE + t)
        });
    }
}
