//! Sequences, whole numbers and dtypes that Python hands over.
//!
//! How long a sequence says it is decides nothing but whether that could be had.

use std::ops::Deref;

use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use syntonic_core::Error;
use syntonic_core::tensor::DType;

use crate::door::{quick, to_py};
use crate::either::kind;

/// The items of a sequence, each read as a T.
#[derive(Clone, Debug)]
pub struct List<T>(pub Vec<T>);

impl<'py, T: for<'a> FromPyObject<'a, 'py>> FromPyObject<'_, 'py> for List<T> {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let is_dict = given.is_instance_of::<PyDict>();
        if given.is_instance_of::<PyString>() || is_dict || !given.hasattr("__getitem__")? {
            return Err(PyTypeError::new_err(format!("expected a sequence, got {}", kind(&given))));
        }
        let mut items = Vec::new();
        reserve(&mut items, given.len().unwrap_or(0))?;
        for item in given.try_iter()? {
            if items.len() == items.capacity() {
                let more = items.len().max(64);
                reserve(&mut items, more)?;
            }
            items.push(item?.extract().map_err(Into::into)?);
        }
        Ok(Self(items))
    }
}

fn reserve<T>(items: &mut Vec<T>, more: usize) -> PyResult<()> {
    let bytes = more.saturating_mul(size_of::<T>());
    items.try_reserve_exact(more).map_err(|_| to_py(&Error::OutOfMemory { op: "list", bytes }))
}

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> IntoIterator for List<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Reads a whole number of at least 0; one that is not in the range of its type is named.
pub fn whole<N: TryFrom<i128> + Bounds>(given: &Bound<'_, PyAny>) -> PyResult<N> {
    let number =
        given.extract::<i128>().or_else(|error| match error.is_instance_of::<PyOverflowError>(given.py()) {
            true => Ok(i128::MAX),
            false => Err(error),
        })?;
    let (least, most) = N::BOUNDS;
    N::try_from(number)
        .map_err(|_| PyOverflowError::new_err(format!("expected a whole number from {least} to {most}, got {given}")))
}

/// The least and the largest number of a type.
pub trait Bounds {
    /// Both.
    const BOUNDS: (i128, i128);
}

macro_rules! bounds {
    ($($t:ty),+) => {
        $(impl Bounds for $t {
            const BOUNDS: (i128, i128) = (<$t>::MIN as i128, <$t>::MAX as i128);
        })+
    };
}
bounds!(u32, u64, usize);

/// A whole number of at least 0, as an argument of an operation.
pub struct Whole(pub u32);

impl<'py> FromPyObject<'_, 'py> for Whole {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        whole(&given).map(Self)
    }
}

/// Reads the name of a number format: "float32", or what NumPy and others have for it, which carries its name.
pub fn dtype(given: &Bound<'_, PyAny>) -> PyResult<DType> {
    let name = match given.extract::<String>() {
        Ok(name) => name,
        // A class such as numpy.float32, a numpy.dtype, or torch.float32, whose text is its name.
        Err(_) => match given.getattr("__name__").or_else(|_| given.getattr("name")) {
            Ok(name) => name.str()?.to_string(),
            Err(_) => given.str()?.to_string(),
        },
    };
    quick(|| DType::from_name(name.rsplit('.').next().unwrap_or_default()))
}
