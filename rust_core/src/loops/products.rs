//! Sums of products in vector registers: the inner loop of `linear`, convolutions, products of activations and attention.
//!
//! All of them are x W^T, and every sum is one chain of fused multiply-adds over the inputs in rising order. What differs
//! is where the factors of a row lie in x, which a `Window` tells, and what a vector holds: sixteen members, or, for the
//! centre alone, sixteen outputs.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use super::sizes::{FACTORS, ROWS, Size, TILE, Window, tile};
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
        let step = (FACTORS / length.max(1)).clamp(1, parts.max(1));
        // A sum that is cut goes on from what is written, so that nothing may be computed twice.
        let twice = step >= parts;
        for v in 0..vectors_in::<S, T, L>() {
            let mut row = self.rows.start;
            while row < self.rows.end {
                let rows = row..self.rows.end.min(row + ROWS);
                let mut part = 0;
                while part < parts {
                    let parts = part..parts.min(part + step);
                    self.outputs(simd, (&rows, &parts, twice), v);
                    part = parts.end;
                }
                row = rows.end;
            }
        }
    }
}

impl<T: Real, W: Factor<T>, X: Factor<T>, const L: usize> Product<'_, '_, T, W, X, L> {
    /// Computes and writes.
    pub fn run(self) {
        Arch::new().dispatch(self);
    }

    /// Adds the products of some parts to the sums of some rows.
    #[inline(always)]
    fn outputs<S: Simd>(&mut self, simd: S, what: (&Range<usize>, &Range<usize>, bool), v: usize) {
        let outputs = self.outputs.clone();
        let mut output = outputs.start;
        while output < outputs.end {
            let (first, count) = tile(output, &outputs, what.2);
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
        (rows, parts, twice): (&Range<usize>, &Range<usize>, bool),
        v: usize,
    ) {
        let mut row = rows.start;
        while row < rows.end {
            let (from, count) = tile(row, rows, twice);
            match count {
                TILE => self.tile::<S, O, TILE>(simd, (first, from, v), parts),
                _ => self.tile::<S, O, 1>(simd, (first, from, v), parts),
            }
            row = from + count;
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const O: usize, const B: usize>(
        &mut self,
        simd: S,
        (first, row, v): (usize, usize, usize),
        parts: &Range<usize>,
    ) {
        let outputs = self.size.outputs;
        let mut sums = [[T::splat(simd, T::ZERO); B]; O];
        if parts.start > 0 {
            for o in 0..O {
                for b in 0..B {
                    sums[o][b] = T::vectors::<S>(&self.out[(row + b) * outputs + first + o])[v];
                }
            }
        }
        let sums = self.sums::<S, O, B>(simd, (first, row, v), parts, sums);
        let last = parts.end == self.size.window.parts;
        for o in 0..O {
            for b in 0..B {
                let (row, o, sum) = (row + b, first + o, sums[o][b]);
                let y = if last { self.finish.vector(simd, (row, o, v), sum) } else { sum };
                T::vectors_mut::<S>(&mut self.out[row * outputs + o])[v] = y;
            }
        }
    }

    /// Returns the sums plus w[o][k] x[b][k] over the k in some parts, all O times B of them in registers.
    #[inline(always)]
    fn sums<S: Simd, const O: usize, const B: usize>(
        &self,
        simd: S,
        (first, row, v): (usize, usize, usize),
        parts: &Range<usize>,
        mut sums: [[T::Vector<S>; B]; O],
    ) -> [[T::Vector<S>; B]; O] {
        let Self { size: Size { window, step, .. }, w, x, .. } = *self;
        let first = (first - self.outputs.start) * step;
        let (mut ws, mut xs): ([&[W]; O], [&[X]; B]) = ([&[]; O], [&[]; B]);
        for part in parts.start..parts.end {
            for o in 0..O {
                ws[o] = &w[first + o * step + part * window.length..][..window.length];
            }
            for b in 0..B {
                xs[b] = &x[window.start(row + b) + part * window.part..][..window.length];
            }
            for k in 0..window.length {
                let mut factors = [T::splat(simd, T::ZERO); O];
                for o in 0..O {
                    factors[o] = ws[o][k].vector(simd, v);
                }
                for b in 0..B {
                    let x = xs[b][k].vector(simd, v);
                    for o in 0..O {
                        sums[o][b] = T::mul_add(simd, factors[o], x, sums[o][b]);
                    }
                }
            }
        }
        sums
    }
}
