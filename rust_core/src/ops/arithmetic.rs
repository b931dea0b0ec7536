//! Sum, difference and product of two inputs, the second repeating along the leading axes of the first.

use pulp::Simd;

use super::{Call, Operation, elementwise, expect_inputs};
use crate::tensor::{Real, Shape};
use crate::{Error, Result};

/// Element by element, x op y. The shape of y must be the trailing part of the shape of x.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Arithmetic {
    /// x + y
    Add,
    /// x - y
    Sub,
    /// x * y
    Mul,
}

impl Operation for Arithmetic {
    const NAME: &'static str = "arithmetic";
    const IN_PLACE: bool = true;

    fn shape(&self, inputs: &[&Shape], _: &[Shape]) -> Result<Shape> {
        expect_inputs(Self::NAME, inputs, 2)?;
        let (x, y) = (inputs[0], inputs[1]);
        if x.dims().ends_with(y.dims()) {
            return Ok(x.clone());
        }
        Err(Error::Shape {
            op: match self {
                Self::Add => "add",
                Self::Sub => "sub",
                Self::Mul => "mul",
            },
            expected: format!("a second shape that is the trailing part of the first, {x}"),
            got: y.to_string(),
        })
    }

    #[inline(always)]
    fn run<S: Simd, T: Real, const L: usize>(&self, _: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        match self {
            Self::Add => elementwise::binary(call, out, |x, y| x + y),
            Self::Sub => elementwise::binary(call, out, |x, y| x - y),
            Self::Mul => elementwise::binary(call, out, |x, y| x * y),
        }
    }
}
