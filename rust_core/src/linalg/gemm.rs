//! Products of float matrices: out = alpha A B, written over the result or added to it.
//!
//! B is packed once into panels as wide as a tile, A block by block into panels as high as one; then tiles are summed over
//! 256 k at a time. No sum depends on how rows and columns are cut, so that the bits depend neither on the threads, which
//! share blocks of rows, nor on the vectors. Small matrices are read where they lie.
//! Source of the blocking: Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", ACM TOMS 34 (2008).

use pulp::{Arch, Simd, WithSimd};

use super::kernel::{Finish, direct, packed, tile_columns, tile_rows, write};
use crate::tensor::{Buffer, Real};
use crate::threads;

/// Terms that one pass over a tile sums.
const DEPTH: usize = 256;
/// The most rows of A that are packed together: they stay in the second cache.
const HEIGHT: usize = 128;
/// Numbers of B that are packed together.
const PACKED: usize = 1 << 22;
/// Multiplications up to which packing costs more than it saves.
const SMALL: usize = 1 << 19;
/// Multiplications from which threads pay.
pub(super) const WORTH: usize = 1 << 22;

/// A matrix in memory: element (i, j) lies at i * down + j * right.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Matrix<'a, T> {
    pub values: &'a [T],
    pub rows: usize,
    pub columns: usize,
    pub down: usize,
    pub right: usize,
}

impl<'a, T: Real> Matrix<'a, T> {
    /// A matrix that lies row by row.
    pub fn new(values: &'a [T], rows: usize, columns: usize) -> Self {
        Self { values, rows, columns, down: columns, right: 1 }
    }

    /// The same memory with rows and columns exchanged.
    pub fn transposed(self) -> Self {
        Self { rows: self.columns, columns: self.rows, down: self.right, right: self.down, ..self }
    }
}

/// Writes alpha A B to `out`, row by row, or adds it there. `a.columns` is `b.rows`.
pub(crate) fn gemm<T: Real>(a: Matrix<'_, T>, b: Matrix<'_, T>, alpha: T, add: bool, out: &mut [T]) {
    if a.rows == 0 || b.columns == 0 {
        return;
    }
    if a.columns == 0 {
        if !add {
            out.fill(T::ZERO);
        }
        return;
    }
    let finish = Finish { alpha, add };
    let work = a.rows * a.columns * b.columns;
    let plain = a.right == 1 && b.right == 1 && b.down == b.columns;
    let small = work <= SMALL && a.columns <= DEPTH && plain;
    if small && Arch::new().dispatch(Direct { a, b, finish, out: &mut *out }) {
        return;
    }
    // Whole panels, whose width is that of the widest tile, so that the cut is the same on every machine.
    let width = (PACKED / a.columns / 64).max(1) * 64;
    for first in (0..b.columns).step_by(width) {
        let columns = width.min(b.columns - first);
        let b = Matrix { values: &b.values[first * b.right..], columns, ..b };
        blocks(a, b, finish, first, work >= WORTH, out);
    }
}

/// Multiplies by some columns of B, which belong from column `first` of `out` on.
fn blocks<T: Real>(a: Matrix<'_, T>, b: Matrix<'_, T>, finish: Finish<T>, first: usize, threads: bool, out: &mut [T]) {
    let panel = Arch::new().dispatch(PanelWidth(std::marker::PhantomData::<T>));
    let panels = b.columns.div_ceil(panel);
    let mut memory = Buffer::stale(panels * panel * b.rows);
    let pack = |(i, out): (usize, &mut [T])| Arch::new().dispatch(PackB { b, first: i * panel, panel, out });
    let columns = out.len() / a.rows;
    let height = a.rows.div_ceil(2 * threads::count()).next_multiple_of(8).min(HEIGHT);
    let block = |packed: &[T], (i, out): (usize, &mut [T])| {
        let row = i * height;
        let a = Matrix { values: &a.values[row * a.down..], rows: out.len() / columns, ..a };
        Arch::new().dispatch(Rows { a, packed, width: b.columns, finish, first, columns, out });
    };
    let pieces = memory.values_mut().chunks_mut(panel * b.rows).enumerate();
    if threads {
        threads::each(pieces, pack)
    } else {
        pieces.for_each(pack)
    }
    let pieces = out.chunks_mut(height * columns).enumerate();
    let packed: &[T] = &memory;
    if threads { threads::each(pieces, |x| block(packed, x)) } else { pieces.for_each(|x| block(packed, x)) }
}

/// The width of a panel of B on this machine.
struct PanelWidth<T>(std::marker::PhantomData<T>);

impl<T: Real> WithSimd for PanelWidth<T> {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        tile_columns::<S, T>()
    }
}

/// Packs one panel of B: for each k a row of the panel, with zeros where B has ended.
struct PackB<'a, T> {
    b: Matrix<'a, T>,
    first: usize,
    panel: usize,
    out: &'a mut [T],
}

impl<T: Real> WithSimd for PackB<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { b, first, panel, out } = self;
        let width = panel.min(b.columns - first);
        for (k, out) in out.chunks_exact_mut(panel).enumerate() {
            let row = &b.values[k * b.down + first * b.right..];
            if b.right == 1 {
                out[..width].copy_from_slice(&row[..width]);
            } else {
                for (out, x) in out[..width].iter_mut().zip(row.iter().step_by(b.right)) {
                    *out = *x;
                }
            }
            out[width..].fill(T::ZERO);
        }
    }
}

/// The product of some rows of A with the packed columns of B.
struct Rows<'a, T> {
    a: Matrix<'a, T>,
    packed: &'a [T],
    /// Columns of B, without the padding
    width: usize,
    finish: Finish<T>,
    /// Where they belong in a row of the result, and how long that is
    first: usize,
    columns: usize,
    out: &'a mut [T],
}

impl<T: Real> WithSimd for Rows<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        match tile_rows::<S, T>() {
            8 => self.run::<S, 8>(simd),
            _ => self.run::<S, 4>(simd),
        }
    }
}

impl<T: Real> Rows<'_, T> {
    #[inline(always)]
    fn run<S: Simd, const R: usize>(&mut self, simd: S) {
        let panel = tile_columns::<S, T>();
        let depth = self.a.columns;
        let mut memory = vec![T::ZERO; self.a.rows.next_multiple_of(R) * DEPTH.min(depth)];
        for k in (0..depth).step_by(DEPTH) {
            let count = DEPTH.min(depth - k);
            let finish = Finish { add: self.finish.add || k > 0, ..self.finish };
            let packed_a = &mut memory[..self.a.rows.next_multiple_of(R) * count];
            pack_a::<T, R>(self.a, k, count, packed_a);
            for (j, b) in self.packed.chunks_exact(panel * depth).enumerate() {
                let b = &b[k * panel..(k + count) * panel];
                let width = panel.min(self.width - j * panel);
                let rows = self.out.chunks_mut(R * self.columns);
                for (a, out) in packed_a.chunks_exact(R * count).zip(rows) {
                    let sums = packed::<S, T, R>(simd, a, b);
                    let at = (self.columns, self.first + j * panel);
                    if width == panel && out.len() == R * self.columns {
                        write(simd, sums, finish, at, out);
                    } else {
                        edge(simd, sums, finish, (at.0, at.1, width), out);
                    }
                }
            }
        }
    }
}

/// Packs rows of A: for each R rows and each k their R numbers, with zeros below the last row.
#[inline(always)]
fn pack_a<T: Real, const R: usize>(a: Matrix<'_, T>, first: usize, count: usize, out: &mut [T]) {
    for (i, out) in out.chunks_exact_mut(R * count).enumerate() {
        let rows = R.min(a.rows - i * R);
        if rows < R {
            out.fill(T::ZERO);
        }
        for r in 0..rows {
            let row = &a.values[(i * R + r) * a.down + first * a.right..];
            let places = out.as_chunks_mut::<R>().0.iter_mut();
            if a.right == 1 {
                for (out, &x) in places.zip(&row[..count]) {
                    out[r] = x;
                }
            } else {
                for (out, &x) in places.zip(row.iter().step_by(a.right)) {
                    out[r] = x;
                }
            }
        }
    }
}

/// Writes the part of a tile that lies within the result: (columns of a row, first column, width).
#[inline(always)]
fn edge<S: Simd, T: Real, const R: usize>(
    simd: S,
    sums: [[T::Vector<S>; super::kernel::VECTORS]; R],
    finish: Finish<T>,
    (columns, first, width): (usize, usize, usize),
    out: &mut [T],
) {
    // As wide as the widest tile: two vectors of 64 bytes.
    let mut row = [T::ZERO; 32];
    let panel = tile_columns::<S, T>();
    for (sums, out) in sums.into_iter().zip(out.chunks_mut(columns)) {
        let out = &mut out[first..first + width];
        row[..width].copy_from_slice(out);
        write(simd, [sums], finish, (panel, 0), &mut row[..panel]);
        out.copy_from_slice(&row[..width]);
    }
}

/// A small product, without packing; false if its sizes are not those of whole tiles.
struct Direct<'a, T> {
    a: Matrix<'a, T>,
    b: Matrix<'a, T>,
    finish: Finish<T>,
    out: &'a mut [T],
}

impl<T: Real> WithSimd for Direct<'_, T> {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> bool {
        if !self.a.rows.is_multiple_of(tile_rows::<S, T>()) || !self.b.columns.is_multiple_of(tile_columns::<S, T>()) {
            return false;
        }
        match tile_rows::<S, T>() {
            8 => self.run::<S, 8>(simd),
            _ => self.run::<S, 4>(simd),
        }
        true
    }
}

impl<T: Real> Direct<'_, T> {
    #[inline(always)]
    fn run<S: Simd, const R: usize>(self, simd: S) {
        let Self { a, b, finish, out } = self;
        let b_values = &b.values[..b.rows * b.columns];
        for (i, out) in out.chunks_exact_mut(R * b.columns).enumerate() {
            let rows: [&[T]; R] = std::array::from_fn(|r| &a.values[(i * R + r) * a.down..][..b.rows]);
            for first in (0..b.columns).step_by(tile_columns::<S, T>()) {
                let sums = direct::<S, T, R>(simd, rows, (b_values, b.columns, first));
                write(simd, sums, finish, (b.columns, first), out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers<T: Real>(count: usize, seed: usize) -> Vec<T> {
        (0..count).map(|i| T::from_f64(((i * 7919 + seed * 31) % 1009) as f64 / 300.0 - 1.6)).collect()
    }

    fn check<T: Real>(m: usize, k: usize, n: usize, bound: f64) {
        let (a, b) = (numbers::<T>(m * k, 1), numbers::<T>(k * n, 2));
        // The same matrices, stored by columns.
        let by_columns = |x: &[T], rows: usize, columns: usize| -> Vec<T> {
            (0..rows * columns).map(|i| x[(i % rows) * columns + i / rows]).collect()
        };
        let (at, bt) = (by_columns(&a, m, k), by_columns(&b, k, n));
        let plain = (Matrix::new(&a, m, k), Matrix::new(&b, k, n));
        let turned = (Matrix::new(&at, k, m).transposed(), Matrix::new(&bt, n, k).transposed());
        let run = |a, b| {
            let mut out = vec![T::NAN; m * n];
            gemm(a, b, T::from_f64(0.5), false, &mut out);
            gemm(a, b, T::from_f64(-2.0), true, &mut out);
            out
        };
        let out = run(plain.0, plain.1);
        for (a, b) in [(turned.0, plain.1), (plain.0, turned.1), turned] {
            let same = run(a, b).iter().zip(&out).all(|(x, y)| x.to_f64().to_bits() == y.to_f64().to_bits());
            assert!(same, "{m} {k} {n}");
        }
        for (i, &found) in out.iter().enumerate() {
            let terms = (0..k).map(|p| a[i / n * k + p].to_f64() * b[p * n + i % n].to_f64());
            let (sum, size) = terms.fold((0.0, 0.0_f64), |(s, t), x| (s + x, t + x.abs()));
            assert!((found.to_f64() + 1.5 * sum).abs() <= bound * (size + 1.0), "{m} {k} {n}: {i}");
        }
    }

    #[test]
    fn products_of_every_size_and_layout() {
        for (m, k, n) in [
            (1, 1, 1),
            (3, 5, 7),
            (8, 16, 32),
            (64, 64, 64),
            (65, 63, 66),
            (130, 300, 33),
            (2, 700, 1),
            (200, 257, 129),
            (0, 3, 4),
            (4, 0, 3),
        ] {
            check::<f32>(m, k, n, 1e-5);
            check::<f64>(m, k, n, 1e-13);
        }
    }

    #[test]
    fn threads_change_nothing() {
        let (a, b) = (numbers::<f32>(300 * 280, 1), numbers::<f32>(280 * 260, 2));
        let (a, b) = (Matrix::new(&a, 300, 280), Matrix::new(&b, 280, 260));
        let (mut alone, mut shared) = (vec![0.0; 300 * 260], vec![0.0; 300 * 260]);
        let finish = Finish { alpha: 1.0, add: false };
        blocks(a, b, finish, 0, false, &mut alone);
        blocks(a, b, finish, 0, true, &mut shared);
        assert_eq!(alone, shared);
    }
}
