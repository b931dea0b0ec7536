//! Lines: the elements along one axis, which softmax and layer norm take together.

use pulp::Simd;

use super::lanes::{fma, sub};
use super::{Call, LANES, elementwise};
use crate::tensor::{Real, Shape};

/// Numbers that one pass works on while they are in the first cache.
const GROUP: usize = 2048;

/// Where the lines of an axis lie: `length` elements, `inner` apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lines {
    pub length: usize,
    pub inner: usize,
}

/// What is done with whole lines. (Not closures, since only methods can be told to become part of the vector code.)
pub(crate) trait Kernel<T: Real> {
    /// Writes the elements from `start` on that the lines are made of: those of the first input.
    #[inline(always)]
    fn load<S: Simd, const L: usize>(&self, simd: S, call: &Call<'_, T, L>, start: usize, out: &mut [[T; L]]) {
        let _ = simd;
        elementwise::load(&call.inputs[0], start, out);
    }

    /// Works in place on lines of `length` elements that follow each other.
    fn lines<S: Simd, const L: usize>(&self, simd: S, length: usize, x: &mut [[T; L]]);
}

impl Lines {
    /// Returns the lines along axis `axis` of a shape, counted from the last, which is 1.
    pub fn of(shape: &Shape, axis: usize) -> Self {
        let (_, rest) = shape.dims().split_at(shape.rank().saturating_sub(axis));
        match rest.split_first() {
            Some((&length, inner)) => Self { length, inner: inner.iter().product() },
            None => Self { length: 1, inner: 1 },
        }
    }

    /// Lets the kernel load elements and work on them, part by part.
    #[inline(always)]
    pub fn run<S: Simd, T: Real, const L: usize>(
        self,
        simd: S,
        kernel: &impl Kernel<T>,
        call: &Call<'_, T, L>,
        out: &mut [[T; L]],
    ) {
        if out.is_empty() {
            return;
        }
        if self.inner == 1 {
            let size = self.length * (GROUP / (self.length * L)).max(1);
            for (i, out) in out.chunks_mut(size).enumerate() {
                kernel.load(simd, call, i * size, out);
                kernel.lines(simd, self.length, out);
            }
            return;
        }
        let block = self.length * self.inner;
        for (i, out) in out.chunks_mut(block).enumerate() {
            kernel.load(simd, call, i * block, out);
            if L == 1 {
                self.tiles(simd, kernel, out.as_flattened_mut());
            } else {
                self.columns(simd, kernel, out);
            }
        }
    }

    /// Lines that are not contiguous, of one member: sixteen neighbours lie in one vector.
    #[inline(always)]
    fn tiles<S: Simd, T: Real>(self, simd: S, kernel: &impl Kernel<T>, out: &mut [T]) {
        let mut tile = vec![[T::ZERO; LANES]; self.length];
        for first in (0..self.inner).step_by(LANES) {
            let width = LANES.min(self.inner - first);
            for (tile, row) in tile.iter_mut().zip(out.chunks_exact(self.inner)) {
                tile[..width].copy_from_slice(&row[first..first + width]);
            }
            kernel.lines(simd, self.length, &mut tile);
            for (tile, row) in tile.iter().zip(out.chunks_exact_mut(self.inner)) {
                row[first..first + width].copy_from_slice(&tile[..width]);
            }
        }
    }

    /// Lines that are not contiguous, of sixteen members.
    #[inline(always)]
    fn columns<S: Simd, T: Real, const L: usize>(self, simd: S, kernel: &impl Kernel<T>, out: &mut [[T; L]]) {
        let mut line = vec![[T::ZERO; L]; self.length];
        for column in 0..self.inner {
            for (x, row) in line.iter_mut().zip(out.chunks_exact(self.inner)) {
                *x = row[column];
            }
            kernel.lines(simd, self.length, &mut line);
            for (x, row) in line.iter().zip(out.chunks_exact_mut(self.inner)) {
                row[column] = *x;
            }
        }
    }
}

/// Writes x - y for each element of a line.
#[inline(always)]
pub(crate) fn shift<S: Simd, T: Real, const L: usize>(simd: S, x: &mut [[T; L]], y: &[T; L]) {
    if L == 1 {
        for x in x.as_flattened_mut() {
            *x = *x - y[0];
        }
        return;
    }
    for x in x {
        *x = sub(simd, x, y);
    }
}

/// Writes x * scale + offset for each element of a line.
#[inline(always)]
pub(crate) fn stretch<S: Simd, T: Real, const L: usize>(simd: S, x: &mut [[T; L]], scale: &[T; L], offset: &[T; L]) {
    if L == 1 {
        for x in x.as_flattened_mut() {
            *x = x.fma(scale[0], offset[0]);
        }
        return;
    }
    for x in x {
        *x = fma(simd, x, scale, offset);
    }
}

/// Writes (x - shift) * scale + offset for each element of a line.
#[inline(always)]
pub(crate) fn place<S: Simd, T: Real, const L: usize>(
    simd: S,
    x: &mut [[T; L]],
    shift: &[T; L],
    scale: &[T; L],
    offset: &[T; L],
) {
    if L == 1 {
        for x in x.as_flattened_mut() {
            *x = (*x - shift[0]).fma(scale[0], offset[0]);
        }
        return;
    }
    for x in x {
        *x = fma(simd, &sub(simd, x, shift), scale, offset);
    }
}
