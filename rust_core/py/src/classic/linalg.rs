//! The matrix products under their documented flat names.
//!
//! Factors are two Tensors of one dtype, or ComplexTensors (a Tensor beside one is widened), or two crystallized
//! ResonantTensors, whose product is exact; the result is of the same kind.

use pyo3::prelude::*;
use syntonic_classic::exact::structures::{correction_factor, structure_number};
use syntonic_classic::linalg::{
    self as core, BRACKET, Complex, ComplexProduct, Form, Product, complex_bmm, complex_bracket,
    complex_mm_golden_weighted, complex_projection_sum, lattice_bracket, lattice_mm_phi, lattice_product,
};
use syntonic_core::Error;
use syntonic_core::exact::constants::PHI;
use syntonic_core::tensor::{self, Resonant};

use crate::classic::complex::{ComplexTensor, Factor, Floats, Pair, Scalar, widened};
use crate::door::{enter, quick};
use crate::list::List;
use crate::resonant::ResonantTensor;
use crate::tensor::Tensor;

fn float(py: Python<'_>, work: impl FnOnce() -> syntonic_core::Result<tensor::Tensor> + Send) -> PyResult<Py<PyAny>> {
    Ok(Py::new(py, Tensor::from(enter(py, work)?))?.into_any())
}

fn complex(
    py: Python<'_>,
    work: impl FnOnce() -> syntonic_core::Result<core::ComplexTensor> + Send,
) -> PyResult<Py<PyAny>> {
    Ok(Py::new(py, ComplexTensor(enter(py, work)?))?.into_any())
}

fn lattice(py: Python<'_>, work: impl FnOnce() -> syntonic_core::Result<Resonant> + Send) -> PyResult<Py<PyAny>> {
    Ok(Py::new(py, ResonantTensor::wrap(enter(py, work)?))?.into_any())
}

/// op(A) op(B) of any kind.
fn plain(py: Python<'_>, op: &'static str, a: (Factor, Form), b: (Factor, Form)) -> PyResult<Py<PyAny>> {
    let forms = (a.1, b.1);
    match Pair::new(a.0, b.0)? {
        Pair::Floats(Floats::Real(a, b)) => {
            float(py, || Product { a: (&a, forms.0), b: (&b, forms.1), ..Product::new(op, &a, &b) }.compute())
        }
        Pair::Floats(Floats::Complex(a, b)) => complex(py, || {
            ComplexProduct { a: (&a, forms.0), b: (&b, forms.1), ..ComplexProduct::new(op, &a, &b) }.compute()
        }),
        Pair::Lattice(a, b) => lattice(py, || lattice_product(op, (&a, forms.0), (&b, forms.1))),
    }
}

macro_rules! products {
    ($($(#[$doc:meta])* $name:ident, $op:literal, $a:ident, $b:ident;)*) => {
        $(
            $(#[$doc])*
            #[pyfunction]
            fn $name(py: Python<'_>, a: Factor, b: Factor) -> PyResult<Py<PyAny>> {
                plain(py, $op, (a, Form::$a), (b, Form::$b))
            }
        )*
    };
}

products! {
    /// A B of matrices (m, k) and (k, n).
    linalg_mm, "mm", Plain, Plain;
    /// A^T B of matrices (k, m) and (k, n).
    linalg_mm_tn, "mm_tn", Transposed, Plain;
    /// A B^T of matrices (m, k) and (n, k).
    linalg_mm_nt, "mm_nt", Plain, Transposed;
    /// A^T B^T of matrices (k, m) and (n, k).
    linalg_mm_tt, "mm_tt", Transposed, Transposed;
    /// A^H B: the conjugate transpose, for real numbers the transpose.
    linalg_mm_hn, "mm_hn", Adjoint, Plain;
    /// A B^H: the conjugate transpose, for real numbers the transpose.
    linalg_mm_nh, "mm_nh", Plain, Adjoint;
}

/// alpha op(A) op(B) + beta C; C and beta come together.
struct General {
    op: &'static str,
    forms: (Form, Form),
    alpha: Complex,
    c: Option<(Factor, Complex)>,
}

impl General {
    fn run(self, py: Python<'_>, a: Factor, b: Factor) -> PyResult<Py<PyAny>> {
        let Self { op, forms, alpha, c } = self;
        match (Floats::new(a, b, op)?, c, alpha.1 == 0.0) {
            (Floats::Real(a, b), None, true) => float(py, || {
                Product { a: (&a, forms.0), b: (&b, forms.1), alpha: alpha.0, ..Product::new(op, &a, &b) }.compute()
            }),
            (Floats::Real(a, b), Some((Factor::Float(c), (beta, 0.0))), true) => float(py, || {
                Product { op, a: (&a, forms.0), b: (&b, forms.1), alpha: alpha.0, c: Some((&c, beta)) }.compute()
            }),
            (pair, c, _) => {
                let (a, b) = match pair {
                    Floats::Complex(a, b) => (a, b),
                    Floats::Real(a, b) => (widened(Factor::Float(a))?, widened(Factor::Float(b))?),
                };
                let c = c.map(|(c, beta)| Ok::<_, PyErr>((widened(c)?, beta))).transpose()?;
                complex(py, || {
                    let c = c.as_ref().map(|(c, beta)| (c, *beta));
                    ComplexProduct { op, a: (&a, forms.0), b: (&b, forms.1), alpha, c }.compute()
                })
            }
        }
    }
}

const PLAIN: (Form, Form) = (Form::Plain, Form::Plain);

/// alpha A B + beta C.
#[pyfunction]
#[pyo3(
    signature = (a, b, c, alpha=Scalar((1.0, 0.0)), beta=Scalar((1.0, 0.0))),
    text_signature = "(a, b, c, alpha=1.0, beta=1.0)"
)]
fn linalg_mm_add(py: Python<'_>, a: Factor, b: Factor, c: Factor, alpha: Scalar, beta: Scalar) -> PyResult<Py<PyAny>> {
    General { op: "mm_add", forms: PLAIN, alpha: alpha.0, c: Some((c, beta.0)) }.run(py, a, b)
}

/// alpha op(A) op(B) + beta C, with op "N", "T" or "H" (conjugate transpose); without C beta is not used.
#[pyfunction]
#[pyo3(
    signature = (a, b, ta="N", tb="N", alpha=Scalar((1.0, 0.0)), beta=Scalar((0.0, 0.0)), c=None),
    text_signature = "(a, b, ta='N', tb='N', alpha=1.0, beta=0.0, c=None)"
)]
#[expect(clippy::too_many_arguments, reason = "the documented ones")]
fn linalg_mm_gemm(
    py: Python<'_>,
    a: Factor,
    b: Factor,
    ta: &str,
    tb: &str,
    alpha: Scalar,
    beta: Scalar,
    c: Option<Factor>,
) -> PyResult<Py<PyAny>> {
    let forms = quick(|| Ok((Form::from_name(ta)?, Form::from_name(tb)?)))?;
    General { op: "mm_gemm", forms, alpha: alpha.0, c: c.map(|c| (c, beta.0)) }.run(py, a, b)
}

/// C_i = A_i B_i for A (batch, m, k) and B (batch, k, n).
#[pyfunction]
fn linalg_bmm(py: Python<'_>, a: Factor, b: Factor) -> PyResult<Py<PyAny>> {
    match Floats::new(a, b, "bmm")? {
        Floats::Complex(a, b) => complex(py, || complex_bmm(&a, &b)),
        Floats::Real(a, b) => float(py, || core::bmm(&a, &b)),
    }
}

/// phi^n A B.
#[pyfunction]
fn linalg_mm_phi(py: Python<'_>, a: Factor, b: Factor, n: i32) -> PyResult<Py<PyAny>> {
    match Pair::new(a, b)? {
        Pair::Lattice(a, b) => lattice(py, || lattice_mm_phi(&a, &b, n)),
        Pair::Floats(Floats::Real(a, b)) => float(py, || core::mm_phi(&a, &b, n)),
        Pair::Floats(Floats::Complex(a, b)) => complex(py, || {
            ComplexProduct { alpha: (PHI.powi(n), 0.0), ..ComplexProduct::new("mm_phi", &a, &b) }.compute()
        }),
    }
}

/// A B - B A / phi of two square matrices of one size.
#[pyfunction]
fn linalg_phi_bracket(py: Python<'_>, a: Factor, b: Factor) -> PyResult<Py<PyAny>> {
    bracket(py, "phi_bracket", a, b, false)
}

/// A B + B A / phi of two square matrices of one size.
#[pyfunction]
fn linalg_phi_antibracket(py: Python<'_>, a: Factor, b: Factor) -> PyResult<Py<PyAny>> {
    bracket(py, "phi_antibracket", a, b, true)
}

fn bracket(py: Python<'_>, op: &'static str, a: Factor, b: Factor, plus: bool) -> PyResult<Py<PyAny>> {
    let factor = if plus { BRACKET } else { -BRACKET };
    match Pair::new(a, b)? {
        Pair::Floats(Floats::Real(a, b)) => float(py, || core::bracket(op, &a, &b, factor)),
        Pair::Floats(Floats::Complex(a, b)) => complex(py, || complex_bracket(op, &a, &b, factor)),
        Pair::Lattice(a, b) => lattice(py, || lattice_bracket(op, &a, &b, plus)),
    }
}

/// (1 + sign q / N) A B with the number N of a structure such as "E8_dim"; sign is +1 or -1.
#[pyfunction]
#[pyo3(signature = (a, b, structure, sign=1))]
fn linalg_mm_corrected(py: Python<'_>, a: Factor, b: Factor, structure: &str, sign: i64) -> PyResult<Py<PyAny>> {
    let factor = quick(|| correction_factor(structure_number(structure)?.into(), sign))?;
    General { op: "mm_corrected", forms: PLAIN, alpha: (factor, 0.0), c: None }.run(py, a, b)
}

/// (1 + q / n) A B for sign >= 0, else (1 - q / n) A B.
#[pyfunction]
#[pyo3(signature = (a, b, n, sign=1))]
fn linalg_mm_q_corrected_direct(py: Python<'_>, a: Factor, b: Factor, n: f64, sign: i64) -> PyResult<Py<PyAny>> {
    let factor = q_correction_scalar(n, sign)?;
    General { op: "mm_q_corrected_direct", forms: PLAIN, alpha: (factor, 0.0), c: None }.run(py, a, b)
}

/// 1 + q / n for sign >= 0, else 1 - q / n.
#[pyfunction]
#[pyo3(signature = (n, sign=1))]
fn q_correction_scalar(n: f64, sign: i64) -> PyResult<f64> {
    quick(|| correction_factor(n, if sign >= 0 { 1 } else { -1 }))
}

/// e^(i pi n / phi) A B, a ComplexTensor; one real product where A and B are real.
#[pyfunction]
fn linalg_mm_golden_phase(py: Python<'_>, a: Factor, b: Factor, n: f64) -> PyResult<Py<PyAny>> {
    let op = "mm_golden_phase";
    if !n.is_finite() {
        return quick(|| Err(Error::Value { op, expected: "a finite n".into(), got: n.to_string() }));
    }
    let (sin, cos) = (std::f64::consts::PI * n / PHI).sin_cos();
    match Floats::new(a, b, op)? {
        Floats::Real(a, b) => {
            complex(py, || core::ComplexTensor::new(&Product::new(op, &a, &b).compute()?, None)?.scaled((cos, sin)))
        }
        Floats::Complex(a, b) => {
            complex(py, || ComplexProduct { alpha: (cos, sin), ..ComplexProduct::new(op, &a, &b) }.compute())
        }
    }
}

/// C_ij = sum_k A_ik B_kj e^(-k^2 / phi), k from 0.
#[pyfunction]
fn linalg_mm_golden_weighted(py: Python<'_>, a: Factor, b: Factor) -> PyResult<Py<PyAny>> {
    match Floats::new(a, b, "mm_golden_weighted")? {
        Floats::Real(a, b) => float(py, || core::mm_golden_weighted(&a, &b)),
        Floats::Complex(a, b) => complex(py, || complex_mm_golden_weighted(&a, &b)),
    }
}

/// Psi + sum_k alpha_k P_k Psi for Psi (n, m) and projectors (n, n), by one product.
#[pyfunction]
fn linalg_projection_sum(
    py: Python<'_>,
    psi: Factor,
    projectors: List<Factor>,
    alphas: List<Scalar>,
) -> PyResult<Py<PyAny>> {
    let tensors: Option<Vec<tensor::Tensor>> = projectors.iter().map(real).collect();
    if let (Some(psi), Some(all), true) = (real(&psi), tensors, alphas.iter().all(|x| x.0.1 == 0.0)) {
        let alphas: Vec<f64> = alphas.iter().map(|x| x.0.0).collect();
        return float(py, || core::projection_sum(&psi, &all.iter().collect::<Vec<_>>(), &alphas));
    }
    let psi = widened(psi)?;
    let all = projectors.into_iter().map(widened).collect::<PyResult<Vec<_>>>()?;
    let alphas: Vec<Complex> = alphas.iter().map(|x| x.0).collect();
    complex(py, || complex_projection_sum(&psi, &all.iter().collect::<Vec<_>>(), &alphas))
}

fn real(x: &Factor) -> Option<tensor::Tensor> {
    match x {
        Factor::Float(x) => Some(x.clone()),
        _ => None,
    }
}

/// Registers this file's functions.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(linalg_mm, m)?)?;
    m.add_function(wrap_pyfunction!(linalg_mm_add, m)?)?;
    m.add_function(wrap_pyfunction!(linalg_mm_tn, m)?)?;
    m.add_function(wrap_pyfunction!(linalg_mm_nt, m)?)?;
    m.add_function(wrap_pyfunction!(linalg_mm_tt, m)?)?;
    m.add_function(wrap_pyfunction!(linalg_mm_hn, m)?)?;
    m.add_function(wrap_pyfunction!(linalg_mm_nh, m)?)?;
    m.add_function(wrap_pyfunction!(linalg_mm_gemm, m)?)?;
    m.add_function(wrap_pyfunction!(linalg_bmm, m)?)?;
    m.add_function(wrap_pyfunction!(linalg_mm_phi, m)?)?;
    m.add_function(wrap_pyfunction!(linalg_phi_bracket, m)?)?;
    m.add_function(wrap_pyfunction!(linalg_phi_antibracket, m)?)?;
    m.add_function(wrap_pyfunction!(linalg_mm_corrected, m)?)?;
    m.add_function(wrap_pyfunction!(linalg_mm_q_corrected_direct, m)?)?;
    m.add_function(wrap_pyfunction!(q_correction_scalar, m)?)?;
    m.add_function(wrap_pyfunction!(linalg_mm_golden_phase, m)?)?;
    m.add_function(wrap_pyfunction!(linalg_mm_golden_weighted, m)?)?;
    m.add_function(wrap_pyfunction!(linalg_projection_sum, m)?)
}
