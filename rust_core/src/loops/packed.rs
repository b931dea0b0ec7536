//! Factors W of x W^T in the order in which the kernel reads them, for members and for the centre alone.
//!
//! A vector holds sixteen members of one output, or, for the centre alone, sixteen outputs. Either way the kernel sees
//! rows of `[T; LANES]`, one number after the other along the sum; only what lies side by side differs.

use super::LANES;
use super::products::{Factor, Finish, Product};
use super::sizes::Size;
use crate::tensor::Real;

/// Returns how many outputs lie side by side in sixteen numbers.
pub(crate) const fn group<const L: usize>() -> usize {
    LANES / L
}

/// Returns in how many vectors of sixteen `outputs` outputs lie.
pub(crate) const fn groups<const L: usize>(outputs: usize) -> usize {
    outputs.div_ceil(group::<L>())
}

/// Returns how many elements `outputs` outputs take, with what fills the last vector.
pub(crate) const fn filled<const L: usize>(outputs: usize) -> usize {
    groups::<L>(outputs) * group::<L>()
}

/// Returns where factor `k` of `depth` of one output lies.
#[inline(always)]
pub(crate) const fn place<const L: usize>(output: usize, depth: usize, k: usize) -> usize {
    let group = group::<L>();
    ((output / group) * depth + k) * group + output % group
}

/// Packs the outputs of a weight (outputs, depth) of the centre, from `first` on, as many as lie in `out`.
pub(crate) fn pack<T: Real>(depth: usize, weight: &[T], out: &mut [[T; LANES]]) {
    for (panel, weight) in out.chunks_exact_mut(depth.max(1)).zip(weight.chunks((depth * LANES).max(1))) {
        for (l, weight) in weight.chunks_exact(depth.max(1)).enumerate() {
            for (panel, &w) in panel.iter_mut().zip(weight) {
                panel[l] = w;
            }
        }
    }
}

/// Elements as rows of sixteen numbers.
#[inline(always)]
pub(crate) fn wide<T: Real, const L: usize>(x: &[[T; L]]) -> &[[T; LANES]] {
    x.as_flattened().as_chunks().0
}

/// Elements as rows of sixteen numbers to be written.
#[inline(always)]
pub(crate) fn wide_mut<T: Real, const L: usize>(x: &mut [[T; L]]) -> &mut [[T; LANES]] {
    x.as_flattened_mut().as_chunks_mut().0
}

/// Computes x W^T with a packed W, whose outputs lie in `size.outputs` vectors of sixteen, for the first `count` of these.
#[inline(always)]
pub(crate) fn product<T: Real, const L: usize>(
    size: Size,
    count: usize,
    w: &[[T; L]],
    x: &[[T; L]],
    out: &mut [[T; L]],
) {
    let (w, out) = (wide(w), wide_mut(out));
    if L == 1 {
        run(size, count, w, x.as_flattened(), out);
    } else {
        run(size, count, w, wide(x), out);
    }
}

/// Computes x W^T with a packed W, whose outputs lie in `size.outputs` vectors of sixteen, for the first `count` of these.
pub(crate) fn run<T: Real, X: Factor<T>>(size: Size, count: usize, w: &[[T; LANES]], x: &[X], out: &mut [[T; LANES]]) {
    Product { size, rows: 0..size.rows, outputs: 0..count, w, x, finish: &Finish::none(), out }.run();
}

/// Writes the sums of `outputs` outputs in rows of whole vectors side by side into `out` (rows, outputs), and adds the bias.
pub(crate) fn unpack<T: Real>(outputs: usize, sums: &[[T; LANES]], bias: &[T], out: &mut [T]) {
    let filled = filled::<1>(outputs);
    for (out, sums) in out.chunks_exact_mut(outputs.max(1)).zip(sums.as_flattened().chunks_exact(filled.max(1))) {
        out.copy_from_slice(&sums[..outputs]);
        for (y, &b) in out.iter_mut().zip(bias) {
            *y = *y + b;
        }
    }
}
