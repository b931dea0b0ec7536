//! The theory's operations of device tensors: winding, phases, lattice, attractors.

use pyo3::prelude::*;
use syntonic_classic::cuda::{Attractors, Lattice, ResonantPhases, WindingFields};
use syntonic_core::cuda as core;
use syntonic_core::tensor::DType;

use crate::door::{enter, quick};
use crate::list::whole;
use crate::tensor::Tensor;

#[pymethods]
impl Tensor {
    /// e^(-n/phi) of squared norms n.
    fn golden_weights(&self, py: Python<'_>) -> PyResult<Self> {
        enter(py, || self.cuda()?.golden_weights()).map(Self::from)
    }

    /// x^2.
    fn energy(&self, py: Python<'_>) -> PyResult<Self> {
        enter(py, || self.cuda()?.energy()).map(Self::from)
    }

    /// Energies times weights of the same shape.
    fn weighted_energy(&self, py: Python<'_>, weights: &Self) -> PyResult<Self> {
        enter(py, || self.cuda()?.weighted_energy(weights.cuda()?)).map(Self::from)
    }

    /// x phi^-layer.
    fn golden_decay(&self, py: Python<'_>, layer: i32) -> PyResult<Self> {
        enter(py, || self.cuda()?.golden_decay(layer)).map(Self::from)
    }

    /// x where the mask of its feature is not 0, 0 elsewhere.
    fn mobius_filter(&self, py: Python<'_>, mask: crate::list::List<i32>) -> PyResult<Self> {
        enter(py, || self.cuda()?.mobius_filter(&mask)).map(Self::from)
    }

    /// Squared mode norms of `dim` features: (scale i / dim)^2, or i^2 without a scale.
    #[staticmethod]
    #[pyo3(signature = (dim, scale=None, *, dtype="float32", device="cuda:0"))]
    fn mode_norms(
        py: Python<'_>,
        #[pyo3(from_py_with = whole)] dim: usize,
        scale: Option<f64>,
        dtype: &str,
        device: &str,
    ) -> PyResult<Self> {
        let dtype = quick(|| DType::from_name(dtype))?;
        let device = crate::devices::device(py, device)?;
        enter(py, || core::DeviceTensor::mode_norms(&device, dim, scale, dtype)).map(Self::from)
    }

    /// The syntony of each row, given the golden weight of each feature.
    fn batch_syntony(&self, py: Python<'_>, weights: &Self) -> PyResult<Self> {
        enter(py, || self.cuda()?.batch_syntony(weights.cuda()?)).map(Self::from)
    }

    /// (|n|, e^(-n^2/(4 phi))) of squared mode norms: the tables that `d_phase` takes.
    fn mode_tables(&self, py: Python<'_>) -> PyResult<(Self, Self)> {
        enter(py, || self.cuda()?.mode_tables()).map(|(roots, spreads)| (Self::from(roots), Self::from(spreads)))
    }

    /// The D phase: x (1 + alpha |n|) + noise_scale (1 - S) g z.
    ///
    /// `syntony` is one number, or one for each entry of axis 0. `noise` is z; without it, z is the CPU's noise of
    /// (seed, step). Without `spreads`, g is 1.
    #[pyo3(signature = (roots, syntony, *, spreads=None, noise_scale=0.0, noise=None, seed=0, step=0))]
    #[expect(clippy::too_many_arguments, reason = "tables, syntony and the law of the noise")]
    fn d_phase(
        &self,
        py: Python<'_>,
        roots: &Self,
        syntony: &Self,
        spreads: Option<&Self>,
        noise_scale: f64,
        noise: Option<&Self>,
        #[pyo3(from_py_with = whole)] seed: u32,
        #[pyo3(from_py_with = whole)] step: u32,
    ) -> PyResult<Self> {
        let tables = (roots.on_cuda()?, spreads.map(Tensor::on_cuda).transpose()?);
        let result = enter(py, || match noise {
            Some(noise) => self.cuda()?.d_phase(noise.cuda()?, tables, syntony.cuda()?, noise_scale),
            None => self.cuda()?.d_phase_seeded((seed, step), tables, syntony.cuda()?, noise_scale),
        });
        result.map(Self::from)
    }

    /// The H phase: x (1 - beta (1 - w)), beta = strength S/phi.
    #[pyo3(signature = (weights, syntony, strength=1.0))]
    fn h_phase(&self, py: Python<'_>, weights: &Self, syntony: &Self, strength: f64) -> PyResult<Self> {
        enter(py, || self.cuda()?.h_phase(weights.cuda()?, syntony.cuda()?, strength)).map(Self::from)
    }

    /// (a, b), |a|, |b| <= precision, of the lattice point a + b phi nearest to each number: the integers of the CPU.
    #[pyo3(signature = (precision=100))]
    fn snap(&self, py: Python<'_>, precision: i64) -> PyResult<(Self, Self)> {
        enter(py, || self.cuda()?.snap(precision)).map(|(a, b)| (Self::from(a), Self::from(b)))
    }

    /// a + b phi; this tensor holds a.
    #[pyo3(signature = (b, dtype="float64"))]
    fn wake(&self, py: Python<'_>, b: &Self, dtype: &str) -> PyResult<Self> {
        let dtype = quick(|| DType::from_name(dtype))?;
        enter(py, || self.cuda()?.wake(b.cuda()?, dtype)).map(Self::from)
    }

    /// What a snap of this tensor to (a, b) changed, times the weight of its feature.
    #[pyo3(signature = (a, b, weights=None))]
    fn snap_gradient(&self, py: Python<'_>, a: &Self, b: &Self, weights: Option<&Self>) -> PyResult<Self> {
        let weights = weights.map(Tensor::on_cuda).transpose()?;
        enter(py, || self.cuda()?.snap_gradient(a.cuda()?, b.cuda()?, weights)).map(Self::from)
    }

    /// The weighted mean of the entries of axis 0.
    fn centroid(&self, py: Python<'_>, weights: crate::list::List<f64>) -> PyResult<Self> {
        enter(py, || self.cuda()?.centroid(&weights)).map(Self::from)
    }

    /// The centroid of each of some lists of entries of axis 0; -1 in a list stands for none.
    fn centroids(
        &self,
        py: Python<'_>,
        weights: crate::list::List<f64>,
        lists: crate::list::List<crate::list::List<i32>>,
    ) -> PyResult<Self> {
        let lists: Vec<Vec<i32>> = lists.into_iter().map(|list| list.0).collect();
        enter(py, || self.cuda()?.centroids(&weights, &lists)).map(Self::from)
    }

    /// v_i + strength sum_j m_j (x_j - x_i) / (|x_j - x_i|^2 + softening^2)^(3/2) of places x (bodies, 3).
    #[pyo3(signature = (velocities, masses, strength, softening=0.0))]
    fn geodesic_gravity(
        &self,
        py: Python<'_>,
        velocities: &Self,
        masses: &Self,
        strength: f64,
        softening: f64,
    ) -> PyResult<Self> {
        enter(py, || self.cuda()?.geodesic_gravity(velocities.cuda()?, masses.cuda()?, strength, softening))
            .map(Self::from)
    }

    /// The Euclidean distance to a tensor of the same shape.
    fn distance(&self, py: Python<'_>, other: &Self) -> PyResult<f64> {
        enter(py, || self.cuda()?.distance(other.cuda()?))
    }

    /// (1 - pull) x (1 - beta (1 - w)) + pull (x + gravity (c - x)).
    #[pyo3(signature = (centroid, weights, pull, beta, gravity=1.0))]
    fn retrocausal_harmonize(
        &self,
        py: Python<'_>,
        centroid: &Self,
        weights: &Self,
        pull: f64,
        beta: f64,
        gravity: f64,
    ) -> PyResult<Self> {
        enter(py, || self.cuda()?.retrocausal_harmonize(centroid.cuda()?, weights.cuda()?, pull, beta, gravity))
            .map(Self::from)
    }

    /// (c - x) (1 - S)^2.
    fn syntony_gradient(&self, py: Python<'_>, centroid: &Self, syntony: f64) -> PyResult<Self> {
        enter(py, || self.cuda()?.syntony_gradient(centroid.cuda()?, syntony)).map(Self::from)
    }

    /// d e^(-|d|/phi) of d = c - x.
    fn feature_distance(&self, py: Python<'_>, centroid: &Self) -> PyResult<Self> {
        enter(py, || self.cuda()?.feature_distance(centroid.cuda()?)).map(Self::from)
    }

    /// e^(n m/phi) of winding numbers.
    fn hooking_coefficient(&self, py: Python<'_>, other: &Self) -> PyResult<Self> {
        enter(py, || self.cuda()?.hooking_coefficient(other.cuda()?)).map(Self::from)
    }
}
