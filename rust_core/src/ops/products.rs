//! Sums of products in vector registers: the inner loop of `linear`, convolutions, products of activations and attention.
//!
//! All of them are x W^T, and every sum is one chain of fused multiply-adds over the inputs in rising order. What differs
//! is where the factors of a row lie in x, which a `Window` tells, and what a vector holds: sixteen members, or, for the
//! centre alone, sixteen outputs.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use crate::tensor::Real;

/// Outputs and rows that one inner loop works on: 16 sums stay in registers.
pub(super) const TILE: usize = 4;

/// Where the factors of each row lie in x: `parts` runs of `length` numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    /// Rows in one line.
    pub across: usize,
    /// From a line to the next.
    pub down: usize,
    /// From a row to the next in its line.
    pub step: usize,
    /// Runs of numbers in one row.
    pub parts: usize,
    /// From a run to the next.
    pub part: usize,
    /// Numbers in one run.
    pub length: usize,
}

impl Window {
    /// Rows of `length` numbers, `step` from one to the next.
    pub fn rows(step: usize, length: usize) -> Self {
        Self { across: usize::MAX, down: 0, step, parts: 1, part: 0, length }
    }

    /// Returns how many factors a row has.
    pub fn depth(self) -> usize {
        self.parts * self.length
    }

    #[inline(always)]
    fn start(self, row: usize) -> usize {
        (row / self.across) * self.down + (row % self.across) * self.step
    }
}

/// The sizes of x W^T.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    /// Rows of the result.
    pub rows: usize,
    /// Columns of the result: rows of W.
    pub outputs: usize,
    /// Where a row's factors lie in x.
    pub window: Window,
    /// From a row of W to the next.
    pub step: usize,
}

impl Size {
    /// x is (rows, inputs), W is (outputs, inputs).
    pub fn new(rows: usize, inputs: usize, outputs: usize) -> Self {
        Self { rows, outputs, window: Window::rows(inputs, inputs), step: inputs }
    }
}

/// A factor: one number for all members, or one for each.
pub(super) trait Factor<T: Real>: Copy {
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

/// Returns tiles (first, count) that cover `range`: whole ones, of which the last may overlap the one before, or single
/// numbers where a tile does not fit.
pub(super) fn tiles(range: Range<usize>) -> impl Iterator<Item = (usize, usize)> {
    let end = range.end;
    let (step, last) = if range.len() < TILE { (1, end) } else { (TILE, end - TILE) };
    range.step_by(step).map(move |first| (first.min(last), step))
}

/// What follows the sum of an output: the bias, then the low-rank term, one rank after the other.
#[derive(Clone, Copy)]
pub(super) struct Finish<'a, T, const L: usize> {
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
pub(super) struct Product<'p, 'f, T, W, X, const L: usize> {
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

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        for v in 0..vectors_in::<S, T, L>() {
            for (first, count) in tiles(self.outputs.clone()) {
                match count {
                    TILE => self.columns::<S, TILE>(simd, first, v),
                    _ => self.columns::<S, 1>(simd, first, v),
                }
            }
        }
    }
}

impl<T: Real, W: Factor<T>, X: Factor<T>, const L: usize> Product<'_, '_, T, W, X, L> {
    /// Computes and writes.
    pub fn run(self) {
        Arch::new().dispatch(self);
    }

    #[inline(always)]
    fn columns<S: Simd, const O: usize>(&mut self, simd: S, first: usize, v: usize) {
        for (row, count) in tiles(self.rows.clone()) {
            match count {
                TILE => self.tile::<S, O, TILE>(simd, first, row, v),
                _ => self.tile::<S, O, 1>(simd, first, row, v),
            }
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const O: usize, const B: usize>(&mut self, simd: S, first: usize, row: usize, v: usize) {
        let sums = self.sums::<S, O, B>(simd, first, row, v);
        let Self { size, finish, out, .. } = self;
        for (o, sums) in sums.iter().enumerate() {
            for (b, &sum) in sums.iter().enumerate() {
                let (row, o) = (row + b, first + o);
                let y = finish.vector(simd, (row, o, v), sum);
                T::vectors_mut::<S>(&mut out[row * size.outputs + o])[v] = y;
            }
        }
    }

    /// Returns the sums over k of w[o][k] x[b][k], all O times B of them in registers.
    #[inline(always)]
    fn sums<S: Simd, const O: usize, const B: usize>(
        &self,
        simd: S,
        first: usize,
        row: usize,
        v: usize,
    ) -> [[T::Vector<S>; B]; O] {
        let Self { size: Size { window, step, .. }, w, x, .. } = *self;
        let starts: [usize; B] = std::array::from_fn(|b| window.start(row + b));
        let first = (first - self.outputs.start) * step;
        let mut sums = [[T::splat(simd, T::ZERO); B]; O];
        for part in 0..window.parts {
            let at = first + part * window.length;
            let w: [&[W]; O] = std::array::from_fn(|o| &w[at + o * step..][..window.length]);
            let x: [&[X]; B] = std::array::from_fn(|b| &x[starts[b] + part * window.part..][..window.length]);
            for k in 0..window.length {
                let mut factors = [T::splat(simd, T::ZERO); O];
                for o in 0..O {
                    factors[o] = w[o][k].vector(simd, v);
                }
                for b in 0..B {
                    let x = x[b][k].vector(simd, v);
                    for o in 0..O {
                        sums[o][b] = T::mul_add(simd, factors[o], x, sums[o][b]);
                    }
                }
            }
        }
        sums
    }
}
