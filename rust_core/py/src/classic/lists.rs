//! The documented flat names of `syntonic._core`: `py_*` functions on numbers and lists, each one call into the core.

use pyo3::prelude::*;
use syntonic_classic::exact::number_theory;
use syntonic_classic::lists::{self, Aggregate, Binary};
use syntonic_core::exact::constants::{E_STAR, PHI, PHI_INVERSE};
use syntonic_core::exact::primes;
use syntonic_core::tensor::{ModeNorms, Shape, golden_weight};

use crate::door::{enter, quick};
use crate::list::List;
use crate::list::whole;

/// A flat list and its shape.
type Shaped = (Vec<f64>, Vec<usize>);

/// Returns whether no square divides n; False for n <= 0.
#[pyfunction]
fn py_is_square_free(py: Python<'_>, n: i64) -> PyResult<bool> {
    enter(py, || Ok(primes::is_square_free(n)))
}

/// Returns the Mertens function M(n), the sum of mu(k) for 1 <= k <= n; 0 for n <= 0.
///
/// Raises:
///     ValueError: If n > 10^11, where its sieve would take too much memory.
///
/// Example:
///     >>> py_mertens(10**6)
///     212
#[pyfunction]
fn py_mertens(py: Python<'_>, n: i64) -> PyResult<i64> {
    enter(py, || number_theory::mertens(n))
}

/// Returns the golden weights e^(-s / phi) of a list of squared norms.
#[pyfunction]
fn py_golden_weights(norms: List<f64>) -> Vec<f64> {
    norms.into_iter().map(golden_weight).collect()
}

/// Returns E* = e^pi - pi.
#[pyfunction]
fn py_e_star() -> f64 {
    E_STAR
}

/// Returns S = sum x^2 w / sum x^2 for values with squared mode norms, one each; 0 for no energy.
#[pyfunction]
fn py_compute_winding_syntony(values: List<f64>, norms: List<f64>) -> PyResult<f64> {
    quick(|| lists::winding_syntony(&values, &norms))
}

/// Returns S of each of `batch` rows of `dim` values, all with the same `dim` norms.
#[pyfunction]
fn py_batch_winding_syntony(
    values: List<f64>,
    #[pyo3(from_py_with = whole)] batch: usize,
    #[pyo3(from_py_with = whole)] dim: usize,
    norms: List<f64>,
) -> PyResult<Vec<f64>> {
    quick(|| lists::batch_winding_syntony(&values, batch, dim, &norms))
}

/// Returns one syntony for several: their "mean", "min", or "geometric" mean; 0.5 for none.
#[pyfunction]
#[pyo3(signature = (syntonies, method="mean"))]
fn py_aggregate_syntony(syntonies: List<f64>, method: &str) -> PyResult<f64> {
    quick(|| Ok(Aggregate::from_name(method)?.of(&syntonies)))
}

/// Returns [0, 1, 4, .., (dim - 1)^2].
#[pyfunction]
fn py_standard_mode_norms(#[pyo3(from_py_with = whole)] dim: u32) -> PyResult<Vec<f64>> {
    quick(|| ModeNorms::Raw.norms(dim as usize))
}

/// Returns the mean of (p - t)^2; 0 for empty lists. ValueError for different lengths.
#[pyfunction]
fn py_mse_loss(predictions: List<f64>, targets: List<f64>) -> PyResult<f64> {
    quick(|| lists::mean_squared_error(&predictions, &targets))
}

/// Returns e^x / sum e^x.
#[pyfunction]
fn py_softmax(logits: List<f64>) -> Vec<f64> {
    lists::softmax(&logits)
}

/// Returns -sum t ln softmax(x), by log-sum-exp; 0 for empty lists. ValueError for different lengths.
#[pyfunction]
fn py_cross_entropy_loss(logits: List<f64>, targets: List<f64>) -> PyResult<f64> {
    quick(|| lists::cross_entropy(&logits, &targets))
}

/// Returns the mean cross-entropy of `batch` rows of `classes`. ValueError unless both lists are batch * classes long.
#[pyfunction]
fn py_batch_cross_entropy_loss(
    logits: List<f64>,
    targets: List<f64>,
    #[pyo3(from_py_with = whole)] batch: usize,
    #[pyo3(from_py_with = whole)] classes: usize,
) -> PyResult<f64> {
    quick(|| lists::batch_cross_entropy(&logits, &targets, batch, classes))
}

/// Returns lam (1 - S).
#[pyfunction]
fn py_syntony_loss(syntony: f64, lam: f64) -> f64 {
    lam * (1.0 - syntony)
}

/// Returns lam (S - target)^2. ValueError unless 0 < target <= 1: S* = phi - q is out of every syntony's reach.
#[pyfunction]
#[pyo3(signature = (syntony, lam, target=PHI_INVERSE), text_signature = "(syntony, lam, target=0.6180339887498949)")]
fn py_syntony_loss_srt(syntony: f64, lam: f64, target: f64) -> PyResult<f64> {
    quick(|| lists::syntony_loss_srt(syntony, lam, target))
}

/// Returns mu (Arg Tr e^(i pi rho) - target)^2 for rho with the eigenvalues v^2 / sum v^2; 0 for no energy.
#[pyfunction]
#[pyo3(
    signature = (values, target=std::f64::consts::FRAC_PI_2, mu=1.0),
    text_signature = "(values, target=1.5707963267948966, mu=1.0)"
)]
fn py_phase_alignment_loss(values: List<f64>, target: f64, mu: f64) -> PyResult<f64> {
    quick(|| lists::phase_alignment(&values, target, mu))
}

/// Returns (total, task, lam (1 - S), mu C), total being the sum of the others.
#[pyfunction]
fn py_syntonic_loss(task: f64, syntony: f64, phase_cost: f64, lam: f64, mu: f64) -> (f64, f64, f64, f64) {
    let (of_syntony, of_phase) = (lam * (1.0 - syntony), mu * phase_cost);
    (task + of_syntony + of_phase, task, of_syntony, of_phase)
}

/// Returns 1 - H(p) / ln n; 0.5 for one probability or none. ValueError unless they are probabilities.
#[pyfunction]
fn py_estimate_syntony_from_probs(probabilities: List<f64>) -> PyResult<f64> {
    quick(|| lists::syntony_of_probabilities(&probabilities))
}

/// Returns lam times the sum of phi^-l norms[l], with the squared norms of the layers l.
#[pyfunction]
fn py_golden_decay_loss(norms: List<f64>, lam: f64) -> f64 {
    lists::golden_decay(&norms, lam)
}

/// Returns the shape that two shapes broadcast to; None if they do not fit.
#[pyfunction]
fn py_broadcast_shape(a: List<usize>, b: List<usize>) -> Option<Vec<usize>> {
    Shape::from(a.0).broadcast(&b.0.into()).map(|shape| shape.dims().to_vec())
}

/// Returns whether two shapes broadcast.
#[pyfunction]
fn py_are_broadcastable(a: List<usize>, b: List<usize>) -> bool {
    py_broadcast_shape(a, b).is_some()
}

/// Returns the sum of index * stride.
#[pyfunction]
fn py_linear_index(indices: List<usize>, strides: List<usize>) -> PyResult<usize> {
    quick(|| lists::linear_index(&indices, &strides))
}

/// Defines functions of two flat lists with shapes: (data, shape) of the result, or None if the shapes do not fit.
macro_rules! broadcasting {
    ($($(#[$doc:meta])* $name:ident: $op:ident;)*) => {
        $($(#[$doc])*
        #[pyfunction]
        fn $name(
            py: Python<'_>, a: List<f64>, a_shape: List<usize>, b: List<f64>, b_shape: List<usize>,
        ) -> PyResult<Option<Shaped>> {
            enter(py, || lists::broadcast(Binary::$op, (&a, &a_shape), (&b, &b_shape)))
        })*
    };
}

broadcasting! {
    /// Returns (data, shape) of a + b; None if the shapes do not fit, ValueError if data do not fit their shape.
    py_broadcast_add: Add;
    /// Returns (data, shape) of a - b; None if the shapes do not fit, ValueError if data do not fit their shape.
    py_broadcast_sub: Sub;
    /// Returns (data, shape) of a * b; None if the shapes do not fit, ValueError if data do not fit their shape.
    py_broadcast_mul: Mul;
    /// Returns (data, shape) of a / b, by IEEE rules; None if the shapes do not fit, ValueError as the others.
    py_broadcast_div: Div;
}

/// Defines functions of a list and a number that return a new list.
macro_rules! scalars {
    ($($(#[$doc:meta])* $name:ident($data:ident, $scalar:ident) $work:expr;)*) => {
        $($(#[$doc])*
        #[pyfunction]
        fn $name($data: List<f64>, $scalar: f64) -> PyResult<Vec<f64>> {
            quick(|| $work)
        })*
    };
}

scalars! {
    /// Returns a new list of x + scalar.
    py_inplace_add_scalar(data, scalar) Ok(data.iter().map(|x| x + scalar).collect());
    /// Returns a new list of x - scalar.
    py_inplace_sub_scalar(data, scalar) Ok(data.iter().map(|x| x - scalar).collect());
    /// Returns a new list of x * scalar.
    py_inplace_mul_scalar(data, scalar) Ok(data.iter().map(|x| x * scalar).collect());
    /// Returns a new list of x / scalar; ZeroDivisionError for 0.
    py_inplace_div_scalar(data, scalar) lists::div_scalar(&data, scalar);
}

/// Returns a new list of -x.
#[pyfunction]
fn py_inplace_negate(data: List<f64>) -> Vec<f64> {
    data.into_iter().map(|x| -x).collect()
}

/// Returns a new list of |x|.
#[pyfunction]
fn py_inplace_abs(data: List<f64>) -> Vec<f64> {
    data.into_iter().map(f64::abs).collect()
}

/// Returns a new list of x within min..=max; ValueError unless min <= max.
#[pyfunction]
fn py_inplace_clamp(data: List<f64>, min: f64, max: f64) -> PyResult<Vec<f64>> {
    quick(|| lists::clamp(&data, min, max))
}

/// Returns a new list of e^(-x / phi); ValueError unless phi > 0.
#[pyfunction]
#[pyo3(signature = (data, phi=PHI), text_signature = "(data, phi=1.618033988749895)")]
fn py_inplace_golden_weight(data: List<f64>, phi: f64) -> PyResult<Vec<f64>> {
    quick(|| lists::golden_weights(&data, phi))
}

/// Registers functions, each under its own name.
macro_rules! add_all {
    ($module:expr, $($name:ident),* $(,)?) => {
        $($module.add_function(wrap_pyfunction!($name, $module)?)?;)*
    };
}

/// Registers this file's functions.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    add_all!(
        m,
        py_is_square_free,
        py_mertens,
        py_golden_weights,
        py_e_star,
        py_compute_winding_syntony,
        py_batch_winding_syntony,
        py_aggregate_syntony,
        py_standard_mode_norms,
        py_mse_loss,
        py_softmax,
        py_cross_entropy_loss,
        py_batch_cross_entropy_loss,
        py_syntony_loss,
        py_syntony_loss_srt,
        py_phase_alignment_loss,
        py_syntonic_loss,
        py_estimate_syntony_from_probs,
        py_golden_decay_loss,
        py_broadcast_shape,
        py_are_broadcastable,
        py_linear_index,
        py_broadcast_add,
        py_broadcast_sub,
        py_broadcast_mul,
        py_broadcast_div,
        py_inplace_add_scalar,
        py_inplace_sub_scalar,
        py_inplace_mul_scalar,
        py_inplace_div_scalar,
        py_inplace_negate,
        py_inplace_abs,
        py_inplace_clamp,
        py_inplace_golden_weight,
    );
    Ok(())
}
