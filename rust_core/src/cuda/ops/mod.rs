//! Operations on device tensors: the checks of shapes and the launches, one family in a file. Formulas stand in the kernels.

mod convolution;
mod elementwise;
mod layer_norm;
mod matmul;
mod phi_residual;
mod pooling;
mod reduction;
mod row;
mod softmax;
mod stream;

pub use elementwise::Binary;
pub use phi_residual::{Activation, Residual};
pub use pooling::Pool;
pub use reduction::Reduction;
pub use row::Rows;
pub use softmax::{Mode, Softmax};

use super::launch::Arg;
use super::tensor::DeviceTensor;
use crate::tensor::Shape;
use crate::{Error, Result};

/// Returns a size as a kernel's argument.
pub fn size(n: usize) -> Arg {
    // Shapes are checked to have fewer than 2^60 elements.
    Arg::Size(n.cast_signed() as i64)
}

/// Returns the address of a tensor that may be missing.
pub fn maybe(tensor: Option<&DeviceTensor>) -> Arg {
    Arg::Pointer(tensor.map_or(0, DeviceTensor::address))
}

/// Returns axis `dim`, counted from the end when it is negative.
fn axis(op: &'static str, shape: &Shape, dim: i64) -> Result<usize> {
    let rank = shape.rank().cast_signed() as i64;
    let found = if dim < 0 { dim + rank } else { dim };
    usize::try_from(found).ok().filter(|&axis| axis < shape.rank()).ok_or_else(|| Error::Value {
        op,
        expected: format!("an axis from {} to {} of shape {shape}", -rank, rank - 1),
        got: dim.to_string(),
    })
}

/// Returns (outer, dim, inner): the products of the sizes before, at and after an axis.
fn around(shape: &Shape, axis: usize) -> (usize, usize, usize) {
    let dims = shape.dims();
    (dims[..axis].iter().product(), dims[axis], dims[axis + 1..].iter().product())
}

/// Returns (rows, features): the product of all sizes but the last, and the last.
pub fn rows_of(op: &'static str, shape: &Shape) -> Result<(usize, usize)> {
    match shape.dims() {
        [] => Err(Error::Shape { op, expected: "at least one axis".into(), got: "a scalar".into() }),
        _ => Ok((shape.rows(), shape.last())),
    }
}

/// Checks that a number is finite and at least `least`.
pub fn at_least(op: &'static str, what: &str, given: f64, least: f64) -> Result<()> {
    if given.is_finite() && given >= least {
        return Ok(());
    }
    Err(Error::Value { op, expected: format!("a finite {what} of at least {least}"), got: given.to_string() })
}
