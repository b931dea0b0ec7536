//! The layers' operations of device tensors: golden residual and norms, softmax, convolution, pooling.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use syntonic_core::cuda::{Activation, Mode, Pool, Residual, Softmax, Statistics};

use super::tensor::DeviceTensor;
use crate::door::{enter, quick};

type Pair = (usize, usize);

fn inner(tensor: Option<&DeviceTensor>) -> Option<&syntonic_core::cuda::DeviceTensor> {
    tensor.map(|tensor| &tensor.0)
}

#[pymethods]
impl DeviceTensor {
    /// x + r/phi ("phi"), (x + r)/phi ("phi_symmetric") or x + r ("standard"), then "none", "relu", "gelu" or "layer_norm".
    #[pyo3(signature = (residual, mode="phi", activation="none", *, gamma=None, beta=None, eps=1e-5))]
    #[expect(clippy::too_many_arguments, reason = "gamma, beta and eps belong to the layer norm alone")]
    fn phi_residual(
        &self,
        py: Python<'_>,
        residual: &Self,
        mode: &str,
        activation: &str,
        gamma: Option<&Self>,
        beta: Option<&Self>,
        eps: f64,
    ) -> PyResult<Self> {
        let mode = quick(|| Residual::from_name(mode))?;
        let activation = match activation {
            "none" => Activation::None,
            "relu" => Activation::Relu,
            "gelu" => Activation::Gelu,
            "layer_norm" => {
                let (gamma, beta) = (inner(gamma), inner(beta));
                return enter(py, || self.0.phi_residual_layer_norm(&residual.0, mode, gamma, beta, eps)).map(Self);
            }
            other => {
                return Err(PyValueError::new_err(format!(
                    "phi_residual: expected activation \"none\", \"relu\", \"gelu\" or \"layer_norm\", got {other:?}"
                )));
            }
        };
        enter(py, || self.0.phi_residual(&residual.0, mode, activation)).map(Self)
    }

    /// gamma sqrt(variance) (x - mean) / sqrt(var + eps) + beta over the last axis.
    #[pyo3(signature = (eps=1e-5, variance=1.0, *, gamma=None, beta=None))]
    fn layer_norm(
        &self,
        py: Python<'_>,
        eps: f64,
        variance: f64,
        gamma: Option<&Self>,
        beta: Option<&Self>,
    ) -> PyResult<Self> {
        let (gamma, beta) = (inner(gamma), inner(beta));
        enter(py, || self.0.layer_norm(gamma, beta, variance, eps)).map(Self)
    }

    /// (y, mean, var): each channel normalised to the target `variance`.
    ///
    /// Channels are axis 1 of (batch, channels, ..), or the last axis with `channel_last=True`. `mean` and `var` are those
    /// of the batch unless both are given.
    #[pyo3(signature = (eps=1e-5, variance=1.0, *, gamma=None, beta=None, mean=None, var=None, channel_last=false))]
    #[expect(clippy::too_many_arguments, reason = "all but two are optional tensors of one number per channel")]
    fn batch_norm(
        &self,
        py: Python<'_>,
        eps: f64,
        variance: f64,
        gamma: Option<&Self>,
        beta: Option<&Self>,
        mean: Option<&Self>,
        var: Option<&Self>,
        channel_last: bool,
    ) -> PyResult<(Self, Self, Self)> {
        let statistics = match (mean, var) {
            (None, None) => Statistics::Batch,
            (Some(mean), Some(var)) => Statistics::Given(&mean.0, &var.0),
            _ => return Err(PyValueError::new_err("batch_norm: expected both mean and var or neither, got one")),
        };
        let (gamma, beta) = (inner(gamma), inner(beta));
        let (y, mean, var) = enter(py, || self.0.batch_norm(statistics, gamma, beta, (variance, eps), channel_last))?;
        Ok((Self(y), Self(mean), Self(var)))
    }

    /// The softmax over one axis.
    #[pyo3(signature = (dim=-1))]
    fn softmax(&self, py: Python<'_>, dim: i64) -> PyResult<Self> {
        let options = Softmax { dim, mode: Mode::Identity, weights: None, scale: 1.0 };
        enter(py, || self.0.softmax(&options)).map(Self)
    }

    /// The softmax of x - syntony_scale n^2/phi (`mode_norms`: n^2 of each feature), of x + syntony_scale ln max(s, 1e-10)
    /// (`syntony`: s of each element), or of x.
    #[pyo3(signature = (dim=-1, mode_norms=None, syntony=None, syntony_scale=1.0))]
    fn syntonic_softmax(
        &self,
        py: Python<'_>,
        dim: i64,
        mode_norms: Option<&Self>,
        syntony: Option<&Self>,
        syntony_scale: f64,
    ) -> PyResult<Self> {
        let (mode, weights) = match (mode_norms, syntony) {
            (None, None) => (Mode::Identity, None),
            (Some(norms), None) => (Mode::Learned, Some(&norms.0)),
            (None, Some(syntony)) => (Mode::Provided, Some(&syntony.0)),
            _ => return Err(PyValueError::new_err("syntonic_softmax: expected mode_norms or syntony, got both")),
        };
        let options = Softmax { dim, mode, weights, scale: syntony_scale };
        enter(py, || self.0.softmax(&options)).map(Self)
    }

    /// Cross-correlation of (batch, height, width, in) with (out, rows, columns, in); `direct` takes the plain kernel.
    #[pyo3(signature = (weight, bias=None, stride=(1, 1), padding=(0, 0), *, relu=false, direct=false))]
    #[expect(clippy::too_many_arguments, reason = "those of a convolution")]
    fn conv2d(
        &self,
        py: Python<'_>,
        weight: &Self,
        bias: Option<&Self>,
        stride: Pair,
        padding: Pair,
        relu: bool,
        direct: bool,
    ) -> PyResult<Self> {
        let bias = inner(bias);
        enter(py, || self.0.conv2d(&weight.0, bias, (stride, padding), relu, direct)).map(Self)
    }

    /// The windows of a convolution as rows: (batch, out height, out width, rows * columns * in).
    #[pyo3(signature = (window, stride=(1, 1), padding=(0, 0)))]
    fn im2col(&self, py: Python<'_>, window: Pair, stride: Pair, padding: Pair) -> PyResult<Self> {
        enter(py, || self.0.im2col(window, stride, padding)).map(Self)
    }

    /// The largest number of each full window of (batch, height, width, channels); the stride is the window's by default.
    #[pyo3(signature = (size, stride=None))]
    fn max_pool2d(&self, py: Python<'_>, size: Pair, stride: Option<Pair>) -> PyResult<Self> {
        enter(py, || self.0.pool2d(Pool::Max, size, stride.unwrap_or(size))).map(Self)
    }

    /// The mean of each full window.
    #[pyo3(signature = (size, stride=None))]
    fn avg_pool2d(&self, py: Python<'_>, size: Pair, stride: Option<Pair>) -> PyResult<Self> {
        enter(py, || self.0.pool2d(Pool::Average, size, stride.unwrap_or(size))).map(Self)
    }

    /// The mean over height and width: (batch, channels).
    fn global_avg_pool2d(&self, py: Python<'_>) -> PyResult<Self> {
        enter(py, || self.0.global_avg_pool2d()).map(Self)
    }
}
