//! One call of an operation from Python: computed at once for tensors, recorded as soon as a symbol is among its inputs.

use pyo3::prelude::*;
use smallvec::{SmallVec, smallvec};
use syntonic_core::cuda::DeviceTensor;
use syntonic_core::ops::Op;
use syntonic_core::tensor::{self as core, DType, Shape};
use syntonic_core::{Error, Result};

use crate::door::{enter, quick};
use crate::resonant::{Shared, poisoned};
use crate::symbol::{Given, Symbol};
use crate::tensor::{Place, Tensor};

/// One call of a method: the inputs of the operation, the first of which is the value whose method it is, and the parameters
/// that it reads.
pub(crate) struct Call {
    /// The value whose method it is, where the operation does not read it.
    unread: Option<Given>,
    pub inputs: SmallVec<[Given; 2]>,
    /// What the operation's parameters are.
    pub parameters: Vec<Shared>,
}

impl Call {
    /// A call of a method of `of`, which is the first input if the operation reads it.
    pub fn new(of: Given, reads: bool) -> Self {
        let (unread, inputs) = if reads { (None, smallvec![of]) } else { (Some(of), SmallVec::new()) };
        Self { unread, inputs, parameters: Vec::new() }
    }

    /// Applies the operation that `make` returns for the shape of the value and the numbers of the parameters.
    pub fn apply(
        self,
        py: Python<'_>,
        make: impl FnOnce(&Shape, &[usize]) -> Result<Op> + Send,
    ) -> PyResult<Bound<'_, PyAny>> {
        let all = || self.unread.iter().chain(&self.inputs);
        let symbol = all().find_map(|x| match x {
            Given::Symbol(x) => Some(x.clone()),
            _ => None,
        });
        if let Some(symbol) = symbol {
            return enter(py, || self.record(&symbol, make))?.into_pyobject(py).map(Bound::into_any);
        }
        let first = all().find_map(|x| match x {
            Given::Tensor(x) => Some(x.clone()),
            _ => None,
        });
        let numbers: SmallVec<[usize; 2]> = (0..self.parameters.len()).collect();
        let op = quick(|| make(all().next().and_then(shape_of).unwrap_or(&Shape::default()), &numbers))?;
        let found: Tensor = match first {
            Some(Place::Cuda(first)) => enter(py, || self.on_device(&op, &first))?.into(),
            Some(Place::Cpu(first)) => self.on_host(py, &op, first.dtype())?.into(),
            None => self.on_host(py, &op, DType::F32)?.into(),
        };
        found.into_pyobject(py).map(Bound::into_any)
    }

    fn record(self, symbol: &Symbol, make: impl FnOnce(&Shape, &[usize]) -> Result<Op>) -> Result<Symbol> {
        let shape = match self.unread.iter().chain(&self.inputs).next() {
            Some(Given::Symbol(x)) => x.sizes()?,
            Some(x) => shape_of(x).cloned().unwrap_or_default(),
            None => Shape::default(),
        };
        symbol.record(&self.inputs, &self.parameters, |numbers| make(&shape, numbers))
    }

    /// Gives up the GIL only for work that lasts longer than giving it up.
    fn on_host(self, py: Python<'_>, op: &Op, dtype: DType) -> PyResult<core::Tensor> {
        let tensor = |x: Given| match x {
            Given::Tensor(Place::Cpu(x)) => Ok(x),
            Given::Tensor(x) => Err(elsewhere(op, "cpu", &x.device())),
            Given::Number(x) => core::Tensor::full([], dtype, x),
            Given::Symbol(_) => Err(poisoned()),
        };
        if !self.parameters.is_empty() {
            return enter(py, || {
                let parameters = self.parameters.iter().map(|p| values(p, dtype)).collect::<Result<Vec<_>>>()?;
                let inputs = self.inputs.into_iter().map(tensor).collect::<Result<Vec<_>>>()?;
                op.eager(&inputs.iter().collect::<Vec<_>>(), &parameters)
            });
        }
        let inputs = quick(|| self.inputs.into_iter().map(tensor).collect::<Result<SmallVec<[_; 2]>>>())?;
        let inputs: SmallVec<[&core::Tensor; 2]> = inputs.iter().collect();
        let shape = quick(|| op.eager_shape(&inputs, &[]))?;
        let work = || op.eager_of(&inputs, &[], shape.clone());
        if op.is_short(&inputs, &shape) { quick(work) } else { enter(py, work) }
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

/// Returns the shape of a tensor; a number has none.
fn shape_of(x: &Given) -> Option<&Shape> {
    match x {
        Given::Tensor(x) => Some(x.shape()),
        _ => None,
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
