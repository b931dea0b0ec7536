//! What changes or combines resonant tensors: first values, the steps of a cycle, exact arithmetic.

use pyo3::prelude::*;
use syntonic_core::Result;
use syntonic_core::tensor::{DType, Law, ModeNorms, Noise, Resonant, Scale};

use crate::door::enter;
use crate::resonant::{ResonantTensor, poisoned};
use crate::source;

#[pymethods]
impl ResonantTensor {
    /// Puts the tensor in flux with its first values: parameter number `index` of a model under `seed`.
    #[pyo3(signature = (law, *, seed, index, gain=1.0, fan_in=1))]
    fn initialize(&self, law: &str, seed: u32, index: u32, gain: f64, fan_in: usize) -> PyResult<()> {
        self.write(|x| {
            let norms = ModeNorms::Given(x.norms().to_vec());
            let values = Law::from_name(law)?.draw(x.shape(), &norms, Scale { gain, fan_in }, seed, index)?;
            x.set_flux(&values)
        })
    }

    /// Leaves the lattice: the same values as floats.
    fn wake_flux(&self) -> PyResult<()> {
        self.write(|x| {
            x.wake_flux();
            Ok(())
        })
    }

    /// Puts the tensor in flux with the values of `data`, which has as many.
    fn set_flux(&self, data: &Bound<'_, PyAny>) -> PyResult<()> {
        let values = source::tensor(data, None, DType::F64)?.to_f64();
        self.write(|x| x.set_flux(&values))
    }

    /// Snaps every value to the lattice with coefficients up to `precision`, which becomes the tensor's own.
    #[pyo3(signature = (precision=None))]
    fn crystallize(&self, precision: Option<i64>) -> PyResult<()> {
        self.write(|x| x.crystallize(precision))
    }

    /// In flux: x <- x (1 - beta (1 - w)) with beta = strength S / phi.
    #[pyo3(signature = (strength=1.0))]
    fn harmonize(&self, strength: f64) -> PyResult<()> {
        self.write(|x| x.harmonize(strength))
    }

    /// In flux: x <- x (1 + alpha |n|) + noise_scale (1 - S) g z, alpha = phi^-2 (1 - S), z normal.
    ///
    /// g is e^(-n^2 / (4 phi)) if `weighted`, else 1. The noise is a pure function of (seed, step, element).
    #[pyo3(signature = (noise_scale, *, seed, step=0, weighted=true))]
    fn differentiate(&self, noise_scale: f64, seed: u32, step: u32, weighted: bool) -> PyResult<()> {
        self.write(|x| x.differentiate(Noise { scale: noise_scale, weighted, seed, step }))
    }

    /// Harmonizes `data` with beta = S / phi, S of what the tensor held before, and snaps it into the tensor.
    #[pyo3(signature = (data, precision=None))]
    fn crystallize_from_values(&self, data: &Bound<'_, PyAny>, precision: Option<i64>) -> PyResult<()> {
        let values = source::tensor(data, None, DType::F64)?.to_f64();
        self.write(|x| x.crystallize_from_values(&values, precision))
    }

    fn __add__(&self, other: PyRef<'_, Self>) -> PyResult<Self> {
        self.combine(&other, Resonant::add)
    }

    fn __sub__(&self, other: PyRef<'_, Self>) -> PyResult<Self> {
        self.combine(&other, Resonant::sub)
    }

    fn __mul__(&self, other: PyRef<'_, Self>) -> PyResult<Self> {
        self.combine(&other, Resonant::mul)
    }

    fn __neg__(&self) -> PyResult<Self> {
        self.read(Resonant::negate).map(Self::wrap)
    }

    /// x W^T, exactly: (..., inner) and W of shape (outer, inner) give (..., outer).
    fn matmul(&self, py: Python<'_>, weight: PyRef<'_, Self>) -> PyResult<Self> {
        let (x, weight) = (self.copy()?, weight.copy()?);
        enter(py, || x.matmul(&weight)).map(Self::wrap)
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
        seed: u32,
        step: u32,
        weighted: bool,
    ) -> PyResult<f64> {
        let noise = Noise { scale: noise_scale, weighted, seed, step };
        let shared = self.inner();
        enter(py, || shared.write().map_err(|_| poisoned())?.cpu_cycle(noise, precision))
    }
}

impl ResonantTensor {
    /// Combines two tensors without holding both locks, since they may be one.
    fn combine(&self, other: &Self, op: fn(&Resonant, &Resonant) -> Result<Resonant>) -> PyResult<Self> {
        let other = other.copy()?;
        self.read(|x| op(x, &other)).map(Self::wrap)
    }
}
