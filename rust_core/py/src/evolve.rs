//! `syntonic._core.Evolution`: the population engine over a model's parameters.

use std::sync::{Mutex, MutexGuard};

use pyo3::prelude::*;
use pyo3::types::PyDict;
use syntonic_core::evolve::{self, Config, Displacement, Gene, OptimizerKind, Schedule};
use syntonic_core::tensor::DType;
use syntonic_core::{Error, Result};

use crate::arrays;
use crate::cuda;
use crate::door::{enter, quick};
use crate::ops::Shared;
use crate::program::Objective;
use crate::resonant::{ResonantTensor, poisoned};
use crate::tensor::Tensor;

/// Evolves parameters: `step` does one generation and leaves the new centre in them.
///
/// The parameters are crystallized if `precision` is given, in flux if it is None. All randomness is a pure function of
/// `seed`, the generation, the pair of members, the parameter and the element; the number of threads changes no bit.
///
/// Raises:
///     ValueError: a setting out of its range.
#[pyclass(frozen, module = "syntonic._core")]
pub struct Evolution {
    engine: Mutex<evolve::Evolution>,
    parameters: Vec<Shared>,
}

impl Evolution {
    fn engine(&self) -> Result<MutexGuard<'_, evolve::Evolution>> {
        self.engine.lock().map_err(|_| poisoned())
    }

    /// Copies the engine's centre into the parameters.
    fn publish(&self, engine: &evolve::Evolution) -> Result<()> {
        let state = engine.state();
        let mut start = 0;
        for parameter in &self.parameters {
            let mut parameter = parameter.write().map_err(|_| poisoned())?;
            let range = start..start + parameter.shape().numel();
            start = range.end;
            match engine.config().precision {
                Some(_) => parameter.set_lattice(&state.lattice.0[range.clone()], &state.lattice.1[range])?,
                None => parameter.set_flux(&state.centre[range])?,
            }
        }
        Ok(())
    }
}

/// Puts a parameter on the lattice of this precision, or in flux, and returns it as a gene.
fn gene(parameter: &Shared, precision: Option<i64>) -> Result<Gene> {
    let mut parameter = parameter.write().map_err(|_| poisoned())?;
    match precision {
        Some(_) => parameter.crystallize(precision)?,
        None => parameter.wake_flux(),
    }
    Ok(Gene {
        shape: parameter.shape().clone(),
        mode_weights: parameter.weights().to_vec(),
        values: parameter.values(),
    })
}

fn optimizer(name: &str) -> Result<OptimizerKind> {
    match name {
        "adam" => Ok(OptimizerKind::Adam),
        "momentum" => Ok(OptimizerKind::Momentum),
        other => Err(Error::Value {
            op: "trainer",
            expected: "optimizer adam or momentum".into(),
            got: format!("{other:?}"),
        }),
    }
}

fn schedule(name: &str) -> Result<Schedule> {
    match name {
        "cosine" => Ok(Schedule::Cosine),
        "linear" => Ok(Schedule::Linear),
        other => {
            Err(Error::Value { op: "trainer", expected: "schedule cosine or linear".into(), got: format!("{other:?}") })
        }
    }
}

#[pymethods]
impl Evolution {
    #[new]
    #[pyo3(signature = (
        parameters, *, seed, population_size, sigma, sigma_final, rank, optimizer, learning_rate, learning_rate_final,
        schedule, beta1, beta2, max_generations, precision, error_feedback, harmonize_strength, pull_strength, attractor_capacity,
        attractor_decay_rate, attractor_quantile, lambda_syntony, survivor_count, elitist, dtype, threads, device="cpu"
    ))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments, one for each setting")]
    fn new(
        py: Python<'_>,
        parameters: Vec<PyRef<'_, ResonantTensor>>,
        seed: u32,
        population_size: usize,
        sigma: f64,
        sigma_final: f64,
        rank: Option<usize>,
        optimizer: &str,
        learning_rate: f64,
        learning_rate_final: f64,
        schedule: &str,
        beta1: f64,
        beta2: f64,
        max_generations: u64,
        precision: Option<i64>,
        error_feedback: bool,
        harmonize_strength: f64,
        pull_strength: f64,
        attractor_capacity: usize,
        attractor_decay_rate: f64,
        attractor_quantile: f64,
        lambda_syntony: f64,
        survivor_count: Option<usize>,
        elitist: bool,
        dtype: &str,
        threads: Option<usize>,
        device: &str,
    ) -> PyResult<Self> {
        let parameters: Vec<Shared> = parameters.iter().map(|p| p.inner()).collect();
        let config = Config {
            seed,
            population_size,
            sigma,
            sigma_final,
            rank,
            optimizer: quick(|| self::optimizer(optimizer))?,
            learning_rate,
            learning_rate_final,
            schedule: quick(|| self::schedule(schedule))?,
            beta1,
            beta2,
            max_generations,
            precision,
            error_feedback,
            harmonize_strength,
            pull_strength,
            attractor_capacity,
            attractor_decay_rate,
            attractor_quantile,
            lambda_syntony,
            survivor_count,
            elitist,
            dtype: quick(|| DType::from_name(dtype))?,
            threads,
        };
        let device = if device == "cpu" { None } else { Some(cuda::device(py, device)?) };
        enter(py, || {
            config.check()?;
            let genes = parameters.iter().map(|p| gene(p, config.precision)).collect::<Result<_>>()?;
            let engine = evolve::Evolution::new(config, genes)?;
            let engine = match &device {
                Some(device) => engine.on(device)?,
                None => engine,
            };
            let evolution = Self { engine: Mutex::new(engine), parameters };
            evolution.publish(&*evolution.engine()?)?;
            Ok(evolution)
        })
    }

    /// Does one generation on one batch and returns what it found. After an error nothing has changed.
    ///
    /// `following` is the batch of the next generation, if it is known: a GPU then begins with it before this returns. Nothing
    /// else can tell whether it was given, and a step on another batch forgets it; on the CPU it does nothing.
    #[pyo3(signature = (objective, inputs, following=None))]
    fn step(
        &self,
        py: Python<'_>,
        objective: &Objective,
        inputs: Vec<PyRef<'_, Tensor>>,
        following: Option<Vec<PyRef<'_, Tensor>>>,
    ) -> PyResult<Record> {
        let own = |tensors: &[PyRef<'_, Tensor>]| tensors.iter().map(|x| x.0.clone()).collect::<Vec<_>>();
        let (inputs, following) = (own(&inputs), following.map(|tensors| own(&tensors)));
        let objective = &objective.0;
        enter(py, || {
            let mut engine = self.engine()?;
            let record = engine.step_ahead(objective, &inputs, following.as_deref())?;
            self.publish(&engine)?;
            Ok(Record(record))
        })
    }

    /// Multiplies sigma for the next `duration` generations; the factor falls back to 1 in a straight line.
    fn shock(&self, multiplier: f64, duration: u64) -> PyResult<()> {
        quick(|| self.engine()?.shock(multiplier, duration))
    }

    /// Moves the centre: each parameter by `magnitude` times its standard deviation times standard normals, times
    /// phi^(-i/n) for parameter i of n if `golden_scaling`, scaled to length 1 as a whole if `unit`.
    #[pyo3(signature = (magnitude, *, golden_scaling=false, unit=false))]
    fn displace(&self, magnitude: f64, golden_scaling: bool, unit: bool) -> PyResult<()> {
        quick(|| {
            let mut engine = self.engine()?;
            engine.displace(&Displacement { magnitude, golden_scaling, unit })?;
            self.publish(&engine)
        })
    }

    /// The loss on one batch of each member of the generation to come, mirror images side by side. Nothing changes.
    fn losses(&self, py: Python<'_>, objective: &Objective, inputs: Vec<PyRef<'_, Tensor>>) -> PyResult<Vec<f64>> {
        let inputs: Vec<_> = inputs.iter().map(|x| x.0.clone()).collect();
        let objective = &objective.0;
        enter(py, || self.engine()?.losses(objective, &inputs))
    }

    /// Generations done.
    #[getter]
    fn generation(&self) -> PyResult<u64> {
        quick(|| Ok(self.engine()?.state().generation))
    }

    /// Members evaluated so far.
    #[getter]
    fn evaluations(&self) -> PyResult<u64> {
        quick(|| Ok(self.engine()?.state().evaluations))
    }

    /// Everything that the next generation depends on, besides the settings: named arrays in the form that the
    /// `safetensors` package serializes, `{"dtype", "shape", "data"}`.
    fn state<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let state = quick(|| Ok(self.engine()?.state().clone()))?;
        arrays::from_state(py, &state)
    }

    /// Goes on from what `state` returned; the parameters take the centre's values.
    fn set_state(&self, arrays: &Bound<'_, PyDict>) -> PyResult<()> {
        let memory = quick(|| Ok(self.engine()?.state().memory.clone()))?;
        let state = arrays::to_state(arrays, memory)?;
        quick(|| {
            let mut engine = self.engine()?;
            engine.set_state(state)?;
            self.publish(&engine)
        })
    }
}

/// What one generation found.
#[pyclass(frozen, module = "syntonic._core")]
pub struct Record(evolve::Record);

#[pymethods]
impl Record {
    /// Generations done, this one included.
    #[getter]
    fn generation(&self) -> u64 {
        self.0.generation
    }

    /// Members evaluated so far.
    #[getter]
    fn evaluations(&self) -> u64 {
        self.0.evaluations
    }

    /// The centre's loss on the generation's batch, before the step.
    #[getter]
    fn loss(&self) -> f64 {
        self.0.loss
    }

    /// The centre's further metrics on that batch, in the order of the objective.
    #[getter]
    fn metrics(&self) -> Vec<f64> {
        self.0.metrics.clone()
    }

    /// Fitness of the best member; NaN if no member has a number.
    #[getter]
    fn best_fitness(&self) -> f64 {
        self.0.best_fitness
    }

    /// Mean fitness of the members whose fitness is a number.
    #[getter]
    fn mean_fitness(&self) -> f64 {
        self.0.mean_fitness
    }

    /// Members whose fitness is not a number.
    #[getter]
    fn nan_members(&self) -> usize {
        self.0.nan_members
    }

    /// Syntony of the new centre.
    #[getter]
    fn syntony(&self) -> f64 {
        self.0.syntony
    }

    /// Attractors remembered.
    #[getter]
    fn attractors(&self) -> usize {
        self.0.attractors
    }

    /// Standard deviation of the noise that was used.
    #[getter]
    fn sigma(&self) -> f64 {
        self.0.sigma
    }

    /// Step size that was used.
    #[getter]
    fn step_size(&self) -> f64 {
        self.0.step_size
    }
}

/// Registers this file's classes.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<Evolution>()?;
    m.add_class::<Record>()
}
