//! The product of some rows of A with some columns of B, which are packed into panels as wide as a tile.

use std::marker::PhantomData;

use pulp::{Simd, WithSimd};

use super::kernel::{Finish, VECTORS, read, tile, tile_columns, tile_rows, write, write_some, zeros};
use super::matrix::Matrix;
use crate::tensor::Real;

/// The width of a panel of B on this machine.
pub(super) struct PanelWidth<T>(pub PhantomData<T>);

impl<T: Real> WithSimd for PanelWidth<T> {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        tile_columns::<S, T>()
    }
}

/// Some columns of some rows of a result.
#[derive(Debug)]
pub(super) enum Part<'a, T> {
    /// Rows of so many columns, one after the other, of which all from one on are meant
    Rows { values: &'a mut [T], columns: usize, first: usize },
    /// A piece of each row
    Pieces(Vec<&'a mut [T]>),
}

impl<T> Part<'_, T> {
    /// Returns how many rows there are.
    pub fn count(&self) -> usize {
        match self {
            Self::Rows { values, columns, .. } => values.len() / columns,
            Self::Pieces(rows) => rows.len(),
        }
    }

    /// Returns R rows from the i-th on; those after the end are empty.
    #[inline(always)]
    fn rows<const R: usize>(&mut self, i: usize) -> [&mut [T]; R] {
        match self {
            Self::Rows { values, columns, first } => {
                let mut rows = values[i * *columns..].chunks_mut(*columns);
                std::array::from_fn(|_| rows.next().map_or(&mut [][..], |row| &mut row[*first..]))
            }
            Self::Pieces(rows) => {
                let mut rows = rows[i..].iter_mut();
                std::array::from_fn(|_| rows.next().map_or(&mut [][..], |row| &mut **row))
            }
        }
    }
}

/// Packs B and multiplies rows of A by it, which lie in memory row by row.
pub(super) struct Panels<'a, 'b, T> {
    pub a: Matrix<'a, T>,
    pub b: Matrix<'a, T>,
    /// Room for B in whole panels
    pub packed: &'a mut [T],
    pub finish: Finish<T>,
    /// Whether sums go on from where they stand in the result
    pub further: bool,
    pub out: &'a mut Part<'b, T>,
}

impl<T: Real> WithSimd for Panels<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        self.pack::<S>();
        match tile_rows::<S, T>() {
            8 => self.multiply::<S, 8>(simd),
            _ => self.multiply::<S, 4>(simd),
        }
    }
}

impl<T: Real> Panels<'_, '_, T> {
    /// Packs the panels, one after the other: for each k a row of the panel. Where B's columns have ended stand other
    /// numbers, whose sums nobody reads.
    #[inline(always)]
    fn pack<S: Simd>(&mut self) {
        let (b, panel) = (self.b, tile_columns::<S, T>());
        if b.right > 1 {
            for (out, first) in self.packed.chunks_exact_mut(panel * b.rows).zip((0..b.columns).step_by(panel)) {
                let columns = panel.min(b.columns - first);
                copy(Matrix { values: &b.values[first * b.right..], columns, ..b }, panel, out);
            }
            return;
        }
        for k in 0..b.rows {
            let row = &b.values[k * b.down..];
            let panels = self.packed.chunks_exact_mut(panel * b.rows).map(|out| &mut out[k * panel..][..panel]);
            for (out, first) in panels.zip((0..b.columns).step_by(panel)) {
                if row.len() - first >= panel {
                    // Vectors, as many as the compiler knows: a call to copy each row costs more than the copy.
                    let [out] = T::vectors_mut::<S>(out).as_chunks_mut::<VECTORS>().0 else { return };
                    let [row] = T::vectors::<S>(&row[first..][..panel]).as_chunks::<VECTORS>().0 else { return };
                    *out = *row;
                } else {
                    out.iter_mut().zip(&row[first..]).for_each(|(out, &x)| *out = x);
                }
            }
        }
    }

    /// The products of R rows with all panels, then of the next R: these rows stay in the first cache, the panels in the
    /// second.
    #[inline(always)]
    fn multiply<S: Simd, const R: usize>(&mut self, simd: S) {
        let (a, panel) = (self.a, tile_columns::<S, T>());
        let panels = self.b.columns.div_ceil(panel);
        for i in (0..a.rows).step_by(R) {
            let rows = std::array::from_fn(|r| &a.values[(i + r).min(a.rows - 1) * a.down..][..a.columns]);
            let mut out = self.out.rows::<R>(i);
            let out = &mut out[..R.min(a.rows - i)];
            for j in 0..panels {
                let b = &self.packed[j * panel * a.columns..][..panel * a.columns];
                let left = self.b.columns - j * panel;
                let how = (self.finish, self.further);
                if left <= panel / VECTORS {
                    one::<S, T, R, 1>(simd, rows, b, how, (j * panel, left), out);
                } else {
                    one::<S, T, R, VECTORS>(simd, rows, b, how, (j * panel, left), out);
                }
            }
        }
    }
}

/// One tile: the product of R rows with W vectors of a panel, of which `left` columns belong to the result.
#[inline(always)]
fn one<S: Simd, T: Real, const R: usize, const W: usize>(
    simd: S,
    a: [&[T]; R],
    b: &[T],
    (finish, further): (Finish<T>, bool),
    (column, left): (usize, usize),
    out: &mut [&mut [T]],
) {
    let panel = tile_columns::<S, T>();
    let tile_width = panel / VECTORS * W;
    let width = tile_width.min(left);
    let whole = width == tile_width && out.len() == R;
    let mut sums = zeros::<S, T, R, W>(simd);
    if further {
        sums = read(simd, (column, width), out);
    }
    let sums = tile::<S, T, R, W>(simd, a, (b, panel, 0), sums);
    if whole {
        write(simd, sums, finish, column, out.iter_mut().map(|row| &mut **row));
    } else {
        write_some(simd, sums, finish, (column, width), out);
    }
}

/// Rows that are copied together, so that every line of the cache that is fetched is used whole.
const TALL: usize = 16;
/// Columns that are: as many lines stay in the first cache wherever they lie.
const WIDE: usize = 8;
/// Numbers between columns from which that pays.
const FAR: usize = 128;

/// Copies a matrix to rows that begin `width` numbers apart.
pub(super) fn copy<T: Real>(a: Matrix<'_, T>, width: usize, out: &mut [T]) {
    if a.down > 1 || a.right < FAR {
        return copy_rows(a, width, out);
    }
    let (rows, columns) = (a.rows / TALL * TALL, a.columns / WIDE * WIDE);
    let mut block = |i: usize, j: usize| turn(&a.values[i + j * a.right..], a.right, width, &mut out[i * width + j..]);
    // The shorter way first: what a line holds besides is needed soon.
    if rows < columns {
        (0..columns).step_by(WIDE).for_each(|j| (0..rows).step_by(TALL).for_each(|i| block(i, j)));
    } else {
        (0..rows).step_by(TALL).for_each(|i| (0..columns).step_by(WIDE).for_each(|j| block(i, j)));
    }
    if columns < a.columns {
        let values = &a.values[columns * a.right..];
        copy_rows(Matrix { values, rows, columns: a.columns - columns, ..a }, width, &mut out[columns..]);
    }
    if rows < a.rows {
        copy_rows(Matrix { values: &a.values[rows..], rows: a.rows - rows, ..a }, width, &mut out[rows * width..]);
    }
}

/// Copies one row after the other.
fn copy_rows<T: Real>(a: Matrix<'_, T>, width: usize, out: &mut [T]) {
    for (i, out) in out.chunks_mut(width).take(a.rows).enumerate() {
        let row = a.values[i * a.down..].iter().step_by(a.right);
        out[..a.columns].iter_mut().zip(row).for_each(|(out, &x)| *out = x);
    }
}

/// Copies a block whose columns lie `right` apart to rows that lie `width` apart.
fn turn<T: Real>(values: &[T], right: usize, width: usize, out: &mut [T]) {
    let columns: [&[T]; WIDE] = std::array::from_fn(|c| &values[c * right..][..TALL]);
    for (r, out) in out.chunks_mut(width).take(TALL).enumerate() {
        for (out, column) in out[..WIDE].iter_mut().zip(columns) {
            *out = column[r];
        }
    }
}
