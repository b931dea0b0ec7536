//! Limits of each element.

use pulp::Simd;

use crate::cuda::DeviceTensor;
use crate::describe::methods;
use crate::loops::elementwise::{Unary, map};
use crate::loops::{Call, Operation, Split, expect_inputs};
use crate::tensor::{Real, Shape};
use crate::{Error, Result};

/// x, but `low` where it is less and `high` where it is more; NaN stays NaN.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clamp {
    /// The least value.
    pub low: f64,
    /// The greatest value.
    pub high: f64,
}

struct Limits<T> {
    low: T,
    high: T,
}

impl<R: Real> Unary<R> for Limits<R> {
    #[inline(always)]
    fn value(&self, x: R) -> R {
        let x = if x < self.low { self.low } else { x };
        if x > self.high { self.high } else { x }
    }
}

methods! {
    Clamp {
        /// x, but `min` where it is less and `max` where it is more; NaN stays NaN.
        ///
        /// >>> Tensor([-2.0, 0.5, 2.0]).clamp(-1.0, 1.0).tolist()
        /// [-1.0, 0.5, 1.0]
        fn clamp(x, min: Option<f64> = None, max: Option<f64> = None) => {
            Ok(Self { low: min.unwrap_or(f64::NEG_INFINITY), high: max.unwrap_or(f64::INFINITY) })
        };
    }
}

impl Operation for Clamp {
    const NAME: &'static str = "clamp";
    const IN_PLACE: bool = true;

    fn shape(&self, inputs: &[&Shape], _: &[Shape]) -> Result<Shape> {
        expect_inputs(Self::NAME, inputs, 1)?;
        if self.low <= self.high {
            return Ok(inputs[0].clone());
        }
        Err(Error::Value {
            op: Self::NAME,
            expected: "min <= max".into(),
            got: format!("min={} and max={}", self.low, self.high),
        })
    }

    fn split(&self, inputs: &[&Shape]) -> Split {
        Split::elements(inputs, 1)
    }

    fn device(&self, inputs: &[&DeviceTensor], _: &[DeviceTensor], _: &Shape) -> Result<DeviceTensor> {
        inputs[0].clamp(self.low, self.high)
    }

    #[inline(always)]
    fn run<S: Simd, T: Real, const L: usize>(&self, _: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        map(&Limits { low: T::from_f64(self.low), high: T::from_f64(self.high) }, call, out);
    }
}
