//! Products of float matrices: out = alpha A B, written over the result or added to it.
//!
//! Each thread takes some columns, packs what B has there into panels as wide as a tile, and multiplies rows of A by them,
//! which are read where they lie. So a thread's part of B stays in its own second cache, nobody waits for another's
//! packing, and what is fetched from memory all the while is A, in rows. Only an A that lies by columns is copied before.
//! Tiles are summed over up to 1024 k at a time, each sum going on from where it stands in the result: every element is one
//! chain over k in rising order, and of more than 4096 k the sum of chains of 512 each, as in every product of `ops`. So the bits depend neither on the threads nor on the
//! vectors or the layout.
//! A panel of that depth streams from the second cache, which costs nothing; sums that go back to memory more often do.
//! Source of the blocking: Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", ACM TOMS 34 (2008).

mod kernel;
mod matrix;
mod panels;

use std::marker::PhantomData;

use pulp::{Arch, Simd, WithSimd};

pub(crate) use kernel::many_registers;
use kernel::{Finish, VECTORS, tile, tile_columns, tile_rows, write, zeros};
pub use matrix::Matrix;
use panels::{PanelWidth, Panels, Part, copy};

use crate::tensor::{Buffer, Real};
use crate::threads;

/// Terms that are added one after the other in one chain: short sums keep the order that they always had.
pub(crate) const CHAIN: usize = 4096;
/// Factors of such a sum.
const BLOCK: usize = 512;

/// Returns how many of `depth` products are added before their sum joins others.
pub(crate) const fn block(depth: usize) -> usize {
    if depth > CHAIN { BLOCK } else { CHAIN }
}

/// Terms that one pass over a tile sums.
const DEPTH: usize = 1024;
/// Bytes of packed B that a thread works with: half of the second cache of many processors.
const GROUP: usize = 1 << 19;
/// The most rows of A that are multiplied by them: with more, packing them again costs nothing.
const HEIGHT: usize = 2048;
/// The fewest rows that are, unless threads had nothing to do otherwise: with fewer, packing again costs.
const LOW: usize = 1024;
/// Bytes of a cache line.
const LINE: usize = 64;
/// Rows of A that one thread copies at a time.
const TOGETHER: usize = 64;
/// Numbers of A that are copied before they are multiplied.
const COPIED: usize = 1 << 22;
/// Multiplications up to which packing costs more than it saves.
const SMALL: usize = 1 << 19;
/// Multiplications from which threads pay.
pub(crate) const WORTH: usize = 1 << 22;

/// Multiplications in a piece of a batch, at least.
const PIECE: usize = 1 << 18;

/// Writes alpha A B to `out`, row by row, or adds it there. `a.columns` is `b.rows`.
pub fn gemm<T: Real>(a: Matrix<'_, T>, b: Matrix<'_, T>, alpha: T, add: bool, out: &mut [T]) {
    if a.rows == 0 || b.columns == 0 {
        return;
    }
    if a.columns == 0 {
        if !add {
            out.fill(T::ZERO);
        }
        return;
    }
    let block = block(a.columns);
    if a.columns > block {
        return blocks(a, b, (alpha, add), block, out);
    }
    let finish = Finish { alpha, add };
    let work = a.rows * a.columns * b.columns;
    let plain = a.right == 1 && b.right == 1 && b.down == b.columns;
    let small = work <= SMALL && a.columns <= DEPTH && plain;
    if small && Arch::new().dispatch(Direct { a, b, finish, out: &mut *out }) {
        return;
    }
    if add && a.columns > DEPTH {
        // Sums go on where they lie, which cannot be where something else lies.
        let mut sums = Buffer::stale(out.len());
        gemm(a, b, T::ONE, false, sums.values_mut());
        out.iter_mut().zip(sums.iter()).for_each(|(out, &sum)| *out = alpha.fma(sum, *out));
        return;
    }
    if a.right == 1 {
        return parts(a, b, finish, work >= WORTH, out);
    }
    // Rows that begin a line of the cache more than their length apart do not drive each other out of it.
    let width = a.columns + LINE / size_of::<T>();
    let height = (COPIED / a.columns).clamp(8, a.rows.max(8));
    let mut memory = Buffer::scratch(height.min(a.rows) * width);
    for (i, out) in out.chunks_mut(height * b.columns).enumerate() {
        let rows = out.len() / b.columns;
        let copied = &mut memory.values_mut()[..rows * width];
        let some = |(j, out): (usize, &mut [T])| {
            let values = &a.values[(i * height + j * TOGETHER) * a.down..];
            copy(Matrix { values, rows: out.len() / width, ..a }, width, out);
        };
        let pieces = copied.chunks_mut(TOGETHER * width).enumerate();
        if work >= WORTH {
            threads::each(pieces, some)
        } else {
            pieces.for_each(some)
        }
        let a = Matrix { down: width, ..Matrix::new(copied, rows, a.columns) };
        parts(a, b, finish, work >= WORTH, out);
    }
}

/// Multiplies matrices whose sums are those of several blocks of k.
fn blocks<T: Real>(a: Matrix<'_, T>, b: Matrix<'_, T>, (alpha, add): (T, bool), block: usize, out: &mut [T]) {
    let (mut sums, mut some) = (Buffer::stale(out.len()), Buffer::stale(out.len()));
    for k in (0..a.columns).step_by(block) {
        let depth = block.min(a.columns - k);
        let a = Matrix { values: &a.values[k * a.right..], columns: depth, ..a };
        let b = Matrix { values: &b.values[k * b.down..], rows: depth, ..b };
        let into = if k == 0 { &mut sums } else { &mut some };
        gemm(a, b, T::ONE, false, into.values_mut());
        if k > 0 {
            sums.values_mut().iter_mut().zip(some.iter()).for_each(|(sum, &x)| *sum = *sum + x);
        }
    }
    let write = |(out, &sum): (&mut T, &T)| *out = if add { alpha.fma(sum, *out) } else { alpha * sum };
    out.iter_mut().zip(sums.iter()).for_each(write);
}

/// Writes `count` products of (m, k) by (k, n) one after the other to `out`; `factors` returns those of each.
pub fn batched<'a, T: Real>(
    (m, k, n): (usize, usize, usize),
    factors: impl Fn(usize) -> (Matrix<'a, T>, Matrix<'a, T>) + Sync,
    out: &mut [T],
) {
    let (size, work) = ((m * n).max(1), (m * k * n).max(1));
    let several = PIECE.div_ceil(work);
    let some = |(i, out): (usize, &mut [T])| {
        for (j, out) in out.chunks_mut(size).enumerate() {
            let (a, b) = factors(i * several + j);
            gemm(a, b, T::ONE, false, out);
        }
    };
    // A large product has threads of its own.
    let threads = work < WORTH && work.saturating_mul(out.len() / size) >= WORTH;
    let pieces = out.chunks_mut(several * size).enumerate();
    if threads { threads::each(pieces, some) } else { pieces.for_each(some) }
}

/// Multiplies an A whose rows are contiguous, part by part of the result.
fn parts<T: Real>(a: Matrix<'_, T>, b: Matrix<'_, T>, finish: Finish<T>, threads: bool, out: &mut [T]) {
    let columns = b.columns;
    let depth = b.rows.min(DEPTH);
    let count = if threads { threads::count() } else { 1 };
    // Whole panels on every machine.
    let enough = columns.div_ceil(2 * count).next_multiple_of(64);
    let group = (GROUP / (depth * size_of::<T>()) / 64 * 64).clamp(64, enough);
    let groups = columns.div_ceil(group);
    let share = |pieces: usize| a.rows.div_ceil(pieces.div_ceil(groups));
    let height = share(4 * count).max(share(2 * count).min(LOW)).min(HEIGHT).next_multiple_of(8);
    let work = |(row, column, mut out): (usize, usize, Part<'_, T>)| {
        let columns = group.min(columns - column);
        let a = Matrix { values: &a.values[row * a.down..], rows: out.count(), ..a };
        let b = Matrix { values: &b.values[column * b.right..], columns, ..b };
        part(a, b, finish, &mut out);
    };
    let rows = out.chunks_mut(height * columns).enumerate().map(|(i, values)| (i * height, values));
    if groups == 1 {
        let pieces = rows.map(|(row, values)| (row, 0, Part::Rows { values, columns, first: 0 }));
        return if threads { threads::each(pieces, work) } else { pieces.for_each(work) };
    }
    if !threads {
        return rows.for_each(|(row, values)| {
            for first in (0..columns).step_by(group) {
                work((row, first, Part::Rows { values: &mut *values, columns, first }));
            }
        });
    }
    // What is left of each row while pieces are cut off it.
    let mut left: Vec<(usize, Vec<&mut [T]>)> =
        rows.map(|(row, values)| (row, values.chunks_mut(columns).collect())).collect();
    let pieces = (0..left.len() * groups).map(|i| {
        let (row, left) = &mut left[i / groups];
        let cut = left.iter_mut().filter_map(|left| left.split_off_mut(..group.min(left.len())));
        (*row, i % groups * group, Part::Pieces(cut.collect()))
    });
    threads::each(pieces, work);
}

/// Multiplies some rows by some columns.
fn part<T: Real>(a: Matrix<'_, T>, b: Matrix<'_, T>, finish: Finish<T>, out: &mut Part<'_, T>) {
    let panel = Arch::new().dispatch(PanelWidth(PhantomData::<T>));
    let width = b.columns.next_multiple_of(panel);
    // A panel's rows are whole cache lines.
    let mut memory = Buffer::<T>::scratch(width * b.rows.min(DEPTH) + LINE);
    let start = memory.as_ptr().align_offset(LINE).min(LINE);
    for k in (0..b.rows).step_by(DEPTH) {
        let depth = DEPTH.min(b.rows - k);
        let last = k + depth == b.rows;
        Arch::new().dispatch(Panels {
            a: Matrix { values: &a.values[k..], columns: depth, ..a },
            b: Matrix { values: &b.values[k * b.down..], rows: depth, ..b },
            packed: &mut memory.values_mut()[start..][..width * depth],
            finish: if last { finish } else { Finish { alpha: T::ONE, add: false } },
            further: k > 0,
            out: &mut *out,
        });
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
                let sums =
                    tile::<S, T, R, VECTORS>(simd, rows, (b_values, b.columns, first), zeros::<S, T, R, VECTORS>(simd));
                write(simd, sums, finish, first, out.chunks_mut(b.columns));
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
            (9, 4100, 35),
            (2100, 9, 70),
            (270, 130, 260),
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
        parts(a, b, finish, false, &mut alone);
        parts(a, b, finish, true, &mut shared);
        assert_eq!(alone, shared);
    }
}
