//! Scale and shift of the last axis by parameters: y = x * scale + shift.

use pulp::Simd;

use crate::loops::elementwise::load;
use crate::loops::lanes::{fma, reserve};
use crate::loops::{Call, Operation, expect_inputs};
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
