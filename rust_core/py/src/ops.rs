//! The operations of a forward pass, as methods that `Tensor` and `Symbol` share.
//!
//! A `Tensor` computes at once. As soon as one value of a call is a `Symbol` the operation is recorded; tensors and numbers
//! among the others become constants of its program.

mod dense;
mod general;
mod heavy;
mod layout;
mod losses;

pub(crate) use dense::syntonic_softmax;

use std::sync::{Arc, RwLock};

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use syntonic_core::Result;
use syntonic_core::ops::Op;
use syntonic_core::tensor::{self as core, DType, Resonant, Shape};

use crate::door::enter;
use crate::either::refused;
use crate::program::Symbol;
use crate::resonant::poisoned;
use crate::tensor::Tensor;

/// A parameter as Python objects share it.
pub(crate) type Shared = Arc<RwLock<Resonant>>;

/// A value of a forward pass: what operations apply to, and what they return.
#[derive(Clone)]
pub(crate) enum Value {
    /// Numbers.
    Tensor(core::Tensor),
    /// A value of a recorded program.
    Symbol(Symbol),
}

impl Value {
    /// Returns the sizes of its axes, for one member.
    pub(crate) fn shape(&self) -> Result<Shape> {
        match self {
            Self::Tensor(x) => Ok(x.shape().clone()),
            Self::Symbol(x) => x.sizes(),
        }
    }
}

impl Value {
    /// Returns the tensor that operations on tensors give.
    pub(crate) fn tensor(self) -> PyResult<Tensor> {
        match self {
            Self::Tensor(x) => Ok(Tensor(x)),
            Self::Symbol(_) => Err(PyTypeError::new_err("expected a Tensor, got a Symbol, which has no numbers yet")),
        }
    }
}

impl From<&Tensor> for Value {
    fn from(x: &Tensor) -> Self {
        Self::Tensor(x.0.clone())
    }
}

impl From<&Symbol> for Value {
    fn from(x: &Symbol) -> Self {
        Self::Symbol(x.clone())
    }
}

impl<'py> IntoPyObject<'py> for Value {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self {
            Self::Tensor(x) => Ok(Bound::new(py, Tensor(x))?.into_any()),
            Self::Symbol(x) => Ok(Bound::new(py, x)?.into_any()),
        }
    }
}

/// What Python hands over beside the value whose method it calls.
#[derive(Clone)]
pub(crate) enum Given {
    /// A tensor or a symbol.
    Value(Value),
    /// A number, which takes the dtype of the others.
    Number(f64),
}

impl<'py> FromPyObject<'_, 'py> for Given {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(x) = given.cast::<Tensor>() {
            return Ok(Self::Value(x.get().into()));
        }
        if let Ok(x) = given.cast::<Symbol>() {
            return Ok(Self::Value(x.get().into()));
        }
        let expected = "a Tensor (see Tensor(data)), a Symbol or a number";
        given.extract().map(Self::Number).map_err(|_| refused(&given, expected))
    }
}

impl<V: Into<Value>> From<V> for Given {
    fn from(value: V) -> Self {
        Self::Value(value.into())
    }
}

/// Applies an operation to values, in this order.
pub(crate) fn apply(py: Python<'_>, inputs: &[Given], op: impl Into<Op>) -> PyResult<Value> {
    let op = op.into();
    enter(py, || run(inputs, &[], |_| op.clone()))
}

/// Applies the operation that `make` returns for the numbers of `parameters`.
pub(crate) fn apply_with(
    py: Python<'_>,
    inputs: &[Given],
    parameters: &[Shared],
    make: impl Fn(&[usize]) -> Op + Send,
) -> PyResult<Value> {
    enter(py, || run(inputs, parameters, make))
}

fn run(inputs: &[Given], parameters: &[Shared], make: impl Fn(&[usize]) -> Op) -> Result<Value> {
    let symbol = inputs.iter().find_map(|x| match x {
        Given::Value(Value::Symbol(x)) => Some(x),
        _ => None,
    });
    if let Some(symbol) = symbol {
        return symbol.record(inputs, parameters, make).map(Value::Symbol);
    }
    let dtype = inputs.iter().find_map(|x| match x {
        Given::Value(Value::Tensor(x)) => Some(x.dtype()),
        _ => None,
    });
    let dtype = dtype.unwrap_or(DType::F32);
    let tensor = |x: &Given| match x {
        Given::Value(Value::Tensor(x)) => Ok(x.clone()),
        Given::Number(x) => core::Tensor::full([], dtype, *x),
        Given::Value(Value::Symbol(_)) => Err(poisoned()),
    };
    let tensors = inputs.iter().map(tensor).collect::<Result<Vec<_>>>()?;
    let read = |p: &Shared| p.read().map_err(|_| poisoned())?.to_tensor(dtype);
    let parameters = parameters.iter().map(read).collect::<Result<Vec<_>>>()?;
    let numbers: Vec<usize> = (0..parameters.len()).collect();
    make(&numbers).eager(&tensors.iter().collect::<Vec<_>>(), &parameters).map(Value::Tensor)
}
