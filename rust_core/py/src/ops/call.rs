//! One call of an operation from Python: computed at once for tensors, recorded as soon as a symbol is among its inputs.

use pyo3::prelude::*;
use syntonic_core::cuda::DeviceTensor;
use syntonic_core::ops::Op;
use syntonic_core::tensor::{self as core, DType, Shape};
use syntonic_core::{Error, Result};

use crate::door::enter;
use crate::resonant::{Shared, poisoned};
use crate::symbol::{Given, Symbol};
use crate::tensor::{Place, Tensor};

/// The result of an operation.
enum Value {
    Tensor(Tensor),
    Symbol(Symbol),
}

impl<'py> IntoPyObject<'py> for Value {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self {
            Self::Tensor(x) => Ok(Bound::new(py, x)?.into_any()),
            Self::Symbol(x) => Ok(Bound::new(py, x)?.into_any()),
        }
    }
}

/// One call of a method: the inputs of the operation, the first of which is the value whose method it is, and the parameters
/// that it reads.
pub(crate) struct Call {
    /// The value whose method it is, where the operation does not read it.
    unread: Option<Given>,
    pub inputs: Vec<Given>,
    /// What the operation's parameters are.
    pub parameters: Vec<Shared>,
}

impl Call {
    /// A call of a method of `of`, which is the first input if the operation reads it.
    pub fn new(of: Given, reads: bool) -> Self {
        let (unread, inputs) = if reads { (None, vec![of]) } else { (Some(of), Vec::new()) };
        Self { unread, inputs, parameters: Vec::new() }
    }

    /// Applies the operation that `make` returns for the shape of the value and the numbers of the parameters.
    pub fn apply(
        self,
        py: Python<'_>,
        make: impl FnOnce(&Shape, &[usize]) -> Result<Op> + Send,
    ) -> PyResult<Bound<'_, PyAny>> {
        enter(py, || self.run(make))?.into_pyobject(py)
    }

    fn run(self, make: impl FnOnce(&Shape, &[usize]) -> Result<Op>) -> Result<Value> {
        let all = || self.unread.iter().chain(&self.inputs);
        let symbol = all().find_map(|x| match x {
            Given::Symbol(x) => Some(x),
            _ => None,
        });
        if let Some(symbol) = symbol {
            let shape = match all().next() {
                Some(Given::Tensor(x)) => x.shape().clone(),
                Some(Given::Symbol(x)) => x.sizes()?,
                _ => Shape::default(),
            };
            return symbol.record(&self.inputs, &self.parameters, |numbers| make(&shape, numbers)).map(Value::Symbol);
        }
        let numbers: Vec<usize> = (0..self.parameters.len()).collect();
        let op = make(&all().next().map_or_else(Shape::default, shape_of), &numbers)?;
        let first = all().find_map(|x| match x {
            Given::Tensor(x) => Some(x.clone()),
            _ => None,
        });
        match first {
            Some(Place::Cuda(first)) => self.on_device(&op, &first).map(Tensor::from),
            Some(Place::Cpu(first)) => self.on_host(&op, first.dtype()).map(Tensor::from),
            None => self.on_host(&op, DType::F32).map(Tensor::from),
        }
        .map(Value::Tensor)
    }

    fn on_host(self, op: &Op, dtype: DType) -> Result<core::Tensor> {
        let tensor = |x: Given| match x {
            Given::Tensor(Place::Cpu(x)) => Ok(x),
            Given::Tensor(x) => Err(elsewhere(op, "cpu", &x.device())),
            Given::Number(x) => core::Tensor::full([], dtype, x),
            Given::Symbol(_) => Err(poisoned()),
        };
        let parameters = self.parameters.iter().map(|p| values(p, dtype)).collect::<Result<Vec<_>>>()?;
        let inputs = self.inputs.into_iter().map(tensor).collect::<Result<Vec<_>>>()?;
        op.eager(&inputs.iter().collect::<Vec<_>>(), &parameters)
    }

    /// Numbers and parameters are copied to the device of the tensors.
    fn on_device(self, op: &Op, first: &DeviceTensor) -> Result<DeviceTensor> {
        let (device, dtype) = (first.device(), first.format().real(op.name())?);
        let tensor = |x: Given| match x {
            Given::Tensor(Place::Cuda(x)) => Ok(x),
            Given::Tensor(x) => Err(elsewhere(op, &format!("cuda:{}", device.ordinal()), &x.device())),
            Given::Number(x) => DeviceTensor::upload(device, &core::Tensor::full([], dtype, x)?),
            Given::Symbol(_) => Err(poisoned()),
        };
        let moved = |p: &Shared| DeviceTensor::upload(device, &values(p, dtype)?);
        let parameters = self.parameters.iter().map(moved).collect::<Result<Vec<_>>>()?;
        let inputs = self.inputs.into_iter().map(tensor).collect::<Result<Vec<_>>>()?;
        op.eager_on_device(&inputs.iter().collect::<Vec<_>>(), &parameters)
    }
}

/// Returns the shape of a tensor; a number has no axes.
fn shape_of(x: &Given) -> Shape {
    match x {
        Given::Tensor(x) => x.shape().clone(),
        _ => Shape::default(),
    }
}

/// Returns the values of a parameter.
fn values(p: &Shared, dtype: DType) -> Result<core::Tensor> {
    p.read().map_err(|_| poisoned())?.to_tensor(dtype)
}

fn elsewhere(op: &Op, expected: &str, got: &str) -> Error {
    let expected = format!("all tensors on {expected}; copy with .to({expected:?})");
    Error::Value { op: op.name(), expected, got: format!("one on {got}") }
}
