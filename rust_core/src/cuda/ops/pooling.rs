//! Pooling of (batch, height, width, channels): kernels/pooling.cu.

use super::super::kernel::{Grid, Kernel};
use super::super::tensor::DeviceTensor;
use super::{Reduction, size};
use crate::{Error, Result};

/// What a window becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pool {
    /// Its largest number.
    Max,
    /// Its mean.
    Average,
}

impl DeviceTensor {
    /// Returns the pooled tensor (batch, out height, out width, channels) of full windows.
    ///
    /// # Errors
    /// `Error::Shape` unless there are four axes and a window fits; `Error::Value` for windows or strides of 0.
    pub fn pool2d(&self, pool: Pool, window: (usize, usize), stride: (usize, usize)) -> Result<Self> {
        let op = match pool {
            Pool::Max => "max_pool2d",
            Pool::Average => "avg_pool2d",
        };
        let dtype = self.format().real(op)?;
        let &[batch, height, width, channels] = self.shape().dims() else {
            let expected = "shape (batch, height, width, channels)".into();
            return Err(Error::Shape { op, expected, got: format!("shape {}", self.shape()) });
        };
        if [window.0, window.1, stride.0, stride.1].contains(&0) {
            let expected = "windows and strides of at least 1".into();
            return Err(Error::Value { op, expected, got: format!("window {window:?}, stride {stride:?}") });
        }
        if window.0 > height || window.1 > width {
            let expected = format!("a window within {height} by {width}");
            return Err(Error::Shape { op, expected, got: format!("{window:?}") });
        }
        let (rows, columns) = ((height - window.0) / stride.0 + 1, (width - window.1) / stride.1 + 1);
        let out = self.like(op, [batch, rows, columns, channels].into())?;
        if out.numel() > 0 {
            let sizes = [out.numel(), height, width, channels, window.0, window.1, stride.0, stride.1, rows, columns];
            let args = [&[out.pointer(), self.pointer()][..], &sizes.map(size)].concat();
            self.device().launch(&Kernel::plain(op, "pooling", op, dtype), Grid::flat(out.numel()), &args)?;
        }
        Ok(out)
    }

    /// Returns the mean over height and width, (batch, channels).
    ///
    /// # Errors
    /// `Error::Shape` unless there are four axes with something in them.
    pub fn global_avg_pool2d(&self) -> Result<Self> {
        let &[batch, height, width, channels] = self.shape().dims() else {
            let expected = "shape (batch, height, width, channels)".into();
            return Err(Error::Shape { op: "global_avg_pool2d", expected, got: format!("shape {}", self.shape()) });
        };
        self.reshape([batch, height * width, channels].into())?.reduce(Reduction::Mean, Some(1), false)
    }
}
