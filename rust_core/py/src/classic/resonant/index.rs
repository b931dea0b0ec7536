//! Indexing of resonant tensors: integers, slices and an ellipsis, as in NumPy; the result is a tensor of its own.

use pyo3::exceptions::{PyIndexError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyEllipsis, PySlice, PyTuple};
use syntonic_classic::resonant::Moves;
use syntonic_core::tensor::Resonant;

use crate::door::quick;
use crate::resonant::ResonantTensor;

/// What one part of an index does to an axis.
enum Part {
    /// Takes one entry, and the axis is gone.
    One(usize),
    /// Takes some entries.
    Some(Vec<usize>),
}

#[pymethods]
impl ResonantTensor {
    /// The entries that integers (negative ones count from the end), slices and `...` name; nothing is computed.
    fn __getitem__(&self, key: &Bound<'_, PyAny>) -> PyResult<Self> {
        let tensor = self.copy()?;
        let dims = tensor.shape().dims().to_vec();
        let parts = spelled_out(key, dims.len())?;
        let parts = parts.iter().zip(&dims).map(|(part, &size)| read(part, size)).collect::<PyResult<Vec<_>>>()?;
        quick(|| {
            let (mut found, mut kept) = (tensor, Vec::new());
            for (axis, part) in parts.iter().enumerate() {
                let numbers = match part {
                    Part::One(number) => std::slice::from_ref(number),
                    Part::Some(numbers) => {
                        kept.push(numbers.len() as i64);
                        numbers
                    }
                };
                found = found.index_select(axis as i64, numbers)?;
            }
            Resonant::reshape(&found, &kept)
        })
        .map(Self::wrap)
    }
}

/// Returns the parts of an index, one for each axis; those that it does not name are taken whole.
fn spelled_out<'py>(key: &Bound<'py, PyAny>, rank: usize) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let mut parts = key.cast::<PyTuple>().map_or_else(|_| vec![key.clone()], |all| all.iter().collect());
    let gap = parts.iter().position(|part| part.is_instance_of::<PyEllipsis>());
    let named = parts.len() - usize::from(gap.is_some());
    let again = gap.is_some_and(|gap| parts[gap + 1..].iter().any(|part| part.is_instance_of::<PyEllipsis>()));
    if named > rank || again {
        return Err(PyIndexError::new_err(format!("expected at most {rank} indices and one ellipsis, got {key}")));
    }
    let at = gap.unwrap_or(parts.len());
    let whole = std::iter::repeat_n(PySlice::full(key.py()).into_any(), rank - named);
    parts.splice(at..at + usize::from(gap.is_some()), whole);
    Ok(parts)
}

fn read(part: &Bound<'_, PyAny>, size: usize) -> PyResult<Part> {
    if let Ok(slice) = part.cast::<PySlice>() {
        let found = slice.indices(size.cast_signed())?;
        let numbers = (0..found.slicelength).map(|i| (found.start + i.cast_signed() * found.step).cast_unsigned());
        return Ok(Part::Some(numbers.collect()));
    }
    let number = match part.extract::<isize>() {
        Ok(number) if !part.is_instance_of::<PyBool>() => number,
        Err(error) if !error.is_instance_of::<PyTypeError>(part.py()) => return Err(error),
        _ => {
            let kind = part.get_type().name()?;
            return Err(PyTypeError::new_err(format!(
                "expected integers, slices or ..., got {kind}; see index_select and masked_select for lists and masks"
            )));
        }
    };
    let from_start = if number < 0 { number.checked_add_unsigned(size) } else { Some(number) };
    let found = from_start.and_then(|number| usize::try_from(number).ok()).filter(|&number| number < size);
    found
        .map(Part::One)
        .ok_or_else(|| PyIndexError::new_err(format!("index {number} is out of an axis of size {size}")))
}
