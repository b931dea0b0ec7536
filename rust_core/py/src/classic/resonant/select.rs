//! Choosing elements of resonant tensors: comparisons, masks, and numbers along an axis.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use syntonic_classic::resonant::{Comparison, Select};
use syntonic_core::tensor::{DType, Resonant, Shape};

use crate::resonant::ResonantTensor;
use crate::tensor::numbers;

#[pymethods]
impl ResonantTensor {
    /// 1 where self = other, else 0; exact for crystallized tensors. (The operator == asks whether both are one object.)
    fn eq(&self, other: &Self) -> PyResult<Self> {
        self.compare(other, Comparison::Equal)
    }

    /// 1 where self != other, else 0.
    fn ne(&self, other: &Self) -> PyResult<Self> {
        self.compare(other, Comparison::NotEqual)
    }

    /// 1 where self < other, else 0.
    fn lt(&self, other: &Self) -> PyResult<Self> {
        self.compare(other, Comparison::Less)
    }

    /// 1 where self <= other, else 0.
    fn le(&self, other: &Self) -> PyResult<Self> {
        self.compare(other, Comparison::LessEqual)
    }

    /// 1 where self > other, else 0.
    fn gt(&self, other: &Self) -> PyResult<Self> {
        self.compare(other, Comparison::Greater)
    }

    /// 1 where self >= other, else 0.
    fn ge(&self, other: &Self) -> PyResult<Self> {
        self.compare(other, Comparison::GreaterEqual)
    }

    /// The elements where `mask`, of the same shape, is not 0: a list.
    fn masked_select(&self, mask: &Bound<'_, PyAny>) -> PyResult<Self> {
        let (shape, mask) = values_of(mask)?;
        if mask.iter().any(|m| m.is_nan()) {
            return Err(PyValueError::new_err("masked_select: expected a mask of booleans or numbers, got NaN"));
        }
        let mask: Vec<bool> = mask.into_iter().map(|m| m != 0.0).collect();
        let own = self.read(|x| Ok(x.shape().clone()))?;
        if own != shape {
            return Err(PyValueError::new_err(format!("masked_select: expected a mask of shape {own}, got {shape}")));
        }
        self.read(|x| x.masked_select(&mask)).map(Self::wrap)
    }

    /// y[.., i, ..] = self[.., index[.., i, ..], ..] along an axis, of the shape of `index`.
    fn gather(&self, dim: i64, index: &Bound<'_, PyAny>) -> PyResult<Self> {
        let (shape, index) = numbers_of(index)?;
        self.read(|x| x.gather(dim, &index, &shape)).map(Self::wrap)
    }

    /// A copy with y[.., index[.., i, ..], ..] = source[.., i, ..] along an axis; of several, the last counts.
    fn scatter(&self, dim: i64, index: &Bound<'_, PyAny>, source: &Self) -> PyResult<Self> {
        let (shape, index) = numbers_of(index)?;
        let source = source.copy()?;
        if *source.shape() != shape {
            let got = source.shape();
            return Err(PyValueError::new_err(format!(
                "scatter: expected a source of the index's shape {shape}, got {got}"
            )));
        }
        self.read(|x| x.scatter(dim, &index, &source)).map(Self::wrap)
    }
}

impl ResonantTensor {
    fn compare(&self, other: &Self, relation: Comparison) -> PyResult<Self> {
        let other: Resonant = other.copy()?;
        self.read(|x| x.compare(&other, relation)).map(Self::wrap)
    }
}

/// Reads numbers from a resonant tensor or anything that `Tensor` takes.
pub(crate) fn values_of(data: &Bound<'_, PyAny>) -> PyResult<(Shape, Vec<f64>)> {
    if let Ok(tensor) = data.cast::<ResonantTensor>() {
        return tensor.get().read(|x| Ok((x.shape().clone(), x.values())));
    }
    let tensor = numbers(data, None, DType::F64)?;
    Ok((tensor.shape().clone(), tensor.to_f64()))
}

/// Reads whole numbers of at least 0.
pub(crate) fn numbers_of(data: &Bound<'_, PyAny>) -> PyResult<(Shape, Vec<usize>)> {
    let (shape, values) = values_of(data)?;
    let number = |&x: &f64| {
        let whole = x.fract() == 0.0 && (0.0..2.0_f64.powi(53)).contains(&x);
        whole.then_some(x as usize).ok_or_else(|| {
            PyValueError::new_err(format!("expected indices that are whole numbers of at least 0, got {x}"))
        })
    };
    Ok((shape, values.iter().map(number).collect::<PyResult<_>>()?))
}
