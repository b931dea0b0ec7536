//! Share of rows whose largest logit is the label's.

use pulp::Simd;

use super::cross_entropy::{RowMean, check_labels, check_weights, rows, rows_of_members};
use crate::Result;
use crate::cuda::DeviceTensor;
use crate::describe::{Given, methods};
use crate::loops::{Call, Operation, Side};
use crate::tensor::{Real, Shape, Tensor};

/// Share of rows of logits (.., classes) whose first largest element is the label's; labels and weights as in
/// `CrossEntropy`.
/// A NaN logit never is the largest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accuracy;

methods! {
    Accuracy {
        /// The share of rows whose first largest logit is the label's: logits (..., classes), labels (...).
        ///
        /// `weights` (...) >= 0 make it a weighted mean; a row of weight 0 may hold anything.
        ///
        /// >>> Tensor([[0.0, 1.0], [1.0, 0.0]]).accuracy(Tensor([1.0, 1.0])).item()
        /// 0.5
        fn accuracy(logits, labels: Given, weights: Option<Given> = None) => Ok(Self);
    }
}

impl Operation for Accuracy {
    const NAME: &'static str = "accuracy";

    fn shape(&self, inputs: &[&Shape], _: &[Shape]) -> Result<Shape> {
        check_labels(Self::NAME, inputs)?;
        Ok(Shape::default())
    }

    fn check(&self, inputs: &[&Tensor], _: &[Tensor]) -> Result<()> {
        check_weights(Self::NAME, inputs)
    }

    fn cost(&self, inputs: &[&Shape], _: &Shape) -> usize {
        5 * inputs[0].numel()
    }

    fn device(&self, inputs: &[&DeviceTensor], _: &[DeviceTensor], _: &Shape) -> Result<DeviceTensor> {
        rows("accuracy", inputs, &[])
    }

    fn on_members(&self, side: &Side<'_>) -> Result<DeviceTensor> {
        rows_of_members(Self::NAME, side, &[])
    }

    #[inline(always)]
    fn run<S: Simd, T: Real, const L: usize>(&self, simd: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        let (rows, classes) = (call.shapes[0].rows(), call.shapes[0].last());
        let mut mean = RowMean::new(call);
        for row in 0..rows {
            let label = call.inputs[1].at(row);
            let mut largest = [-T::INFINITY; L];
            let mut best = [T::NAN; L];
            for class in 0..classes {
                let x = call.inputs[0].at(row * classes + class);
                for l in 0..L {
                    let wins = x[l] > largest[l];
                    largest[l] = if wins { x[l] } else { largest[l] };
                    best[l] = if wins { T::from_f64(class as f64) } else { best[l] };
                }
            }
            let mut right = [T::ZERO; L];
            for l in 0..L {
                right[l] = if best[l] == label[l] { T::ONE } else { T::ZERO };
            }
            mean.add(simd, row, &right);
        }
        out[0] = mean.mean(simd);
    }
}
