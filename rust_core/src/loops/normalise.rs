//! What a softmax makes of lines: e^(x - largest) divided by their sum.
//!
//! A line of one member is worked on in blocks that stay in the first cache, sixteen elements at a time. Lines of sixteen
//! members, and very short ones, take the steps one after the other. The operations of an element are the same.

use pulp::Simd;

use super::LANES;
use super::lanes::{add, max};
use super::lines::{shift, stretch};
use super::sums::{self, BLOCK, Blocks};
use crate::tensor::Real;

/// Makes of lines of `length` elements e^x / sum e^x.
#[inline(always)]
pub(crate) fn normalise<S: Simd, T: Real, const L: usize>(simd: S, length: usize, x: &mut [[T; L]]) {
    if suits::<L>(length) {
        for line in x.as_flattened_mut().chunks_exact_mut(length) {
            divide(simd, line, peak(simd, line), length);
        }
        return;
    }
    for line in x.chunks_exact_mut(length) {
        let mut largest = largest(simd, line);
        for l in 0..L {
            largest[l] = or_zero(largest[l]);
        }
        shift(simd, line, &largest);
    }
    // A flat pass, which compilers turn into vector code.
    for x in x.as_flattened_mut() {
        *x = x.exp();
    }
    for line in x.chunks_exact_mut(length) {
        let sum = sums::sum(simd, line);
        let (mut scale, mut offset) = ([T::ZERO; L], [T::ZERO; L]);
        for l in 0..L {
            (scale[l], offset[l]) = share(sum[l], length);
        }
        stretch(simd, line, &scale, &offset);
    }
}

/// Returns whether lines of `length` elements are those of one member, and of some vectors.
#[inline(always)]
pub(crate) const fn suits<const L: usize>(length: usize) -> bool {
    L == 1 && length >= LANES
}

/// The largest elements of a line of one member so far: one for each place in sixteen.
pub(crate) struct Peak<T>([T; LANES]);

impl<T: Real> Peak<T> {
    /// Nothing was seen.
    #[inline(always)]
    pub fn new() -> Self {
        Self([-T::INFINITY; LANES])
    }

    /// Looks at elements.
    #[inline(always)]
    pub fn see<S: Simd>(&mut self, simd: S, x: &[T]) {
        let (whole, rest) = x.as_chunks();
        for x in whole {
            self.0 = max(simd, &self.0, x);
        }
        self.see_rest(rest);
    }

    /// Writes the sums of x and y, of one length, and looks at them.
    #[inline(always)]
    pub fn see_sums<S: Simd>(&mut self, simd: S, x: &[T], y: &[T], out: &mut [T]) {
        let ((x, x_rest), (y, y_rest), (out, out_rest)) = (x.as_chunks(), y.as_chunks(), out.as_chunks_mut());
        for ((x, y), out) in x.iter().zip(y).zip(out) {
            *out = add(simd, x, y);
            self.0 = max(simd, &self.0, out);
        }
        for ((&x, &y), out) in x_rest.iter().zip(y_rest).zip(out_rest.iter_mut()) {
            *out = x + y;
        }
        self.see_rest(out_rest);
    }

    #[inline(always)]
    fn see_rest(&mut self, rest: &[T]) {
        for (best, &x) in self.0.iter_mut().zip(rest) {
            *best = larger(*best, x);
        }
    }

    /// Returns the largest element; NaN, or some element, where one is NaN.
    #[inline(always)]
    pub fn largest(&self) -> T {
        let (mut best, mut count) = (self.0, LANES);
        while count > 1 {
            count /= 2;
            for i in 0..count {
                best[i] = larger(best[i], best[i + count]);
            }
        }
        best[0]
    }
}

/// Makes of the first `length` elements of a line of one member e^x / sum e^x. The line is as long as vectors are; what
/// follows in it is written over.
#[inline(always)]
pub(crate) fn normalise_filled<S: Simd, T: Real>(simd: S, length: usize, line: &mut [T]) {
    line[length..].fill(-T::INFINITY);
    divide(simd, line, peak(simd, line), length);
}

/// Makes of a line of one member e^x / sum e^x, given its largest element and how many elements count.
#[inline(always)]
pub(crate) fn divide<S: Simd, T: Real>(simd: S, line: &mut [T], largest: T, length: usize) {
    let largest = or_zero(largest);
    let mut sum = Blocks::new();
    for block in line.chunks_mut(BLOCK) {
        let (whole, rest) = block.as_chunks_mut::<LANES>();
        exponential(whole.as_flattened_mut(), largest);
        // As many as fill a vector: a loop over the rest alone would take them one by one.
        let mut last = [largest; LANES];
        last[..rest.len()].copy_from_slice(rest);
        if !rest.is_empty() {
            exponential(&mut last, largest);
            rest.copy_from_slice(&last[..rest.len()]);
        }
        sum.add(simd, block.as_chunks::<1>().0);
    }
    let [sum] = sum.total(simd);
    let (scale, offset) = share(sum, length);
    stretch(simd, line.as_chunks_mut::<1>().0, &[scale], &[offset]);
}

#[inline(always)]
fn exponential<T: Real>(x: &mut [T], largest: T) {
    for x in x {
        *x = (*x - largest).exp();
    }
}

/// Returns what is subtracted from a line: nothing from one that is -inf throughout.
#[inline(always)]
fn or_zero<T: Real>(largest: T) -> T {
    if largest == -T::INFINITY { T::ZERO } else { largest }
}

/// Returns what e^x is multiplied with, and what is added: 1/n where all of them are 0.
#[inline(always)]
fn share<T: Real>(sum: T, length: usize) -> (T, T) {
    if sum == T::ZERO { (T::ZERO, T::ONE / T::from_f64(length as f64)) } else { (T::ONE / sum, T::ZERO) }
}

/// Returns the largest element of a line of one member.
#[inline(always)]
fn peak<S: Simd, T: Real>(simd: S, line: &[T]) -> T {
    let mut peak = Peak::new();
    peak.see(simd, line);
    peak.largest()
}

/// Returns the largest element of a line; NaN, or some element, where one is NaN.
#[inline(always)]
pub(crate) fn largest<S: Simd, T: Real, const L: usize>(simd: S, line: &[[T; L]]) -> [T; L] {
    if L == 1 {
        return [peak(simd, line.as_flattened()); L];
    }
    let mut best = [-T::INFINITY; L];
    for x in line {
        best = max(simd, &best, x);
    }
    best
}

#[inline(always)]
fn larger<T: Real>(a: T, b: T) -> T {
    if b < a { a } else { b }
}
