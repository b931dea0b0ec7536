//! Layer norm of a tensor towards the variance of a mode, with a scale and a shift for each feature.

use super::GoldenNormMode;
use syntonic_core::loops::channels;
use syntonic_core::loops::columns::Line;
use syntonic_core::ops::{Element, LayerNorm, Op};
use syntonic_core::tensor::{Buffer, DType, Tensor};
use syntonic_core::{Error, Result};

/// Returns gamma sqrt(T) (x - mean) / sqrt(var + eps) + beta over the last axis, T the variance of `mode`.
///
/// # Errors
/// `Error::Shape` without a last axis of size 1 or more, or for a gamma or beta of another length; `Error::Value` for eps
/// below 0.
pub fn golden_layer_norm(
    x: &Tensor,
    mode: GoldenNormMode,
    eps: f64,
    gamma: Option<&[f64]>,
    beta: Option<&[f64]>,
) -> Result<Tensor> {
    let y = Op::from(LayerNorm { eps, variance: mode.variance() }).eager(&[x], &[])?;
    for (name, values) in [("gamma", gamma), ("beta", beta)] {
        if values.is_some_and(|values| values.len() != x.shape().last()) {
            return Err(Error::Shape {
                op: "golden layer norm",
                expected: format!("{name} of {} values, one for each feature", x.shape().last()),
                got: values.map_or(0, <[f64]>::len).to_string(),
            });
        }
    }
    match (gamma, beta, x.dtype()) {
        (None, None, _) => Ok(y),
        (_, _, DType::F32) => affine::<f32>(&y, gamma, beta),
        (_, _, DType::F64) => affine::<f64>(&y, gamma, beta),
    }
}

fn affine<T: Element>(y: &Tensor, gamma: Option<&[f64]>, beta: Option<&[f64]>) -> Result<Tensor> {
    let line = |i: usize| Line {
        factor: T::ONE,
        shift: T::ZERO,
        scale: gamma.map_or(T::ONE, |g| T::from_f64(g[i])),
        offset: beta.map_or(T::ZERO, |b| T::from_f64(b[i])),
    };
    let lines: Vec<Line<T>> = (0..y.shape().last()).map(line).collect();
    let mut out = Buffer::stale(y.shape().numel());
    channels::apply(&lines, T::slice(y), 1, out.values_mut());
    Tensor::new(y.shape().clone(), T::storage(out))
}
