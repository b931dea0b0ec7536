//! The operations of a forward pass, as methods that `Tensor` and `Symbol` share.

use std::sync::{Arc, RwLock};

use pyo3::exceptions::PyNotImplementedError;
use pyo3::prelude::*;
use syntonic_core::Result;
use syntonic_core::ops::{
    Accuracy, Affine, Arithmetic, BinaryAccuracy, BinaryCrossEntropy, CrossEntropy, Dropout, Gelu, Linear, Mean,
    MeanSquaredError, Op, Relu, Sigmoid, Softmax, Tanh,
};
use syntonic_core::tensor::{Resonant, Shape};

use crate::door::enter;
use crate::program::Symbol;
use crate::resonant::{ResonantTensor, poisoned};
use crate::tensor::Tensor;

/// A parameter as Python objects share it.
pub(crate) type Shared = Arc<RwLock<Resonant>>;

/// A value that operations apply to.
trait Value: Sized + Sync {
    /// Applies the operation that `make` returns for the numbers of `parameters`, to this value and then to `others`.
    fn apply_with(&self, others: &[&Self], parameters: &[Shared], make: impl Fn(&[usize]) -> Op + Send)
    -> Result<Self>;
}

impl Value for Tensor {
    fn apply_with(
        &self,
        others: &[&Self],
        parameters: &[Shared],
        make: impl Fn(&[usize]) -> Op + Send,
    ) -> Result<Self> {
        let inputs: Vec<_> = [self].iter().chain(others).map(|x| &x.0).collect();
        let read = |p: &Shared| p.read().map_err(|_| poisoned())?.to_tensor(self.0.dtype());
        let parameters = parameters.iter().map(read).collect::<Result<Vec<_>>>()?;
        let numbers: Vec<usize> = (0..parameters.len()).collect();
        make(&numbers).eager(&inputs, &parameters).map(Self)
    }
}

impl Value for Symbol {
    fn apply_with(
        &self,
        others: &[&Self],
        parameters: &[Shared],
        make: impl Fn(&[usize]) -> Op + Send,
    ) -> Result<Self> {
        self.record(others, parameters, make)
    }
}

/// Applies an operation without parameters.
fn apply<V: Value + Send>(py: Python<'_>, x: &V, others: &[&V], op: impl Into<Op>) -> PyResult<V> {
    let op = op.into();
    enter(py, || x.apply_with(others, &[], |_| op.clone()))
}

macro_rules! operations {
    ($class:ident) => {
        #[pymethods]
        impl $class {
            /// x W^T + b: (..., in) with W (out, in) and b (out,) gives (..., out).
            #[pyo3(signature = (weight, bias=None))]
            fn linear(&self, py: Python<'_>, weight: &ResonantTensor, bias: Option<&ResonantTensor>) -> PyResult<Self> {
                let parameters: Vec<Shared> = [weight].into_iter().chain(bias).map(ResonantTensor::inner).collect();
                let make = |n: &[usize]| Op::from(Linear { weight: n[0], bias: n.get(1).copied() });
                enter(py, || self.apply_with(&[], &parameters, make))
            }

            /// x * scale + shift over the last axis, with parameters of shape (features,).
            fn affine(&self, py: Python<'_>, scale: &ResonantTensor, shift: &ResonantTensor) -> PyResult<Self> {
                let parameters = [scale.inner(), shift.inner()];
                let make = |n: &[usize]| Op::from(Affine { scale: n[0], shift: n[1] });
                enter(py, || self.apply_with(&[], &parameters, make))
            }

            /// max(x, 0), elementwise.
            fn relu(&self, py: Python<'_>) -> PyResult<Self> {
                apply(py, self, &[], Relu)
            }

            /// The hyperbolic tangent, elementwise.
            fn tanh(&self, py: Python<'_>) -> PyResult<Self> {
                apply(py, self, &[], Tanh)
            }

            /// The Gaussian error linear unit in its tanh form, elementwise.
            fn gelu(&self, py: Python<'_>) -> PyResult<Self> {
                apply(py, self, &[], Gelu)
            }

            /// 1 / (1 + e^-x), elementwise.
            fn sigmoid(&self, py: Python<'_>) -> PyResult<Self> {
                apply(py, self, &[], Sigmoid)
            }

            /// e^x / sum e^x over the last axis.
            fn softmax(&self, py: Python<'_>) -> PyResult<Self> {
                apply(py, self, &[], Softmax)
            }

            /// x + other, whose shape is the trailing part of this one.
            fn add(&self, py: Python<'_>, other: &Self) -> PyResult<Self> {
                apply(py, self, &[other], Arithmetic::Add)
            }

            /// x - other, whose shape is the trailing part of this one.
            fn sub(&self, py: Python<'_>, other: &Self) -> PyResult<Self> {
                apply(py, self, &[other], Arithmetic::Sub)
            }

            /// x * other, whose shape is the trailing part of this one.
            fn mul(&self, py: Python<'_>, other: &Self) -> PyResult<Self> {
                apply(py, self, &[other], Arithmetic::Mul)
            }

            fn __add__(&self, py: Python<'_>, other: &Self) -> PyResult<Self> {
                self.add(py, other)
            }

            fn __sub__(&self, py: Python<'_>, other: &Self) -> PyResult<Self> {
                self.sub(py, other)
            }

            fn __mul__(&self, py: Python<'_>, other: &Self) -> PyResult<Self> {
                self.mul(py, other)
            }

            /// The mean of all elements, a scalar.
            fn mean(&self, py: Python<'_>) -> PyResult<Self> {
                apply(py, self, &[], Mean)
            }

            /// The mean of -ln softmax(x)[label]: logits (..., classes), labels (...) as class numbers.
            fn cross_entropy(&self, py: Python<'_>, labels: &Self) -> PyResult<Self> {
                apply(py, self, &[labels], CrossEntropy)
            }

            /// The mean binary cross-entropy of logits and as many targets in [0, 1].
            fn binary_cross_entropy(&self, py: Python<'_>, targets: &Self) -> PyResult<Self> {
                apply(py, self, &[targets], BinaryCrossEntropy)
            }

            /// The mean squared difference from as many targets.
            fn mse(&self, py: Python<'_>, targets: &Self) -> PyResult<Self> {
                apply(py, self, &[targets], MeanSquaredError)
            }

            /// The share of rows whose first largest logit is the label's: logits (..., classes), labels (...).
            fn accuracy(&self, py: Python<'_>, labels: &Self) -> PyResult<Self> {
                apply(py, self, &[labels], Accuracy)
            }

            /// The share of elements that are positive where the target exceeds 1/2, and only there.
            fn binary_accuracy(&self, py: Python<'_>, targets: &Self) -> PyResult<Self> {
                apply(py, self, &[targets], BinaryAccuracy)
            }

            /// x with elements zeroed with probability p and the others divided by 1 - p.
            ///
            /// The mask is a pure function of (seed, generation, pair of members, layer, element); outside of training
            /// the first three are 0.
            fn dropout(&self, py: Python<'_>, p: f64, layer: u32) -> PyResult<Self> {
                apply(py, self, &[], Dropout { p, layer })
            }
        }
    };
}

operations!(Tensor);
operations!(Symbol);

#[pymethods]
impl Symbol {
    /// The same elements under another shape.
    fn reshape(&self, py: Python<'_>, shape: &Bound<'_, PyAny>) -> PyResult<Self> {
        let shape = Shape::from(crate::source::sizes(shape)?);
        apply(py, self, &[], syntonic_core::ops::Reshape(shape))
    }

    fn __float__(&self) -> PyResult<f64> {
        Err(PyNotImplementedError::new_err(
            "a traced Symbol has no value yet: forward and loss are recorded once and cannot branch on numbers",
        ))
    }

    fn __bool__(&self) -> PyResult<bool> {
        self.__float__().map(|x| x != 0.0)
    }
}
