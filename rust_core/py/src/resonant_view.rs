//! Reading a resonant tensor under the names of the documented method table.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use syntonic_core::exact::GoldenExact as Golden;

use crate::exact::GoldenExact;
use crate::resonant::ResonantTensor;

#[pymethods]
impl ResonantTensor {
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
