//! Sums of products in vector registers: the inner loop of `linear`, convolutions, products of activations and attention.
//!
//! All of them are x W^T, and every sum is one chain of fused multiply-adds over the inputs in rising order; of more than 4096
//! inputs each 512 are a chain, and the sums of these are added. What differs
//! is where the factors of a row lie in x, which a `Window` tells, and what a vector holds: sixteen members, or, for the
//! centre alone, sixteen outputs.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use super::sizes::{FACTORS, ROWS, Size, TILE, Window, block, tile};
use crate::gemm::many_registers;
use crate::tensor::Real;

/// A factor: one number for all members, or one for each.
pub(crate) trait Factor<T: Real>: Copy {
    /// Zero, for all members.
    const ZERO: Self;
    /// Returns the factor for the members in vector `v`.
    fn vector<S: Simd>(&self, simd: S, v: usize) -> T::Vector<S>;
}

impl<T: Real> Factor<T> for T {
    const ZERO: Self = <T as Real>::ZERO;

    #[inline(always)]
    fn vector<S: Simd>(&self, simd: S, _: usize) -> T::Vector<S> {
        T::splat(simd, *self)
    }
}

impl<T: Real, const L: usize> Factor<T> for [T; L] {
    const ZERO: Self = [T::ZERO; L];

    #[inline(always)]
    fn vector<S: Simd>(&self, _: S, v: usize) -> T::Vector<S> {
        T::vectors::<S>(self)[v]
    }
}

/// Returns how many vectors hold `L` numbers.
#[inline(always)]
fn vectors_in<S: Simd, T: Real, const L: usize>() -> usize {
    T::vectors::<S>(&[T::ZERO; L]).len()
}

/// Returns how many of `rows` rows one inner loop works on beside `outputs` outputs. Sums, the factors of the rows and one of
/// the outputs stay in registers; fewer than eight sums would wait for each other.
#[inline(always)]
fn rows_in_tile<S: Simd, T: Real>(outputs: usize, rows: usize) -> usize {
    match (outputs, many_registers::<S, T>()) {
        (1, _) if rows >= 8 => 8,
        (1, _) | (_, true) => TILE,
        _ if rows > TILE || rows == 3 => 3,
        _ => 2,
    }
}

/// What follows the sum of an output: the bias, then the low-rank term, one rank after the other.
#[derive(Clone, Copy)]
pub(crate) struct Finish<'a, T, const L: usize> {
    /// (outputs,); empty without a bias
    pub bias: &'a [[T; L]],
    /// (outputs, rank)
    pub left: &'a [[T; L]],
    /// (rows, rank)
    pub inner: &'a [[T; L]],
    pub rank: usize,
}

impl<T: Real, const L: usize> Finish<'_, T, L> {
    /// Nothing follows.
    pub fn none() -> Self {
        Self { bias: &[], left: &[], inner: &[], rank: 0 }
    }

    #[inline(always)]
    fn vector<S: Simd>(&self, simd: S, (row, o, v): (usize, usize, usize), mut y: T::Vector<S>) -> T::Vector<S> {
        if !self.bias.is_empty() {
            y = T::add_vectors(simd, y, T::vectors::<S>(&self.bias[o])[v]);
        }
        for r in 0..self.rank {
            let left = T::vectors::<S>(&self.left[o * self.rank + r])[v];
            let inner = T::vectors::<S>(&self.inner[row * self.rank + r])[v];
            y = T::mul_add(simd, left, inner, y);
        }
        y
    }

    /// Finishes sums that all members share.
    pub fn run(&self, outputs: usize, base: &[T], out: &mut [[T; L]]) {
        struct Run<'r, 'a, T, const L: usize>(&'r Finish<'a, T, L>, usize, &'r [T], &'r mut [[T; L]]);
        impl<T: Real, const L: usize> WithSimd for Run<'_, '_, T, L> {
            type Output = ();

            #[inline(always)]
            fn with_simd<S: Simd>(self, simd: S) {
                let Self(finish, outputs, base, out) = self;
                let rows = out.chunks_exact_mut(outputs).zip(base.chunks_exact(outputs));
                for (row, (out, base)) in rows.enumerate() {
                    for (o, (out, &base)) in out.iter_mut().zip(base).enumerate() {
                        for (v, y) in T::vectors_mut::<S>(out).iter_mut().enumerate() {
                            *y = finish.vector(simd, (row, o, v), T::splat(simd, base));
                        }
                    }
                }
            }
        }
        Arch::new().dispatch(Run(self, outputs, base, out));
    }
}

/// Some outputs of some rows of x W^T.
pub(crate) struct Product<'p, 'f, T, W, X, const L: usize> {
    pub size: Size,
    /// The rows to compute.
    pub rows: Range<usize>,
    /// The outputs to compute.
    pub outputs: Range<usize>,
    /// Their weights.
    pub w: &'p [W],
    pub x: &'p [X],
    pub finish: &'p Finish<'f, T, L>,
    /// (rows, outputs), all of them
    pub out: &'p mut [[T; L]],
}

impl<T: Real, W: Factor<T>, X: Factor<T>, const L: usize> WithSimd for Product<'_, '_, T, W, X, L> {
    type Output = ();

    // No closures from here on: they would not become part of the vector code.
    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let Window { parts, length, .. } = self.size.window;
        let depth = parts * length;
        let (block, step) = (block(depth), (FACTORS / length.max(1)).clamp(1, parts.max(1)) * length);
        // A sum that is cut goes on from what is written, so that nothing may be computed twice.
        let twice = step >= depth && depth <= block;
        let rows = if depth > block { self.rows.len().min(ROWS) } else { 0 };
        let mut before = vec![[T::ZERO; L]; rows * self.outputs.len()];
        for v in 0..vectors_in::<S, T, L>() {
            let mut row = self.rows.start;
            while row < self.rows.end {
                let rows = row..self.rows.end.min(row + ROWS);
                let (mut start, mut place) = (0, (0, 0));
                loop {
                    let end = depth.min(start + step).min((start / block + 1) * block);
                    let (fresh, last) = (start.is_multiple_of(block), end == depth);
                    let stretch = Stretch { count: end - start, place, fresh, last, twice, before: &before };
                    self.outputs(simd, (&rows, &stretch), v);
                    if last {
                        break;
                    }
                    if end.is_multiple_of(block) {
                        self.put_by::<S>(simd, &rows, &mut before, end == block, v);
                    }
                    (start, place) = (end, (end / length, end % length));
                }
                row = rows.end;
            }
        }
    }
}

/// Some factors of the sums of some rows.
struct Stretch<'b, T, const L: usize> {
    count: usize,
    /// The run with the first of them, and its place there.
    place: (usize, usize),
    /// Whether sums begin with them.
    fresh: bool,
    /// Whether none follow.
    last: bool,
    /// Whether outputs may be computed twice.
    twice: bool,
    /// The sums of earlier blocks for (rows, outputs); empty where there is one block.
    before: &'b [[T; L]],
}

impl<T: Real, W: Factor<T>, X: Factor<T>, const L: usize> Product<'_, '_, T, W, X, L> {
    /// Computes and writes.
    pub fn run(self) {
        Arch::new().dispatch(self);
    }

    /// Adds the sums of a block, which are written, to those of earlier blocks.
    #[inline(always)]
    fn put_by<S: Simd>(&self, simd: S, rows: &Range<usize>, before: &mut [[T; L]], first: bool, v: usize) {
        let count = self.outputs.len();
        for row in rows.clone() {
            for o in 0..count {
                let sum = T::vectors::<S>(&self.out[row * self.size.outputs + self.outputs.start + o])[v];
                let before = &mut T::vectors_mut::<S>(&mut before[(row - rows.start) * count + o])[v];
                *before = if first { sum } else { T::add_vectors(simd, *before, sum) };
            }
        }
    }

    /// Adds the products of some factors to the sums of some rows.
    #[inline(always)]
    fn outputs<S: Simd>(&mut self, simd: S, what: (&Range<usize>, &Stretch<'_, T, L>), v: usize) {
        let outputs = self.outputs.clone();
        let mut output = outputs.start;
        while output < outputs.end {
            let (first, count) = tile(output, &outputs, TILE, what.1.twice);
            match count {
                TILE => self.columns::<S, TILE>(simd, first, what, v),
                _ => self.columns::<S, 1>(simd, first, what, v),
            }
            output = first + count;
        }
    }

    #[inline(always)]
    fn columns<S: Simd, const O: usize>(
        &mut self,
        simd: S,
        first: usize,
        (rows, stretch): (&Range<usize>, &Stretch<'_, T, L>),
        v: usize,
    ) {
        let size = rows_in_tile::<S, T>(O, rows.len());
        let mut row = rows.start;
        while row < rows.end {
            let (from, count) = tile(row, rows, size, stretch.twice);
            let (at, how) = ((first, from, v), (rows.start, stretch));
            match count {
                8 if O == 1 => self.tile::<S, O, 8>(simd, at, how),
                4 if many_registers::<S, T>() || O == 1 => self.tile::<S, O, 4>(simd, at, how),
                3 if !many_registers::<S, T>() => self.tile::<S, O, 3>(simd, at, how),
                2 if !many_registers::<S, T>() => self.tile::<S, O, 2>(simd, at, how),
                _ => self.tile::<S, O, 1>(simd, at, how),
            }
            row = from + count;
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const O: usize, const B: usize>(
        &mut self,
        simd: S,
        (first, row, v): (usize, usize, usize),
        (top, stretch): (usize, &Stretch<'_, T, L>),
    ) {
        let outputs = self.size.outputs;
        let mut sums = [[T::splat(simd, T::ZERO); B]; O];
        if !stretch.fresh {
            for o in 0..O {
                for b in 0..B {
                    sums[o][b] = T::vectors::<S>(&self.out[(row + b) * outputs + first + o])[v];
                }
            }
        }
        let sums = self.sums::<S, O, B>(simd, (first, row, v), stretch, sums);
        for o in 0..O {
            for b in 0..B {
                let (row, o, mut sum) = (row + b, first + o, sums[o][b]);
                if stretch.last {
                    if !stretch.before.is_empty() {
                        let at = (row - top) * self.outputs.len() + o - self.outputs.start;
                        sum = T::add_vectors(simd, T::vectors::<S>(&stretch.before[at])[v], sum);
                    }
                    sum = self.finish.vector(simd, (row, o, v), sum);
                }
                T::vectors_mut::<S>(&mut self.out[row * outputs + o])[v] = sum;
            }
        }
    }

    /// Returns the sums plus w[o][k] x[b][k] over the k of a stretch, all O times B of them in registers.
    #[inline(always)]
    fn sums<S: Simd, const O: usize, const B: usize>(
        &self,
        simd: S,
        (first, row, v): (usize, usize, usize),
        stretch: &Stretch<'_, T, L>,
        mut sums: [[T::Vector<S>; B]; O],
    ) -> [[T::Vector<S>; B]; O] {
        let Self { size: Size { window, step, .. }, w, x, .. } = *self;
        let first = (first - self.outputs.start) * step;
        let (mut ws, mut xs): ([&[W]; O], [&[X]; B]) = ([&[]; O], [&[]; B]);
        let ((mut part, mut from), mut left) = (stretch.place, stretch.count);
        while left > 0 {
            let count = left.min(window.length - from);
            for o in 0..O {
                ws[o] = &w[first + o * step + part * window.length + from..][..count];
            }
            for b in 0..B {
                xs[b] = &x[window.start(row + b) + part * window.part + from..][..count];
            }
            for k in 0..count {
                let mut row = [T::splat(simd, T::ZERO); B];
                for b in 0..B {
                    row[b] = xs[b][k].vector(simd, v);
                }
                for o in 0..O {
                    let factor = ws[o][k].vector(simd, v);
                    for b in 0..B {
                        sums[o][b] = T::mul_add(simd, factor, row[b], sums[o][b]);
                    }
                }
            }
            (left, part, from) = (left - count, part + 1, 0);
        }
        sums
    }
}
