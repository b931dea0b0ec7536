//! Batch norm: y = (x - mean) sqrt(variance / (var + eps)) for each channel, the last axis, over all other axes.
//!
//! Mean and population variance are those of the batch at hand; `norm::GoldenBatchNorm` keeps running ones.

use pulp::Simd;

use super::layer_norm::check_options;
use crate::cuda::{Binary, DeviceTensor, Reduction};
use crate::describe::methods;
use crate::loops::columns::{self, Line};
use crate::loops::extremes::least_variance;
use crate::loops::lanes::{Call, Operand};
use crate::loops::{Operation, Side, expect_inputs};
use crate::tensor::{Real, Shape};
use crate::{Error, Result};

/// Normalises each channel to mean 0 and variance `variance`; no scale or shift of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchNorm {
    /// What is added to the variance.
    pub eps: f64,
    /// The variance of the result: 1, or 1/phi for the golden norm.
    pub variance: f64,
}

methods! {
    BatchNorm {
        /// (x - mean) sqrt(variance / (var + eps)) for each channel, the last axis, over all other axes.
        ///
        /// >>> Tensor([[1.0], [3.0]]).batch_norm(eps=0.0).tolist()
        /// [[-1.0], [1.0]]
        fn batch_norm(x, eps: f64 = 1e-5, variance: f64 = 1.0) => Ok(Self { eps, variance });
    }
}

impl Operation for BatchNorm {
    const NAME: &'static str = "batch_norm";
    const IN_PLACE: bool = true;

    fn shape(&self, inputs: &[&Shape], _: &[Shape]) -> Result<Shape> {
        expect_inputs(Self::NAME, inputs, 1)?;
        check_options(Self::NAME, self.eps, self.variance)?;
        if inputs[0].rank() >= 2 && inputs[0].numel() > 0 {
            return Ok(inputs[0].clone());
        }
        Err(Error::Shape {
            op: Self::NAME,
            expected: "at least two axes, the last of channels, and no axis of size 0".into(),
            got: inputs[0].to_string(),
        })
    }

    fn threaded<T: Real>(&self, call: &Call<'_, T, 1>, out: &mut [T]) -> bool {
        let Operand::Shared(x) = call.inputs[0] else { return false };
        self.norm(call.shapes[0].last(), Some(x), out, true);
        true
    }

    fn device(&self, inputs: &[&DeviceTensor], _: &[DeviceTensor], shape: &Shape) -> Result<DeviceTensor> {
        self.normalised(inputs[0], 1)?.reshape(shape.clone())
    }

    fn on_members(&self, side: &Side<'_>) -> Result<DeviceTensor> {
        self.normalised(&side.whole(Self::NAME, 0)?, side.members)
    }

    #[inline(always)]
    fn run<S: Simd, T: Real, const L: usize>(&self, _: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        let width = call.shapes[0].last() * L;
        match call.inputs[0] {
            Operand::Shared(x) => {
                for (o, &x) in out.iter_mut().zip(x) {
                    *o = [x; L];
                }
                self.norm(width, None, out.as_flattened_mut(), false);
            }
            Operand::Members(x) => self.norm(width, Some(x.as_flattened()), out.as_flattened_mut(), false),
            Operand::InPlace => self.norm(width, None, out.as_flattened_mut(), false),
        }
    }
}

impl BatchNorm {
    /// Normalises the channels of so many stacks, each by itself.
    fn normalised(&self, x: &DeviceTensor, stacks: usize) -> Result<DeviceTensor> {
        let shape = x.shape();
        let x = x.reshape([stacks, shape.rows() / stacks.max(1), shape.last()].into())?;
        let mean = x.reduce(Reduction::Mean, Some(1), true)?;
        let spread =
            x.reduce(Reduction::Var, Some(1), true)?.scale_shift(1.0 / self.variance, self.eps / self.variance)?;
        x.binary(Binary::Sub, &mean)?.binary(Binary::Div, &spread.square_root()?)?.reshape(shape.clone())
    }

    fn norm<T: Real>(&self, width: usize, x: Option<&[T]>, out: &mut [T], with_threads: bool) {
        let statistics = columns::statistics(x.unwrap_or(out), width, least_variance(self.eps), with_threads);
        let lines: Vec<Line<T>> = statistics.iter().map(|s| s.line(self.eps, self.variance)).collect();
        columns::apply(&lines, x, out, with_threads);
    }
}
