//! The inner loops of matrix products: a tile of the result stays in vector registers while k runs.
//!
//! Each element of a tile is one chain over k, in rising order, with one fused step each. Vectors lie along the columns of
//! the result, so the bits do not depend on how wide they are or how tiles are cut.

use pulp::Simd;

use crate::tensor::Real;

/// Vectors in the width of a tile, and so of a panel.
pub(super) const VECTORS: usize = 2;

/// Whether there are 32 vector registers, not 16.
#[inline(always)]
pub(crate) fn many_registers<S: Simd, T: Real>() -> bool {
    cfg!(target_arch = "aarch64") || size_of::<T::Vector<S>>() == 64
}

/// Returns the rows of a tile.
#[inline(always)]
pub(super) fn tile_rows<S: Simd, T: Real>() -> usize {
    if many_registers::<S, T>() { 8 } else { 4 }
}

/// Returns the columns of a tile.
#[inline(always)]
pub(super) fn tile_columns<S: Simd, T: Real>() -> usize {
    VECTORS * size_of::<T::Vector<S>>() / size_of::<T>()
}

/// R rows of W vectors.
pub(super) type Tile<V, const R: usize, const W: usize> = [[V; W]; R];

/// Adds to a tile of W vectors the products of R rows of `a` and of the rows of `b`, which are `columns` long, from their
/// column `first` on.
#[inline(always)]
pub(super) fn tile<S: Simd, T: Real, const R: usize, const W: usize>(
    simd: S,
    a: [&[T]; R],
    (b, columns, first): (&[T], usize, usize),
    mut sums: Tile<T::Vector<S>, R, W>,
) -> Tile<T::Vector<S>, R, W> {
    let width = tile_columns::<S, T>() / VECTORS * W;
    let depth = b.len() / columns.max(1);
    // All of one length, so that no index is checked in the loop.
    let mut rows = a;
    for r in 0..R {
        rows[r] = &a[r][..depth];
    }
    let mut lines = b.chunks_exact(columns);
    for k in 0..depth {
        let Some(line) = lines.next() else { return sums };
        let [b] = T::vectors::<S>(&line[first..first + width]).as_chunks::<W>().0 else { return sums };
        for r in 0..R {
            let factor = T::splat(simd, rows[r][k]);
            for v in 0..W {
                sums[r][v] = T::mul_add(simd, factor, b[v], sums[r][v]);
            }
        }
    }
    sums
}

/// Returns a tile of zeros.
#[inline(always)]
pub(super) fn zeros<S: Simd, T: Real, const R: usize, const W: usize>(simd: S) -> Tile<T::Vector<S>, R, W> {
    [[T::splat(simd, T::ZERO); W]; R]
}

/// Reads what rows of the result hold in `width` columns from `first` on: a tile, or the part of one.
#[inline(always)]
pub(super) fn read<S: Simd, T: Real, const R: usize, const W: usize>(
    simd: S,
    (first, width): (usize, usize),
    out: &[&mut [T]],
) -> Tile<T::Vector<S>, R, W> {
    let mut sums = zeros::<S, T, R, W>(simd);
    let lanes = tile_columns::<S, T>() / VECTORS;
    for (sums, row) in sums.iter_mut().zip(out) {
        for (sum, row) in sums.iter_mut().zip(row[first..first + width].chunks(lanes)) {
            *sum = if let [whole] = T::vectors::<S>(row) { *whole } else { T::load_some(simd, row) };
        }
    }
    sums
}

/// What becomes of a finished sum: alpha * sum, added to what is there or written over it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Finish<T> {
    pub alpha: T,
    pub add: bool,
}

/// Writes a whole tile to rows of the result, from column `first` on.
#[inline(always)]
pub(super) fn write<'o, S: Simd, T: Real, const R: usize, const W: usize>(
    simd: S,
    sums: Tile<T::Vector<S>, R, W>,
    finish: Finish<T>,
    first: usize,
    out: impl Iterator<Item = &'o mut [T]>,
) {
    let alpha = T::splat(simd, finish.alpha);
    let width = tile_columns::<S, T>() / VECTORS * W;
    for (sums, row) in sums.into_iter().zip(out) {
        let [out] = T::vectors_mut::<S>(&mut row[first..first + width]).as_chunks_mut::<W>().0 else { return };
        for v in 0..W {
            let scaled = T::mul_vectors(simd, alpha, sums[v]);
            out[v] = if finish.add { T::mul_add(simd, alpha, sums[v], out[v]) } else { scaled };
        }
    }
}

/// Writes the part of a tile that lies within the result: `width` columns from `first` on.
#[inline(always)]
pub(super) fn write_some<S: Simd, T: Real, const R: usize, const W: usize>(
    simd: S,
    sums: Tile<T::Vector<S>, R, W>,
    finish: Finish<T>,
    (first, width): (usize, usize),
    out: &mut [&mut [T]],
) {
    let alpha = T::splat(simd, finish.alpha);
    let lanes = tile_columns::<S, T>() / VECTORS;
    for (sums, row) in sums.into_iter().zip(out) {
        for (sum, out) in sums.into_iter().zip(row[first..first + width].chunks_mut(lanes)) {
            let scaled = T::mul_vectors(simd, alpha, sum);
            let value = if finish.add { T::mul_add(simd, alpha, sum, T::load_some(simd, out)) } else { scaled };
            T::store_some(simd, out, value);
        }
    }
}
