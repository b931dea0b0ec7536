//! A part of one axis.

use pulp::Simd;

use crate::cuda::DeviceTensor;
use crate::describe::methods;
use crate::loops::strided::{Walk, gather};
use crate::loops::{Call, Operation, Side, expect_inputs};
use crate::tensor::{Real, Shape};
use crate::{Error, Result};

/// The elements `start..start + length` of one axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Narrow {
    /// The axis.
    pub axis: usize,
    /// Its first element.
    pub start: usize,
    /// How many of its elements.
    pub length: usize,
}

impl Narrow {
    /// Returns the elements `start..start + length` of an axis.
    ///
    /// # Errors
    /// `Error::Value` for a negative number.
    pub fn of(axis: usize, start: isize, length: isize) -> Result<Self> {
        match (usize::try_from(start), usize::try_from(length)) {
            (Ok(start), Ok(length)) => Ok(Self { axis, start, length }),
            _ => Err(Error::Value {
                op: Self::NAME,
                expected: "start >= 0 and length >= 0".into(),
                got: format!("start={start} and length={length}"),
            }),
        }
    }
}

methods! {
    Narrow {
        /// The elements `start` to `start + length - 1` of the axis `dim`.
        ///
        /// >>> Tensor([1.0, 2.0, 3.0]).narrow(0, 1, 2).tolist()
        /// [2.0, 3.0]
        fn narrow(x, dim: isize, start: isize, length: isize) => Self::of(x.axis(Self::NAME, dim)?, start, length);
    }
}

impl Operation for Narrow {
    const NAME: &'static str = "narrow";

    fn shape(&self, inputs: &[&Shape], _: &[Shape]) -> Result<Shape> {
        expect_inputs(Self::NAME, inputs, 1)?;
        let size = inputs[0].size_of_axis(Self::NAME, self.axis)?;
        match self.start.checked_add(self.length) {
            Some(end) if end <= size => Ok(inputs[0].with_axis(self.axis, self.length)),
            _ => Err(Error::Value {
                op: Self::NAME,
                expected: format!("start + length at most {size}, the size of axis {} of {}", self.axis, inputs[0]),
                got: format!("start={} and length={}", self.start, self.length),
            }),
        }
    }

    fn cost(&self, _: &[&Shape], output: &Shape) -> usize {
        2 * output.numel()
    }

    fn device(&self, inputs: &[&DeviceTensor], _: &[DeviceTensor], shape: &Shape) -> Result<DeviceTensor> {
        let strides = inputs[0].shape().strides();
        inputs[0].gather(Self::NAME, shape, &strides, self.start * strides[self.axis])
    }

    fn on_members(&self, side: &Side<'_>) -> Result<DeviceTensor> {
        Self { axis: self.axis + 1, ..*self }.device(&[&side.whole(Self::NAME, 0)?], &[], &side.lifted())
    }

    #[inline(always)]
    fn run<S: Simd, T: Real, const L: usize>(&self, _: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        let strides = call.shapes[0].strides();
        let shape = call.shapes[0].with_axis(self.axis, self.length);
        let axes = shape.dims().iter().copied().zip(strides.iter().copied());
        gather(call.inputs[0], &Walk::new(self.start * strides[self.axis], axes), out);
    }
}
