//! What changes a resonant tensor in place: first values, the steps of a cycle, pruning, the depth of a snap.

use pyo3::prelude::*;
use syntonic_classic::resonant::{Cycle, Dwelling, ExactArithmetic, Noise, Pointwise, snap_distance, snap_gradient};
use syntonic_core::exact::constants::Q_DEFICIT;
use syntonic_core::tensor::DType;

use crate::door::enter;
use crate::list::whole;
use crate::resonant::{ResonantTensor, poisoned};
use crate::tensor::{Tensor, numbers};

#[pymethods]
impl ResonantTensor {
    /// In flux: x <- x (1 - beta (1 - w)) with beta = strength S / phi.
    #[pyo3(signature = (strength=1.0))]
    fn harmonize(&self, strength: f64) -> PyResult<()> {
        self.write(|x| x.harmonize(strength))
    }

    /// In flux: x <- x (1 + alpha |n|) + noise_scale (1 - S) g z, alpha = phi^-2 (1 - S), z normal.
    ///
    /// g is e^(-n^2 / (4 phi)) if `weighted`, else 1. The noise is a pure function of (seed, step, element).
    #[pyo3(signature = (noise_scale, *, seed, step=0, weighted=true))]
    fn differentiate(
        &self,
        noise_scale: f64,
        #[pyo3(from_py_with = whole)] seed: u32,
        #[pyo3(from_py_with = whole)] step: u32,
        weighted: bool,
    ) -> PyResult<()> {
        self.write(|x| x.differentiate(Noise { scale: noise_scale, weighted, seed, step }))
    }

    /// Harmonizes `data` with beta = S / phi, S of what the tensor held before, and snaps it into the tensor; returns the new S.
    #[pyo3(signature = (data, precision=None))]
    fn crystallize_from_values(&self, data: &Bound<'_, PyAny>, precision: Option<i64>) -> PyResult<f64> {
        let values = numbers(data, None, DType::F64)?.to_f64();
        self.snap_in_place(|x| {
            x.crystallize_from_values(&values, precision)?;
            x.syntony()
        })
    }

    /// Multiplies by phi, exactly and in place.
    fn apply_recursion(&self) -> PyResult<()> {
        self.write(|x| x.apply_recursion().map(|y| *x = y))
    }

    /// Divides by phi, exactly and in place.
    fn apply_inverse_recursion(&self) -> PyResult<()> {
        self.write(|x| x.apply_inverse_recursion().map(|y| *x = y))
    }

    /// Wakes, differentiates, harmonizes with the S from before, snaps; returns the new S.
    #[pyo3(signature = (noise_scale=0.1, precision=None, *, seed, step=0, weighted=true))]
    fn cpu_cycle(
        &self,
        py: Python<'_>,
        noise_scale: f64,
        precision: Option<i64>,
        #[pyo3(from_py_with = whole)] seed: u32,
        #[pyo3(from_py_with = whole)] step: u32,
        weighted: bool,
    ) -> PyResult<f64> {
        let noise = Noise { scale: noise_scale, weighted, seed, step };
        let shared = self.inner();
        enter(py, || shared.write().map_err(|_| poisoned())?.cpu_cycle(noise, precision)).and_then(|s| self.told(s))
    }

    /// The same as `cpu_cycle`.
    #[pyo3(signature = (noise_scale=0.1, precision=None, *, seed, step=0, weighted=true))]
    fn cycle(
        &self,
        py: Python<'_>,
        noise_scale: f64,
        precision: Option<i64>,
        #[pyo3(from_py_with = whole)] seed: u32,
        #[pyo3(from_py_with = whole)] step: u32,
        weighted: bool,
    ) -> PyResult<f64> {
        self.cpu_cycle(py, noise_scale, precision, seed, step, weighted)
    }

    /// Runs `cpu_cycle` on every sample (entry of axis 0) as if it were alone; returns the list of their new S.
    ///
    /// Sample i has noise of (seed, step, i, element), so that sample 0 moves as a tensor of its own would.
    #[pyo3(signature = (noise_scale=0.1, precision=None, *, seed, step=0, weighted=true))]
    fn batch_cpu_cycle(
        &self,
        py: Python<'_>,
        noise_scale: f64,
        precision: Option<i64>,
        #[pyo3(from_py_with = whole)] seed: u32,
        #[pyo3(from_py_with = whole)] step: u32,
        weighted: bool,
    ) -> PyResult<Vec<f64>> {
        let noise = Noise { scale: noise_scale, weighted, seed, step };
        let shared = self.inner();
        enter(py, || shared.write().map_err(|_| poisoned())?.batch_cpu_cycle(noise, precision))
            .and_then(|s| self.told(s))
    }

    /// Sets every element with |x| < q / divisor to 0, in place and in either state.
    #[pyo3(
        signature = (q=Q_DEFICIT, divisor=248.0),
        text_signature = "($self, q=0.027395146919696148, divisor=248.0)"
    )]
    fn prune_hierarchy(&self, q: f64, divisor: f64) -> PyResult<()> {
        self.write(|x| x.prune(q / divisor))
    }

    /// The length of snap(v) - v for `values` (default: the tensor's own) at `precision` (default: the tensor's own).
    #[pyo3(signature = (values=None, precision=None))]
    fn snap_distance(&self, values: Option<&Bound<'_, PyAny>>, precision: Option<i64>) -> PyResult<f64> {
        let given = values.map(|data| numbers(data, None, DType::F64)).transpose()?;
        self.read(|x| {
            let values = given.map_or_else(|| x.values(), |tensor| tensor.to_f64());
            snap_distance(&values, precision.unwrap_or(x.precision()))
        })
    }

    /// snap(x) - x, where a snap at `precision` (default: the tensor's own) would lead each value.
    #[pyo3(signature = (precision=None))]
    fn snap_gradient(&self, precision: Option<i64>) -> PyResult<Tensor> {
        self.read(|x| {
            let gradient = snap_gradient(&x.values(), precision.unwrap_or(x.precision()))?;
            syntonic_core::tensor::Tensor::new(x.shape().clone(), gradient)
        })
        .map(Tensor::from)
    }

    /// Crystallizes at the first precision p, ceil(p phi), .. at which the root mean square of snap(x) - x is at most
    /// `tolerance`, or else at `max_precision` (default: 5 phi times the present one).
    ///
    /// Returns (precision, root mean square error, passes). Each pass snaps the values from before the first one.
    #[pyo3(signature = (tolerance, max_precision=None))]
    fn dwell(&self, py: Python<'_>, tolerance: f64, max_precision: Option<i64>) -> PyResult<(i64, f64, u32)> {
        let shared = self.inner();
        let found = enter(py, || shared.write().map_err(|_| poisoned())?.dwell(tolerance, max_precision))?;
        self.told((found.precision, found.error, found.passes))
    }
}
