//! `syntonic._core.ComplexTensor`: complex128 matrices for the products, and factors of any kind.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyComplex, PyTuple};
use syntonic_classic::linalg::{self as core, Complex};
use syntonic_core::tensor::{self, DType, Resonant};

use crate::door::quick;
use crate::either::refused;
use crate::resonant::ResonantTensor;
use crate::tensor::{Tensor, nested, numbers};

/// A dense, row-major, immutable tensor of complex numbers, two binary64 each.
///
/// `ComplexTensor(real, imag=None)` copies the parts from whatever `Tensor` reads. `ComplexTensor.from_array(z)` reads an
/// array with `.real` and `.imag`, such as NumPy's and JAX's. `pairs` is a Tensor (..., 2) of the same memory, so that
/// `numpy.asarray(z.pairs).view(complex)[..., 0]` sees the numbers without a copy.
#[pyclass(frozen, module = "syntonic._core")]
pub struct ComplexTensor(pub core::ComplexTensor);

#[pymethods]
impl ComplexTensor {
    #[new]
    #[pyo3(signature = (real, imag=None))]
    fn new(real: &Bound<'_, PyAny>, imag: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let real = numbers(real, None, DType::F64)?;
        let imag = imag.map(|x| numbers(x, None, DType::F64)).transpose()?;
        quick(|| core::ComplexTensor::new(&real, imag.as_ref())).map(Self)
    }

    /// Reads an array that has `.real` and `.imag`.
    ///
    /// Raises:
    ///     TypeError: If it has not.
    #[staticmethod]
    fn from_array(array: &Bound<'_, PyAny>) -> PyResult<Self> {
        let (Ok(real), Ok(imag)) = (array.getattr("real"), array.getattr("imag")) else {
            return Err(PyTypeError::new_err(format!(
                "from_array: expected an array with .real and .imag, such as numpy.asarray(data, complex), got {}; \
                 see ComplexTensor(real, imag) for two of real numbers",
                array.get_type().name()?
            )));
        };
        Self::new(&real, Some(&imag))
    }

    /// Sizes of the axes, outermost first.
    #[getter]
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.0.shape().dims())
    }

    /// "complex128".
    #[getter]
    fn dtype(&self) -> &'static str {
        "complex128"
    }

    /// The real parts, a float64 Tensor.
    #[getter]
    fn real(&self) -> PyResult<Tensor> {
        quick(|| self.0.part(0)).map(Tensor::from)
    }

    /// The imaginary parts, a float64 Tensor.
    #[getter]
    fn imag(&self) -> PyResult<Tensor> {
        quick(|| self.0.part(1)).map(Tensor::from)
    }

    /// Real and imaginary parts side by side: a float64 Tensor (..., 2) of the same memory.
    #[getter]
    fn pairs(&self) -> Tensor {
        Tensor::from(self.0.pairs().clone())
    }

    /// The numbers as nested lists of [real, imaginary].
    fn tolist(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        nested(py, self.0.pairs().shape().dims(), &self.0.pairs().to_f64())
    }

    fn __repr__(&self) -> String {
        format!("ComplexTensor(shape={}, dtype=\"complex128\")", self.0.shape())
    }
}

/// A factor of a product.
pub enum Factor {
    /// float32 or float64.
    Float(tensor::Tensor),
    /// complex128.
    Complex(core::ComplexTensor),
    /// On the lattice, or in flux.
    Resonant(Resonant),
}

impl<'py> FromPyObject<'_, 'py> for Factor {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(x) = given.cast::<Tensor>() {
            return x.get().on_host().cloned().map(Self::Float);
        }
        if let Ok(x) = given.cast::<ComplexTensor>() {
            return Ok(Self::Complex(x.get().0.clone()));
        }
        if let Ok(x) = given.cast::<ResonantTensor>() {
            return Ok(Self::Resonant(x.get().copy()?));
        }
        let expected = "a Tensor (see Tensor(data)), a ComplexTensor or a crystallized ResonantTensor";
        Err(refused(&given, expected))
    }
}

/// A real or complex factor.
pub struct Scalar(pub Complex);

impl<'py> FromPyObject<'_, 'py> for Scalar {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(z) = given.cast::<PyComplex>() {
            return Ok(Self((z.real(), z.imag())));
        }
        given.extract().map(|x| Self((x, 0.0)))
    }
}

/// Two factors of one kind, not on the lattice.
pub enum Floats {
    /// float32 or float64.
    Real(tensor::Tensor, tensor::Tensor),
    /// complex128; a real one beside it was widened.
    Complex(core::ComplexTensor, core::ComplexTensor),
}

/// Two factors of one kind.
pub enum Pair {
    /// Floats.
    Floats(Floats),
    /// On the lattice.
    Lattice(Resonant, Resonant),
}

/// Returns a factor as complex numbers.
pub fn widened(x: Factor) -> PyResult<core::ComplexTensor> {
    match x {
        Factor::Float(x) => quick(|| core::ComplexTensor::new(&x, None)),
        Factor::Complex(x) => Ok(x),
        Factor::Resonant(_) => Err(mixed()),
    }
}

fn mixed() -> PyErr {
    PyTypeError::new_err("a product is exact on the lattice for ResonantTensors alone; convert them with to_tensor()")
}

impl Pair {
    /// Brings two factors to one kind.
    pub fn new(a: Factor, b: Factor) -> PyResult<Self> {
        match (a, b) {
            (Factor::Float(a), Factor::Float(b)) => Ok(Self::Floats(Floats::Real(a, b))),
            (Factor::Resonant(a), Factor::Resonant(b)) => Ok(Self::Lattice(a, b)),
            (a, b) => Ok(Self::Floats(Floats::Complex(widened(a)?, widened(b)?))),
        }
    }
}

impl Floats {
    /// Brings two factors to one kind, for a product that the lattice does not have.
    pub fn new(a: Factor, b: Factor, op: &str) -> PyResult<Self> {
        match Pair::new(a, b)? {
            Pair::Floats(pair) => Ok(pair),
            Pair::Lattice(..) => Err(PyTypeError::new_err(format!(
                "{op}: expected Tensors or ComplexTensors, got ResonantTensors; convert them with to_tensor()"
            ))),
        }
    }
}

/// Registers this file's classes.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<ComplexTensor>()
}
