//! The mean of each window, channel by channel.

use pulp::Simd;

use crate::Result;
use crate::loops::windows::Windows;
use crate::loops::{Call, Operation, Split};
use crate::tensor::{Real, Shape};

/// The mean of each full window: its sum, line by line, divided by the window's area.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AvgPool(pub Windows);

impl Operation for AvgPool {
    const NAME: &'static str = "avg_pool";

    fn shape(&self, inputs: &[&Shape], _: &[Shape]) -> Result<Shape> {
        self.0.shape(if self.0.axes == 1 { "avg_pool1d" } else { "avg_pool2d" }, inputs)
    }

    fn split(&self, _: &[&Shape]) -> Split {
        Split { axes: 1, inputs: 1 }
    }

    #[inline(always)]
    fn run<S: Simd, T: Real, const L: usize>(&self, _: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        self.0.fold(call, out, |sum, x| sum + x);
        let [height, width] = self.0.size;
        let area = T::from_f64((if self.0.axes == 1 { width } else { height * width }) as f64);
        for y in out.as_flattened_mut() {
            *y = *y / area;
        }
    }
}
