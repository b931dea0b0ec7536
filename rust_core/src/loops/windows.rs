//! Windows that slide over one or two axes of positions, channel last: convolutions and pooling share their sizes.

use std::ops::Range;

use super::expect_inputs;
use super::lanes::{Call, Operand};
use crate::cuda::{DeviceTensor, Pool};
use crate::describe::PerAxis;
use crate::tensor::{Real, Shape};
use crate::{Error, Result};

/// Returns how many windows of `width` fit into `length`, `stride` from one to the next.
pub(crate) fn count(length: usize, width: usize, stride: usize) -> usize {
    (length - width) / stride + 1
}

/// Returns (first, height, width, last) of a shape with one or two axes in the middle; with one the height is 1.
pub(crate) fn with_axes(dims: &[usize], axes: usize) -> [usize; 4] {
    match axes {
        1 => [dims[0], 1, dims[1], dims[2]],
        _ => [dims[0], dims[1], dims[2], dims[3]],
    }
}

/// Returns what holds for (down, across); with one axis `neutral` holds down.
pub(crate) fn kind(axes: usize, both: [usize; 2], neutral: usize) -> [usize; 2] {
    if axes == 1 { [neutral, both[1]] } else { both }
}

/// Full windows of one size over (batch, height, width, channels) or (batch, length, channels).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Windows {
    /// Axes of positions, 1 or 2.
    pub axes: usize,
    /// Height and width of a window; with one axis the width alone counts.
    pub size: [usize; 2],
    /// From a window to the next, likewise.
    pub stride: [usize; 2],
}

impl Windows {
    /// Pools (batch, .., channels) on a device; one axis of positions is a line of height 1.
    pub(crate) fn pool(&self, pool: Pool, x: &DeviceTensor, shape: &Shape) -> Result<DeviceTensor> {
        let [size, stride] = [kind(self.axes, self.size, 1), kind(self.axes, self.stride, 1)];
        let x = x.reshape(with_axes(x.shape().dims(), self.axes).into())?;
        x.pool2d(pool, (size[0], size[1]), (stride[0], stride[1]))?.reshape(shape.clone())
    }

    /// Reads windows of one size over `axes` axes of positions; without a stride they lie side by side.
    pub(crate) fn of(op: &'static str, axes: usize, size: &PerAxis, stride: Option<&PerAxis>) -> Result<Self> {
        let size = size.read(op, "window", axes)?;
        let stride = stride.map_or(Ok(size), |stride| stride.read(op, "stride", axes))?;
        Ok(Self { axes, size, stride })
    }

    /// Returns the shape of one number for each window and channel.
    pub(crate) fn shape(&self, op: &'static str, inputs: &[&Shape]) -> Result<Shape> {
        expect_inputs(op, inputs, 1)?;
        let x = inputs[0];
        if x.rank() != self.axes + 2 {
            let axes = if self.axes == 1 { "length" } else { "height, width" };
            let expected = format!("an input (batch, {axes}, channels)");
            return Err(Error::Shape { op, expected, got: x.to_string() });
        }
        let (size, stride) = (kind(self.axes, self.size, 1), kind(self.axes, self.stride, 1));
        let [samples, height, width, channels] = with_axes(x.dims(), self.axes);
        for (what, sizes) in [("window", size), ("stride", stride)] {
            if sizes.contains(&0) {
                let expected = format!("a {what} of at least 1");
                return Err(Error::Value { op, expected, got: format!("{:?}", &sizes[2 - self.axes..]) });
            }
        }
        if size[0] > height || size[1] > width {
            let expected = format!("an input at least as large as the window {:?}", &size[2 - self.axes..]);
            return Err(Error::Shape { op, expected, got: x.to_string() });
        }
        let positions = [count(height, size[0], stride[0]), count(width, size[1], stride[1])];
        Ok(match self.axes {
            1 => [samples, positions[1], channels].into(),
            _ => [samples, positions[0], positions[1], channels].into(),
        })
    }

    /// Returns how many numbers of a channel a window has.
    pub(crate) fn area(&self) -> usize {
        kind(self.axes, self.size, 1).iter().product()
    }

    /// Writes, for each window and channel, the first of the numbers in `range` and then, for each further x, f(so far, x).
    #[inline(always)]
    pub(crate) fn fold<T: Real, const L: usize>(
        &self,
        call: &Call<'_, T, L>,
        range: Range<usize>,
        out: &mut [[T; L]],
        f: impl Fn(T, T) -> T,
    ) {
        let [samples, height, width, channels] = with_axes(call.shapes[0].dims(), self.axes);
        let ([ph, pw], [sh, sw]) = (kind(self.axes, self.size, 1), kind(self.axes, self.stride, 1));
        let (down, across) = (count(height, ph, sh), count(width, pw, sw));
        let windows = (0..samples).flat_map(|b| (0..down).flat_map(move |y| (0..across).map(move |x| (b, y, x))));
        for ((sample, y, x), out) in windows.zip(out.chunks_exact_mut(channels.max(1))) {
            for i in range.clone() {
                let at = ((sample * height + y * sh + i / pw) * width + x * sw + i % pw) * channels;
                match call.inputs[0] {
                    Operand::Members(values) => {
                        let values = values[at..at + channels].as_flattened();
                        for (o, &v) in out.as_flattened_mut().iter_mut().zip(values) {
                            *o = if i == range.start { v } else { f(*o, v) };
                        }
                    }
                    Operand::Shared(values) => {
                        for (o, &v) in out.iter_mut().zip(&values[at..at + channels]) {
                            *o = o.map(|o| if i == range.start { v } else { f(o, v) });
                        }
                    }
                    Operand::InPlace => {}
                }
            }
        }
    }
}
