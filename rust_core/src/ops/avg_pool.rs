//! The mean of each window, channel by channel.

use pulp::Simd;

use crate::Result;
use crate::cuda::{DeviceTensor, Pool};
use crate::describe::{PerAxis, methods};
use crate::loops::chain;
use crate::loops::windows::Windows;
use crate::loops::{Call, Operation, Side, Split};
use crate::tensor::{Real, Shape};

/// The mean of each full window: its sum, line by line, divided by the window's area.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AvgPool(pub Windows);

methods! {
    AvgPool {
        /// The mean of each full window of (batch, height, width, channels); no stride: side by side.
        ///
        /// >>> Tensor([1.0, 2.0, 3.0, 5.0], (1, 2, 2, 1)).avg_pool2d(2).tolist()
        /// [[[[2.75]]]]
        fn avg_pool2d(x, size: PerAxis, stride: Option<PerAxis> = None) => {
            Ok(Self(Windows::of("avg_pool2d", 2, &size, stride.as_ref())?))
        };
        /// The mean of each full window of (batch, length, channels); no stride: side by side.
        ///
        /// >>> Tensor([1.0, 2.0, 3.0, 5.0], (1, 4, 1)).avg_pool1d(2).tolist()
        /// [[[1.5], [4.0]]]
        fn avg_pool1d(x, size: PerAxis, stride: Option<PerAxis> = None) => {
            Ok(Self(Windows::of("avg_pool1d", 1, &size, stride.as_ref())?))
        };
    }
}

impl Operation for AvgPool {
    const NAME: &'static str = "avg_pool";

    fn shape(&self, inputs: &[&Shape], _: &[Shape]) -> Result<Shape> {
        self.0.shape(if self.0.axes == 1 { "avg_pool1d" } else { "avg_pool2d" }, inputs)
    }

    fn split(&self, _: &[&Shape]) -> Split {
        Split { axes: 1, inputs: 1 }
    }

    fn device(&self, inputs: &[&DeviceTensor], _: &[DeviceTensor], shape: &Shape) -> Result<DeviceTensor> {
        self.0.pool(Pool::Average, inputs[0], shape)
    }

    fn on_members(&self, side: &Side<'_>) -> Result<DeviceTensor> {
        let x = side.folded(Self::NAME, 0)?;
        let shape = side.shape.with_axis(0, side.members * side.shape.dims()[0]);
        self.device(&[&x], &[], &shape)?.reshape(side.lifted())
    }

    #[inline(always)]
    fn run<S: Simd, T: Real, const L: usize>(&self, _: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        let area = self.0.area();
        chain::joined(0..area, chain::block(area), out, &mut |range, out| {
            self.0.fold(call, range, out, |sum, x| sum + x);
        });
        let area = T::from_f64(area as f64);
        for y in out.as_flattened_mut() {
            *y = *y / area;
        }
    }
}
