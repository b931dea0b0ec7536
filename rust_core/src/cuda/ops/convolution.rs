//! Convolution of (batch, height, width, inputs): kernels/convolution.cu.

use super::super::kernel::{Grid, Kernel};
use super::super::launch::Arg;
use super::super::tensor::DeviceTensor;
use super::{maybe, size};
use crate::tensor::DType;
use crate::{Error, Result};

const OP: &str = "conv2d";

/// The longest side of a padded image: places in it are counted in 32 bits by the fast kernels, in 64 by the plain one.
const MOST_PADDED: usize = 1 << 40;

/// Sizes of one convolution, in the order of the kernels' arguments.
struct Geometry {
    batch: usize,
    sizes: [usize; 12],
}

impl Geometry {
    fn pixels(&self) -> usize {
        self.batch.saturating_mul(self.sizes[10]).saturating_mul(self.sizes[11])
    }

    fn depth(&self) -> usize {
        self.sizes[2].saturating_mul(self.sizes[4]).saturating_mul(self.sizes[5])
    }

    fn of(x: &DeviceTensor, kernel: &[usize], stride: (usize, usize), padding: (usize, usize)) -> Result<Self> {
        let (&[batch, height, width, inputs], &[outputs, rows, columns, of_kernel]) = (x.shape().dims(), kernel) else {
            let expected =
                "x of shape (batch, height, width, inputs), weight of shape (outputs, rows, columns, inputs)".into();
            return Err(Error::Shape {
                op: OP,
                expected,
                got: format!("x of shape {}, weight of {kernel:?}", x.shape()),
            });
        };
        if inputs != of_kernel {
            let expected = format!("a weight for {inputs} input channels");
            return Err(Error::Shape { op: OP, expected, got: of_kernel.to_string() });
        }
        if stride.0 == 0 || stride.1 == 0 || rows == 0 || columns == 0 {
            let expected = "windows and strides of at least 1".into();
            return Err(Error::Value {
                op: OP,
                expected,
                got: format!("window ({rows}, {columns}), stride {stride:?}"),
            });
        }
        let wide = |size: usize, pad: usize| pad.checked_mul(2)?.checked_add(size).filter(|&n| n <= MOST_PADDED);
        let (Some(high), Some(broad)) = (wide(height, padding.0), wide(width, padding.1)) else {
            let expected = format!("a padding that leaves height and width at most {MOST_PADDED}");
            return Err(Error::Value { op: OP, expected, got: format!("{padding:?} around {height} by {width}") });
        };
        let padded = (high, broad);
        if rows > padded.0 || columns > padded.1 {
            let expected = format!("a window within {} by {}, padding included", padded.0, padded.1);
            return Err(Error::Shape { op: OP, expected, got: format!("({rows}, {columns})") });
        }
        let out = ((padded.0 - rows) / stride.0 + 1, (padded.1 - columns) / stride.1 + 1);
        let sizes =
            [height, width, inputs, outputs, rows, columns, stride.0, stride.1, padding.0, padding.1, out.0, out.1];
        Ok(Self { batch, sizes })
    }
}

impl DeviceTensor {
    /// Returns the cross-correlation with `weight` (outputs, rows, columns, inputs), plus `bias`, rectified on request.
    ///
    /// `direct` takes the plain kernel, which is slow and adds in the order of the formula.
    ///
    /// # Errors
    /// `Error::Shape` when shapes do not fit, `Error::Value` for strides or windows of 0.
    pub fn conv2d(
        &self,
        weight: &Self,
        bias: Option<&Self>,
        (stride, padding): ((usize, usize), (usize, usize)),
        relu: bool,
        direct: bool,
    ) -> Result<Self> {
        let dtype = self.format().real(OP)?;
        self.beside(OP, weight)?;
        let geometry = Geometry::of(self, weight.shape().dims(), stride, padding)?;
        let [_, _, inputs, outputs, .., rows, columns] = geometry.sizes;
        if let Some(bias) = bias {
            self.matches(OP, bias, &[outputs])?;
        }
        let out = self.like(OP, [geometry.batch, rows, columns, outputs].into())?;
        if out.numel() == 0 {
            return Ok(out);
        }
        let head =
            [out.pointer(), self.pointer(), weight.pointer(), maybe(bias), size(relu.into()), size(geometry.pixels())];
        let args: Vec<Arg> = head.into_iter().chain(geometry.sizes.map(size)).collect();
        // The tiled kernels add a window in one chain, and count the places of an image in 32 bits.
        let small = geometry.depth() <= 1 << 16 && geometry.sizes.iter().all(|&n| n < 1 << 30);
        if direct || !small {
            let grid = Grid::flat(out.numel());
            self.device().launch(&Kernel::plain(OP, "convolution", "conv2d_direct", dtype), grid, &args)?;
            return Ok(out);
        }
        let lanes = 16 / dtype.size();
        let whole = inputs.is_multiple_of(lanes) && [self, weight].iter().all(|t| t.address().is_multiple_of(16));
        let entry = if whole { "conv2d_gemm_whole" } else { "conv2d_gemm" };
        let outputs_each: usize = if outputs > 32 { 64 } else { 32 };
        let (pixels, threads) = match dtype {
            DType::F32 => (128, 2 * outputs_each),
            DType::F64 => (64, 256),
        };
        let defines = [("TILE_OUTPUTS", outputs_each.cast_signed() as i64)];
        let kernel = Kernel { op: OP, unit: "convolution".into(), entry, dtype, defines: &defines };
        let side = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let blocks = (side(geometry.pixels().div_ceil(pixels)), side(outputs.div_ceil(outputs_each)));
        let grid = Grid { blocks, threads: (side(threads), 1), shared: 0 };
        self.device().launch(&kernel, grid, &args)?;
        Ok(out)
    }

    /// Returns the windows of a convolution as rows (batch, out height, out width, rows * columns * inputs).
    ///
    /// # Errors
    /// As [`Self::conv2d`].
    pub fn im2col(&self, window: (usize, usize), stride: (usize, usize), padding: (usize, usize)) -> Result<Self> {
        let dtype = self.format().real(OP)?;
        let inputs = self.shape().last();
        let geometry = Geometry::of(self, &[1, window.0, window.1, inputs], stride, padding)?;
        let [.., rows, columns] = geometry.sizes;
        let out = self.like(OP, [geometry.batch, rows, columns, geometry.depth()].into())?;
        if out.numel() > 0 {
            let head = [out.pointer(), self.pointer(), size(geometry.pixels())];
            let args: Vec<Arg> = head.into_iter().chain(geometry.sizes.map(size)).collect();
            let grid = Grid::flat(out.numel());
            self.device().launch(&Kernel::plain("im2col", "convolution", "im2col", dtype), grid, &args)?;
        }
        Ok(out)
    }
}
