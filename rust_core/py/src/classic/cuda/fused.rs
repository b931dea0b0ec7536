//! Operations that a GPU fuses, with weights that are tensors: golden residual and norms, softmax, convolution.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use syntonic_classic::cuda::{GoldenNorms, Statistics};
use syntonic_core::cuda::{Activation, Mode, Residual, Softmax};

use crate::door::{enter, quick};
use crate::tensor::Tensor;

type Pair = (usize, usize);

fn inner(tensor: Option<&Tensor>) -> PyResult<Option<&syntonic_core::cuda::DeviceTensor>> {
    tensor.map(Tensor::on_cuda).transpose()
}

#[pymethods]
impl Tensor {
    /// x + r/phi ("phi"), (x + r)/phi ("phi_symmetric") or x + r ("standard"), then "none", "relu", "gelu" or "layer_norm".
    #[pyo3(signature = (residual, mode="phi", activation="none", *, gamma=None, beta=None, eps=1e-5))]
    #[expect(clippy::too_many_arguments, reason = "gamma, beta and eps belong to the layer norm alone")]
    fn fused_residual(
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
                let (gamma, beta) = (inner(gamma)?, inner(beta)?);
                return enter(py, || self.cuda()?.phi_residual_layer_norm(residual.cuda()?, mode, gamma, beta, eps))
                    .map(Self::from);
            }
            other => {
                return Err(PyValueError::new_err(format!(
                    "phi_residual: expected activation \"none\", \"relu\", \"gelu\" or \"layer_norm\", got {other:?}"
                )));
            }
        };
        enter(py, || self.cuda()?.phi_residual(residual.cuda()?, mode, activation)).map(Self::from)
    }

    /// gamma sqrt(variance) (x - mean) / sqrt(var + eps) + beta over the last axis.
    #[pyo3(signature = (eps=1e-5, variance=1.0, *, gamma=None, beta=None))]
    fn fused_layer_norm(
        &self,
        py: Python<'_>,
        eps: f64,
        variance: f64,
        gamma: Option<&Self>,
        beta: Option<&Self>,
    ) -> PyResult<Self> {
        let (gamma, beta) = (inner(gamma)?, inner(beta)?);
        enter(py, || self.cuda()?.layer_norm(gamma, beta, variance, eps)).map(Self::from)
    }

    /// (y, mean, var): each channel normalised to the target `variance`.
    ///
    /// Channels are axis 1 of (batch, channels, ..), or the last axis with `channel_last=True`. `mean` and `var` are those
    /// of the batch unless both are given.
    #[pyo3(signature = (eps=1e-5, variance=1.0, *, gamma=None, beta=None, mean=None, var=None, channel_last=false))]
    #[expect(clippy::too_many_arguments, reason = "all but two are optional tensors of one number per channel")]
    fn fused_batch_norm(
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
            (Some(mean), Some(var)) => Statistics::Given(mean.on_cuda()?, var.on_cuda()?),
            _ => return Err(PyValueError::new_err("batch_norm: expected both mean and var or neither, got one")),
        };
        let (gamma, beta) = (inner(gamma)?, inner(beta)?);
        let (y, mean, var) =
            enter(py, || self.cuda()?.batch_norm(statistics, gamma, beta, (variance, eps), channel_last))?;
        Ok((Self::from(y), Self::from(mean), Self::from(var)))
    }

    /// The softmax of x - syntony_scale n^2/phi (`mode_norms`: n^2 of each feature), of x + syntony_scale ln max(s, 1e-10)
    /// (`syntony`: s of each element), or of x.
    #[pyo3(
        signature = (dim=-1, mode_norms=None, syntony=None, syntony_scale=1.0),
        text_signature = "($self, dim=-1, mode_norms=None, syntony=None, syntony_scale=1.0)"
    )]
    fn fused_softmax(
        &self,
        py: Python<'_>,
        dim: i64,
        mode_norms: Option<&Self>,
        syntony: Option<&Self>,
        syntony_scale: f64,
    ) -> PyResult<Self> {
        let (mode, weights) = match (mode_norms, syntony) {
            (None, None) => (Mode::Identity, None),
            (Some(norms), None) => (Mode::Learned, Some(norms.on_cuda()?)),
            (None, Some(syntony)) => (Mode::Provided, Some(syntony.on_cuda()?)),
            _ => return Err(PyValueError::new_err("syntonic_softmax: expected mode_norms or syntony, got both")),
        };
        let options = Softmax { dim, mode, weights, scale: syntony_scale };
        enter(py, || self.cuda()?.softmax(&options)).map(Self::from)
    }

    /// Cross-correlation of (batch, height, width, in) with (out, rows, columns, in); `direct` takes the plain kernel.
    #[pyo3(
        signature = (weight, bias=None, stride=(1, 1), padding=(0, 0), *, relu=false, direct=false),
        text_signature = "($self, weight, bias=None, stride=(1, 1), padding=(0, 0), *, relu=False, direct=False)"
    )]
    #[expect(clippy::too_many_arguments, reason = "those of a convolution")]
    fn fused_conv2d(
        &self,
        py: Python<'_>,
        weight: &Self,
        bias: Option<&Self>,
        stride: Pair,
        padding: Pair,
        relu: bool,
        direct: bool,
    ) -> PyResult<Self> {
        let bias = inner(bias)?;
        enter(py, || self.cuda()?.conv2d(weight.cuda()?, bias, (stride, padding), relu, direct)).map(Self::from)
    }

    /// The windows of a convolution as rows: (batch, out height, out width, rows * columns * in).
    #[pyo3(
        signature = (window, stride=(1, 1), padding=(0, 0)),
        text_signature = "($self, window, stride=(1, 1), padding=(0, 0))"
    )]
    fn im2col(&self, py: Python<'_>, window: Pair, stride: Pair, padding: Pair) -> PyResult<Self> {
        enter(py, || self.cuda()?.im2col(window, stride, padding)).map(Self::from)
    }

    /// The mean over height and width: (batch, channels).
    fn global_avg_pool2d(&self, py: Python<'_>) -> PyResult<Self> {
        enter(py, || self.cuda()?.global_avg_pool2d()).map(Self::from)
    }
}
