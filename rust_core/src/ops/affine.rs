//! Scale and shift of the last axis by parameters: y = x * scale + shift.

use pulp::Simd;

use crate::cuda::{Binary, DeviceTensor};
use crate::describe::{Param, methods};
use crate::loops::elementwise::load;
use crate::loops::lanes::{fma, reserve};
use crate::loops::{Call, Operation, Side, expect_inputs};
use crate::tensor::{Real, Shape};
use crate::{Error, Result};

/// y = x * scale + shift over the last axis of x; both parameters have shape (features,).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine {
    /// Number of the parameter `scale`.
    pub scale: usize,
    /// Number of the parameter `shift`.
    pub shift: usize,
}

methods! {
    Affine {
        /// x * scale + shift over the last axis, with parameters of shape (features,).
        ///
        /// >>> Tensor([[1.0, 2.0]]).affine(ResonantTensor([2.0, 3.0]), ResonantTensor([0.0, 1.0])).tolist()
        /// [[2.0, 7.0]]
        fn affine(x, scale: Param, shift: Param) => Ok(Self { scale: scale.0, shift: shift.0 });
    }
}

impl Operation for Affine {
    const NAME: &'static str = "affine";
    const IN_PLACE: bool = true;

    fn shape(&self, inputs: &[&Shape], parameters: &[Shape]) -> Result<Shape> {
        expect_inputs(Self::NAME, inputs, 1)?;
        for parameter in [&parameters[self.scale], &parameters[self.shift]] {
            if inputs[0].rank() == 0 || parameter.dims() != [inputs[0].last()] {
                return Err(Error::Shape {
                    op: Self::NAME,
                    expected: format!("scale and shift of shape ({},) for {}", inputs[0].last(), inputs[0]),
                    got: parameter.to_string(),
                });
            }
        }
        Ok(inputs[0].clone())
    }

    fn device(&self, inputs: &[&DeviceTensor], parameters: &[DeviceTensor], _: &Shape) -> Result<DeviceTensor> {
        let scaled = inputs[0].binary(Binary::Mul, &parameters[self.scale])?;
        scaled.binary(Binary::Add, &parameters[self.shift])
    }

    fn on_members(&self, side: &Side<'_>) -> Result<DeviceTensor> {
        let (x, scale, shift) = (side.input(0), side.vector(self.scale)?, side.vector(self.shift)?);
        let rows = if x.1 { side.members } else { 1 };
        let x = x.0.reshape([rows, side.shape.rows(), side.shape.last()].into())?;
        x.binary(Binary::Mul, &scale)?.binary(Binary::Add, &shift)?.reshape(side.lifted())
    }

    #[inline(always)]
    fn run<S: Simd, T: Real, const L: usize>(&self, simd: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        load(&call.inputs[0], 0, out);
        let features = call.shapes[0].last();
        let mut scratch = call.scratch.borrow_mut();
        reserve(&mut scratch, 2 * features);
        let (scale, shift) = scratch[..2 * features].split_at_mut(features);
        call.parameters[self.scale].read(simd, 0, scale);
        call.parameters[self.shift].read(simd, 0, shift);
        for row in out.chunks_exact_mut(features.max(1)) {
            for (y, (scale, shift)) in row.iter_mut().zip(scale.iter().zip(shift.iter())) {
                *y = fma(simd, y, scale, shift);
            }
        }
    }

    fn parameters(&self) -> Vec<usize> {
        vec![self.scale, self.shift]
    }
}
