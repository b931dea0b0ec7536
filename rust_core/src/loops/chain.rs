//! Sums of terms that come one after the other.
//!
//! Up to 4096 terms are one chain in rising order. Of more, blocks of 256 are chains, and their sums are joined in pairs, then
//! pairs of pairs, in an order that the number of blocks alone decides: rounding errors grow with its logarithm.
//! Source: Higham, "The accuracy of floating point summation", SIAM J. Sci. Comput. 14 (1993).

use std::ops::Range;

use pulp::Simd;
use smallvec::SmallVec;

use super::lanes::add;
use super::sizes::CHAIN;
use crate::tensor::Real;

/// Terms of a block where there are more.
const BLOCK: usize = 256;

/// Returns how many terms of `count` are added one after the other before their sum joins others.
#[inline(always)]
pub(crate) const fn block(count: usize) -> usize {
    if count > CHAIN { BLOCK } else { CHAIN }
}

/// A sum of so many terms, for each of L members.
pub(crate) struct Chain<T, const L: usize> {
    /// The block at hand, and how many terms it has.
    sum: [T; L],
    terms: usize,
    /// Terms of a whole block.
    length: usize,
    /// Blocks that are whole.
    blocks: usize,
    /// Their sums: one of 2^k blocks for each bit k that is set in their number, the largest first.
    joined: SmallVec<[[T; L]; 4]>,
}

impl<T: Real, const L: usize> Chain<T, L> {
    /// No term of `count` has come.
    #[inline(always)]
    pub fn of(count: usize) -> Self {
        Self { sum: [T::ZERO; L], terms: 0, length: block(count), blocks: 0, joined: SmallVec::new() }
    }

    /// Adds the next term.
    #[inline(always)]
    pub fn add<S: Simd>(&mut self, simd: S, x: &[T; L]) {
        if self.terms == self.length {
            self.close(simd);
        }
        self.sum = add(simd, &self.sum, x);
        self.terms += 1;
    }

    /// Puts the block at hand to those that are whole.
    #[inline(never)]
    fn close<S: Simd>(&mut self, simd: S) {
        let mut sum = std::mem::replace(&mut self.sum, [T::ZERO; L]);
        self.terms = 0;
        for _ in 0..self.blocks.trailing_ones() {
            if let Some(before) = self.joined.pop() {
                sum = add(simd, &before, &sum);
            }
        }
        self.joined.push(sum);
        self.blocks += 1;
    }

    /// Returns the sum.
    #[inline(always)]
    pub fn total<S: Simd>(&self, simd: S) -> [T; L] {
        self.joined.iter().rev().fold(self.sum, |sum, before| add(simd, before, &sum))
    }
}

/// Returns the sum of a line of elements, for each member.
#[inline(always)]
pub(crate) fn sum<S: Simd, T: Real, const L: usize>(simd: S, x: &[[T; L]]) -> [T; L] {
    let mut all = Chain::of(x.len());
    for block in x.chunks(all.length) {
        if all.terms > 0 {
            all.close(simd);
        }
        for x in block {
            all.sum = add(simd, &all.sum, x);
        }
        all.terms = block.len();
    }
    all.total(simd)
}

/// Lines of one member whose sums are made at once: each addition waits for the one before in its own line alone.
pub(crate) const LINES: usize = 8;

/// Writes the sum of each line of `length` elements, for each member.
#[inline(always)]
pub(crate) fn sums<S: Simd, T: Real, const L: usize>(simd: S, length: usize, x: &[[T; L]], out: &mut [[T; L]]) {
    if L == 1 && out.len() == LINES && length <= CHAIN {
        let x = x.as_flattened();
        let lines: [&[T]; LINES] = std::array::from_fn(|i| &x[i * length..][..length]);
        let mut sums = [T::ZERO; LINES];
        for k in 0..length {
            for i in 0..LINES {
                sums[i] = sums[i] + lines[i][k];
            }
        }
        return out.as_flattened_mut().copy_from_slice(&sums);
    }
    for (out, line) in out.iter_mut().zip(x.chunks_exact(length.max(1))) {
        *out = sum(simd, line);
    }
}

/// Writes the sum of the terms in a range, which have one shape, to `out`: `some` writes that of a block of them.
pub(crate) fn joined<T: Real, const L: usize>(
    range: Range<usize>,
    block: usize,
    out: &mut [[T; L]],
    some: &mut impl FnMut(Range<usize>, &mut [[T; L]]),
) {
    let blocks = range.len().div_ceil(block.max(1));
    if blocks <= 1 {
        return some(range, out);
    }
    let middle = range.start + blocks.next_power_of_two() / 2 * block;
    let mut rest = vec![[T::ZERO; L]; out.len()];
    joined(range.start..middle, block, out, some);
    joined(middle..range.end, block, &mut rest, some);
    for (sum, x) in out.as_flattened_mut().iter_mut().zip(rest.as_flattened()) {
        *sum = *sum + *x;
    }
}

#[cfg(test)]
mod tests {
    use pulp::{Arch, Simd, WithSimd};

    use super::*;

    struct Sum<'a>(&'a [f32]);

    impl WithSimd for Sum<'_> {
        type Output = f32;

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> f32 {
            let mut all = Chain::of(self.0.len());
            self.0.iter().for_each(|&x| all.add(simd, &[x]));
            let found = all.total(simd);
            assert_eq!(found, sum(simd, self.0.as_chunks::<1>().0));
            found[0]
        }
    }

    #[test]
    fn short_sums_are_one_chain_and_long_ones_keep_their_digits() {
        for count in [0, 1, 300, CHAIN] {
            let x: Vec<f32> = (0..count).map(|i| (i * 7919 % 1000) as f32 / 7.0).collect();
            assert_eq!(Arch::new().dispatch(Sum(&x)), x.iter().fold(0.0, |sum, x| sum + x));
        }
        for count in [CHAIN + 1, 100_000, 1 << 20, (1 << 22) + 777] {
            let exact = f64::from(0.1_f32) * count as f64;
            let sum = f64::from(Arch::new().dispatch(Sum(&vec![0.1; count])));
            assert!((sum - exact).abs() < 1e-5 * exact, "{count}: {sum} against {exact}");
        }
    }

    struct Lines<'a>(&'a [f32], usize);

    impl WithSimd for Lines<'_> {
        type Output = Vec<[f32; 1]>;

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
            let Self(x, length) = self;
            let x = x.as_chunks::<1>().0;
            let mut out = vec![[f32::NAN]; x.len() / length];
            sums(simd, length, x, &mut out);
            assert_eq!(out, x.chunks(length).map(|line| sum(simd, line)).collect::<Vec<_>>());
            out
        }
    }

    #[test]
    fn lines_that_are_summed_at_once_have_the_sums_of_each() {
        for length in [1, 3, 17, 100, CHAIN + 1] {
            for count in [1, LINES, LINES + 1] {
                let x: Vec<f32> = (0..length * count).map(|i| (i * 7919 % 1000) as f32 / 7.0).collect();
                assert_eq!(Arch::new().dispatch(Lines(&x, length)).len(), count);
            }
        }
    }

    #[test]
    fn terms_that_come_at_once_are_joined_in_the_same_order() {
        let x: Vec<f32> = (0..10_000).map(|i| (i * 7919 % 1009) as f32 / 7.0).collect();
        let mut out = [[f32::NAN]];
        joined(0..x.len(), block(x.len()), &mut out, &mut |range, out| {
            out[0] = [x[range].iter().fold(0.0, |sum, x| sum + x)];
        });
        assert_eq!(out[0][0], Arch::new().dispatch(Sum(&x)));
    }
}
