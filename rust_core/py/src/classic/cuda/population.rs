//! The noise of a population, and golden products, on a device.

use pyo3::prelude::*;
use syntonic_classic::cuda::{GoldenProducts, PopulationNoise};
use syntonic_core::cuda as core;
use syntonic_core::tensor::DType;
use syntonic_core::tensor::philox::{Key, Stream};

use crate::door::{enter, quick};
use crate::list::whole;
use crate::tensor::Tensor;

#[pymethods]
impl Tensor {
    /// Normals (pairs, n) of a population: row p is the noise of pair `first_pair + p`, with the bits of the CPU.
    ///
    /// `stream` is what the numbers are for: 2, the default, is the noise of the population.
    #[staticmethod]
    #[pyo3(signature = (seed, pairs, n, *, generation=0, parameter=0, first_pair=0, stream=2, dtype="float32", device="cuda:0"))]
    #[expect(clippy::too_many_arguments, reason = "the counters of the noise, all but three of them with defaults")]
    fn noise(
        py: Python<'_>,
        #[pyo3(from_py_with = whole)] seed: u32,
        #[pyo3(from_py_with = whole)] pairs: usize,
        #[pyo3(from_py_with = whole)] n: usize,
        #[pyo3(from_py_with = whole)] generation: u32,
        #[pyo3(from_py_with = whole)] parameter: u32,
        #[pyo3(from_py_with = whole)] first_pair: u32,
        #[pyo3(from_py_with = whole)] stream: u32,
        dtype: &str,
        device: &str,
    ) -> PyResult<Self> {
        let dtype = quick(|| DType::from_name(dtype))?;
        let device = crate::devices::device(py, device)?;
        let counters = (parameter, first_pair, generation);
        enter(py, || core::DeviceTensor::noise(&device, Key([seed, stream]), counters, (pairs, n), dtype))
            .map(Self::from)
    }

    /// Members (2 pairs, ..): this tensor plus and minus sigma times the noise of each pair.
    #[pyo3(signature = (sigma, seed, pairs, *, generation=0, parameter=0, first_pair=0))]
    #[expect(clippy::too_many_arguments, reason = "the counters of the noise")]
    fn perturb(
        &self,
        py: Python<'_>,
        sigma: f64,
        #[pyo3(from_py_with = whole)] seed: u32,
        #[pyo3(from_py_with = whole)] pairs: usize,
        #[pyo3(from_py_with = whole)] generation: u32,
        #[pyo3(from_py_with = whole)] parameter: u32,
        #[pyo3(from_py_with = whole)] first_pair: u32,
    ) -> PyResult<Self> {
        let key = Key::new(seed, Stream::Noise);
        enter(py, || self.cuda()?.perturb(sigma, key, (parameter, first_pair, generation), pairs)).map(Self::from)
    }

    /// phi^n A B.
    fn mm_phi(&self, py: Python<'_>, other: &Self, n: i32) -> PyResult<Self> {
        enter(py, || self.cuda()?.mm_phi(other.cuda()?, n)).map(Self::from)
    }

    /// A B - B A/phi of square matrices.
    fn phi_bracket(&self, py: Python<'_>, other: &Self) -> PyResult<Self> {
        enter(py, || self.cuda()?.phi_bracket(other.cuda()?, false)).map(Self::from)
    }

    /// A B + B A/phi of square matrices.
    fn phi_antibracket(&self, py: Python<'_>, other: &Self) -> PyResult<Self> {
        enter(py, || self.cuda()?.phi_bracket(other.cuda()?, true)).map(Self::from)
    }

    /// The sum over k of A_ik B_kj e^(-k^2/phi).
    fn mm_golden_weighted(&self, py: Python<'_>, other: &Self) -> PyResult<Self> {
        enter(py, || self.cuda()?.mm_golden_weighted(other.cuda()?)).map(Self::from)
    }
}
