//! The same numbers in another arrangement, and parameters as values.

use pyo3::prelude::*;
use syntonic_core::ops::{Concat, Embedding, Expand, IndexSelect, Narrow, Op, Permute, Reshape, Weight};
use syntonic_core::tensor::Shape;

use super::{Given, Value, apply, apply_with};
use crate::door::quick;
use crate::program::Symbol;
use crate::resonant::{ResonantTensor, poisoned};
use crate::source::{open_sizes, places, sizes};
use crate::tensor::Tensor;

/// A tensor keeps its memory, a symbol records.
fn reshape(py: Python<'_>, x: Value, sizes: &[isize]) -> PyResult<Value> {
    let shape = quick(|| x.shape()?.resolve("reshape", sizes))?;
    match x {
        Value::Tensor(x) => quick(|| x.reshape(shape).map(Value::Tensor)),
        Value::Symbol(_) => apply(py, &[x.into()], Reshape(shape)),
    }
}

fn parameter(x: &Value, p: &ResonantTensor) -> PyResult<Value> {
    let p = p.inner();
    match x {
        Value::Tensor(x) => quick(|| p.read().map_err(|_| poisoned())?.to_tensor(x.dtype()).map(Value::Tensor)),
        Value::Symbol(x) => quick(|| x.record(&[], &[p], |n| Op::from(Weight { parameter: n[0] })).map(Value::Symbol)),
    }
}

/// Returns the number of an axis of `x`.
fn axis(x: &Value, op: &'static str, dim: isize) -> PyResult<usize> {
    quick(|| x.shape()?.axis(op, dim))
}

macro_rules! operations {
    ($class:ident) => {
        #[pymethods]
        impl $class {
            /// The same elements, row-major, under another shape; one size may be -1: what is left.
            fn reshape(&self, py: Python<'_>, shape: &Bound<'_, PyAny>) -> PyResult<Value> {
                reshape(py, self.into(), &open_sizes(shape)?)
            }

            /// The axes `dim0` and `dim1` exchanged.
            fn transpose(&self, py: Python<'_>, dim0: isize, dim1: isize) -> PyResult<Value> {
                let x = Value::from(self);
                let op = quick(|| Permute::transpose(&x.shape()?, dim0, dim1))?;
                apply(py, &[x.into()], op)
            }

            /// The axes in the order `dims`, each once.
            fn permute(&self, py: Python<'_>, dims: Vec<isize>) -> PyResult<Value> {
                let x = Value::from(self);
                let op = quick(|| Permute::order(&x.shape()?, &dims))?;
                apply(py, &[x.into()], op)
            }

            /// This value and `others`, one after the other along `dim`; all other sizes are equal.
            #[pyo3(signature = (others, dim=0))]
            fn concat(&self, py: Python<'_>, others: Vec<Given>, dim: isize) -> PyResult<Value> {
                let x = Value::from(self);
                let axis = axis(&x, "concat", dim)?;
                apply(py, &[vec![x.into()], others].concat(), Concat { axis })
            }

            /// The elements `start` to `start + length - 1` of the axis `dim`.
            fn narrow(&self, py: Python<'_>, dim: isize, start: isize, length: isize) -> PyResult<Value> {
                let x = Value::from(self);
                let axis = axis(&x, "narrow", dim)?;
                let op = quick(|| Narrow::of(axis, start, length))?;
                apply(py, &[x.into()], op)
            }

            /// The entries `indices` of the axis `dim`, in that order.
            fn index_select(&self, py: Python<'_>, dim: isize, indices: &Bound<'_, PyAny>) -> PyResult<Value> {
                let x = Value::from(self);
                let op =
                    IndexSelect { axis: axis(&x, "index_select", dim)?, indices: places("index_select", indices)? };
                apply(py, &[x.into()], op)
            }

            /// This value under a larger shape: aligned at the end, axes of size 1 and missing ones repeat.
            fn expand(&self, py: Python<'_>, shape: &Bound<'_, PyAny>) -> PyResult<Value> {
                apply(py, &[self.into()], Expand(Shape::from(sizes(shape)?)))
            }

            /// Rows of `table` (tokens, width) for token numbers (...): (..., width).
            ///
            /// A token that names no row raises ValueError; in a recorded program it gives NaN.
            fn embedding(&self, py: Python<'_>, table: &ResonantTensor) -> PyResult<Value> {
                apply_with(py, &[self.into()], &[table.inner()], |n| Op::from(Embedding { table: n[0] }))
            }

            /// The values of a parameter, as a value of the same kind, dtype and program as this one.
            fn parameter(&self, p: &ResonantTensor) -> PyResult<Value> {
                parameter(&self.into(), p)
            }
        }
    };
}

operations!(Tensor);
operations!(Symbol);
