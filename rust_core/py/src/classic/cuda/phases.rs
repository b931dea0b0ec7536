//! The theory's functions of states on a device: cycles, damping, projection, masks, diffusion.

use pyo3::prelude::*;
use syntonic_classic::cuda::{FourierProjection, Gnosis, GnosisMask, Phases, Threshold as CoreThreshold};

use crate::door::enter;
use crate::list::whole;
use crate::tensor::Tensor;

/// A threshold for all features, or one for each.
#[derive(FromPyObject)]
enum Threshold<'py> {
    Each(PyRef<'py, Tensor>),
    All(f64),
}

#[pymethods]
impl Tensor {
    /// The states after some cycles of D and H without noise, and the syntony of each row: (x, S).
    #[pyo3(signature = (roots, weights, *, strength=1.0, cycles=1))]
    fn dhsr_cycles(
        &self,
        py: Python<'_>,
        roots: &Self,
        weights: &Self,
        strength: f64,
        #[pyo3(from_py_with = whole)] cycles: usize,
    ) -> PyResult<(Self, Self)> {
        let (x, syntony) = enter(py, || self.cuda()?.dhsr_cycles((roots.cuda()?, weights.cuda()?), strength, cycles))?;
        Ok((Self::from(x), Self::from(syntony)))
    }

    /// x max(0, 1 - beta S (1 + delta) sum_l phi^-l max(0, n^2 - t_l^2)), t_l = (l + 1) phi, for l below `levels`.
    #[pyo3(signature = (norms, syntony, beta, *, delta=0.0, levels=1))]
    fn damping_cascade(
        &self,
        py: Python<'_>,
        norms: &Self,
        syntony: &Self,
        beta: f64,
        delta: f64,
        #[pyo3(from_py_with = whole)] levels: usize,
    ) -> PyResult<Self> {
        enter(py, || self.cuda()?.damping_cascade(norms.cuda()?, syntony.cuda()?, (beta, delta), levels))
            .map(Self::from)
    }

    /// (1 - gain S) x + gain S target.
    fn syntony_projection(&self, py: Python<'_>, target: &Self, syntony: &Self, gain: f64) -> PyResult<Self> {
        enter(py, || self.cuda()?.syntony_projection(target.cuda()?, syntony.cuda()?, gain)).map(Self::from)
    }

    /// x (1 + strength (S - t)) where S is at least the threshold t, x (S / t) (1 - strength) elsewhere.
    ///
    /// `threshold` is a number or one for each feature (adaptive). `levels` apply it again and again, with threshold and strength
    /// 1/phi of those before (fractal). With `past`, S is memory past + (1 - memory) S (temporal).
    #[pyo3(signature = (syntony, threshold, strength, *, levels=1, past=None, memory=0.5))]
    #[expect(clippy::too_many_arguments, reason = "three forms of one mask, each with a default")]
    fn gnosis_mask(
        &self,
        py: Python<'_>,
        syntony: &Self,
        threshold: Threshold<'_>,
        strength: f64,
        #[pyo3(from_py_with = whole)] levels: usize,
        past: Option<&Self>,
        memory: f64,
    ) -> PyResult<Self> {
        let threshold = match &threshold {
            Threshold::Each(thresholds) => CoreThreshold::Each(thresholds.on_cuda()?),
            Threshold::All(threshold) => CoreThreshold::All(*threshold),
        };
        let past = past.map(|past| Ok::<_, PyErr>((past.on_cuda()?, memory))).transpose()?;
        let mask = GnosisMask { threshold, strength, levels, past };
        enter(py, || self.cuda()?.gnosis_mask(syntony.cuda()?, &mask)).map(Self::from)
    }

    /// The part of each field of the last axis that lies in these frequencies, as pairs: (.., n) to (.., n, 2).
    #[pyo3(signature = (frequencies, *, complex=false))]
    fn fourier_projection(&self, py: Python<'_>, frequencies: crate::list::List<i64>, complex: bool) -> PyResult<Self> {
        enter(py, || self.cuda()?.fourier_projection(&frequencies, complex)).map(Self::from)
    }

    /// The gradient where the angle of (phi x, gradient) is at most `threshold`, 0 elsewhere.
    fn archonic_filter(&self, py: Python<'_>, gradient: &Self, threshold: f64) -> PyResult<Self> {
        enter(py, || self.cuda()?.archonic_filter(gradient.cuda()?, threshold)).map(Self::from)
    }

    /// (low + (high - low) tanh |r|) z of residuals r and noise z.
    fn modulated_noise(&self, py: Python<'_>, noise: &Self, low: f64, high: f64) -> PyResult<Self> {
        enter(py, || self.cuda()?.modulated_noise(noise.cuda()?, low, high)).map(Self::from)
    }

    /// sqrt(-2 ln max(u, 1e-10)) cos(2 pi v): normals of two uniforms u, v.
    fn box_muller(&self, py: Python<'_>, other: &Self) -> PyResult<Self> {
        enter(py, || self.cuda()?.box_muller(other.cuda()?)).map(Self::from)
    }

    /// base phi^S of each syntony S.
    fn dwell(&self, py: Python<'_>, base: f64) -> PyResult<Self> {
        enter(py, || self.cuda()?.dwell(base)).map(Self::from)
    }

    /// x decay, and 0 where that is below `least`.
    fn memory_decay(&self, py: Python<'_>, decay: f64, least: f64) -> PyResult<Self> {
        enter(py, || self.cuda()?.memory_decay(decay, least)).map(Self::from)
    }

    /// The second differences along the last `axes` (1 or 2) axes, which are rings; pairs may stand behind them.
    #[pyo3(signature = (axes=1, *, complex=false))]
    fn laplacian(&self, py: Python<'_>, #[pyo3(from_py_with = whole)] axes: usize, complex: bool) -> PyResult<Self> {
        enter(py, || self.cuda()?.laplacian(axes, complex)).map(Self::from)
    }

    /// x + alpha (1 - S) F + zeta (1 - S) Lap x.
    #[pyo3(signature = (syntony, *, force=None, alpha=0.0, zeta=0.0, axes=1, complex=false))]
    #[expect(clippy::too_many_arguments, reason = "all but the syntony have defaults")]
    fn differentiation_full(
        &self,
        py: Python<'_>,
        syntony: f64,
        force: Option<&Self>,
        alpha: f64,
        zeta: f64,
        #[pyo3(from_py_with = whole)] axes: usize,
        complex: bool,
    ) -> PyResult<Self> {
        let force = force.map(Tensor::on_cuda).transpose()?;
        enter(py, || self.cuda()?.differentiation_full(force, syntony, (alpha, zeta), axes, complex)).map(Self::from)
    }

    /// The sum over i and j != i of phi^(x_i x_j / (n - 1)) / n.
    fn pair_syntony(&self, py: Python<'_>) -> PyResult<f64> {
        enter(py, || self.cuda()?.pair_syntony())
    }
}
