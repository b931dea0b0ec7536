//! The axes in another order.

use pulp::Simd;

use crate::loops::strided::{Walk, gather};
use crate::loops::{Call, Operation, expect_inputs};
use crate::tensor::{Real, Shape};
use crate::{Error, Result};

/// Axis i of the result is axis `axes[i]` of the input.
#[derive(Clone, Debug, PartialEq)]
pub struct Permute {
    /// Each axis of the input once.
    pub axes: Vec<usize>,
}

impl Permute {
    /// Returns the exchange of two axes, counted from the end where negative.
    ///
    /// # Errors
    /// `Error::Value` for an axis that does not exist.
    pub fn transpose(shape: &Shape, first: isize, second: isize) -> Result<Self> {
        let mut axes: Vec<usize> = (0..shape.rank()).collect();
        axes.swap(shape.axis("transpose", first)?, shape.axis("transpose", second)?);
        Ok(Self { axes })
    }

    /// Returns the order `axes`, counted from the end where negative.
    ///
    /// # Errors
    /// `Error::Value` for an axis that does not exist.
    pub fn order(shape: &Shape, axes: &[isize]) -> Result<Self> {
        Ok(Self { axes: axes.iter().map(|&axis| shape.axis(Self::NAME, axis)).collect::<Result<_>>()? })
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

    #[inline(always)]
    fn run<S: Simd, T: Real, const L: usize>(&self, _: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        gather(call.inputs[0], &Walk::permuted(call.shapes[0], &self.axes), out);
    }
}
