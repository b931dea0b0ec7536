//! The same elements under another shape.

use pulp::Simd;

use crate::cuda::DeviceTensor;
use crate::describe::{OpenSizes, methods};
use crate::loops::elementwise::load;
use crate::loops::{Call, Operation, expect_inputs};
use crate::tensor::{Real, Shape};
use crate::{Error, Result};

/// The same elements, row-major, under another shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Reshape(pub Shape);

methods! {
    Reshape {
        /// The same elements, row-major, under another shape; one size may be -1: what is left.
        ///
        /// >>> Tensor([[1.0, 2.0], [3.0, 4.0]]).reshape(-1).tolist()
        /// [1.0, 2.0, 3.0, 4.0]
        fn reshape(x, shape: OpenSizes) => Ok(Self(x.resolve(Self::NAME, &shape.0)?));
    }
}

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

    fn device(&self, inputs: &[&DeviceTensor], _: &[DeviceTensor], shape: &Shape) -> Result<DeviceTensor> {
        inputs[0].reshape(shape.clone())
    }

    #[inline(always)]
    fn run<S: Simd, T: Real, const L: usize>(&self, _: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        load(&call.inputs[0], 0, out);
    }
}
