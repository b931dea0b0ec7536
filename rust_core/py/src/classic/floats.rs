//! Reading the values of whatever tensor is given, and giving back what was given.

use std::ops::Deref;

use pyo3::prelude::*;
use syntonic_core::tensor::{self as core, DType, ModeNorms, Resonant};

use crate::door::quick;
use crate::either::refused;
use crate::list::List;
use crate::resonant::ResonantTensor;
use crate::tensor::Tensor;

/// Returns the values of a Tensor, or of a ResonantTensor in binary64.
pub fn floats(x: &Bound<'_, PyAny>) -> PyResult<core::Tensor> {
    if let Ok(tensor) = x.cast::<Tensor>() {
        return tensor.get().on_host().cloned();
    }
    match x.cast::<ResonantTensor>() {
        Ok(tensor) => tensor.get().read(|x| x.to_tensor(DType::F64)),
        Err(_) => Err(refused(x, "a Tensor (see Tensor(data)) or a ResonantTensor")),
    }
}

/// Returns a result for `x`: a ResonantTensor in flux, with the norms and the precision of `x`, if `x` is one.
///
/// The result has as many features as `x`.
pub fn like(x: &Bound<'_, PyAny>, y: core::Tensor) -> PyResult<Py<PyAny>> {
    let py = x.py();
    let Ok(given) = x.cast::<ResonantTensor>() else {
        return Ok(Py::new(py, Tensor::from(y))?.into_any());
    };
    let (norms, precision) = given.get().read(|x| Ok((ModeNorms::Given(x.norms().to_vec()), x.precision())))?;
    let found = quick(|| Resonant::new(y.shape().clone(), y.to_f64(), &norms, precision))?;
    Ok(Py::new(py, ResonantTensor::wrap(found))?.into_any())
}

/// One number for each feature, from a sequence of numbers or a ResonantTensor of one axis.
pub struct Features(pub Vec<f64>);

impl<'py> FromPyObject<'_, 'py> for Features {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        match given.cast::<ResonantTensor>() {
            Ok(tensor) => tensor.get().read(|x| Ok(x.values())).map(Self),
            Err(_) => given.extract::<List<f64>>().map(|list| Self(list.0)),
        }
    }
}

impl Deref for Features {
    type Target = [f64];

    fn deref(&self) -> &[f64] {
        &self.0
    }
}
