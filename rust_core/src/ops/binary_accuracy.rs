//! Share of logits on the right side of zero.

use pulp::Simd;

use super::binary_cross_entropy::{check_pairs, mean_of_pairs, pairs, pairs_of_members};
use crate::Result;
use crate::cuda::DeviceTensor;
use crate::describe::{Given, methods};
use crate::loops::{Call, Operation, Side};
use crate::tensor::{Real, Shape};

/// Share of elements with (x > 0) == (y > 1/2); a NaN logit counts as wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BinaryAccuracy;

methods! {
    BinaryAccuracy {
        /// The share of elements that are positive where the target exceeds 1/2, and only there.
        ///
        /// >>> Tensor([2.0, -1.0]).binary_accuracy(Tensor([1.0, 1.0])).item()
        /// 0.5
        fn binary_accuracy(logits, targets: Given) => Ok(Self);
    }
}

impl Operation for BinaryAccuracy {
    const NAME: &'static str = "binary_accuracy";

    fn shape(&self, inputs: &[&Shape], _: &[Shape]) -> Result<Shape> {
        check_pairs(Self::NAME, inputs)?;
        Ok(Shape::default())
    }

    fn device(&self, inputs: &[&DeviceTensor], _: &[DeviceTensor], _: &Shape) -> Result<DeviceTensor> {
        pairs(Self::NAME, inputs)
    }

    fn on_members(&self, side: &Side<'_>) -> Result<DeviceTensor> {
        pairs_of_members(Self::NAME, side)
    }

    #[inline(always)]
    fn run<S: Simd, T: Real, const L: usize>(&self, simd: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        let half = T::from_f64(0.5);
        out[0] = mean_of_pairs(simd, call, |x, y| {
            let right = if y > half { x > T::ZERO } else { x <= T::ZERO };
            if right { T::ONE } else { T::ZERO }
        });
    }
}
