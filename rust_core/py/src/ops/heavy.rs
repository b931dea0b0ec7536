//! Products: of values with weights, and of values with one another.

use pyo3::prelude::*;
use syntonic_core::ops::{Linear, Op};

use super::{Shared, Value, apply_with};
use crate::program::Symbol;
use crate::resonant::ResonantTensor;
use crate::tensor::Tensor;

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
                let parameters: Vec<Shared> = [weight].into_iter().chain(bias).map(ResonantTensor::inner).collect();
                let make = |n: &[usize]| Op::from(Linear { weight: n[0], bias: n.get(1).copied() });
                apply_with(py, &[self.into()], &parameters, make)
            }
        }
    };
}

operations!(Tensor);
operations!(Symbol);
