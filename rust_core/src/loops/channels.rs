//! Statistics and norm of each channel of (batch, channels, inner): a channel is one line for each sample.
//!
//! A line is summed in the order of `sums`, then the sums of the lines are. A channel is read from memory once: its lines
//! stay in a cache while three passes go over them. Channels are what threads share.

use pulp::{Arch, Simd, WithSimd};

use super::columns::{self, Line, Statistics};
use super::extremes::{Scaled, is_sound};
use super::moments::Moments;
use super::sums;
use crate::tensor::Real;
use crate::threads;

/// Numbers from which threads pay.
const WORTH: usize = 1 << 17;

/// How a tensor falls into lines.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Channels: axis 1.
    pub channels: usize,
    /// Elements of a line, side by side.
    pub inner: usize,
}

/// Lines of x, with their places in the result.
type Lines<'a, T> = Vec<(&'a [T], &'a mut [T])>;

/// Writes the norm of x to `out`, as `decide` finds it by a channel's number and statistics, and returns the statistics; a
/// variance below `least` is not trusted.
pub fn normalise<T: Real>(
    x: &[T],
    layout: Layout,
    least: T,
    out: &mut [T],
    decide: impl Fn(usize, &Statistics<T>) -> Line<T> + Sync,
) -> Vec<Statistics<T>> {
    let Layout { channels, inner } = layout;
    if inner == 1 {
        let statistics = columns::statistics(x, channels, least, x.len() >= WORTH);
        let lines: Vec<Line<T>> = statistics.iter().enumerate().map(|(c, s)| decide(c, s)).collect();
        columns::apply(&lines, Some(x), out, x.len() >= WORTH);
        return statistics;
    }
    let nothing = Statistics { unit: T::ONE, shift: T::ZERO, rest: T::ZERO, variance: T::ZERO };
    let mut statistics = vec![nothing; channels];
    let mut lines: Vec<Lines<'_, T>> = (0..channels).map(|_| Vec::new()).collect();
    for (i, line) in x.chunks_exact(inner).zip(out.chunks_exact_mut(inner)).enumerate() {
        lines[i % channels].push(line);
    }
    let work = |(c, (lines, found)): (usize, (Lines<'_, T>, &mut Statistics<T>))| {
        *found = Arch::new().dispatch(Channel { lines, least, decide: |found: &Statistics<T>| decide(c, found) });
    };
    let pieces = lines.into_iter().zip(&mut statistics).enumerate();
    if x.len() >= WORTH {
        threads::each(pieces, work)
    } else {
        pieces.for_each(work)
    }
    statistics
}

/// Writes y for each channel of x.
pub fn apply<T: Real>(lines: &[Line<T>], x: &[T], inner: usize, out: &mut [T]) {
    if inner == 1 {
        return columns::apply(lines, Some(x), out, x.len() >= WORTH);
    }
    let work = |(c, (x, out)): (usize, (&[T], &mut [T]))| {
        Arch::new().dispatch(Apply { line: &lines[c % lines.len()], x, out });
    };
    let pieces = x.chunks(inner).zip(out.chunks_mut(inner)).enumerate();
    if x.len() >= WORTH { threads::each(pieces, work) } else { pieces.for_each(work) }
}

struct Apply<'a, T> {
    line: &'a Line<T>,
    x: &'a [T],
    out: &'a mut [T],
}

impl<T: Real> WithSimd for Apply<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Line { factor, shift, scale, offset } = *self.line;
        for (y, &x) in self.out.iter_mut().zip(self.x) {
            *y = (x * factor - shift).fma(scale, offset);
        }
    }
}

/// All lines of one channel, with their places in the result.
struct Channel<'a, T, F> {
    lines: Lines<'a, T>,
    least: T,
    decide: F,
}

impl<T: Real, F: Fn(&Statistics<T>) -> Line<T>> WithSimd for Channel<'_, T, F> {
    type Output = Statistics<T>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Statistics<T> {
        let count: usize = self.lines.iter().map(|(x, _)| x.len()).sum();
        let count = T::from_f64(count as f64);
        let mut partial = vec![[T::ZERO]; self.lines.len()];
        for ((x, _), p) in self.lines.iter().zip(&mut partial) {
            *p = sums::sum(simd, x.as_chunks().0);
        }
        let [total] = sums::sum(simd, &partial);
        let shift = total / count;
        let mut squares = vec![[T::ZERO]; self.lines.len()];
        for (((x, _), p), q) in self.lines.iter().zip(&mut partial).zip(&mut squares) {
            [*p, *q] = sums::moments(simd, x.as_chunks().0, &[shift]);
        }
        let ([rest], [squares]) = (sums::sum(simd, &partial), sums::sum(simd, &squares));
        let variance = Moments { rest, squares, count }.variance();
        let mut found = Statistics { unit: T::ONE, shift, rest: rest / count, variance };
        if !is_sound(variance, self.least)
            && let Some(scaled) = Scaled::of(self.lines.iter().flat_map(|(x, _)| x.iter().copied()))
        {
            found = scaled.statistics();
        }
        let line = (self.decide)(&found);
        for (x, out) in self.lines {
            Apply { line: &line, x, out }.with_simd(simd);
        }
        found
    }
}
