//! Products: of values with weights, and of values with one another; and windows that slide over positions.

use pyo3::prelude::*;
use syntonic_core::ops::{Attention, AvgPool, Conv, Linear, MatMul, MaxPool, Op, Windows};
use syntonic_core::{Error, Result};

use super::{Given, Shared, Value, apply, apply_with};
use crate::door::quick;
use crate::program::Symbol;
use crate::resonant::ResonantTensor;
use crate::source::sizes;
use crate::tensor::Tensor;

/// A number for each axis of positions, or one for all of them.
struct PerAxis(Vec<usize>);

impl<'py> FromPyObject<'_, 'py> for PerAxis {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        sizes(&given).map(Self)
    }
}

impl PerAxis {
    fn all(number: usize) -> Self {
        Self(vec![number])
    }

    /// Returns (down, across) for two axes, two numbers of which the second counts for one.
    fn read(&self, op: &'static str, what: &str, axes: usize) -> Result<[usize; 2]> {
        match (axes, self.0.as_slice()) {
            (_, [all]) => Ok([*all, *all]),
            (2, [down, across]) => Ok([*down, *across]),
            (_, other) => Err(Error::Value {
                op,
                expected: if axes == 1 {
                    format!("one {what}")
                } else {
                    format!("{what} (down, across) or one for both")
                },
                got: format!("{other:?}"),
            }),
        }
    }
}

/// The parameters of an operation with a bias.
fn with_bias(weight: &ResonantTensor, bias: Option<&ResonantTensor>) -> Vec<Shared> {
    [weight].into_iter().chain(bias).map(ResonantTensor::inner).collect()
}

/// Convolves over `axes` axes of positions.
fn conv(
    (py, x): (Python<'_>, Value),
    axes: usize,
    (weight, bias): (&ResonantTensor, Option<&ResonantTensor>),
    (stride, padding): (&PerAxis, &PerAxis),
) -> PyResult<Value> {
    let op = if axes == 1 { "conv1d" } else { "conv2d" };
    let stride = quick(|| stride.read(op, "stride", axes))?;
    let padding = quick(|| padding.read(op, "padding", axes))?;
    let make = |n: &[usize]| Op::from(Conv { weight: n[0], bias: n.get(1).copied(), axes, stride, padding });
    apply_with(py, &[x.into()], &with_bias(weight, bias), make)
}

/// Reads windows of one size over `axes` axes of positions; without a stride they lie side by side.
fn windows(op: &'static str, axes: usize, size: &PerAxis, stride: Option<&PerAxis>) -> PyResult<Windows> {
    let size = quick(|| size.read(op, "window", axes))?;
    let stride = quick(|| stride.map_or(Ok(size), |stride| stride.read(op, "stride", axes)))?;
    Ok(Windows { axes, size, stride })
}

macro_rules! operations {
    ($class:ident) => {
        #[pymethods]
        impl $class {
            /// x W^T + b: (..., in) with W (out, in) and b (out,) gives (..., out).
            #[pyo3(signature = (weight, bias=None))]
            fn linear(
                &self,
                py: Python<'_>,
                weight: &ResonantTensor,
                bias: Option<&ResonantTensor>,
            ) -> PyResult<Value> {
                let make = |n: &[usize]| Op::from(Linear { weight: n[0], bias: n.get(1).copied() });
                apply_with(py, &[self.into()], &with_bias(weight, bias), make)
            }

            /// The product of matrices (.., n, k) and (.., k, m), the leading axes broadcast as NumPy does.
            fn matmul(&self, py: Python<'_>, other: Given) -> PyResult<Value> {
                apply(py, &[self.into(), other], MatMul)
            }

            /// Attention of these queries (batch, queries, d) to keys (batch, keys, d) with values (batch, keys, dv).
            #[pyo3(signature = (key, value, heads, causal=false, key_mask=None, scale=None))]
            #[expect(clippy::too_many_arguments, reason = "these are the arguments in Python")]
            fn attention(
                &self,
                py: Python<'_>,
                key: Given,
                value: Given,
                heads: PerAxis,
                causal: bool,
                key_mask: Option<Given>,
                scale: Option<f64>,
            ) -> PyResult<Value> {
                let [_, heads] = quick(|| heads.read("attention", "number of heads", 1))?;
                let op = Attention { heads, causal, masked: key_mask.is_some(), scale };
                let inputs: Vec<Given> = [self.into(), key, value].into_iter().chain(key_mask).collect();
                apply(py, &inputs, op)
            }

            /// Cross-correlation of (batch, height, width, in) with W (out, kh, kw, in), plus b (out,), zeros outside.
            #[pyo3(
                                signature = (weight, bias=None, stride=PerAxis::all(1), padding=PerAxis::all(0)),
                                text_signature = "($self, weight, bias=None, stride=1, padding=0)"
                            )]
            fn conv2d(
                &self,
                py: Python<'_>,
                weight: &ResonantTensor,
                bias: Option<&ResonantTensor>,
                stride: PerAxis,
                padding: PerAxis,
            ) -> PyResult<Value> {
                conv((py, self.into()), 2, (weight, bias), (&stride, &padding))
            }

            /// Cross-correlation of (batch, length, in) with W (out, k, in), plus b (out,), zeros outside.
            #[pyo3(
                                signature = (weight, bias=None, stride=PerAxis::all(1), padding=PerAxis::all(0)),
                                text_signature = "($self, weight, bias=None, stride=1, padding=0)"
                            )]
            fn conv1d(
                &self,
                py: Python<'_>,
                weight: &ResonantTensor,
                bias: Option<&ResonantTensor>,
                stride: PerAxis,
                padding: PerAxis,
            ) -> PyResult<Value> {
                conv((py, self.into()), 1, (weight, bias), (&stride, &padding))
            }

            /// The largest number of each full window of (batch, height, width, channels).
            #[pyo3(signature = (size, stride=None))]
            fn max_pool2d(&self, py: Python<'_>, size: PerAxis, stride: Option<PerAxis>) -> PyResult<Value> {
                let windows = windows("max_pool2d", 2, &size, stride.as_ref())?;
                apply(py, &[self.into()], MaxPool(windows))
            }

            /// The largest number of each full window of (batch, length, channels).
            #[pyo3(signature = (size, stride=None))]
            fn max_pool1d(&self, py: Python<'_>, size: PerAxis, stride: Option<PerAxis>) -> PyResult<Value> {
                let windows = windows("max_pool1d", 1, &size, stride.as_ref())?;
                apply(py, &[self.into()], MaxPool(windows))
            }

            /// The mean of each full window of (batch, height, width, channels).
            #[pyo3(signature = (size, stride=None))]
            fn avg_pool2d(&self, py: Python<'_>, size: PerAxis, stride: Option<PerAxis>) -> PyResult<Value> {
                let windows = windows("avg_pool2d", 2, &size, stride.as_ref())?;
                apply(py, &[self.into()], AvgPool(windows))
            }

            /// The mean of each full window of (batch, length, channels).
            #[pyo3(signature = (size, stride=None))]
            fn avg_pool1d(&self, py: Python<'_>, size: PerAxis, stride: Option<PerAxis>) -> PyResult<Value> {
                let windows = windows("avg_pool1d", 1, &size, stride.as_ref())?;
                apply(py, &[self.into()], AvgPool(windows))
            }
        }
    };
}

operations!(Tensor);
operations!(Symbol);
