//! The documented flat names of convolution and pooling on lists, channel last: each runs one operation in binary64.

use pyo3::prelude::*;
use syntonic_core::Result;
use syntonic_core::ops::{AvgPool, Conv, MaxPool, Op, Windows};
use syntonic_core::tensor::Tensor;

use crate::door::enter;
use crate::list::List;

/// A flat list and its shape.
type Shaped = (Vec<f64>, Vec<usize>);

fn run(op: impl Into<Op>, (data, shape): Shaped, parameters: &[Tensor]) -> Result<Shaped> {
    let y = op.into().eager(&[&Tensor::new(shape, data)?], parameters)?;
    Ok((y.to_f64(), y.shape().dims().to_vec()))
}

/// Returns (data, [b, oh, ow, out]) of the cross-correlation of an input [b, h, w, in] with a kernel [out, kh, kw, in].
///
/// Zeros are padded on both sides; oh = (h + 2 ph - kh) // sh + 1, and ow likewise. ValueError for data that do not fit
/// their shape, other channels, a stride of 0, or a kernel larger than the padded input.
#[pyfunction]
#[pyo3(
    signature = (input, input_shape, kernel, kernel_shape, stride=[1, 1], padding=[0, 0]),
    text_signature = "(input, input_shape, kernel, kernel_shape, stride=(1, 1), padding=(0, 0))"
)]
fn py_conv2d(
    py: Python<'_>,
    input: List<f64>,
    input_shape: List<usize>,
    kernel: List<f64>,
    kernel_shape: List<usize>,
    stride: [usize; 2],
    padding: [usize; 2],
) -> PyResult<Shaped> {
    let op = Conv { weight: 0, bias: None, axes: 2, stride, padding };
    enter(py, || run(op, (input.0, input_shape.0), &[Tensor::new(kernel_shape.0, kernel.0)?]))
}

/// Returns (data, [b, oh, ow, c]) of the largest in each full window of an input [b, h, w, c], without padding.
#[pyfunction]
fn py_max_pool2d(
    py: Python<'_>,
    input: List<f64>,
    input_shape: List<usize>,
    pool: [usize; 2],
    stride: [usize; 2],
) -> PyResult<Shaped> {
    enter(py, || run(MaxPool(Windows { axes: 2, size: pool, stride }), (input.0, input_shape.0), &[]))
}

/// Returns (data, [b, oh, ow, c]) of the mean of each full window of an input [b, h, w, c], without padding.
#[pyfunction]
fn py_avg_pool2d(
    py: Python<'_>,
    input: List<f64>,
    input_shape: List<usize>,
    pool: [usize; 2],
    stride: [usize; 2],
) -> PyResult<Shaped> {
    enter(py, || run(AvgPool(Windows { axes: 2, size: pool, stride }), (input.0, input_shape.0), &[]))
}

/// Returns (data, [b, c]) of the mean over all positions of an input [b, h, w, c], of which there is at least one.
#[pyfunction]
fn py_global_avg_pool2d(py: Python<'_>, input: List<f64>, input_shape: List<usize>) -> PyResult<Shaped> {
    // With another rank the operation itself says what it expects.
    let size = match *input_shape {
        [_, height, width, _] => [height, width],
        _ => [1, 1],
    };
    enter(py, || {
        let (data, shape) = run(AvgPool(Windows { axes: 2, size, stride: [1, 1] }), (input.0, input_shape.0), &[])?;
        Ok((data, [shape.first(), shape.last()].into_iter().flatten().copied().collect()))
    })
}

/// Registers this file's functions.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(py_conv2d, m)?)?;
    m.add_function(wrap_pyfunction!(py_max_pool2d, m)?)?;
    m.add_function(wrap_pyfunction!(py_avg_pool2d, m)?)?;
    m.add_function(wrap_pyfunction!(py_global_avg_pool2d, m)?)
}
