//! `syntonic._core.Graph`, `Symbol` and `Objective`: a model recorded once for the population engine.

use std::sync::{Arc, Mutex};

use pyo3::exceptions::PyNotImplementedError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};
use syntonic_core::cuda::Blueprint;
use syntonic_core::evolve;
use syntonic_core::ops::Op;
use syntonic_core::program::{NodeId, Perturbation, Program};
use syntonic_core::tensor::{DType, Shape, Tensor};
use syntonic_core::{Error, Result};

use crate::cuda;
use crate::door::{enter, quick};
use crate::ops::{Given, Shared, Value};
use crate::resonant::{ResonantTensor, poisoned};
use crate::source;

/// What is being recorded, and over which parameters.
struct Recording {
    program: Mutex<Program>,
    parameters: Vec<Shared>,
}

impl Recording {
    fn with<T>(&self, work: impl FnOnce(&mut Program) -> Result<T>) -> Result<T> {
        work(&mut *self.program.lock().map_err(|_| poisoned())?)
    }
}

/// Records a model: `Graph(parameters)`, then a forward pass over its inputs.
#[pyclass(frozen, module = "syntonic._core")]
pub struct Graph(Arc<Recording>);

#[pymethods]
impl Graph {
    #[new]
    fn new(parameters: Vec<PyRef<'_, ResonantTensor>>) -> PyResult<Self> {
        let parameters: Vec<Shared> = parameters.iter().map(|p| p.inner()).collect();
        let shape = |p: &Shared| Ok(p.read().map_err(|_| poisoned())?.shape().clone());
        let program = Program::new(quick(|| parameters.iter().map(shape).collect())?);
        Ok(Self(Arc::new(Recording { program: Mutex::new(program), parameters })))
    }

    /// A value that each generation supplies, of this shape.
    fn input(&self, shape: &Bound<'_, PyAny>) -> PyResult<Symbol> {
        let shape = source::sizes(shape)?;
        let id = quick(|| self.0.with(|program| Ok(program.input(shape))))?;
        Ok(Symbol { recording: Arc::clone(&self.0), id })
    }

    /// What generations are judged by: the scalar `loss`, and further scalars computed for the centre.
    #[pyo3(signature = (loss, metrics=Vec::new()), text_signature = "($self, loss, metrics=())")]
    fn objective(&self, loss: &Symbol, metrics: Vec<PyRef<'_, Symbol>>) -> PyResult<Objective> {
        quick(|| {
            let symbols = [loss].into_iter().chain(metrics.iter().map(|m| &**m));
            for symbol in symbols {
                symbol.belongs(&self.0)?;
                let shape = self.0.with(|program| program.shape(symbol.id).cloned())?;
                if shape.numel() != 1 {
                    return Err(Error::Shape {
                        op: "objective",
                        expected: "scalars; reduce with mean() or a loss".into(),
                        got: shape.to_string(),
                    });
                }
            }
            let program = Arc::new(self.0.with(|program| Ok(program.clone()))?);
            let metrics = metrics.iter().map(|m| m.id).collect();
            Ok(Objective(evolve::Objective { program, loss: loss.id, metrics }))
        })
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
    /// Returns the sizes of its axes.
    pub(crate) fn sizes(&self) -> Result<Shape> {
        self.recording.with(|program| program.shape(self.id).cloned())
    }

    /// Records an operation on `inputs`, of which this is one; tensors and numbers among them become constants.
    pub(crate) fn record(
        &self,
        inputs: &[Given],
        parameters: &[Shared],
        make: impl Fn(&[usize]) -> Op,
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
            if let Given::Value(Value::Symbol(input)) = input {
                input.belongs(&self.recording)?;
            }
        }
        let id = self.recording.with(|program| {
            let node = |input: &Given| match input {
                Given::Value(Value::Symbol(x)) => Ok(x.id),
                Given::Value(Value::Tensor(x)) => Ok(program.constant(x.clone())),
                Given::Number(x) => Ok(program.constant(Tensor::full([], DType::F64, *x)?)),
            };
            let nodes = inputs.iter().map(node).collect::<Result<Vec<_>>>()?;
            program.apply(make(&numbers), &nodes)
        })?;
        Ok(Self { recording: Arc::clone(&self.recording), id })
    }

    fn belongs(&self, recording: &Arc<Recording>) -> Result<()> {
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

    fn __bool__(&self) -> PyResult<bool> {
        self.__float__().map(|x| x != 0.0)
    }

    fn __repr__(&self) -> PyResult<String> {
        Ok(format!("Symbol(shape={})", quick(|| self.sizes())?))
    }
}

/// What generations are judged by, ready for `Evolution.step`.
#[pyclass(frozen, module = "syntonic._core")]
pub struct Objective(pub evolve::Objective);

#[pymethods]
impl Objective {
    /// The source of the CUDA kernel that evaluates `population` members, written from the recorded model.
    ///
    /// Raises:
    ///     ValueError: the model has an operation without a rule for the GPU.
    #[pyo3(signature = (population, *, rank=None, syntony=false, dtype="float32"))]
    fn cuda_source(&self, population: usize, rank: Option<usize>, syntony: bool, dtype: &str) -> PyResult<String> {
        quick(|| Ok(self.blueprint(population, rank, syntony, dtype)?.text()))
    }

    /// The image of that kernel for compute capability `arch` (90 is sm_90): a cubin, or PTX for a card newer than NVRTC.
    /// No GPU is needed.
    ///
    /// Raises:
    ///     ValueError: the model has an operation without a rule for the GPU.
    ///     DeviceUnavailable: NVRTC is not installed; `pip install 'syntonic[cuda]'` brings it.
    #[pyo3(signature = (population, arch, *, rank=None, syntony=false, dtype="float32"))]
    fn cuda_image<'py>(
        &self,
        py: Python<'py>,
        population: usize,
        arch: u32,
        rank: Option<usize>,
        syntony: bool,
        dtype: &str,
    ) -> PyResult<Bound<'py, PyBytes>> {
        cuda::search(py)?;
        let image = enter(py, || self.blueprint(population, rank, syntony, dtype)?.compile(arch))?;
        Ok(PyBytes::new(py, &image))
    }
}

impl Objective {
    fn blueprint(&self, population: usize, rank: Option<usize>, syntony: bool, dtype: &str) -> Result<Blueprint> {
        let Self(evolve::Objective { program, loss, .. }) = self;
        let noise = Perturbation::new(0, 0, program.parameter_shapes(), rank);
        Ok(program.kernel(*loss, &noise, DType::from_name(dtype)?, population, syntony)?.0)
    }
}

/// Registers this file's classes.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<Graph>()?;
    m.add_class::<Symbol>()?;
    m.add_class::<Objective>()
}
