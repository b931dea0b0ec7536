//! The product of some rows of A with packed panels of B, each as wide as a tile.

use std::marker::PhantomData;

use pulp::{Simd, WithSimd};

use super::kernel::{Finish, VECTORS, read, read_edge, tile, tile_columns, tile_rows, write, write_edge, zeros};
use super::{DEPTH, Matrix};
use crate::tensor::Real;

/// Bytes between rows of A from which they are copied: such rows drive each other out of the cache.
const FAR: usize = 1 << 14;

/// The width of a panel of B on this machine.
pub(super) struct PanelWidth<T>(pub PhantomData<T>);

impl<T: Real> WithSimd for PanelWidth<T> {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        tile_columns::<S, T>()
    }
}

/// Packs panels of B, one after the other: for each k a row of the panel, with zeros where B has ended.
pub(super) struct PackB<'a, T> {
    /// The columns of B from the first panel on
    pub b: Matrix<'a, T>,
    pub panel: usize,
    pub out: &'a mut [T],
}

impl<T: Real> WithSimd for PackB<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { b, panel, out } = self;
        for k in 0..b.rows {
            let row = &b.values[k * b.down..];
            let panels = out.chunks_exact_mut(panel * b.rows).map(|out| &mut out[k * panel..][..panel]);
            for (out, first) in panels.zip((0..b.columns).step_by(panel)) {
                let width = panel.min(b.columns - first);
                if b.right == 1 && width == panel {
                    // Vectors, as many as the compiler knows: a call to copy each row costs more than the copy.
                    let [out] = T::vectors_mut::<S>(out).as_chunks_mut::<VECTORS>().0 else { return };
                    let [row] = T::vectors::<S>(&row[first..][..panel]).as_chunks::<VECTORS>().0 else { return };
                    *out = *row;
                    continue;
                }
                for (out, x) in out[..width].iter_mut().zip(row[first * b.right..].iter().step_by(b.right)) {
                    *out = *x;
                }
                out[width..].fill(T::ZERO);
            }
        }
    }
}

/// The product of some rows of A with the packed columns of B.
pub(super) struct Rows<'a, T> {
    pub a: Matrix<'a, T>,
    pub packed: &'a [T],
    /// Columns of B, without the padding
    pub width: usize,
    pub finish: Finish<T>,
    /// Where they belong in a row of the result, and how long that is
    pub first: usize,
    pub columns: usize,
    pub out: &'a mut [T],
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
        let (panel, depth) = (tile_columns::<S, T>(), self.a.columns);
        let far = self.a.right > 1 || self.a.down * size_of::<T>() >= FAR;
        let mut memory = if far { vec![T::ZERO; self.a.rows * DEPTH.min(depth)] } else { Vec::new() };
        for k in (0..depth).step_by(DEPTH) {
            let count = DEPTH.min(depth - k);
            let a = if far {
                near(self.a, k, count, &mut memory)
            } else {
                Matrix { values: &self.a.values[k..], columns: count, ..self.a }
            };
            for j in 0..self.packed.len() / (panel * depth) {
                let b = &self.packed[(j * depth + k) * panel..][..count * panel];
                if self.width - j * panel <= panel / VECTORS {
                    self.panel::<S, R, 1>(simd, a, b, (k, j * panel));
                } else {
                    self.panel::<S, R, VECTORS>(simd, a, b, (k, j * panel));
                }
            }
        }
    }

    /// The products of some rows with one panel.
    #[inline(always)]
    fn panel<S: Simd, const R: usize, const W: usize>(
        &mut self,
        simd: S,
        a: Matrix<'_, T>,
        b: &[T],
        (k, column): (usize, usize),
    ) {
        let panel = tile_columns::<S, T>();
        let tile_width = panel / VECTORS * W;
        let width = tile_width.min(self.width - column);
        let last = k + a.columns == self.a.columns;
        let finish = if last { self.finish } else { Finish { alpha: T::ONE, add: false } };
        let at = (self.columns, self.first + column);
        for (i, out) in self.out.chunks_mut(R * self.columns).enumerate() {
            let mut rows: [&[T]; R] = [&[]; R];
            for r in 0..R {
                rows[r] = &a.values[(i * R + r).min(a.rows - 1) * a.down..][..a.columns];
            }
            let whole = width == tile_width && out.len() == R * self.columns;
            let mut sums = zeros::<S, T, R, W>(simd);
            if k > 0 {
                sums = if whole { read(simd, at, out) } else { read_edge(simd, (at.0, at.1, width), out) };
            }
            let sums = tile::<S, T, R, W>(simd, rows, (b, panel, 0), sums);
            if whole {
                write(simd, sums, finish, at, out);
            } else {
                write_edge(simd, sums, finish, (at.0, at.1, width), out);
            }
        }
    }
}

/// Copies `count` columns of A from column `first` on, so that rows are near each other.
fn near<'m, T: Real>(a: Matrix<'_, T>, first: usize, count: usize, memory: &'m mut [T]) -> Matrix<'m, T> {
    for (i, out) in memory.chunks_exact_mut(count).take(a.rows).enumerate() {
        let row = &a.values[i * a.down + first * a.right..];
        if a.right == 1 {
            out.copy_from_slice(&row[..count]);
        } else {
            out.iter_mut().zip(row.iter().step_by(a.right)).for_each(|(out, &x)| *out = x);
        }
    }
    Matrix::new(memory, a.rows, count)
}
