//! The largest number of each window, channel by channel.

use pulp::Simd;

use crate::Result;
use crate::loops::windows::Windows;
use crate::loops::{Call, Operation, Split};
use crate::tensor::{Real, Shape};

/// The largest number of each full window; NaN where the window holds one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MaxPool(pub Windows);

impl Operation for MaxPool {
    const NAME: &'static str = "max_pool";

    fn shape(&self, inputs: &[&Shape], _: &[Shape]) -> Result<Shape> {
        self.0.shape(if self.0.axes == 1 { "max_pool1d" } else { "max_pool2d" }, inputs)
    }

    fn split(&self, _: &[&Shape]) -> Split {
        Split { axes: 1, inputs: 1 }
    }

    #[inline(always)]
    fn run<S: Simd, T: Real, const L: usize>(&self, _: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        // A NaN is not <= anything and so comes in; once in, it is unlike itself and stays.
        #[expect(clippy::eq_op, reason = "only a NaN is unlike itself")]
        self.0.fold(call, out, |largest, x| if x <= largest || largest != largest { largest } else { x });
    }
}
