//! Operations that put the numbers of an axis in relation: softmax, scale and shift.

use pyo3::prelude::*;
use syntonic_core::ops::{Affine, Op, Softmax};

use super::{Value, apply, apply_with};
use crate::program::Symbol;
use crate::resonant::ResonantTensor;
use crate::tensor::Tensor;

macro_rules! operations {
    ($class:ident) => {
        #[pymethods]
        impl $class {
            /// x * scale + shift over the last axis, with parameters of shape (features,).
            fn affine(&self, py: Python<'_>, scale: &ResonantTensor, shift: &ResonantTensor) -> PyResult<Value> {
                let make = |n: &[usize]| Op::from(Affine { scale: n[0], shift: n[1] });
                apply_with(py, &[self.into()], &[scale.inner(), shift.inner()], make)
            }

            /// e^x / sum e^x over the last axis.
            fn softmax(&self, py: Python<'_>) -> PyResult<Value> {
                apply(py, &[self.into()], Softmax::LAST)
            }
        }
    };
}

operations!(Tensor);
operations!(Symbol);
