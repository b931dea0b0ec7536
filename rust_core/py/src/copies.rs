//! Copies of tensors, by `copy` and as bytes; what `pickle` is told, and what the lattice does not reach.

use pyo3::exceptions::{PyRuntimeWarning, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use syntonic_core::Result;
use syntonic_core::tensor::{Resonant, reach};

use crate::resonant::ResonantTensor;
use crate::tensor::Tensor;

#[pymethods]
impl Tensor {
    /// Itself: nothing can change it.
    fn __copy__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    /// Itself: nothing can change it.
    fn __deepcopy__<'py>(slf: Bound<'py, Self>, _memo: &Bound<'py, PyAny>) -> Bound<'py, Self> {
        slf
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err(
            "a Tensor is not pickled; keep numpy.asarray(x) or x.tolist() and make Tensor(data) of it",
        ))
    }
}

#[pymethods]
impl ResonantTensor {
    /// The state as bytes, little-endian: all a and then all b (int64) if crystallized, the values (float64) in flux.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let words: Vec<u64> = self.read(|x| {
            Ok(match x.lattice() {
                Some(points) => points.a().iter().chain(points.b()).map(|v| v.cast_unsigned()).collect(),
                None => x.values().iter().map(|v| v.to_bits()).collect(),
            })
        })?;
        Ok(PyBytes::new(py, &words.iter().flat_map(|w| w.to_le_bytes()).collect::<Vec<u8>>()))
    }

    /// Puts the tensor into the state that `to_bytes` gave, in the given phase.
    fn set_bytes(&self, phase: &str, data: &[u8]) -> PyResult<()> {
        let (words, rest) = data.as_chunks::<8>();
        let words = words.iter().map(|&w| u64::from_le_bytes(w));
        if !rest.is_empty() {
            return Err(PyValueError::new_err(format!("expected whole numbers of 8 bytes, got {} bytes", data.len())));
        }
        match phase {
            "crystallized" => {
                let points: Vec<i64> = words.map(u64::cast_signed).collect();
                let (a, b) = points.split_at(points.len() / 2);
                self.write(|x| x.set_lattice(a, b))
            }
            "flux" => self.write(|x| x.set_flux(&words.map(f64::from_bits).collect::<Vec<_>>())),
            other => Err(PyValueError::new_err(format!("expected phase crystallized or flux, got {other:?}"))),
        }
    }

    fn __copy__(&self) -> PyResult<Self> {
        self.copy().map(Self::wrap)
    }

    fn __deepcopy__(&self, _memo: &Bound<'_, PyAny>) -> PyResult<Self> {
        self.copy().map(Self::wrap)
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err(
            "a ResonantTensor is not pickled; keep to_bytes(), shape, mode_norms and precision, and put them back with set_bytes()",
        ))
    }
}

impl ResonantTensor {
    /// Returns a tensor whose values may have been snapped, and warns of one that the lattice does not reach.
    pub(crate) fn snapped(tensor: Resonant) -> PyResult<Self> {
        warn_of_cut(cut_of(&tensor))?;
        Ok(Self::wrap(tensor))
    }

    /// Snaps the values in place, and warns of one that the lattice does not reach.
    pub(crate) fn snap_in_place<T>(&self, work: impl FnOnce(&mut Resonant) -> Result<T>) -> PyResult<T> {
        let found = self.write(work)?;
        self.told(found)
    }

    /// Warns of a value that the last snap has cut off, and returns what the snap gave.
    pub(crate) fn told<T>(&self, found: T) -> PyResult<T> {
        warn_of_cut(self.read(|x| Ok(cut_of(x)))?).map(|()| found)
    }
}

/// Returns a value that the last snap of a tensor has cut off, and the precision of that snap.
pub(crate) fn cut_of(tensor: &Resonant) -> Option<(f64, i64)> {
    tensor.cut.map(|x| (x, tensor.precision()))
}

/// Warns of a value that a snap has cut off.
pub(crate) fn warn_of_cut(cut: Option<(f64, i64)>) -> PyResult<()> {
    let Some((x, precision)) = cut else { return Ok(()) };
    let text = format!(
        "{x} is beyond {:.6}, the last point of the lattice at precision {precision}, and becomes that point; use a larger precision",
        reach(precision)
    );
    let text = std::ffi::CString::new(text).unwrap_or_default();
    Python::attach(|py| PyErr::warn(py, &py.get_type::<PyRuntimeWarning>(), &text, 1))
}
