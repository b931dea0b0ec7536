//! The trainer's settings and figures as Python sees them, from the core's descriptions.

use pyo3::IntoPyObjectExt;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyString};
use syntonic_core::evolve::setting::{Bound as Limit, Kind, Setting, Settings, Value};
use syntonic_core::evolve::strategy::{Entry, Strategy};
use syntonic_core::evolve::{self, Config, STRATEGIES};
use syntonic_core::tensor::Shape;

use crate::door::quick;
use crate::list::List;

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

pub fn object(py: Python<'_>, value: &Value) -> PyResult<Py<PyAny>> {
    Ok(match value {
        Value::None => py.None(),
        Value::Bool(x) => x.into_py_any(py)?,
        Value::Integer(x) => x.into_py_any(py)?,
        Value::Number(x) => x.into_py_any(py)?,
        Value::Text(x) => x.into_py_any(py)?,
    })
}

/// Finds a strategy by its name.
fn entry(strategy: &str) -> PyResult<&'static Entry> {
    STRATEGIES.iter().find(|entry| entry.name == strategy).ok_or_else(|| {
        let known: Vec<&str> = STRATEGIES.iter().map(|entry| entry.name).collect();
        PyValueError::new_err(format!("strategy {strategy:?}: expected {}", known.join(" or ")))
    })
}

/// Values that are said of settings.
type Said = Vec<(String, Value)>;

/// Returns the settings and the strategy that these keyword arguments ask for, checked, and what they say of the strategy's own.
pub fn config(strategy: &str, given: Option<&Bound<'_, PyDict>>) -> PyResult<(Config, Box<dyn Strategy>, Said)> {
    let entry = entry(strategy)?;
    let (mut config, mut own) = (Config::default(), Said::new());
    (entry.defaults)(&mut config);
    let names: Vec<&str> = (entry.describe)().iter().map(|setting| setting.name).collect();
    for (name, given) in given.into_iter().flatten() {
        let (name, value) = (name.extract::<String>()?, value(&given)?);
        if quick(|| config.set(&name, &value))? {
            continue;
        }
        if !names.contains(&name.as_str()) {
            return Err(PyTypeError::new_err(format!("there is no setting {name:?} of the trainer")));
        }
        own.push((name, value));
    }
    let strategy = quick(|| {
        config.check()?;
        let strategy = (entry.make)(&own)?;
        strategy.check(&config)?;
        Ok(strategy)
    })?;
    Ok((config, strategy, own))
}

/// Returns the descriptions of all settings of a strategy, with its defaults.
fn described(strategy: &str) -> PyResult<Vec<Setting>> {
    let entry = entry(strategy)?;
    let mut defaults = Config::default();
    (entry.defaults)(&mut defaults);
    let mut all = Config::describe();
    for setting in &mut all {
        setting.default = defaults.value(setting.name).unwrap_or(Value::None);
    }
    all.extend((entry.describe)());
    Ok(all)
}

/// Returns every setting of the trainer with its value, given those that are said.
///
/// Raises:
///     ValueError: a setting out of its range, or two that do not go together.
///     TypeError: a name that no setting has.
#[pyfunction]
#[pyo3(signature = (strategy="retrocausal", **settings))]
fn trainer_config<'py>(
    py: Python<'py>,
    strategy: &str,
    settings: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyDict>> {
    let ((config, _, own), all) = (config(strategy, settings)?, PyDict::new(py));
    for setting in described(strategy)? {
        let said = own.iter().find(|(name, _)| name == setting.name).map(|(_, value)| value.clone());
        let value = config.value(setting.name).or(said).unwrap_or(setting.default);
        all.set_item(setting.name, object(py, &value)?)?;
    }
    Ok(all)
}

/// Returns the bytes, about, that a run of these settings needs for parameters of these shapes, its model's values left out.
#[pyfunction]
#[pyo3(signature = (shapes, strategy="retrocausal", **settings))]
fn trainer_bytes(shapes: List<List<usize>>, strategy: &str, settings: Option<&Bound<'_, PyDict>>) -> PyResult<u128> {
    let (config, ..) = config(strategy, settings)?;
    let shapes: Vec<Shape> = shapes.into_iter().map(|shape| Shape::from(shape.0)).collect();
    quick(|| Ok(config.bytes(&shapes)))
}

/// Returns the name of every strategy of the core, and what it is.
#[pyfunction]
fn trainer_strategies() -> Vec<(&'static str, &'static str)> {
    STRATEGIES.iter().map(|entry| (entry.name, entry.doc)).collect()
}

/// Returns the description of every setting of the trainer: its name, what it does, its type ("bool", "int", "float" or
/// "choice"), whether it may be None, its default, its names if it is a choice, and the bounds of a number ("ge", "gt",
/// "le", "lt", "multiple_of").
#[pyfunction]
#[pyo3(signature = (strategy="retrocausal"))]
fn trainer_settings<'py>(py: Python<'py>, strategy: &str) -> PyResult<Vec<Bound<'py, PyDict>>> {
    let described = described(strategy)?.into_iter().map(|setting| {
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

/// Registers this file's functions.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(trainer_config, m)?)?;
    m.add_function(wrap_pyfunction!(trainer_settings, m)?)?;
    m.add_function(wrap_pyfunction!(trainer_strategies, m)?)?;
    m.add_function(wrap_pyfunction!(trainer_bytes, m)?)?;
    m.add_function(wrap_pyfunction!(generation_figures, m)?)
}
