//! A resonant tensor and CUDA devices. Its state stays on the CPU; a device computes with it, in binary64.

use pyo3::prelude::*;
use syntonic_classic::resonant::{DeviceCycle, Noise};
use syntonic_core::cuda::DeviceTensor as Remote;
use syntonic_core::tensor::{DType, Resonant};

use crate::devices::device;
use crate::door::enter;
use crate::list::whole;
use crate::resonant::{Norms, ResonantTensor, poisoned};
use crate::source;
use crate::tensor::{Tensor, numbers};

#[pymethods]
impl ResonantTensor {
    /// A crystallized tensor as the constructor makes it, snapped by the GPU of this number.
    #[staticmethod]
    #[pyo3(
        signature = (data, shape=None, device_idx=0, mode_norm_sq=None, precision=None),
        text_signature = "(data, shape=None, device_idx=0, mode_norm_sq=None, precision=100)"
    )]
    fn from_floats_cuda(
        data: &Bound<'_, PyAny>,
        shape: Option<&Bound<'_, PyAny>>,
        #[pyo3(from_py_with = whole)] device_idx: u32,
        mode_norm_sq: Option<Norms>,
        precision: Option<i64>,
    ) -> PyResult<Self> {
        let values = numbers(data, shape.map(source::sizes).transpose()?, DType::F64)?;
        let norms = Norms::read(None, mode_norm_sq)?;
        let device = device(data.py(), &format!("cuda:{device_idx}"))?;
        enter(data.py(), || Resonant::snapped_on(&device, &values, &norms, precision)).and_then(Self::snapped)
    }

    /// The values on the GPU of this number: a Tensor with memory of its own.
    #[pyo3(signature = (device_idx=0, dtype="float64"))]
    fn to_device(
        &self,
        py: Python<'_>,
        #[pyo3(from_py_with = whole)] device_idx: u32,
        dtype: &str,
    ) -> PyResult<Tensor> {
        let values = self.read(|x| x.to_tensor(DType::from_name(dtype)?))?;
        let device = device(py, &format!("cuda:{device_idx}"))?;
        enter(py, || Remote::upload(&device, &values)).map(Tensor::from)
    }

    /// The tensor itself, which lies on the CPU.
    fn to_cpu(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    /// The values after the D phase on a GPU as a flat list, and the tensor in flux with them from now on.
    #[pyo3(signature = (device="cuda:0", noise_scale=0.1, *, seed, step=0, weighted=true))]
    fn wake_flux_with_d_phase_py(
        &self,
        py: Python<'_>,
        device: &str,
        noise_scale: f64,
        #[pyo3(from_py_with = whole)] seed: u32,
        #[pyo3(from_py_with = whole)] step: u32,
        weighted: bool,
    ) -> PyResult<Vec<f64>> {
        let noise = Noise { scale: noise_scale, weighted, seed, step };
        let (device, shared) = (self::device(py, device)?, self.inner());
        enter(py, || {
            let mut tensor = shared.write().map_err(|_| poisoned())?;
            let values = tensor.differentiated_on(&device, noise)?.download()?.to_f64();
            tensor.set_flux(&values)?;
            Ok(values)
        })
    }

    /// Runs `cpu_cycle` with its arithmetic on a GPU; returns the new S.
    #[pyo3(signature = (device="cuda:0", noise_scale=0.1, precision=None, *, seed, step=0, weighted=true))]
    #[expect(clippy::too_many_arguments, reason = "those of cpu_cycle, and the device")]
    fn cuda_cycle_gpu(
        &self,
        py: Python<'_>,
        device: &str,
        noise_scale: f64,
        precision: Option<i64>,
        #[pyo3(from_py_with = whole)] seed: u32,
        #[pyo3(from_py_with = whole)] step: u32,
        weighted: bool,
    ) -> PyResult<f64> {
        let noise = Noise { scale: noise_scale, weighted, seed, step };
        let (device, shared) = (self::device(py, device)?, self.inner());
        enter(py, || shared.write().map_err(|_| poisoned())?.cycle_on(&device, noise, precision))
            .and_then(|s| self.told(s))
    }
}
