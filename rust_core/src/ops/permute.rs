//! The axes in another order.

use pulp::Simd;

use crate::cuda::DeviceTensor;
use crate::describe::methods;
use crate::loops::strided::{Walk, gather};
use crate::loops::{Call, Operation, Side, expect_inputs};
use crate::tensor::{Real, Shape};
use crate::{Error, Result};

/// Axis i of the result is axis `axes[i]` of the input.
#[derive(Clone, Debug, PartialEq)]
pub struct Permute {
    /// Each axis of the input once.
    pub axes: Vec<usize>,
}

methods! {
    Permute {
        /// The axes `dim0` and `dim1` exchanged.
        ///
        /// >>> Tensor([[1.0, 2.0, 3.0]]).transpose(0, 1).tolist()
        /// [[1.0], [2.0], [3.0]]
        fn transpose(x, dim0: isize, dim1: isize) => {
            let mut axes: Vec<usize> = (0..x.rank()).collect();
            axes.swap(x.axis("transpose", dim0)?, x.axis("transpose", dim1)?);
            Ok(Self { axes })
        };
        /// The axes in the order `dims`, each once: axis i of the result is axis `dims[i]` of x.
        ///
        /// >>> Tensor([[[1.0, 2.0]]]).permute([2, 0, 1]).tolist()
        /// [[[1.0]], [[2.0]]]
        fn permute(x, dims: Vec<isize>) => {
            Ok(Self { axes: dims.iter().map(|&axis| x.axis(Self::NAME, axis)).collect::<Result<_>>()? })
        };
    }
}

impl Operation for Permute {
    const NAME: &'static str = "permute";

    fn shape(&self, inputs: &[&Shape], _: &[Shape]) -> Result<Shape> {
        expect_inputs(Self::NAME, inputs, 1)?;
        let mut sorted = self.axes.clone();
        sorted.sort_unstable();
        if sorted.into_iter().eq(0..inputs[0].rank()) {
            return Ok(self.axes.iter().map(|&axis| inputs[0].dims()[axis]).collect::<Vec<_>>().into());
        }
        Err(Error::Value {
            op: Self::NAME,
            expected: format!("each of the {} axes of {} once", inputs[0].rank(), inputs[0]),
            got: format!("{:?}", self.axes),
        })
    }

    fn cost(&self, _: &[&Shape], output: &Shape) -> usize {
        2 * output.numel()
    }

    fn device(&self, inputs: &[&DeviceTensor], _: &[DeviceTensor], shape: &Shape) -> Result<DeviceTensor> {
        let strides = inputs[0].shape().strides();
        let strides: Vec<usize> = self.axes.iter().map(|&axis| strides[axis]).collect();
        inputs[0].gather(Self::NAME, shape, &strides, 0)
    }

    fn on_members(&self, side: &Side<'_>) -> Result<DeviceTensor> {
        let axes = std::iter::once(0).chain(self.axes.iter().map(|axis| axis + 1)).collect();
        Self { axes }.device(&[&side.whole(Self::NAME, 0)?], &[], &side.lifted())
    }

    #[inline(always)]
    fn run<S: Simd, T: Real, const L: usize>(&self, _: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        gather(call.inputs[0], &Walk::permuted(call.shapes[0], &self.axes), out);
    }
}
