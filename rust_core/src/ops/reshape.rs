//! The same elements under another shape.

use pulp::Simd;

use crate::loops::elementwise::load;
use crate::loops::{Call, Operation, expect_inputs};
use crate::tensor::{Real, Shape};
use crate::{Error, Result};

/// The same elements, row-major, under another shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Reshape(pub Shape);

impl Operation for Reshape {
    const NAME: &'static str = "reshape";
    const IN_PLACE: bool = true;

    fn shape(&self, inputs: &[&Shape], _: &[Shape]) -> Result<Shape> {
        expect_inputs(Self::NAME, inputs, 1)?;
        if inputs[0].numel() == self.0.numel() {
            return Ok(self.0.clone());
        }
        Err(Error::Shape {
            op: Self::NAME,
            expected: format!("a shape of {} elements for {}", inputs[0].numel(), inputs[0]),
            got: format!("{} with {}", self.0, self.0.numel()),
        })
    }

    #[inline(always)]
    fn run<S: Simd, T: Real, const L: usize>(&self, _: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        load(&call.inputs[0], 0, out);
    }
}
