//! The largest number of each window, channel by channel.

use pulp::Simd;

use crate::Result;
use crate::cuda::{DeviceTensor, Pool};
use crate::describe::{PerAxis, methods};
use crate::loops::windows::Windows;
use crate::loops::{Call, Operation, Side, Split};
use crate::tensor::{Real, Shape};

/// The largest number of each full window; NaN where the window holds one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MaxPool(pub Windows);

methods! {
    MaxPool {
        /// The largest number of each full window of (batch, height, width, channels); no stride: side by side.
        ///
        /// >>> Tensor([1.0, 2.0, 3.0, 5.0], (1, 2, 2, 1)).max_pool2d(2).tolist()
        /// [[[[5.0]]]]
        fn max_pool2d(x, size: PerAxis, stride: Option<PerAxis> = None) => {
            Ok(Self(Windows::of("max_pool2d", 2, &size, stride.as_ref())?))
        };
        /// The largest number of each full window of (batch, length, channels); no stride: side by side.
        ///
        /// >>> Tensor([1.0, 2.0, 3.0, 5.0], (1, 4, 1)).max_pool1d(2).tolist()
        /// [[[2.0], [5.0]]]
        fn max_pool1d(x, size: PerAxis, stride: Option<PerAxis> = None) => {
            Ok(Self(Windows::of("max_pool1d", 1, &size, stride.as_ref())?))
        };
    }
}

impl Operation for MaxPool {
    const NAME: &'static str = "max_pool";

    fn shape(&self, inputs: &[&Shape], _: &[Shape]) -> Result<Shape> {
        self.0.shape(if self.0.axes == 1 { "max_pool1d" } else { "max_pool2d" }, inputs)
    }

    fn split(&self, _: &[&Shape]) -> Split {
        Split { axes: 1, inputs: 1 }
    }

    fn device(&self, inputs: &[&DeviceTensor], _: &[DeviceTensor], shape: &Shape) -> Result<DeviceTensor> {
        self.0.pool(Pool::Max, inputs[0], shape)
    }

    fn on_members(&self, side: &Side<'_>) -> Result<DeviceTensor> {
        let x = side.folded(Self::NAME, 0)?;
        let shape = side.shape.with_axis(0, side.members * side.shape.dims()[0]);
        self.device(&[&x], &[], &shape)?.reshape(side.lifted())
    }

    #[inline(always)]
    fn run<S: Simd, T: Real, const L: usize>(&self, _: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        // A NaN is not <= anything and so comes in; once in, it is unlike itself and stays.
        #[expect(clippy::eq_op, reason = "only a NaN is unlike itself")]
        self.0.fold(
            call,
            0..self.0.area(),
            out,
            |largest, x| if x <= largest || largest != largest { largest } else { x },
        );
    }
}
