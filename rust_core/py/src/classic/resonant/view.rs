//! Reading a resonant tensor under the names of the documented method table.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyTuple};
use syntonic_classic::exact::GoldenExact as Golden;
use syntonic_core::exact::LatticeArray;
use syntonic_core::tensor::{DType, Law, Resonant};

use crate::classic::exact::GoldenExact;
use crate::door::quick;
use crate::list::{List, whole};
use crate::resonant::{Kept, Norms, ResonantTensor, Third, drawn};
use crate::source;
use crate::tensor::numbers;

#[pymethods]
impl ResonantTensor {
    /// A crystallized tensor of ones.
    #[staticmethod]
    #[pyo3(
        signature = (shape, mode_norms=None, precision=None, *, mode_norm_sq=None, device=None),
        text_signature = "(shape, mode_norms=None, precision=100, *, mode_norm_sq=None, device=None)"
    )]
    fn ones(
        shape: &Bound<'_, PyAny>,
        mode_norms: Option<Norms>,
        precision: Option<Third>,
        mode_norm_sq: Option<Norms>,
        device: Option<&str>,
    ) -> PyResult<Self> {
        drawn(Law::Ones, shape, Kept::read((mode_norms, mode_norm_sq), precision, device, shape.py())?, 0, |x| x)
    }

    /// A crystallized tensor of near-normal numbers, mean + std z, snapped: z is a pure function of (seed, element).
    #[staticmethod]
    #[pyo3(
        signature = (shape, mode_norms=None, precision=None, device=None, *, seed=0, mean=0.0, std=1.0, mode_norm_sq=None),
        text_signature = "(shape, mode_norms=None, precision=100, device=None, *, seed=0, mean=0.0, std=1.0, mode_norm_sq=None)"
    )]
    #[expect(clippy::too_many_arguments, reason = "those of the documents")]
    fn randn(
        shape: &Bound<'_, PyAny>,
        mode_norms: Option<Norms>,
        precision: Option<Third>,
        device: Option<&str>,
        #[pyo3(from_py_with = whole)] seed: u32,
        mean: f64,
        std: f64,
        mode_norm_sq: Option<Norms>,
    ) -> PyResult<Self> {
        if !(mean.is_finite() && std.is_finite() && std >= 0.0) {
            return Err(PyValueError::new_err(format!(
                "randn: expected a finite mean and a finite std of at least 0, got {mean:?} and {std:?}"
            )));
        }
        let kept = Kept::read((mode_norms, mode_norm_sq), precision, device, shape.py())?;
        drawn(Law::Normal, shape, kept, seed, |z| if (mean, std) == (0.0, 1.0) { z } else { mean + std * z })
    }

    /// A crystallized tensor of a flat list of numbers, as the constructor makes it.
    ///
    /// The state of a tensor stays on the CPU; a GPU that is named must be there.
    #[staticmethod]
    #[pyo3(
        signature = (values, shape=None, mode_norm_sq=None, precision=None, device=None),
        text_signature = "(values, shape=None, mode_norm_sq=None, precision=100, device=None)"
    )]
    fn from_floats(
        values: &Bound<'_, PyAny>,
        shape: Option<&Bound<'_, PyAny>>,
        mode_norm_sq: Option<Norms>,
        precision: Option<i64>,
        device: Option<&str>,
    ) -> PyResult<Self> {
        let kept = Kept::read((None, mode_norm_sq), precision.map(Third::Precision), device, values.py())?;
        kept.snapped(numbers(values, shape.map(source::sizes).transpose()?, DType::F64)?)
    }

    /// A crystallized tensor of these points, row-major, each a pair (a, b) of integers or a `GoldenExact`.
    ///
    /// The points are taken as they are, also beyond `precision`.
    #[staticmethod]
    #[pyo3(signature = (lattice, shape=None, mode_norms=None, precision=100, *, mode_norm_sq=None))]
    fn from_golden_exact(
        lattice: List<Bound<'_, PyAny>>,
        shape: Option<&Bound<'_, PyAny>>,
        mode_norms: Option<Norms>,
        precision: i64,
        mode_norm_sq: Option<Norms>,
    ) -> PyResult<Self> {
        let points = lattice.iter().map(point).collect::<PyResult<Vec<_>>>()?;
        let (a, b): (Vec<i64>, Vec<i64>) = points.into_iter().unzip();
        let shape = shape.map(source::sizes).transpose()?.unwrap_or_else(|| vec![a.len()]);
        let norms = Norms::read(mode_norms, mode_norm_sq)?;
        quick(|| {
            let points = LatticeArray::new(a, b)?;
            Ok(Self::wrap(Resonant::from_points(shape, points, &norms, precision)?))
        })
    }

    /// The values as NumPy reads them: a copy, in float64.
    #[getter]
    fn __array_interface__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let (shape, values) = self.read(|x| Ok((x.shape().dims().to_vec(), x.values())))?;
        let found = PyDict::new(py);
        found.set_item("version", 3)?;
        found.set_item("typestr", if cfg!(target_endian = "little") { "<f8" } else { ">f8" })?;
        found.set_item("shape", PyTuple::new(py, shape)?)?;
        found.set_item("data", PyBytes::new(py, &values.iter().flat_map(|x| x.to_ne_bytes()).collect::<Vec<u8>>()))?;
        Ok(found)
    }

    /// The same as `to_list`.
    fn tolist(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.to_list(py)
    }

    /// The values as a flat list of floats.
    fn to_floats(&self) -> PyResult<Vec<f64>> {
        self.read(|x| Ok(x.values()))
    }

    /// The values as a flat list of floats, and the tensor in flux with them from now on.
    fn wake_flux_values(&self) -> PyResult<Vec<f64>> {
        self.write(|x| {
            x.wake_flux();
            Ok(x.values())
        })
    }

    /// The points as a flat list of `GoldenExact`.
    fn to_lattice_list(&self) -> PyResult<Vec<GoldenExact>> {
        let exact = |(a, b)| GoldenExact(Golden::from_integers(a, b));
        let points = self.read(|x| Ok(x.lattice().map(|points| points.points().map(exact).collect())))?;
        points.ok_or_else(|| PyValueError::new_err("a tensor in flux has no lattice points: call crystallize() first"))
    }

    /// The same as `to_lattice_list`.
    fn get_lattice(&self) -> PyResult<Vec<GoldenExact>> {
        self.to_lattice_list()
    }

    /// n_i^2 of the features of the last axis; the same as `mode_norms`.
    fn get_mode_norm_sq(&self) -> PyResult<Vec<f64>> {
        self.read(|x| Ok(x.norms().to_vec()))
    }

    /// The number of the GPU that holds the values; None for the CPU, where parameters live.
    fn device_idx(&self) -> Option<usize> {
        None
    }
}

/// Reads one lattice point: a pair of integers, or a number with exact coefficients that are integers.
fn point(item: &Bound<'_, PyAny>) -> PyResult<(i64, i64)> {
    if let Ok(pair) = item.extract::<(i64, i64)>() {
        return Ok(pair);
    }
    let coefficient = |name: &str| item.getattr(name).and_then(|fraction| fraction.extract::<(i64, i64)>()).ok();
    match (coefficient("rational_coefficient"), coefficient("phi_coefficient")) {
        (Some((a, 1)), Some((b, 1))) => Ok((a, b)),
        _ => {
            Err(PyValueError::new_err(format!("expected a pair of 64-bit integers or such a GoldenExact, got {item}")))
        }
    }
}
