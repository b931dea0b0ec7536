//! The engine's state as named arrays for a checkpoint, in the form that the `safetensors` package serializes.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use syntonic_core::evolve::{Attractor, AttractorMemory, Shock, State};

/// Returns `{name: {"dtype", "shape", "data"}}`, data little-endian and row-major.
pub fn from_state<'py>(py: Python<'py>, state: &State) -> PyResult<Bound<'py, PyDict>> {
    let all = PyDict::new(py);
    let attractors = state.memory.attractors();
    let values: Vec<f64> = attractors.iter().flat_map(|a| a.values.iter().copied()).collect();
    let scores: Vec<f64> = attractors.iter().map(|a| a.score).collect();
    let generations: Vec<i64> = attractors.iter().map(|a| a.generation as i64).collect();
    let counters = [state.generation as i64, state.evaluations as i64];
    let shock = [state.shock.multiplier, state.shock.start as f64, state.shock.duration as f64];
    let flat = |n: usize| vec![n];
    for (name, shape, data) in [
        ("centre", flat(state.centre.len()), Data::F64(&state.centre)),
        ("lattice_a", flat(state.lattice.0.len()), Data::I64(&state.lattice.0)),
        ("lattice_b", flat(state.lattice.1.len()), Data::I64(&state.lattice.1)),
        ("residual", flat(state.residual.len()), Data::F64(&state.residual)),
        ("first_moment", flat(state.first_moment.len()), Data::F64(&state.first_moment)),
        ("second_moment", flat(state.second_moment.len()), Data::F64(&state.second_moment)),
        ("attractor_values", vec![attractors.len(), state.centre.len()], Data::F64(&values)),
        ("attractor_scores", flat(scores.len()), Data::F64(&scores)),
        ("attractor_generations", flat(generations.len()), Data::I64(&generations)),
        ("counters", flat(2), Data::I64(&counters)),
        ("shock", flat(3), Data::F64(&shock)),
        ("strategy", flat(state.strategy.len()), Data::F64(&state.strategy)),
        ("average", flat(state.average.len()), Data::F64(&state.average)),
    ] {
        if ["strategy", "average"].contains(&name) && shape == [0] {
            continue; // as checkpoints were before strategies kept anything, and weights were averaged
        }
        let array = PyDict::new(py);
        let (dtype, bytes) = data.bytes();
        array.set_item("dtype", dtype)?;
        array.set_item("shape", shape)?;
        array.set_item("data", PyBytes::new(py, &bytes))?;
        all.set_item(name, array)?;
    }
    Ok(all)
}

/// Reads what `from_state` wrote; `memory` is an empty one with the settings of the run.
pub fn to_state(arrays: &Bound<'_, PyDict>, mut memory: AttractorMemory) -> PyResult<State> {
    let centre = floats(arrays, "centre")?;
    let counters = integers(arrays, "counters")?;
    let &[generation, evaluations] = counters.as_slice() else {
        return Err(fault("counters", "2 numbers"));
    };
    let &[multiplier, start, duration] = floats(arrays, "shock")?.as_slice() else {
        return Err(fault("shock", "3 numbers"));
    };
    let (values, scores) = (floats(arrays, "attractor_values")?, floats(arrays, "attractor_scores")?);
    let generations = integers(arrays, "attractor_generations")?;
    if values.len() != scores.len() * centre.len() || generations.len() != scores.len() {
        return Err(fault("attractor_values", "one row for each attractor"));
    }
    let rows = values.chunks_exact(centre.len().max(1)).zip(scores).zip(generations);
    let attractor = |((values, score), generation): ((&[f64], f64), i64)| {
        Ok(Attractor { values: values.to_vec(), score, generation: count("attractor_generations", generation)? })
    };
    memory.set_attractors(rows.map(attractor).collect::<PyResult<_>>()?);
    Ok(State {
        generation: count("counters", generation)?,
        evaluations: count("counters", evaluations)?,
        lattice: (integers(arrays, "lattice_a")?, integers(arrays, "lattice_b")?),
        residual: floats(arrays, "residual")?,
        first_moment: floats(arrays, "first_moment")?,
        second_moment: floats(arrays, "second_moment")?,
        centre,
        memory,
        strategy: if arrays.contains("strategy")? { floats(arrays, "strategy")? } else { Vec::new() },
        average: if arrays.contains("average")? { floats(arrays, "average")? } else { Vec::new() },
        shock: Shock { multiplier, start: start as u64, duration: duration as u64 },
    })
}

enum Data<'a> {
    F64(&'a [f64]),
    I64(&'a [i64]),
}

impl Data<'_> {
    fn bytes(&self) -> (&'static str, Vec<u8>) {
        match self {
            Self::F64(values) => ("float64", values.iter().flat_map(|x| x.to_le_bytes()).collect()),
            Self::I64(values) => ("int64", values.iter().flat_map(|x| x.to_le_bytes()).collect()),
        }
    }
}

fn floats(arrays: &Bound<'_, PyDict>, name: &str) -> PyResult<Vec<f64>> {
    Ok(words(arrays, name, "float64")?.into_iter().map(f64::from_le_bytes).collect())
}

fn integers(arrays: &Bound<'_, PyDict>, name: &str) -> PyResult<Vec<i64>> {
    Ok(words(arrays, name, "int64")?.into_iter().map(i64::from_le_bytes).collect())
}

fn words(arrays: &Bound<'_, PyDict>, name: &str, dtype: &str) -> PyResult<Vec<[u8; 8]>> {
    let array = arrays.get_item(name)?.ok_or_else(|| fault(name, "present"))?;
    let given: String = array.get_item("dtype")?.extract()?;
    if given != dtype {
        return Err(fault(name, dtype));
    }
    let data = array.get_item("data")?;
    let (words, rest) = data.extract::<&[u8]>()?.as_chunks::<8>();
    if rest.is_empty() { Ok(words.to_vec()) } else { Err(fault(name, "whole 8-byte numbers")) }
}

fn count(name: &str, number: i64) -> PyResult<u64> {
    u64::try_from(number).map_err(|_| fault(name, "numbers >= 0"))
}

fn fault(name: &str, expected: &str) -> PyErr {
    PyValueError::new_err(format!("the state's array {name:?} is not what a checkpoint holds: expected {expected}"))
}
