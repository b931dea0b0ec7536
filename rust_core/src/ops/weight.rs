//! A parameter as a value of the program.

use pulp::Simd;

use crate::Result;
use crate::cuda::DeviceTensor;
use crate::describe::{Param, methods};
use crate::loops::{Call, Operation, Side, expect_inputs};
use crate::tensor::{Real, Shape};

/// The parameter's values as the members see them, perturbed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weight {
    /// Number of the parameter.
    pub parameter: usize,
}

methods! {
    Weight {
        /// The values of a parameter, as a value of the same kind, dtype, device and program as this one.
        ///
        /// >>> Tensor([0.0]).parameter(ResonantTensor([1.0, 2.0])).tolist()
        /// [1.0, 2.0]
        fn parameter(@unread witness, p: Param) => Ok(Self { parameter: p.0 });
    }
}

impl Operation for Weight {
    const NAME: &'static str = "parameter";

    fn shape(&self, inputs: &[&Shape], parameters: &[Shape]) -> Result<Shape> {
        expect_inputs(Self::NAME, inputs, 0)?;
        Ok(parameters[self.parameter].clone())
    }

    fn cost(&self, _: &[&Shape], output: &Shape) -> usize {
        2 * output.numel()
    }

    fn device(&self, _: &[&DeviceTensor], parameters: &[DeviceTensor], _: &Shape) -> Result<DeviceTensor> {
        Ok(parameters[self.parameter].clone())
    }

    fn on_members(&self, side: &Side<'_>) -> Result<DeviceTensor> {
        side.weights(self.parameter).cloned()
    }

    #[inline(always)]
    fn run<S: Simd, T: Real, const L: usize>(&self, simd: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        call.parameters[self.parameter].read(simd, 0, out);
    }

    fn parameters(&self) -> Vec<usize> {
        vec![self.parameter]
    }
}
