//! Factors W of x W^T in the order in which the kernel reads them, for members and for the centre alone.
//!
//! A vector holds sixteen members of one output, or, for the centre alone, sixteen outputs. Either way the kernel sees
//! rows of `[T; LANES]`, one number after the other along the sum; only what lies side by side differs.

use pulp::Simd;

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

/// Packs the outputs of a weight (outputs, depth) of the centre, as many as lie in `out`.
fn pack<T: Real>(depth: usize, weight: &[T], out: &mut [[T; LANES]]) {
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

/// Adds to sixteen sums the products of a factor and of as many numbers.
#[inline(always)]
pub(crate) fn add_product<S: Simd, T: Real, const L: usize>(
    simd: S,
    factor: &[T; L],
    values: &[T; LANES],
    sums: &mut [T; LANES],
) {
    for (v, (sum, value)) in T::vectors_mut::<S>(sums).iter_mut().zip(T::vectors::<S>(values)).enumerate() {
        let factor = if L == 1 { factor[0].vector(simd, v) } else { factor.vector(simd, v) };
        *sum = T::mul_add(simd, factor, *value, *sum);
    }
}

/// Computes x W^T with a packed W, whose outputs lie in `size.outputs` vectors of sixteen, for the first `count` of these.
#[inline(always)]
pub(crate) fn product<T: Real, const L: usize>(
    size: Size,
    count: usize,
    w: &[[T; LANES]],
    x: &[[T; L]],
    out: &mut [[T; LANES]],
) {
    if L == 1 {
        run(size, count, w, x.as_flattened(), out);
    } else {
        run(size, count, w, wide(x), out);
    }
}

fn run<T: Real, X: Factor<T>>(size: Size, count: usize, w: &[[T; LANES]], x: &[X], out: &mut [[T; LANES]]) {
    Product { size, rows: 0..size.rows, outputs: 0..count, w, x, finish: &Finish::none(), out }.run();
}

/// A weight and a bias of the centre alone, packed, and room for the sums of `size.rows` rows of x W^T + b.
pub(crate) struct Centre<T> {
    outputs: usize,
    /// With as many outputs as vectors of sixteen
    size: Size,
    w: Vec<[T; LANES]>,
    /// Empty without a bias
    bias: Vec<[T; LANES]>,
    /// Empty where results are whole vectors
    sums: Vec<[T; LANES]>,
}

impl<T: Real> Centre<T> {
    /// Packs a weight (outputs, depth), and a bias (outputs,) unless that is empty.
    pub fn new(size: Size, weight: &[T], bias: &[T]) -> Self {
        let outputs = size.outputs;
        let size = Size { outputs: groups::<1>(outputs), ..size };
        let mut w = vec![[T::ZERO; LANES]; size.outputs * size.step];
        pack(size.step, weight, &mut w);
        let mut packed = vec![[T::ZERO; LANES]; if bias.is_empty() { 0 } else { size.outputs }];
        packed.as_flattened_mut()[..bias.len()].copy_from_slice(bias);
        let rows = if outputs.is_multiple_of(LANES) { 0 } else { size.rows };
        Self { outputs, size, w, bias: packed, sums: vec![[T::ZERO; LANES]; rows * size.outputs] }
    }

    /// Writes x W^T + b to `out` (rows, outputs).
    pub fn run(&mut self, x: &[T], out: &mut [T]) {
        let Self { outputs, size, ref w, ref bias, ref mut sums } = *self;
        let finish = &Finish { bias, ..Finish::none() };
        let whole = sums.is_empty();
        let into = if whole { out.as_chunks_mut().0 } else { &mut sums[..] };
        Product { size, rows: 0..size.rows, outputs: 0..size.outputs, w, x, finish, out: into }.run();
        if whole {
            return;
        }
        let filled = filled::<1>(outputs);
        for (out, sums) in out.chunks_exact_mut(outputs.max(1)).zip(sums.as_flattened().chunks_exact(filled.max(1))) {
            out.copy_from_slice(&sums[..outputs]);
        }
    }
}
