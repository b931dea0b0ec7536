//! Sums, means, variances and extremes over one axis or all: kernels/reductions.cu.

use super::super::Format;
use super::super::kernel::{Grid, Kernel};
use super::super::launch::Arg;
use super::super::tensor::DeviceTensor;
use super::{around, axis, size};
use crate::tensor::{DType, Shape};
use crate::{Error, Result};

/// What a reduction computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// The sum.
    Sum,
    /// The mean.
    Mean,
    /// The population variance, from the deviations themselves.
    Var,
    /// The largest number; NaN if there is one.
    Max,
    /// The smallest number; NaN if there is one.
    Min,
    /// The sum of -p ln p, with 0 for p = 0.
    Entropy,
}

impl Reduction {
    /// Returns the name of the operation.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Mean => "mean",
            Self::Var => "var",
            Self::Max => "max",
            Self::Min => "min",
            Self::Entropy => "entropy",
        }
    }
}

/// Numbers that one block reduces before a row is cut.
const CHUNK: usize = 16_384;

impl DeviceTensor {
    /// Returns the reduction over an axis, or over everything.
    ///
    /// # Errors
    /// `Error::Value` for an axis that is not there; `Error::Shape` for a mean, variance or extreme of nothing.
    pub fn reduce(&self, reduction: Reduction, dim: Option<i64>, keepdim: bool) -> Result<Self> {
        let op = reduction.name();
        let dtype = self.format().real(op)?;
        let ((outer, dim, inner), shape) = match dim {
            None => ((1, self.numel(), 1), Shape::from(vec![1; if keepdim { self.shape().rank() } else { 0 }])),
            Some(dim) => {
                let axis = axis(op, self.shape(), dim)?;
                let mut dims = self.shape().dims().to_vec();
                if keepdim {
                    dims[axis] = 1;
                } else {
                    dims.remove(axis);
                }
                (around(self.shape(), axis), Shape::from(dims))
            }
        };
        if dim == 0 && !matches!(reduction, Reduction::Sum | Reduction::Entropy) {
            let expected = "at least one number".into();
            return Err(Error::Shape { op, expected, got: format!("shape {}", self.shape()) });
        }
        let out = self.like(op, shape)?;
        let n = out.numel();
        if n == 0 {
            return Ok(out);
        }
        let sizes = (outer, dim, inner);
        let share = 1.0 / dim as f64;
        let (whole, factor) = match reduction {
            Reduction::Sum => (self.stage(op, "sum", None, sizes)?, 1.0),
            Reduction::Mean => (self.stage(op, "sum", None, sizes)?, share),
            Reduction::Max | Reduction::Min | Reduction::Entropy => (self.stage(op, op, None, sizes)?, 1.0),
            Reduction::Var => {
                let mean = self.stage(op, "sum", None, sizes)?;
                let args = [mean.pointer(), Arg::Real(share), size(n)];
                self.device().launch(&Kernel::plain(op, "reductions", "scale_parts", dtype), Grid::flat(n), &args)?;
                (self.stage(op, "square_sum", Some(&mean), sizes)?, share)
            }
        };
        let args = [out.pointer(), whole.pointer(), Arg::Real(factor), size(n)];
        self.device().launch(&Kernel::plain(op, "reductions", "finish", dtype), Grid::flat(n), &args)?;
        Ok(out)
    }

    /// Returns where the largest number of each row stands, as 64-bit integers: the first of equals, or of NaNs.
    ///
    /// # Errors
    /// `Error::Shape` for rows of no numbers.
    pub fn argmax(&self) -> Result<Self> {
        const OP: &str = "argmax";
        let dtype = self.format().real(OP)?;
        let (Some((&dim, rest)), true) = (self.shape().dims().split_last(), self.shape().last() > 0) else {
            let expected = "rows of at least one number".into();
            return Err(Error::Shape { op: OP, expected, got: format!("shape {}", self.shape()) });
        };
        let out = Self::empty(OP, self.device(), rest.to_vec().into(), Format::I64)?;
        if out.numel() > 0 {
            let args = [out.pointer(), self.pointer(), size(out.numel()), size(dim)];
            let grid = Grid { threads: (if dim <= 64 { 32 } else { 256 }, 1), ..Grid::blocks(out.numel()) };
            self.device().launch(&Kernel::plain(OP, "reductions", "argmax_rows", dtype), grid, &args)?;
        }
        Ok(out)
    }

    /// Returns one reduction in binary64.
    fn stage(&self, op: &'static str, name: &str, centre: Option<&Self>, sizes: (usize, usize, usize)) -> Result<Self> {
        let (outer, dim, inner) = sizes;
        let dtype = self.format().real(op)?;
        let device = self.device();
        let binary64 = |dims: Vec<usize>| Self::empty(op, device, dims.into(), Format::Real(DType::F64));
        let head = [self.pointer(), super::maybe(centre), size(outer), size(dim)];
        if inner > 1 {
            let out = binary64(vec![outer * inner])?;
            let entry = format!("{name}_columns");
            let args = [&[out.pointer()], &head[..], &[size(inner)]].concat();
            device.launch(&Kernel::plain(op, "reductions", &entry, dtype), Grid::flat(outer * inner), &args)?;
            return Ok(out);
        }
        let parts = dim.div_ceil(CHUNK).min((16 * device.multiprocessors()).div_ceil(outer)).max(1);
        let chunk = dim.div_ceil(parts);
        let partial = binary64(vec![outer * parts])?;
        let entry = format!("{name}_rows");
        let args = [&[partial.pointer()], &head[..], &[size(chunk), size(parts)]].concat();
        let threads = if dim <= 64 { 32 } else { 256 };
        let grid = Grid { threads: (threads, 1), ..Grid::blocks(outer * parts) };
        device.launch(&Kernel::plain(op, "reductions", &entry, dtype), grid, &args)?;
        if parts == 1 {
            return Ok(partial);
        }
        let out = binary64(vec![outer])?;
        let entry = if matches!(name, "max" | "min") { format!("{name}_parts") } else { "sum_parts".to_owned() };
        let args = [out.pointer(), partial.pointer(), size(outer), size(parts)];
        device.launch(&Kernel::plain(op, "reductions", &entry, dtype), Grid::blocks(outer), &args)?;
        Ok(out)
    }
}
