//! The Gaussian error linear unit in its tanh form: x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))).
//!
//! Source: Hendrycks and Gimpel, "Gaussian error linear units", arXiv 1606.08415.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use crate::tensor::Real;

/// Returns the unit's value at x.
#[inline(always)]
fn gelu<T: Real>(x: T) -> T {
    let (outer, inner) = (T::from_f64(FRAC_2_SQRT_PI * FRAC_1_SQRT_2), T::from_f64(0.044_715));
    T::from_f64(0.5) * x * (T::ONE + (outer * (inner * x * x).fma(x, x)).tanh())
}

crate::loops::elementwise::unary! {
    /// The Gaussian error linear unit in its tanh form, elementwise: x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))).
    ///
    /// >>> Tensor([0.0, 40.0]).gelu().tolist()
    /// [0.0, 40.0]
    gelu Gelu |x: T| gelu(x),
    cuda "x / (1 + exp(real(-1.5957691216057308) * (x + real(0.044715) * x * x * x)))"
}
