//! Sums down the columns of a row-major matrix, in the order that `sums` lays down, and what a norm makes of them.
//!
//! Eight rows lie one after the other, so the eight partial sums of all columns are one run of memory as well: the
//! loops are flat however narrow the matrix is. The lanes of members are so many more columns.

use pulp::{Arch, NullaryFnOnce};

pub use super::extremes::{Line, Statistics};
use super::extremes::{Scaled, is_sound};
use super::moments::Moments;
use super::sums::{BLOCK, PARTIALS};
use crate::tensor::Real;
use crate::threads;

/// Calls `work` on pieces, with threads or without.
#[inline]
fn each<I>(with_threads: bool, pieces: I, work: impl Fn(I::Item) + Sync)
where
    I: ExactSizeIterator + Send,
    I::Item: Send,
{
    if with_threads { threads::each(pieces, work) } else { pieces.for_each(work) }
}

/// Returns mean and variance of each of `width` columns; a variance below `least` is not trusted.
pub fn statistics<T: Real>(x: &[T], width: usize, least: T, with_threads: bool) -> Vec<Statistics<T>> {
    let count = T::from_f64((x.len() / width) as f64);
    let mean = |sum: &T| *sum / count;
    let shift: Vec<T> = totals(x, &[], width, with_threads).iter().map(mean).collect();
    let moments = totals(x, &repeated(&shift), width, with_threads);
    let (rest, squares) = moments.split_at(width);
    let one = |((&shift, &rest), &squares)| {
        let moments = Moments { rest, squares, count };
        Statistics { unit: T::ONE, shift, rest: rest / count, variance: moments.variance() }
    };
    let mut found: Vec<_> = shift.iter().zip(rest).zip(squares).map(one).collect();
    for (column, found) in found.iter_mut().enumerate().filter(|(_, found)| !is_sound(found.variance, least)) {
        if let Some(scaled) = Scaled::of(x[column..].iter().copied().step_by(width)) {
            *found = scaled.statistics();
        }
    }
    found
}

/// Writes y for each column of x, or of `out` itself where there is no x.
pub fn apply<T: Real>(lines: &[Line<T>], x: Option<&[T]>, out: &mut [T], with_threads: bool) {
    let table = |read: fn(&Line<T>) -> T| repeated(&lines.iter().map(read).collect::<Vec<_>>());
    let (factor, shift) = (table(|l| l.factor), table(|l| l.shift));
    let (scale, offset) = (table(|l| l.scale), table(|l| l.offset));
    let size = BLOCK * lines.len();
    each(with_threads, out.chunks_mut(size).enumerate(), |(i, out)| {
        if let Some(x) = x {
            out.copy_from_slice(&x[i * size..][..out.len()]);
        }
        Arch::new().dispatch(Apply { factor: &factor, shift: &shift, scale: &scale, offset: &offset, out });
    });
}

struct Apply<'a, T> {
    factor: &'a [T],
    shift: &'a [T],
    scale: &'a [T],
    offset: &'a [T],
    out: &'a mut [T],
}

impl<T: Real> NullaryFnOnce for Apply<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for out in self.out.chunks_mut(self.shift.len()) {
            let first = out.iter_mut().zip(self.factor).zip(self.shift);
            for ((((y, &factor), &shift), &scale), &offset) in first.zip(self.scale).zip(self.offset) {
                *y = (*y * factor - shift).fma(scale, offset);
            }
        }
    }
}

/// Returns a row of columns so often that eight rows of a matrix can be met at once.
fn repeated<T: Real>(row: &[T]) -> Vec<T> {
    row.repeat(PARTIALS)
}

/// Returns the sums of all columns, or, with a `shift` for each, the sums of d and then of d^2 with d = x - shift.
fn totals<T: Real>(x: &[T], shift: &[T], width: usize, with_threads: bool) -> Vec<T> {
    let numbers = if shift.is_empty() { 1 } else { 2 };
    let size = BLOCK * width;
    let mut blocks = vec![T::ZERO; x.len().div_ceil(size) * numbers * width];
    let pieces = x.chunks(size).zip(blocks.chunks_mut(numbers * width));
    each(with_threads, pieces, |(x, out)| Arch::new().dispatch(Chain { x, shift, width, out }));
    if x.len() <= size {
        return blocks;
    }
    totals(&blocks, &[], numbers * width, false)
}

/// The sums of one block.
struct Chain<'a, T> {
    x: &'a [T],
    /// Empty, or a value for each column, eight times over.
    shift: &'a [T],
    width: usize,
    out: &'a mut [T],
}

impl<T: Real> NullaryFnOnce for Chain<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { x, shift, width, out } = self;
        let size = PARTIALS * width;
        let mut partial = vec![T::ZERO; size];
        if shift.is_empty() {
            for rows in x.chunks(size) {
                for (p, &x) in partial.iter_mut().zip(rows) {
                    *p = *p + x;
                }
            }
            return fold(&partial, width, out);
        }
        let mut squares = vec![T::ZERO; size];
        for rows in x.chunks(size) {
            for (((p, q), &x), &shift) in partial.iter_mut().zip(&mut squares).zip(rows).zip(shift) {
                let d = x - shift;
                *p = *p + d;
                *q = *q + d * d;
            }
        }
        let (first, second) = out.split_at_mut(width);
        fold(&partial, width, first);
        fold(&squares, width, second);
    }
}

#[inline(always)]
fn fold<T: Real>(p: &[T], width: usize, out: &mut [T]) {
    let row = |j: usize| &p[j * width..][..width];
    for (c, out) in out.iter_mut().enumerate() {
        let sum = |a: usize, b: usize| row(a)[c] + row(b)[c];
        *out = (sum(0, 4) + sum(2, 6)) + (sum(1, 5) + sum(3, 7));
    }
}
