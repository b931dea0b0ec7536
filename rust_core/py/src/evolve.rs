//! `syntonic._core.Evolution`: the population engine over a model's parameters.

mod settings;
mod watch;

use std::sync::{Arc, Mutex, MutexGuard};

use pyo3::exceptions::PyAttributeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString};
use syntonic_core::Result;
use syntonic_core::evolve::{self, Displacement, Gene};

use crate::arrays;
use crate::copies::{cut_of, warn_of_cut};
use crate::devices;
use crate::door::{enter, quick};
use crate::list::List;
use crate::list::whole;
use crate::program::Objective;
use crate::resonant::{ResonantTensor, Shared, poisoned};
use crate::tensor::Tensor;
use watch::Watch;

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
    watch: Arc<Watch>,
}

impl Evolution {
    fn engine(&self) -> Result<MutexGuard<'_, evolve::Evolution>> {
        self.engine.lock().map_err(|_| poisoned())
    }

    /// Runs `work` without the GIL; what a signal's handler raises meanwhile takes the place of `Interrupted`.
    fn enter<T: Send>(&self, py: Python<'_>, work: impl FnOnce() -> Result<T> + Send) -> PyResult<T> {
        enter(py, work).map_err(|error| self.watch.raised().unwrap_or(error))
    }

    /// Copies the weights that the model is judged by into the parameters: the centre, or an average.
    fn publish(&self, engine: &evolve::Evolution) -> Result<()> {
        let state = engine.state();
        let average = if state.average.is_empty() { None } else { Some(engine.answer()?) };
        let (values, lattice) = average.as_ref().map_or((&state.centre, &state.lattice), |(x, lattice)| (x, lattice));
        let mut start = 0;
        for parameter in &self.parameters {
            let mut parameter = parameter.write().map_err(|_| poisoned())?;
            let range = start..start + parameter.shape().numel();
            start = range.end;
            match engine.config().bound() {
                Some(_) => parameter.set_lattice(&lattice.0[range.clone()], &lattice.1[range])?,
                None => parameter.set_flux(&values[range])?,
            }
        }
        Ok(())
    }
}

/// Puts a parameter on the lattice of this precision, or in flux, and returns it as a gene.
fn gene(parameter: &Shared, precision: Option<i64>) -> Result<Gene> {
    let mut parameter = parameter.write().map_err(|_| poisoned())?;
    match precision {
        Some(precision) => parameter.saturate(precision)?,
        None => parameter.wake_flux(),
    }
    Ok(Gene {
        shape: parameter.shape().clone(),
        mode_weights: parameter.weights().to_vec(),
        values: parameter.values(),
    })
}

#[pymethods]
impl Evolution {
    #[new]
    #[pyo3(signature = (parameters, *, device="cpu", strategy="retrocausal", **settings))]
    fn new(
        py: Python<'_>,
        parameters: List<PyRef<'_, ResonantTensor>>,
        device: &str,
        strategy: &str,
        settings: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let parameters: Vec<Shared> = parameters.iter().map(|p| p.inner()).collect();
        let (config, strategy, _) = settings::config(strategy, settings)?;
        let device = if device == "cpu" { None } else { Some(devices::device(py, device)?) };
        let (evolution, cut) = enter(py, || {
            let genes = parameters.iter().map(|p| gene(p, config.bound())).collect::<Result<_>>()?;
            // As they are snapped: what is published has been in bounds since.
            let cut = parameters.iter().find_map(|p| cut_of(&*p.read().ok()?));
            let engine = evolve::Evolution::by(strategy, config, genes)?;
            let mut engine = match &device {
                Some(device) => engine.on(device)?,
                None => engine,
            };
            let watch = Arc::new(Watch::default());
            engine.set_interrupt(Some(watch.interrupt()));
            let evolution = Self { engine: Mutex::new(engine), parameters, watch };
            evolution.publish(&*evolution.engine()?)?;
            Ok((evolution, cut))
        })?;
        warn_of_cut(cut)?;
        Ok(evolution)
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
        inputs: List<PyRef<'_, Tensor>>,
        following: Option<List<PyRef<'_, Tensor>>>,
    ) -> PyResult<Record> {
        let own =
            |tensors: &[PyRef<'_, Tensor>]| tensors.iter().map(|x| x.on_host().cloned()).collect::<PyResult<Vec<_>>>();
        let (inputs, following) = (own(&inputs)?, following.map(|tensors| own(&tensors)).transpose()?);
        let objective = &objective.0;
        self.enter(py, || {
            let mut engine = self.engine()?;
            let record = engine.step_ahead(objective, &inputs, following.as_deref())?;
            self.publish(&engine)?;
            Ok(Record(record))
        })
    }

    /// Checks that generations on this objective can be done; nothing changes.
    fn check(&self, objective: &Objective) -> PyResult<()> {
        quick(|| self.engine()?.check_objective(&objective.0))
    }

    /// Multiplies sigma for the next `duration` generations; the factor falls back to 1 in a straight line.
    fn shock(&self, multiplier: f64, #[pyo3(from_py_with = whole)] duration: u64) -> PyResult<()> {
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
    fn losses(
        &self,
        py: Python<'_>,
        objective: &Objective,
        inputs: crate::list::List<PyRef<'_, Tensor>>,
    ) -> PyResult<Vec<f64>> {
        let inputs = inputs.iter().map(|x| x.on_host().cloned()).collect::<PyResult<Vec<_>>>()?;
        let objective = &objective.0;
        self.enter(py, || self.engine()?.losses(objective, &inputs))
    }

    /// Asks `stop()` while members are evaluated; if it says true, the step raises Interrupted and changes nothing. It must
    /// be quick, and must not use this engine.
    fn set_interrupt(&self, stop: Option<Py<PyAny>>) {
        self.watch.set(stop);
    }

    /// The weights of each member of the generation to come, flat, mirror images side by side. Nothing changes.
    fn members(&self, py: Python<'_>) -> PyResult<Vec<Vec<f64>>> {
        self.enter(py, || self.engine()?.members())
    }

    /// As `members`, cut into parameters: float64 tensors in the order of the model's.
    fn parameters_of_members(&self, py: Python<'_>) -> PyResult<Vec<Vec<Tensor>>> {
        let members = self.enter(py, || self.engine()?.parameters_of_members())?;
        Ok(members.into_iter().map(|member| member.into_iter().map(Tensor::from).collect()).collect())
    }

    /// The centre's weights, flat.
    fn weights(&self) -> PyResult<Vec<f64>> {
        quick(|| Ok(self.engine()?.state().centre.clone()))
    }

    /// The centre's loss and metrics on one batch. Nothing changes.
    fn centre(
        &self,
        py: Python<'_>,
        objective: &Objective,
        inputs: crate::list::List<PyRef<'_, Tensor>>,
    ) -> PyResult<Vec<f64>> {
        let inputs = inputs.iter().map(|x| x.on_host().cloned()).collect::<PyResult<Vec<_>>>()?;
        let objective = &objective.0;
        self.enter(py, || self.engine()?.centre_on(objective, &inputs))
    }

    /// The loss on one batch of each of these members, whose weights are flat. Nothing changes.
    fn losses_of(
        &self,
        py: Python<'_>,
        objective: &Objective,
        inputs: List<PyRef<'_, Tensor>>,
        members: List<List<f64>>,
    ) -> PyResult<Vec<f64>> {
        let inputs = inputs.iter().map(|x| x.on_host().cloned()).collect::<PyResult<Vec<_>>>()?;
        let objective = &objective.0;
        let members: Vec<Vec<f64>> = members.into_iter().map(|member| member.0).collect();
        self.enter(py, || self.engine()?.losses_of(objective, &inputs, &members))
    }

    /// Ends a generation whose members were evaluated by the caller: `fitness` of each, higher is better, NaN counts as
    /// worst. `centre` is the centre's loss and metrics; without it the members' mean loss stands for its loss.
    #[pyo3(signature = (fitness, centre=None))]
    fn tell(&self, py: Python<'_>, fitness: List<f64>, centre: Option<List<f64>>) -> PyResult<Record> {
        self.enter(py, || {
            let mut engine = self.engine()?;
            let record = engine.tell_fitness(&fitness, centre.map(|x| x.0))?;
            self.publish(&engine)?;
            Ok(Record(record))
        })
    }

    /// As `tell`, with a direction of the caller's own, a number for each weight.
    #[pyo3(signature = (direction, fitness, centre=None))]
    fn follow(
        &self,
        py: Python<'_>,
        direction: List<f64>,
        fitness: List<f64>,
        centre: Option<List<f64>>,
    ) -> PyResult<Record> {
        self.enter(py, || {
            let mut engine = self.engine()?;
            let record = engine.follow(direction.0, &fitness, centre.map(|x| x.0))?;
            self.publish(&engine)?;
            Ok(Record(record))
        })
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

static NAMES: PyOnceLock<Vec<Py<PyString>>> = PyOnceLock::new();

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

    /// Of perturbed activations, where it was measured: (number of the first parameter, cosine) of each site.
    #[getter]
    fn signal(&self) -> Vec<(usize, f64)> {
        self.0.signal.clone()
    }

    /// Every figure by its name, in order; `generation_figures` says what each is.
    fn figures<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let all = PyDict::new(py);
        // A generation may take ten microseconds: the names are made once.
        let names = NAMES.get_or_init(py, || {
            let name = |figure: &evolve::Figure| PyString::new(py, figure.name).unbind();
            evolve::Record::FIGURES.iter().map(name).collect()
        });
        for (name, value) in names.iter().zip(self.0.values()) {
            all.set_item(name.bind(py), settings::object(py, &value)?)?;
        }
        Ok(all)
    }

    fn __getattr__(&self, py: Python<'_>, name: &str) -> PyResult<Py<PyAny>> {
        match evolve::Record::FIGURES.iter().position(|figure| figure.name == name) {
            Some(i) => settings::object(py, &self.0.values()[i]),
            None => Err(PyAttributeError::new_err(format!("a record has no figure {name:?}"))),
        }
    }
}

/// Registers this file's classes and functions.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<Evolution>()?;
    m.add_class::<Record>()?;
    settings::register(m)
}
