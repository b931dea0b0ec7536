//! Mean squared error: mean (x - y)^2.

use pulp::Simd;

use super::binary_cross_entropy::{check_pairs, mean_of_pairs};
use crate::Result;
use crate::cuda::{Binary, DeviceTensor, Reduction};
use crate::describe::{Given, methods};
use crate::loops::{Call, Operation, Side};
use crate::tensor::{Real, Shape};

/// Mean of (x - y)^2 over two inputs with as many elements.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanSquaredError;

methods! {
    MeanSquaredError {
        /// The mean squared difference from as many targets.
        ///
        /// >>> Tensor([1.0, 4.0]).mse(Tensor([0.0, 2.0])).item()
        /// 2.5
        fn mse(x, targets: Given) => Ok(Self);
    }
}

impl Operation for MeanSquaredError {
    const NAME: &'static str = "mse";

    fn shape(&self, inputs: &[&Shape], _: &[Shape]) -> Result<Shape> {
        check_pairs(Self::NAME, inputs)?;
        Ok(Shape::default())
    }

    fn device(&self, inputs: &[&DeviceTensor], _: &[DeviceTensor], _: &Shape) -> Result<DeviceTensor> {
        let targets = inputs[1].reshape(inputs[0].shape().clone())?;
        let off = inputs[0].binary(Binary::Sub, &targets)?;
        off.binary(Binary::Mul, &off)?.reduce(Reduction::Mean, None, false)
    }

    fn on_members(&self, side: &Side<'_>) -> Result<DeviceTensor> {
        let flat = |number: usize| {
            let (x, each) = side.input(number);
            let stacks = if each { side.members } else { 1 };
            x.reshape([stacks, x.numel() / stacks.max(1)].into())
        };
        let off = flat(0)?.binary(Binary::Sub, &flat(1)?)?;
        off.binary(Binary::Mul, &off)?.reduce(Reduction::Mean, Some(1), false)?.expand(Self::NAME, &side.lifted())
    }

    #[inline(always)]
    fn run<S: Simd, T: Real, const L: usize>(&self, simd: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        out[0] = mean_of_pairs(simd, call, |x, y| (x - y) * (x - y));
    }
}
