//! `syntonic._core.Graph` and `Objective`: a model recorded once for the population engine.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use syntonic_core::cuda::{Blueprint, Fused};
use syntonic_core::evolve;
use syntonic_core::loops::Draw;
use syntonic_core::program::{Evaluator, Perturbation, Program};
use syntonic_core::tensor::DType;
use syntonic_core::{Error, Result};

use crate::devices;
use crate::door::{enter, quick};
use crate::list::whole;
use crate::resonant::{ResonantTensor, Shared, poisoned};
use crate::source;
use crate::symbol::{Recording, Symbol};
use crate::tensor::Tensor;

/// Records a model: `Graph(parameters)`, then a forward pass over its inputs.
#[pyclass(frozen, module = "syntonic._core")]
pub struct Graph(Arc<Recording>);

#[pymethods]
impl Graph {
    #[new]
    fn new(parameters: crate::list::List<PyRef<'_, ResonantTensor>>) -> PyResult<Self> {
        let parameters: Vec<Shared> = parameters.iter().map(|p| p.inner()).collect();
        let shape = |p: &Shared| Ok(p.read().map_err(|_| poisoned())?.shape().clone());
        let program = Program::new(quick(|| parameters.iter().map(shape).collect())?);
        Ok(Self(Recording::new(program, parameters)))
    }

    /// A value that each generation supplies, of this shape.
    fn input(&self, shape: &Bound<'_, PyAny>) -> PyResult<Symbol> {
        let shape = source::sizes(shape)?;
        let id = quick(|| self.0.with(|program| Ok(program.input(shape))))?;
        Ok(Symbol::new(&self.0, id))
    }

    /// What generations are judged by: the scalar `loss`, and further scalars computed for the centre.
    ///
    /// `label_smoothing` spreads that share of each label over all classes, in the cross-entropies that the loss is made of.
    ///
    /// Raises:
    ///     ValueError: a value that is no scalar, or label smoothing without a cross-entropy.
    #[pyo3(
        signature = (loss, metrics=crate::list::List(Vec::new()), label_smoothing=0.0),
        text_signature = "($self, loss, metrics=(), label_smoothing=0.0)"
    )]
    fn objective(
        &self,
        loss: &Symbol,
        metrics: crate::list::List<PyRef<'_, Symbol>>,
        label_smoothing: f64,
    ) -> PyResult<Objective> {
        quick(|| {
            let symbols = [loss].into_iter().chain(metrics.iter().map(|m| &**m));
            for symbol in symbols {
                symbol.belongs(&self.0)?;
                let shape = self.0.with(|program| program.shape(symbol.id()).cloned())?;
                if shape.numel() != 1 {
                    return Err(Error::Shape {
                        op: "objective",
                        expected: "scalars; reduce with mean() or a loss".into(),
                        got: shape.to_string(),
                    });
                }
            }
            let mut program = self.0.with(|program| Ok(program.clone()))?;
            if label_smoothing != 0.0 {
                program.smooth(loss.id(), label_smoothing)?;
            }
            let program = Arc::new(program);
            let metrics = metrics.iter().map(|m| m.id()).collect();
            Ok(Objective(evolve::Objective { program, loss: loss.id(), metrics }))
        })
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
    fn cuda_source(
        &self,
        #[pyo3(from_py_with = whole)] population: usize,
        rank: Option<usize>,
        syntony: bool,
        dtype: &str,
    ) -> PyResult<String> {
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
        #[pyo3(from_py_with = whole)] population: usize,
        arch: u32,
        rank: Option<usize>,
        syntony: bool,
        dtype: &str,
    ) -> PyResult<Bound<'py, PyBytes>> {
        devices::search(py)?;
        let image = enter(py, || self.blueprint(population, rank, syntony, dtype)?.compile(arch))?;
        Ok(PyBytes::new(py, &image))
    }

    /// The source of the CUDA kernel that evaluates one member in each block, threads of a block, bytes of its shared memory, and
    /// the values that it is given beside the parameters, for these inputs.
    ///
    /// Raises:
    ///     ValueError: the model has an operation without a rule for such a kernel, or does not fit.
    #[pyo3(signature = (inputs, *, dtype="float32"))]
    fn fused_source(
        &self,
        inputs: crate::list::List<PyRef<'_, Tensor>>,
        dtype: &str,
    ) -> PyResult<(String, usize, usize, Vec<Vec<f64>>)> {
        let inputs = inputs.iter().map(|x| x.on_host().cloned()).collect::<PyResult<Vec<_>>>()?;
        quick(|| {
            let (fused, Self(evolve::Objective { program, loss, .. })) = (self.fused_kernel(dtype)?, self);
            let draw = Draw { seed: 0, generation: 0, pair: 0 };
            let evaluator = Evaluator::<f64>::new(Arc::clone(program), *loss, &inputs, Arc::default(), draw)?;
            let given = fused.given.iter().map(|&id| evaluator.shared(id).to_vec()).collect();
            Ok((fused.source(), fused.threads, fused.shared, given))
        })
    }

    /// The image of that kernel for compute capability `arch`, as `cuda_image` gives it.
    ///
    /// Raises:
    ///     ValueError: as in `fused_source`.
    ///     DeviceUnavailable: NVRTC is not installed; `pip install 'syntonic[cuda]'` brings it.
    #[pyo3(signature = (arch, *, dtype="float32"))]
    fn fused_image<'py>(&self, py: Python<'py>, arch: u32, dtype: &str) -> PyResult<Bound<'py, PyBytes>> {
        devices::search(py)?;
        let image = enter(py, || self.fused_kernel(dtype)?.compile(arch))?;
        Ok(PyBytes::new(py, &image))
    }
}

impl Objective {
    fn fused_kernel(&self, dtype: &str) -> Result<Fused> {
        let Self(evolve::Objective { program, loss, metrics }) = self;
        let wanted: Vec<usize> = [*loss].into_iter().chain(metrics.iter().copied()).collect();
        program.fused(&wanted, DType::from_name(dtype)?)
    }

    fn blueprint(&self, population: usize, rank: Option<usize>, syntony: bool, dtype: &str) -> Result<Blueprint> {
        let Self(evolve::Objective { program, loss, .. }) = self;
        let noise = Perturbation::new(0, 0, program.parameter_shapes(), rank);
        Ok(program.kernel(*loss, &noise, DType::from_name(dtype)?, population, syntony)?.0)
    }
}

/// Registers this file's classes.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<Graph>()?;
    m.add_class::<Objective>()
}
