//! The inner loops of matrix products: a tile of the result stays in vector registers while k runs.
//!
//! Each element of a tile is one chain over k, in rising order, with one fused step each. Vectors lie along the columns of
//! the result, so the bits do not depend on how wide they are or how tiles are cut.

use pulp::Simd;

use crate::tensor::Real;

/// Vectors in the width of a tile, and so of a panel.
pub(super) const VECTORS: usize = 2;

/// Returns the rows of a tile: eight with 32 registers, four with 16.
#[inline(always)]
pub(super) fn tile_rows<S: Simd, T: Real>() -> usize {
    if cfg!(target_arch = "aarch64") || size_of::<T::Vector<S>>() == 64 { 8 } else { 4 }
}

/// Returns the columns of a tile.
#[inline(always)]
pub(super) fn tile_columns<S: Simd, T: Real>() -> usize {
    VECTORS * size_of::<T::Vector<S>>() / size_of::<T>()
}

/// Numbers in the widest tile: two vectors of 64 bytes.
const WIDEST: usize = 32;

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

/// Reads a whole tile from rows of `out`, `columns` apart, from column `first` on.
#[inline(always)]
pub(super) fn read<S: Simd, T: Real, const R: usize, const W: usize>(
    simd: S,
    (columns, first): (usize, usize),
    out: &[T],
) -> Tile<T::Vector<S>, R, W> {
    let mut sums = zeros::<S, T, R, W>(simd);
    let width = tile_columns::<S, T>() / VECTORS * W;
    for (sums, row) in sums.iter_mut().zip(out.chunks(columns)) {
        let [out] = T::vectors::<S>(&row[first..first + width]).as_chunks::<W>().0 else { return [*sums; R] };
        *sums = *out;
    }
    sums
}

/// What becomes of a finished sum: alpha * sum, added to what is there or written over it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Finish<T> {
    pub alpha: T,
    pub add: bool,
}

/// Writes a whole tile to rows of `out`, `columns` apart, from column `first` on.
#[inline(always)]
pub(super) fn write<S: Simd, T: Real, const R: usize, const W: usize>(
    simd: S,
    sums: Tile<T::Vector<S>, R, W>,
    finish: Finish<T>,
    (columns, first): (usize, usize),
    out: &mut [T],
) {
    let alpha = T::splat(simd, finish.alpha);
    let width = tile_columns::<S, T>() / VECTORS * W;
    for (sums, row) in sums.into_iter().zip(out.chunks_mut(columns)) {
        let [out] = T::vectors_mut::<S>(&mut row[first..first + width]).as_chunks_mut::<W>().0 else { return };
        for v in 0..W {
            let scaled = T::mul_vectors(simd, alpha, sums[v]);
            out[v] = if finish.add { T::mul_add(simd, alpha, sums[v], out[v]) } else { scaled };
        }
    }
}

/// Reads the part of a tile that lies within the result: (columns of a row, first column, width).
#[inline(always)]
pub(super) fn read_edge<S: Simd, T: Real, const R: usize, const W: usize>(
    simd: S,
    (columns, first, width): (usize, usize, usize),
    out: &[T],
) -> Tile<T::Vector<S>, R, W> {
    let mut sums = zeros::<S, T, R, W>(simd);
    for (sums, out) in sums.iter_mut().zip(out.chunks(columns)) {
        let mut row = [T::ZERO; WIDEST];
        row[..width].copy_from_slice(&out[first..first + width]);
        [*sums] = read(simd, (WIDEST, 0), &row);
    }
    sums
}

/// Writes that part.
#[inline(always)]
pub(super) fn write_edge<S: Simd, T: Real, const R: usize, const W: usize>(
    simd: S,
    sums: Tile<T::Vector<S>, R, W>,
    finish: Finish<T>,
    (columns, first, width): (usize, usize, usize),
    out: &mut [T],
) {
    let mut row = [T::ZERO; WIDEST];
    for (sums, out) in sums.into_iter().zip(out.chunks_mut(columns)) {
        let out = &mut out[first..first + width];
        row[..width].copy_from_slice(out);
        write(simd, [sums], finish, (WIDEST, 0), &mut row);
        out.copy_from_slice(&row[..width]);
    }
}
