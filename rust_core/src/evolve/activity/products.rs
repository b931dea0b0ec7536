//! What an error of a site's output says of its parameters: one product with what the site read.

use std::borrow::Cow;

use super::forward::{Values, missing};
use super::plan::Plan;
use super::sites::{Reading, Site};
use crate::gemm::{Matrix, gemm};
use crate::ops::{Conv, Element, Op};
use crate::tensor::{Shape, Tensor};
use crate::{Error, Result};

/// Returns the derivative of the loss by each parameter of a site, given that by its output, which has this shape.
pub(super) fn directions<T: Element>(
    plan: &Plan,
    site: &Site,
    error: &[T],
    shape: &Shape,
    clean: &Values,
) -> Result<Vec<(usize, Vec<f64>)>> {
    let node = &plan.program.nodes()[site.node];
    let read = |id: usize| clean[id].as_ref().ok_or_else(|| missing(id));
    let parameters = plan.program.parameter_shapes();
    Ok(match &site.reading {
        Reading::Itself { parameter } => vec![(*parameter, error.iter().map(|e| e.to_f64()).collect())],
        Reading::Added { parameter, sign, elements } => {
            let terms = error.iter().map(|e| sign * e.to_f64());
            vec![(*parameter, scattered(parameters[*parameter].numel(), elements, terms))]
        }
        Reading::Multiplied { parameter, other, elements } => {
            let x = finite::<T>(read(*other)?);
            let terms = error.iter().zip(x.iter()).map(|(e, x)| e.to_f64() * x.to_f64());
            vec![(*parameter, scattered(parameters[*parameter].numel(), elements, terms))]
        }
        Reading::Factor { parameter } => {
            let (k, m) = (parameters[*parameter].dims()[0], parameters[*parameter].dims()[1]);
            vec![(*parameter, product(&finite(read(node.inputs[0])?), k, error, m))]
        }
        Reading::Operation => {
            let x = read(node.inputs[0])?;
            match node.op.as_ref() {
                Some(Op::Linear(linear)) => {
                    let (outputs, inputs) = (shape.last(), x.shape().last());
                    let weight = product(error, outputs, &finite(x), inputs);
                    let bias = linear.bias.map(|bias| (bias, columns(error, outputs)));
                    [(linear.weight, weight)].into_iter().chain(bias).collect()
                }
                Some(Op::Conv(conv)) => {
                    let outputs = shape.last();
                    let windows = windows::<T>(conv, x, &parameters[conv.weight], shape);
                    let depth = parameters[conv.weight].numel() / outputs.max(1);
                    let weight = product(error, outputs, &windows, depth);
                    let bias = conv.bias.map(|bias| (bias, columns(error, outputs)));
                    [(conv.weight, weight)].into_iter().chain(bias).collect()
                }
                Some(Op::Embedding(embedding)) => {
                    let width = shape.last();
                    let mut table = vec![0.0; parameters[embedding.table].numel()];
                    for (token, error) in T::slice(x).iter().zip(error.chunks_exact(width.max(1))) {
                        // A token that names no row gave NaN, and its error is 0.
                        let row = token.to_f64() as usize * width;
                        let Some(row) = table.get_mut(row..row + width) else { continue };
                        row.iter_mut().zip(error).for_each(|(t, e)| *t += e.to_f64());
                    }
                    vec![(embedding.table, table)]
                }
                Some(Op::Affine(affine)) => {
                    let products: Vec<T> = error.iter().zip(finite(x).iter()).map(|(&e, &x)| e * x).collect();
                    let features = shape.last();
                    vec![(affine.scale, columns(&products, features)), (affine.shift, columns(error, features))]
                }
                other => {
                    let op = other.map_or("an input", Op::name);
                    return Err(Error::Internal { what: format!("{op} reads a parameter and has no direction") });
                }
            }
        }
    })
}

/// Returns values with 0 for those that are no finite numbers: their examples' errors are 0, and say nothing.
fn finite<T: Element>(x: &Tensor) -> Cow<'_, [T]> {
    let values = T::slice(x);
    let is_finite = |x: T| x.abs() < T::INFINITY;
    if values.iter().fold(true, |all, &x| all & is_finite(x)) {
        return Cow::Borrowed(values);
    }
    values.iter().map(|&x| if is_finite(x) { x } else { T::ZERO }).collect()
}

/// Returns a^T b of a (rows, n) and b (rows, m).
fn product<T: Element>(a: &[T], n: usize, b: &[T], m: usize) -> Vec<f64> {
    let rows = a.len() / n.max(1);
    let mut out = vec![T::ZERO; n * m];
    gemm(Matrix::new(a, rows, n).transposed(), Matrix::new(b, rows, m), T::ONE, false, &mut out);
    out.into_iter().map(T::to_f64).collect()
}

/// Returns the sum of each column.
fn columns<T: Element>(values: &[T], width: usize) -> Vec<f64> {
    let mut sums = vec![0.0; width];
    for row in values.chunks_exact(width.max(1)) {
        sums.iter_mut().zip(row).for_each(|(s, x)| *s += x.to_f64());
    }
    sums
}

/// Adds terms to the elements of a parameter that they belong to, one example after the other.
fn scattered(numel: usize, elements: &[usize], terms: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut sums = vec![0.0; numel];
    elements.iter().cycle().zip(terms).for_each(|(&element, term)| sums[element] += term);
    sums
}

/// Returns what each position of a convolution's output reads: (positions, kernel * channels), zero outside.
fn windows<T: Element>(conv: &Conv, x: &Tensor, weight: &Shape, output: &Shape) -> Vec<T> {
    let four = |dims: &[usize]| match conv.axes {
        1 => [dims[0], 1, dims[1], dims[2]],
        _ => [dims[0], dims[1], dims[2], dims[3]],
    };
    let both = |of: [usize; 2], neutral| if conv.axes == 1 { [neutral, of[1]] } else { of };
    let ([_, height, width, channels], [_, kh, kw, _]) = (four(x.shape().dims()), four(weight.dims()));
    let [samples, down, across, _] = four(output.dims());
    let ([sh, sw], [ph, pw]) = (both(conv.stride, 1), both(conv.padding, 0));
    let x = finite::<T>(x);
    let mut out = vec![T::ZERO; samples * down * across * kh * kw * channels];
    let mut runs = out.chunks_exact_mut(channels.max(1));
    for sample in 0..samples {
        for position in 0..down * across {
            let (top, left) = (position / across * sh, position % across * sw);
            for (u, v) in (0..kh).flat_map(|u| (0..kw).map(move |v| (u, v))) {
                let Some(run) = runs.next() else { return out };
                let (row, column) = ((top + u).wrapping_sub(ph), (left + v).wrapping_sub(pw));
                if row < height && column < width {
                    let at = ((sample * height + row) * width + column) * channels;
                    run.copy_from_slice(&x[at..at + channels]);
                }
            }
        }
    }
    out
}
