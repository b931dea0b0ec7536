//! `syntonic._core.Evolution`: the population engine over a model's parameters.

use std::sync::{Mutex, MutexGuard};

use pyo3::IntoPyObjectExt;
use pyo3::exceptions::{PyAttributeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyString};
use syntonic_core::Result;
use syntonic_core::evolve::setting::{Bound as Limit, Kind, Settings, Value};
use syntonic_core::evolve::{self, Config, Displacement, Gene};

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
            match engine.config().bound() {
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

/// Reads one value of a setting; what settings have no type for becomes its text, which no setting takes.
fn value(given: &Bound<'_, PyAny>) -> PyResult<Value> {
    if given.is_none() {
        return Ok(Value::None);
    }
    if given.is_instance_of::<PyBool>() {
        return Ok(Value::Bool(given.extract()?));
    }
    if given.is_instance_of::<PyString>() {
        return Ok(Value::Text(given.extract()?));
    }
    let whole = given.extract().map(Value::Integer);
    Ok(whole.or_else(|_| given.extract().map(Value::Number)).unwrap_or(Value::Text(given.repr()?.to_string())))
}

fn object(py: Python<'_>, value: &Value) -> PyResult<Py<PyAny>> {
    Ok(match value {
        Value::None => py.None(),
        Value::Bool(x) => x.into_py_any(py)?,
        Value::Integer(x) => x.into_py_any(py)?,
        Value::Number(x) => x.into_py_any(py)?,
        Value::Text(x) => x.into_py_any(py)?,
    })
}

/// Returns the settings that these keyword arguments ask for, checked.
fn config(given: Option<&Bound<'_, PyDict>>) -> PyResult<Config> {
    let mut config = Config::default();
    for (name, given) in given.into_iter().flatten() {
        let (name, value) = (name.extract::<String>()?, value(&given)?);
        if !quick(|| config.set(&name, &value))? {
            return Err(PyTypeError::new_err(format!("there is no setting {name:?} of the trainer")));
        }
    }
    quick(|| config.check())?;
    Ok(config)
}

/// Returns every setting of the trainer with its value, given those that are said.
///
/// Raises:
///     ValueError: a setting out of its range, or two that do not go together.
///     TypeError: a name that no setting has.
#[pyfunction]
#[pyo3(signature = (**settings))]
fn trainer_config<'py>(py: Python<'py>, settings: Option<&Bound<'py, PyDict>>) -> PyResult<Bound<'py, PyDict>> {
    let (config, all) = (config(settings)?, PyDict::new(py));
    for setting in Config::describe() {
        all.set_item(setting.name, object(py, &config.value(setting.name).unwrap_or(Value::None))?)?;
    }
    Ok(all)
}

/// Returns the description of every setting of the trainer: its name, what it does, its type ("bool", "int", "float" or
/// "choice"), whether it may be None, its default, its names if it is a choice, and the bounds of a number ("ge", "gt",
/// "le", "lt", "multiple_of").
#[pyfunction]
fn trainer_settings(py: Python<'_>) -> PyResult<Vec<Bound<'_, PyDict>>> {
    let described = Config::describe().into_iter().map(|setting| {
        let (all, bounds) = (PyDict::new(py), PyDict::new(py));
        let number =
            |x: f64| if setting.kind == Kind::Integer { (x as i64).into_py_any(py) } else { x.into_py_any(py) };
        for bound in setting.bounds {
            match *bound {
                Limit::AtLeast(x) => bounds.set_item("ge", number(x)?)?,
                Limit::Above(x) => bounds.set_item("gt", number(x)?)?,
                Limit::AtMost(x) => bounds.set_item("le", number(x)?)?,
                Limit::Below(x) => bounds.set_item("lt", number(x)?)?,
                Limit::Even => bounds.set_item("multiple_of", 2)?,
            }
        }
        let (kind, choices): (_, &[&str]) = match setting.kind {
            Kind::Bool => ("bool", &[]),
            Kind::Integer => ("int", &[]),
            Kind::Number => ("float", &[]),
            Kind::Choice(names) => ("choice", names),
        };
        all.set_item("name", setting.name)?;
        all.set_item("doc", setting.doc)?;
        all.set_item("kind", kind)?;
        all.set_item("optional", setting.optional)?;
        all.set_item("default", object(py, &setting.default)?)?;
        all.set_item("choices", choices)?;
        all.set_item("bounds", bounds)?;
        Ok(all)
    });
    described.collect()
}

/// Returns the description of every figure of a generation: its name, what it is, and whether it is recorded.
#[pyfunction]
fn generation_figures() -> Vec<(&'static str, &'static str, bool)> {
    evolve::Record::FIGURES.iter().map(|figure| (figure.name, figure.doc, figure.tracked)).collect()
}

#[pymethods]
impl Evolution {
    #[new]
    #[pyo3(signature = (parameters, *, device="cpu", **settings))]
    fn new(
        py: Python<'_>,
        parameters: Vec<PyRef<'_, ResonantTensor>>,
        device: &str,
        settings: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let parameters: Vec<Shared> = parameters.iter().map(|p| p.inner()).collect();
        let config = config(settings)?;
        let device = if device == "cpu" { None } else { Some(cuda::device(py, device)?) };
        enter(py, || {
            let genes = parameters.iter().map(|p| gene(p, config.bound())).collect::<Result<_>>()?;
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
    /// The centre's further metrics on the generation's batch, in the order of the objective.
    #[getter]
    fn metrics(&self) -> Vec<f64> {
        self.0.metrics.clone()
    }

    /// Every figure by its name, in order; `generation_figures` says what each is.
    fn figures<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let all = PyDict::new(py);
        for (figure, value) in evolve::Record::FIGURES.iter().zip(self.0.values()) {
            all.set_item(figure.name, object(py, &value)?)?;
        }
        Ok(all)
    }

    fn __getattr__(&self, py: Python<'_>, name: &str) -> PyResult<Py<PyAny>> {
        match evolve::Record::FIGURES.iter().position(|figure| figure.name == name) {
            Some(i) => object(py, &self.0.values()[i]),
            None => Err(PyAttributeError::new_err(format!("a record has no figure {name:?}"))),
        }
    }
}

/// Registers this file's classes and functions.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<Evolution>()?;
    m.add_class::<Record>()?;
    m.add_function(wrap_pyfunction!(trainer_config, m)?)?;
    m.add_function(wrap_pyfunction!(trainer_settings, m)?)?;
    m.add_function(wrap_pyfunction!(generation_figures, m)?)
}
