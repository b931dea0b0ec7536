//! Mean of all elements.

use pulp::Simd;

use super::lanes::add;
use super::{Call, Operation, expect_inputs};
use crate::tensor::{Real, Shape};
use crate::{Error, Result};

/// Mean of all elements, a scalar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mean;

impl Operation for Mean {
    const NAME: &'static str = "mean";

    fn shape(&self, inputs: &[&Shape], _: &[Shape]) -> Result<Shape> {
        expect_inputs(Self::NAME, inputs, 1)?;
        if inputs[0].numel() > 0 {
            return Ok(Shape::default());
        }
        Err(Error::Shape { op: Self::NAME, expected: "at least one element".into(), got: inputs[0].to_string() })
    }

    #[inline(always)]
    fn run<S: Simd, T: Real, const L: usize>(&self, simd: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        let count = call.shapes[0].numel();
        let mut total = [T::ZERO; L];
        for i in 0..count {
            total = add(simd, &total, &call.inputs[0].at(i));
        }
        out[0] = total.map(|t| t / T::from_f64(count as f64));
    }
}
