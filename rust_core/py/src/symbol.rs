//! `syntonic._core.Symbol`: a value of a forward pass that is being recorded, and what may stand beside it in a call.

use std::sync::{Arc, Mutex};

use pyo3::basic::CompareOp;
use pyo3::exceptions::{PyNotImplementedError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use syntonic_core::ops::Op;
use syntonic_core::program::{NodeId, Program};
use syntonic_core::tensor::{DType, Shape, Tensor};
use syntonic_core::{Error, Result};

use crate::door::quick;
use crate::either::refused;
use crate::resonant::{Shared, poisoned};
use crate::tensor::{self, Place};

/// What is being recorded, and over which parameters.
pub(crate) struct Recording {
    program: Mutex<Program>,
    parameters: Vec<Shared>,
}

impl Recording {
    /// Starts recording.
    pub(crate) fn new(program: Program, parameters: Vec<Shared>) -> Arc<Self> {
        Arc::new(Self { program: Mutex::new(program), parameters })
    }

    /// Works on the program.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Program) -> Result<T>) -> Result<T> {
        work(&mut *self.program.lock().map_err(|_| poisoned())?)
    }
}

/// An input of an operation, as Python hands it over.
#[derive(Clone)]
pub(crate) enum Given {
    /// Numbers.
    Tensor(Place),
    /// A value of a recorded program.
    Symbol(Symbol),
    /// A number, which takes the dtype of the others.
    Number(f64),
}

impl<'py> FromPyObject<'_, 'py> for Given {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(x) = given.cast::<tensor::Tensor>() {
            return Ok(x.get().into());
        }
        if let Ok(x) = given.cast::<Symbol>() {
            return Ok(x.get().into());
        }
        let expected = "a Tensor (see Tensor(data)), a Symbol or a number";
        given.extract().map(Self::Number).map_err(|_| refused(&given, expected))
    }
}

impl From<&tensor::Tensor> for Given {
    fn from(x: &tensor::Tensor) -> Self {
        Self::Tensor(x.place().clone())
    }
}

impl From<&Symbol> for Given {
    fn from(x: &Symbol) -> Self {
        Self::Symbol(x.clone())
    }
}

/// A value of a recorded forward pass, for one member: it has a shape and no numbers yet.
#[pyclass(frozen, module = "syntonic._core")]
#[derive(Clone)]
pub struct Symbol {
    recording: Arc<Recording>,
    id: NodeId,
}

impl Symbol {
    /// Value `id` of what is being recorded.
    pub(crate) fn new(recording: &Arc<Recording>, id: NodeId) -> Self {
        Self { recording: Arc::clone(recording), id }
    }

    /// Returns its number in the program.
    pub(crate) fn id(&self) -> NodeId {
        self.id
    }

    /// Returns the sizes of its axes.
    pub(crate) fn sizes(&self) -> Result<Shape> {
        self.recording.with(|program| program.shape(self.id).cloned())
    }

    /// Records an operation on `inputs`, of which this is one; tensors and numbers among them become constants.
    pub(crate) fn record(
        &self,
        inputs: &[Given],
        parameters: &[Shared],
        make: impl FnOnce(&[usize]) -> Result<Op>,
    ) -> Result<Self> {
        let number = |p: &Shared| {
            self.recording.parameters.iter().position(|own| Arc::ptr_eq(own, p)).ok_or_else(|| Error::Value {
                op: "graph",
                expected: "a parameter that the model registered; assign it to an attribute of a Module".into(),
                got: "one that is not in model.parameters()".into(),
            })
        };
        let numbers = parameters.iter().map(number).collect::<Result<Vec<_>>>()?;
        for input in inputs {
            if let Given::Symbol(input) = input {
                input.belongs(&self.recording)?;
            }
        }
        let id = self.recording.with(|program| {
            let node = |input: &Given| match input {
                Given::Symbol(x) => Ok(x.id),
                Given::Tensor(x) => Ok(program.constant(x.host()?.clone())),
                Given::Number(x) => Ok(program.constant(Tensor::full([], DType::F64, *x)?)),
            };
            let nodes = inputs.iter().map(node).collect::<Result<Vec<_>>>()?;
            let op = make(&numbers)?;
            program.apply(op, &nodes)
        })?;
        Ok(Self { recording: Arc::clone(&self.recording), id })
    }

    /// Checks that this is a value of `recording`.
    pub(crate) fn belongs(&self, recording: &Arc<Recording>) -> Result<()> {
        if Arc::ptr_eq(&self.recording, recording) {
            return Ok(());
        }
        Err(Error::Value { op: "graph", expected: "symbols of one Graph".into(), got: "symbols of two".into() })
    }
}

#[pymethods]
impl Symbol {
    /// Sizes of the axes for one member, outermost first.
    #[getter]
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, quick(|| self.sizes())?.dims())
    }

    fn __float__(&self) -> PyResult<f64> {
        Err(PyNotImplementedError::new_err(
            "a traced Symbol has no value yet: forward and loss are recorded once and cannot branch on numbers",
        ))
    }

    fn __richcmp__(&self, _other: &Bound<'_, PyAny>, _comparison: CompareOp) -> PyResult<bool> {
        Err(PyTypeError::new_err(
            "a traced Symbol has no value yet and cannot be compared: forward and loss are recorded once, for every batch; \
             choose with a mask, as maximum, clamp and the products with one do",
        ))
    }

    fn __hash__(&self) -> isize {
        self.id.cast_signed()
    }

    fn __bool__(&self) -> PyResult<bool> {
        self.__float__().map(|x| x != 0.0)
    }

    fn __repr__(&self) -> PyResult<String> {
        Ok(format!("Symbol(shape={})", quick(|| self.sizes())?))
    }
}

/// Registers this file's classes.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<Symbol>()
}
