//! Axes of size 1 repeated.

use pulp::Simd;

use crate::cuda::DeviceTensor;
use crate::describe::{Sizes, methods};
use crate::loops::strided::{Walk, broadcast_shape, gather};
use crate::loops::{Call, Operation, Side, expect_inputs};
use crate::tensor::{Real, Shape};
use crate::{Error, Result};

/// The input under a larger shape: aligned at the end, axes of size 1 and missing ones repeat.
#[derive(Clone, Debug, PartialEq)]
pub struct Expand(pub Shape);

methods! {
    Expand {
        /// This value under a larger shape: aligned at the end, axes of size 1 and missing ones repeat.
        ///
        /// >>> Tensor([1.0]).expand((2, 2)).tolist()
        /// [[1.0, 1.0], [1.0, 1.0]]
        fn expand(x, shape: Sizes) => Ok(Self(Shape::from(shape.0)));
    }
}

impl Operation for Expand {
    const NAME: &'static str = "expand";

    fn shape(&self, inputs: &[&Shape], _: &[Shape]) -> Result<Shape> {
        expect_inputs(Self::NAME, inputs, 1)?;
        match broadcast_shape(Self::NAME, inputs[0], &self.0) {
            Ok(shape) if shape == self.0 => Ok(shape),
            _ => Err(Error::Shape {
                op: Self::NAME,
                expected: format!("a shape that {} fills by repeating axes of size 1", inputs[0]),
                got: self.0.to_string(),
            }),
        }
    }

    fn cost(&self, _: &[&Shape], output: &Shape) -> usize {
        2 * output.numel()
    }

    fn device(&self, inputs: &[&DeviceTensor], _: &[DeviceTensor], shape: &Shape) -> Result<DeviceTensor> {
        inputs[0].expand(Self::NAME, shape)
    }

    fn on_members(&self, side: &Side<'_>) -> Result<DeviceTensor> {
        side.padded(0, side.shape.rank())?.expand(Self::NAME, &side.lifted())
    }

    #[inline(always)]
    fn run<S: Simd, T: Real, const L: usize>(&self, _: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        gather(call.inputs[0], &Walk::broadcast(call.shapes[0], &self.0), out);
    }
}
