//! Sums of products in vector registers: the inner loop of `linear`.

use pulp::{Arch, Simd, WithSimd};

use super::lanes::LANES;
use crate::tensor::Real;

/// Outputs and rows that one inner loop works on: 16 sums stay in registers.
pub(super) const TILE: usize = 4;

/// The sizes of x W^T: x is (rows, inputs), W is (outputs, inputs).
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub rows: usize,
    pub inputs: usize,
    pub outputs: usize,
}

/// A matrix of factors, row-major, of which a kernel reads whole rows of `inputs` numbers.
pub(super) trait Column<T: Real>: Copy {
    /// One row.
    type Row: Copy;
    /// Returns row `row`.
    fn row(self, inputs: usize, row: usize) -> Self::Row;
    /// Returns vector `v` of factor `k`, for all members in it.
    fn at<S: Simd>(row: Self::Row, simd: S, k: usize, v: usize) -> T::Vector<S>;
}

/// Factors that are the same for all members.
#[derive(Clone, Copy)]
pub(super) struct Shared<'a, T>(pub &'a [T]);

impl<'a, T: Real> Column<T> for Shared<'a, T> {
    type Row = &'a [T];

    #[inline(always)]
    fn row(self, inputs: usize, row: usize) -> &'a [T] {
        &self.0[row * inputs..][..inputs]
    }

    #[inline(always)]
    fn at<S: Simd>(row: &'a [T], simd: S, k: usize, _: usize) -> T::Vector<S> {
        T::splat(simd, row[k])
    }
}

/// Factors that each member has for itself.
#[derive(Clone, Copy)]
pub(super) struct Members<'a, T, const L: usize>(pub &'a [[T; L]]);

impl<'a, T: Real, const L: usize> Column<T> for Members<'a, T, L> {
    type Row = &'a [[T; L]];

    #[inline(always)]
    fn row(self, inputs: usize, row: usize) -> &'a [[T; L]] {
        &self.0[row * inputs..][..inputs]
    }

    #[inline(always)]
    fn at<S: Simd>(row: &'a [[T; L]], _: S, k: usize, v: usize) -> T::Vector<S> {
        T::vectors::<S>(&row[k])[v]
    }
}

/// Returns how many vectors hold `L` numbers.
#[inline(always)]
fn vectors_in<S: Simd, T: Real, const L: usize>() -> usize {
    T::vectors::<S>(&[T::ZERO; L]).len()
}

/// Returns the sums over k of w[o][k] x[b][k], all O times B of them in registers.
#[inline(always)]
fn products<S: Simd, T: Real, W: Column<T>, X: Column<T>, const O: usize, const B: usize>(
    simd: S,
    (inputs, v): (usize, usize),
    w: [W::Row; O],
    x: [X::Row; B],
) -> [[T::Vector<S>; B]; O] {
    let mut sums = [[T::splat(simd, T::ZERO); B]; O];
    for k in 0..inputs {
        let mut factors = [T::splat(simd, T::ZERO); O];
        for o in 0..O {
            factors[o] = W::at(w[o], simd, k, v);
        }
        for b in 0..B {
            let x = X::at(x[b], simd, k, v);
            for o in 0..O {
                sums[o][b] = T::mul_add(simd, factors[o], x, sums[o][b]);
            }
        }
    }
    sums
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
    pub fn run(&self, size: Size, base: &[T], out: &mut [[T; L]]) {
        struct Run<'r, 'a, T, const L: usize>(&'r Finish<'a, T, L>, Size, &'r [T], &'r mut [[T; L]]);
        impl<T: Real, const L: usize> WithSimd for Run<'_, '_, T, L> {
            type Output = ();

            #[inline(always)]
            fn with_simd<S: Simd>(self, simd: S) {
                let Self(finish, size, base, out) = self;
                let rows = out.chunks_exact_mut(size.outputs).zip(base.chunks_exact(size.outputs));
                for (row, (out, base)) in rows.enumerate() {
                    for (o, (out, &base)) in out.iter_mut().zip(base).enumerate() {
                        for (v, y) in T::vectors_mut::<S>(out).iter_mut().enumerate() {
                            *y = finish.vector(simd, (row, o, v), T::splat(simd, base));
                        }
                    }
                }
            }
        }
        Arch::new().dispatch(Run(self, size, base, out));
    }
}

/// Computes the outputs `first..first + count` of every row; `w` holds their weights, `count` is 1 or `TILE`.
#[inline(always)]
pub(super) fn columns<T: Real, const L: usize, W: Column<T>, X: Column<T>>(
    size: Size,
    first: usize,
    count: usize,
    w: W,
    x: X,
    finish: &Finish<'_, T, L>,
    out: &mut [[T; L]],
) {
    match count {
        TILE => Arch::new().dispatch(Columns::<T, W, X, L, TILE> { size, first, w, x, finish, out }),
        _ => Arch::new().dispatch(Columns::<T, W, X, L, 1> { size, first, w, x, finish, out }),
    }
}

struct Columns<'r, 'a, T, W, X, const L: usize, const O: usize> {
    size: Size,
    first: usize,
    w: W,
    x: X,
    finish: &'r Finish<'a, T, L>,
    out: &'r mut [[T; L]],
}

impl<T: Real, W: Column<T>, X: Column<T>, const L: usize, const O: usize> WithSimd for Columns<'_, '_, T, W, X, L, O> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let whole = self.size.rows - self.size.rows % TILE;
        for v in 0..vectors_in::<S, T, L>() {
            for row in (0..whole).step_by(TILE) {
                self.rows::<S, TILE>(simd, row, v);
            }
            for row in whole..self.size.rows {
                self.rows::<S, 1>(simd, row, v);
            }
        }
    }
}

impl<T: Real, W: Column<T>, X: Column<T>, const L: usize, const O: usize> Columns<'_, '_, T, W, X, L, O> {
    #[inline(always)]
    fn rows<S: Simd, const B: usize>(&mut self, simd: S, row: usize, v: usize) {
        let Size { inputs, outputs, .. } = self.size;
        let w = std::array::from_fn(|o| self.w.row(inputs, o));
        let x = std::array::from_fn(|b| self.x.row(inputs, row + b));
        let sums = products::<S, T, W, X, O, B>(simd, (inputs, v), w, x);
        for (o, sums) in sums.iter().enumerate() {
            for (b, &sum) in sums.iter().enumerate() {
                let (row, o) = (row + b, self.first + o);
                let y = self.finish.vector(simd, (row, o, v), sum);
                T::vectors_mut::<S>(&mut self.out[row * outputs + o])[v] = y;
            }
        }
    }
}

/// Computes the sums of 16 outputs, which share a vector, for every row of x; `w` is (inputs, 16).
pub(super) fn panel<T: Real>(size: Size, w: &[[T; LANES]], x: &[T], out: &mut [[T; LANES]]) {
    let narrow = Size { outputs: 1, ..size };
    columns(narrow, 0, 1, Members(w), Shared(x), &Finish::none(), out);
}
