//! The inner loops of matrix products: a tile of the result stays in vector registers while k runs.
//!
//! Each element of a tile is the sum over k, in rising order, with one fused step each. Vectors lie along the columns of
//! the result, so the bits do not depend on how wide they are or how tiles are cut.

use pulp::Simd;

use crate::tensor::Real;

/// Vectors in the width of a tile.
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

type Tile<V, const R: usize> = [[V; VECTORS]; R];

/// The tile of packed panels: `a` holds R numbers for each k, `b` a row of the tile for each k.
#[inline(always)]
pub(super) fn packed<S: Simd, T: Real, const R: usize>(simd: S, a: &[T], b: &[T]) -> Tile<T::Vector<S>, R> {
    let mut sums = [[T::splat(simd, T::ZERO); VECTORS]; R];
    let rows = T::vectors::<S>(b).as_chunks::<VECTORS>().0;
    for (a, b) in a.as_chunks::<R>().0.iter().zip(rows) {
        step(simd, a, b, &mut sums);
    }
    sums
}

/// The tile of matrices that lie row by row: R rows of `a`, and of `b` the columns from `first` on.
#[inline(always)]
pub(super) fn direct<S: Simd, T: Real, const R: usize>(
    simd: S,
    a: [&[T]; R],
    (b, columns, first): (&[T], usize, usize),
) -> Tile<T::Vector<S>, R> {
    let mut sums = [[T::splat(simd, T::ZERO); VECTORS]; R];
    let width = tile_columns::<S, T>();
    for (k, row) in b.chunks_exact(columns).enumerate() {
        let [b] = T::vectors::<S>(&row[first..first + width]).as_chunks::<VECTORS>().0 else { return sums };
        let mut factors = [T::ZERO; R];
        for r in 0..R {
            factors[r] = a[r][k];
        }
        step(simd, &factors, b, &mut sums);
    }
    sums
}

#[inline(always)]
fn step<S: Simd, T: Real, const R: usize>(
    simd: S,
    a: &[T; R],
    b: &[T::Vector<S>; VECTORS],
    sums: &mut Tile<T::Vector<S>, R>,
) {
    for r in 0..R {
        let factor = T::splat(simd, a[r]);
        for v in 0..VECTORS {
            sums[r][v] = T::mul_add(simd, factor, b[v], sums[r][v]);
        }
    }
}

/// What becomes of a finished sum: alpha * sum, added to what is there or written over it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Finish<T> {
    pub alpha: T,
    pub add: bool,
}

/// Writes a whole tile to rows of `out`, `columns` apart, from column `first` on.
#[inline(always)]
pub(super) fn write<S: Simd, T: Real, const R: usize>(
    simd: S,
    sums: Tile<T::Vector<S>, R>,
    finish: Finish<T>,
    (columns, first): (usize, usize),
    out: &mut [T],
) {
    let alpha = T::splat(simd, finish.alpha);
    let width = tile_columns::<S, T>();
    for (sums, row) in sums.into_iter().zip(out.chunks_mut(columns)) {
        let [out] = T::vectors_mut::<S>(&mut row[first..first + width]).as_chunks_mut::<VECTORS>().0 else { return };
        for v in 0..VECTORS {
            let scaled = T::mul_vectors(simd, alpha, sums[v]);
            out[v] = if finish.add { T::mul_add(simd, alpha, sums[v], out[v]) } else { scaled };
        }
    }
}
