//! Losses, shares of right answers, and what acts in training alone.

use pyo3::prelude::*;
use syntonic_core::ops::{Accuracy, BinaryAccuracy, BinaryCrossEntropy, CrossEntropy, Dropout, MeanSquaredError};

use super::{Given, Value, apply};
use crate::program::Symbol;
use crate::tensor::Tensor;

macro_rules! operations {
    ($class:ident) => {
        #[pymethods]
        impl $class {
            /// The mean of -ln softmax(x)[label]: logits (..., classes), labels (...) as class numbers.
            ///
            /// `weights` (...) >= 0 make it a weighted mean; a row of weight 0 may hold anything.
            #[pyo3(signature = (labels, weights=None))]
            fn cross_entropy(&self, py: Python<'_>, labels: Given, weights: Option<Given>) -> PyResult<Value> {
                let inputs: Vec<Given> = [self.into(), labels].into_iter().chain(weights).collect();
                apply(py, &inputs, CrossEntropy)
            }

            /// The mean binary cross-entropy of logits and as many targets in [0, 1].
            fn binary_cross_entropy(&self, py: Python<'_>, targets: Given) -> PyResult<Value> {
                apply(py, &[self.into(), targets], BinaryCrossEntropy)
            }

            /// The mean squared difference from as many targets.
            fn mse(&self, py: Python<'_>, targets: Given) -> PyResult<Value> {
                apply(py, &[self.into(), targets], MeanSquaredError)
            }

            /// The share of rows whose first largest logit is the label's: logits (..., classes), labels (...).
            ///
            /// `weights` (...) >= 0 make it a weighted mean; a row of weight 0 may hold anything.
            #[pyo3(signature = (labels, weights=None))]
            fn accuracy(&self, py: Python<'_>, labels: Given, weights: Option<Given>) -> PyResult<Value> {
                let inputs: Vec<Given> = [self.into(), labels].into_iter().chain(weights).collect();
                apply(py, &inputs, Accuracy)
            }

            /// The share of elements that are positive where the target exceeds 1/2, and only there.
            fn binary_accuracy(&self, py: Python<'_>, targets: Given) -> PyResult<Value> {
                apply(py, &[self.into(), targets], BinaryAccuracy)
            }

            /// x with elements zeroed with probability p and the others divided by 1 - p.
            ///
            /// The mask is a pure function of (seed, generation, pair of members, layer, element); outside of training
            /// the first three are 0.
            fn dropout(&self, py: Python<'_>, p: f64, layer: u32) -> PyResult<Value> {
                apply(py, &[self.into()], Dropout { p, layer })
            }
        }
    };
}

operations!(Tensor);
operations!(Symbol);
