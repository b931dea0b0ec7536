//! Convolution, channel last: y[b, i, o] = bias[o] + sum_(u, c) x[b, i * stride + u - padding, c] w[o, u, c], zero outside
//! (a cross-correlation). Two axes of positions, or one.
//!
//! A row of x W^T is one position of the output: its factors are one run of kw * channels numbers for each line of the
//! kernel. A padded input is copied, sample by sample, between zeros first, so that every position reads the same way.
//! Each sum goes over (line, column, channel) in rising order with one fma each, then the bias is added.

use pulp::Simd;

use crate::cuda::{Arg, Binary, DeviceTensor, Grid, Kernel};
use crate::describe::{Param, PerAxis, methods};
use crate::loops::lanes::reserve;
use crate::loops::packed::Centre;
use crate::loops::products::{Factor, Finish, Product};
use crate::loops::sizes::{Size, Window};
use crate::loops::windows::{count, kind, with_axes};
use crate::loops::{Call, Operand, Operation, Side, Split, expect_inputs};
use crate::tensor::{Real, Shape};
use crate::{Error, Result};

/// Convolution of (batch, height, width, channels) with a kernel (out, kh, kw, channels), or of (batch, length, channels)
/// with (out, k, channels).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conv {
    /// Number of the parameter that holds the kernel.
    pub weight: usize,
    /// Number of the parameter b, of shape (out,).
    pub bias: Option<usize>,
    /// Axes of positions, 1 or 2.
    pub axes: usize,
    /// From a position to the next, down and across; with one axis across alone counts.
    pub stride: [usize; 2],
    /// Zeros on either side, likewise.
    pub padding: [usize; 2],
}

/// Bytes of one member's weights that a block of a device holds; its threads, and blocks that keep a card busy.
const SHARED: usize = 48 << 10;
const THREADS: usize = 128;
const BLOCKS: usize = 8192;

/// The most numbers of a sample between its zeros.
const MAX_PADDED: usize = 1 << 31;

/// The sizes of one convolution; with one axis the heights are 1.
#[derive(Clone, Copy)]
struct Plan {
    samples: usize,
    input: [usize; 2],
    /// Numbers in one position.
    channels: usize,
    /// With zeros on both sides.
    padded: [usize; 2],
    padding: [usize; 2],
    size: Size,
}

impl Conv {
    const NAMES: [&'static str; 2] = ["conv1d", "conv2d"];

    /// Convolves over `axes` axes of positions.
    fn over(axes: usize, weight: Param, bias: Option<Param>, stride: &PerAxis, padding: &PerAxis) -> Result<Self> {
        let op = Self::NAMES[axes - 1];
        let (stride, padding) = (stride.read(op, "stride", axes)?, padding.read(op, "padding", axes)?);
        Ok(Self { weight: weight.0, bias: bias.map(|bias| bias.0), axes, stride, padding })
    }

    fn plan(&self, x: &Shape, weight: &Shape) -> Plan {
        let ([samples, height, width, channels], [outputs, kh, kw, _]) =
            (with_axes(x.dims(), self.axes), with_axes(weight.dims(), self.axes));
        let ([sh, sw], [ph, pw]) = (kind(self.axes, self.stride, 1), kind(self.axes, self.padding, 0));
        let padded = [height + 2 * ph, width + 2 * pw];
        let positions = [count(padded[0], kh, sh), count(padded[1], kw, sw)];
        let line = padded[1] * channels;
        let window = Window {
            across: positions[1].max(1),
            down: sh * line,
            step: sw * channels,
            parts: kh,
            part: line,
            length: kw * channels,
        };
        let size = Size { rows: positions[0] * positions[1], outputs, window, step: window.depth() };
        Plan { samples, input: [height, width], channels, padded, padding: [ph, pw], size }
    }

    fn check(&self, x: &Shape, weight: &Shape, bias: Option<&Shape>) -> Result<()> {
        let op = self.name();
        let shape = |expected: String, got: &Shape| Err(Error::Shape { op, expected, got: got.to_string() });
        let value = |expected: String, got: [usize; 2]| {
            Err(Error::Value { op, expected, got: format!("{:?}", &got[2 - self.axes..]) })
        };
        let axes = if self.axes == 1 { ("length", "k") } else { ("height, width", "kh, kw") };
        if weight.rank() != self.axes + 2 || weight.dims()[1..=self.axes].contains(&0) {
            return shape(format!("a kernel of shape (out, {}, channels)", axes.1), weight);
        }
        if x.rank() != self.axes + 2 || x.last() != weight.last() {
            return shape(format!("an input (batch, {}, {}) for the kernel {weight}", axes.0, weight.last()), x);
        }
        if let Some(bias) = bias.filter(|bias| bias.dims() != [weight.dims()[0]]) {
            return shape(format!("a bias of shape ({},)", weight.dims()[0]), bias);
        }
        let [_, kh, kw, _] = with_axes(weight.dims(), self.axes);
        let [_, height, width, _] = with_axes(x.dims(), self.axes);
        let (stride, padding) = (kind(self.axes, self.stride, 1), kind(self.axes, self.padding, 0));
        if stride.contains(&0) {
            return value("a stride of at least 1".into(), stride);
        }
        // Each sample is copied between its zeros.
        let padded = |length: usize, zeros: usize| zeros.checked_mul(2)?.checked_add(length);
        let numbers = || padded(height, padding[0])?.checked_mul(padded(width, padding[1])?)?.checked_mul(x.last());
        if numbers().is_none_or(|n| n > MAX_PADDED) && padding != [0, 0] {
            return value(format!("a padding that leaves at most {MAX_PADDED} numbers in a sample"), padding);
        }
        if height + 2 * padding[0] < kh || width + 2 * padding[1] < kw {
            return shape(format!("an input that is, with its padding, at least as large as the kernel {weight}"), x);
        }
        Ok(())
    }

    fn name(&self) -> &'static str {
        Self::NAMES[usize::from(self.axes == 2)]
    }
}

methods! {
    Conv {
        /// Cross-correlation of (batch, height, width, in) with W (out, kh, kw, in), plus b (out,), zeros outside.
        ///
        /// (n, h, w, in) gives (n, h', w', out) with h' = (h + 2 padding - kh) // stride + 1, likewise across.
        ///
        /// >>> Tensor([1.0, 2.0, 3.0, 4.0], (1, 2, 2, 1)).conv2d(ResonantTensor([1.0, 2.0], (1, 1, 2, 1))).tolist()
        /// [[[[5.0]], [[11.0]]]]
        fn conv2d(
            x, weight: Param, bias: Option<Param> = None, stride: PerAxis = (PerAxis::all(1).into()),
            padding: PerAxis = (PerAxis::all(0).into())
        ) as "($self, weight, bias=None, stride=1, padding=0)" => Self::over(2, weight, bias, &stride, &padding);
        /// Cross-correlation of (batch, length, in) with W (out, k, in), plus b (out,), zeros outside.
        ///
        /// >>> Tensor([1.0, 2.0, 3.0], (1, 3, 1)).conv1d(ResonantTensor([1.0, 1.0], (1, 2, 1)), stride=1).tolist()
        /// [[[3.0], [5.0]]]
        fn conv1d(
            x, weight: Param, bias: Option<Param> = None, stride: PerAxis = (PerAxis::all(1).into()),
            padding: PerAxis = (PerAxis::all(0).into())
        ) as "($self, weight, bias=None, stride=1, padding=0)" => Self::over(1, weight, bias, &stride, &padding);
    }
}

impl Operation for Conv {
    const NAME: &'static str = "conv";

    fn shape(&self, inputs: &[&Shape], parameters: &[Shape]) -> Result<Shape> {
        expect_inputs(Self::NAME, inputs, 1)?;
        let (x, weight) = (inputs[0], &parameters[self.weight]);
        self.check(x, weight, self.bias.map(|bias| &parameters[bias]))?;
        let Plan { samples, size, .. } = self.plan(x, weight);
        let (across, outputs) = (size.window.across, size.outputs);
        let shape: Shape = match self.axes {
            1 => [samples, across, outputs].into(),
            _ => [samples, size.rows / across, across, outputs].into(),
        };
        shape.check(self.name())?;
        Ok(shape)
    }

    fn split(&self, _: &[&Shape]) -> Split {
        Split { axes: 1, inputs: 1 }
    }

    fn cost(&self, inputs: &[&Shape], output: &Shape) -> usize {
        // The kernel's size is not told here; nine positions of each channel are usual.
        9 * inputs[0].last() * output.numel()
    }

    fn memory(&self, inputs: &[&Shape], parameters: &[&Shape], output: &Shape) -> usize {
        // Sixteen outputs lie in a vector, in the packed weights and in the sums.
        let numbers = parameters[self.weight].numel().saturating_add(output.numel()).saturating_mul(16);
        numbers.saturating_add(2 * inputs[0].numel())
    }

    fn device(&self, inputs: &[&DeviceTensor], parameters: &[DeviceTensor], shape: &Shape) -> Result<DeviceTensor> {
        let [stride, padding] = [kind(self.axes, self.stride, 1), kind(self.axes, self.padding, 0)];
        let x = inputs[0].reshape(with_axes(inputs[0].shape().dims(), self.axes).into())?;
        let weight = &parameters[self.weight];
        let weight = weight.reshape(with_axes(weight.shape().dims(), self.axes).into())?;
        let bias = self.bias.map(|bias| &parameters[bias]);
        let steps = ((stride[0], stride[1]), (padding[0], padding[1]));
        x.conv2d(&weight, bias, steps, false, false)?.reshape(shape.clone())
    }

    fn on_members(&self, side: &Side<'_>) -> Result<DeviceTensor> {
        let weight = side.weights(self.weight)?;
        let [outputs, kh, kw, channels] = with_axes(&weight.shape().dims()[1..], self.axes);
        let (x, each) = side.input(0);
        if let Some(y) = self.by_kernel(side)? {
            return Ok(y);
        }
        let x = if each { side.folded(self.name(), 0)? } else { x.clone() };
        let x = x.reshape(with_axes(x.shape().dims(), self.axes).into())?;
        let [(sh, sw), (ph, pw)] = [kind(self.axes, self.stride, 1), kind(self.axes, self.padding, 0)].map(Into::into);
        // The windows of each member's batch as rows.
        let (rows, depth) = (side.shape.rows(), kh * kw * channels);
        let windows = x.im2col((kh, kw), (sh, sw), (ph, pw))?;
        let windows = windows.reshape(if each { side.with_members(&[rows, depth]) } else { [rows, depth].into() })?;
        let weight = weight.reshape(side.with_members(&[outputs, depth]))?;
        let y = windows.gemm(&weight, (false, true), 1.0, None)?;
        let y = self.bias.map_or(Ok(y.clone()), |bias| y.binary(Binary::Add, &side.vector(bias)?))?;
        y.reshape(side.lifted())
    }

    fn device_numbers(&self, inputs: &[&Shape], parameters: &[Shape], output: &Shape) -> usize {
        let window: usize = parameters[self.weight].dims()[1..].iter().product();
        output.rows().saturating_mul(window).saturating_add(2 * output.numel()).saturating_add(inputs[0].numel())
    }

    #[inline(always)]
    fn run<S: Simd, T: Real, const L: usize>(&self, simd: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        let weight = &call.parameters[self.weight];
        let plan = self.plan(call.shapes[0], weight.shape);
        let mut scratch = call.scratch.borrow_mut();
        let padded = plan.padded_len();
        if L == 1 {
            let x = match call.inputs[0] {
                Operand::Shared(x) => x,
                Operand::Members(x) => x.as_flattened(),
                Operand::InPlace => return,
            };
            reserve(&mut scratch, padded);
            let bias = self.bias.map_or(&[][..], |bias| call.parameters[bias].centre);
            let padded = &mut scratch.as_flattened_mut()[..padded];
            return plan.centre(x, weight.centre, bias, padded, out.as_flattened_mut());
        }
        let (weights, outputs) = (weight.shape.numel(), plan.size.outputs);
        reserve(&mut scratch, weights + outputs + padded);
        let (w, rest) = scratch.split_at_mut(weights);
        let (bias, rest) = rest.split_at_mut(outputs);
        weight.read(simd, 0, w);
        let bias: &[_] = match self.bias {
            Some(number) => {
                call.parameters[number].read(simd, 0, bias);
                bias
            }
            None => &[],
        };
        match call.inputs[0] {
            Operand::Shared(x) => plan.members(x, w, bias, &mut rest.as_flattened_mut()[..padded], out),
            Operand::Members(x) => plan.members(x, w, bias, &mut rest[..padded], out),
            Operand::InPlace => {}
        }
    }

    fn parameters(&self) -> Vec<usize> {
        [self.weight].into_iter().chain(self.bias).collect()
    }
}

impl Conv {
    /// Convolves for members by a kernel of their own; nothing where a member's weights do not fit shared memory.
    fn by_kernel(&self, side: &Side<'_>) -> Result<Option<DeviceTensor>> {
        let weight = side.weights(self.weight)?;
        let [outputs, kh, kw, inputs] = with_axes(&weight.shape().dims()[1..], self.axes);
        let held: usize = if outputs <= 8 { 8 } else { 16 };
        let (x, each) = side.input(0);
        let shared = kh * kw * inputs * outputs.next_multiple_of(held) * x.format().size();
        let out = x.like(Self::NAME, side.lifted())?;
        if shared > SHARED || out.numel() == 0 {
            return Ok(None);
        }
        let [_, height, width, _] = with_axes(side.shape_of(0), self.axes);
        let [_, down, across, _] = with_axes(side.shape.dims(), self.axes);
        let ([sh, sw], [ph, pw]) = (kind(self.axes, self.stride, 1), kind(self.axes, self.padding, 0));
        let positions = side.shape.rows();
        let sizes =
            [usize::from(!each), positions, height, width, inputs, outputs, kh, kw, sh, sw, ph, pw, down, across];
        let bias = self.bias.map(|bias| side.weights(bias)).transpose()?;
        let pointers = [out.pointer(), x.pointer(), weight.pointer(), Arg::maybe(bias)];
        let args = [&pointers[..], &sizes.map(Arg::size)].concat();
        let defines = [("CONV_HELD", held.cast_signed() as i64)];
        let dtype = x.format().real(Self::NAME)?;
        let kernel =
            Kernel { op: Self::NAME, unit: "convolution".into(), entry: "conv_members", dtype, defines: &defines };
        // A block takes several positions, since it turns the weights first.
        let columns = BLOCKS.div_ceil(side.members).clamp(1, positions.div_ceil(THREADS));
        let side_of = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let grid = Grid {
            blocks: (side_of(columns), side_of(side.members)),
            threads: (side_of(THREADS), 1),
            shared: side_of(shared),
        };
        out.device().launch(&kernel, grid, &args)?;
        Ok(Some(out))
    }
}

impl Plan {
    /// Returns how many numbers a sample between zeros has; 0 where it is used as it is.
    fn padded_len(&self) -> usize {
        if self.padding == [0, 0] { 0 } else { self.padded[0] * self.padded[1] * self.channels }
    }

    /// Calls `work` with the number of each sample and with the sample between zeros.
    fn samples<X: Copy>(&self, zero: X, x: &[X], padded: &mut [X], mut work: impl FnMut(usize, &[X])) {
        let ([height, width], [ph, pw]) = (self.input, self.padding);
        let (run, line) = (width * self.channels, self.padded[1] * self.channels);
        padded.fill(zero);
        for sample in 0..self.samples {
            let x = &x[sample * height * run..][..height * run];
            if padded.is_empty() {
                work(sample, x);
                continue;
            }
            for (y, x) in x.chunks_exact(run.max(1)).enumerate() {
                padded[(y + ph) * line + pw * self.channels..][..run].copy_from_slice(x);
            }
            work(sample, padded);
        }
    }

    /// The results of 16 members, whose weights and bias are `w` and `bias`.
    fn members<T: Real, X: Factor<T>, const L: usize>(
        &self,
        x: &[X],
        w: &[[T; L]],
        bias: &[[T; L]],
        padded: &mut [X],
        out: &mut [[T; L]],
    ) {
        let size = self.size;
        let finish = &Finish { bias, ..Finish::none() };
        self.samples(X::ZERO, x, padded, |sample, x| {
            let out = &mut out[sample * size.rows * size.outputs..][..size.rows * size.outputs];
            Product { size, rows: 0..size.rows, outputs: 0..size.outputs, w, x, finish, out }.run();
        });
    }

    /// The result of the centre alone: a vector holds 16 outputs of one position.
    fn centre<T: Real>(&self, x: &[T], weight: &[T], bias: &[T], padded: &mut [T], out: &mut [T]) {
        let size = self.size;
        let mut centre = Centre::new(size, weight, bias);
        self.samples(T::ZERO, x, padded, |sample, x| {
            centre.run(x, &mut out[sample * size.rows * size.outputs..][..size.rows * size.outputs]);
        });
    }
}
