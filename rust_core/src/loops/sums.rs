//! Sums in one fixed order, the same for sixteen members and for the centre alone.
//!
//! Elements come in blocks of 512. Within a block p[j] adds the elements j, j + 8, j + 16, .. and the block's sum is
//! ((p0+p4)+(p2+p6)) + ((p1+p5)+(p3+p7)); the sums of several blocks are added in the same way once more. So a vector may
//! hold eight partial sums of one member, or the same partial sum of sixteen members, and the bits do not tell which.
//! Of more than 512 blocks, the sums of each 512 are such an element in their turn. Rounding errors grow with the length of a
//! chain: 64 additions in a block, and as many among the sums of blocks.

use pulp::Simd;

use super::lanes::{add, mul, sub};
use crate::tensor::Real;

/// Partial sums of a block.
pub(crate) const PARTIALS: usize = 8;
/// Elements of a block.
pub(crate) const BLOCK: usize = 512;

/// Returns the sum of a line of elements, for each member.
#[inline(always)]
pub(crate) fn sum<S: Simd, T: Real, const L: usize>(simd: S, x: &[[T; L]]) -> [T; L] {
    let [sum] = sums::<Plain, S, T, L, 1>(simd, x, &[T::ZERO; L]);
    sum
}

/// Returns the sum of d = x - from over a line of elements, for each member.
#[inline(always)]
pub(crate) fn distances<S: Simd, T: Real, const L: usize>(simd: S, x: &[[T; L]], from: &[T; L]) -> [T; L] {
    let [sum] = sums::<Distance, S, T, L, 1>(simd, x, from);
    sum
}

/// Returns the sums of d = x - from and of d^2 over a line of elements, for each member.
#[inline(always)]
pub(crate) fn moments<S: Simd, T: Real, const L: usize>(simd: S, x: &[[T; L]], from: &[T; L]) -> [[T; L]; 2] {
    sums::<Moments, S, T, L, 2>(simd, x, from)
}

/// The sum of a line of elements that comes block by block.
pub(crate) struct Blocks<T, const L: usize> {
    /// The sums of blocks since the last 512 of them.
    near: Level<T, L>,
    /// The sums of 512 blocks each.
    far: Level<T, L>,
}

impl<T: Real, const L: usize> Blocks<T, L> {
    /// No block has come.
    #[inline(always)]
    pub fn new() -> Self {
        Self { near: Level::new(), far: Level::new() }
    }

    /// Adds the next `BLOCK` elements; fewer only at the end.
    #[inline(always)]
    pub fn add<S: Simd>(&mut self, simd: S, x: &[[T; L]]) {
        let [found] = block::<Plain, S, T, L, 1>(simd, x, &[T::ZERO; L]);
        if self.near.count == BLOCK {
            self.far.add(simd, &self.near.total(simd));
            self.near = Level::new();
        }
        self.near.add(simd, &found);
    }

    /// Returns the sum.
    #[inline(always)]
    pub fn total<S: Simd>(&mut self, simd: S) -> [T; L] {
        let near = self.near.total(simd);
        if self.far.count == 0 {
            return near;
        }
        self.far.add(simd, &near);
        self.far.total(simd)
    }
}

/// Sums that are added as the elements of a block are.
#[derive(Clone, Copy)]
struct Level<T, const L: usize> {
    totals: [[T; L]; PARTIALS],
    /// The first sum, which is all if no other comes.
    first: [T; L],
    count: usize,
}

impl<T: Real, const L: usize> Level<T, L> {
    #[inline(always)]
    fn new() -> Self {
        Self { totals: [[T::ZERO; L]; PARTIALS], first: [T::ZERO; L], count: 0 }
    }

    #[inline(always)]
    fn add<S: Simd>(&mut self, simd: S, sum: &[T; L]) {
        if self.count == 0 {
            self.first = *sum;
        }
        let total = &mut self.totals[self.count % PARTIALS];
        *total = add(simd, total, sum);
        self.count += 1;
    }

    #[inline(always)]
    fn total<S: Simd>(&self, simd: S) -> [T; L] {
        if self.count > 1 { fold(simd, &self.totals) } else { self.first }
    }
}

/// What is summed, N numbers for an element. (A closure may be left out of the vector code around it.)
trait Terms<const N: usize> {
    /// Returns the terms of an element for each of M members, or of M elements.
    fn of<S: Simd, T: Real, const M: usize>(simd: S, x: &[T; M], from: &[T; M]) -> [[T; M]; N];
}

struct Plain;
struct Distance;
struct Moments;

impl Terms<1> for Plain {
    #[inline(always)]
    fn of<S: Simd, T: Real, const M: usize>(_: S, x: &[T; M], _: &[T; M]) -> [[T; M]; 1] {
        [*x]
    }
}

impl Terms<1> for Distance {
    #[inline(always)]
    fn of<S: Simd, T: Real, const M: usize>(simd: S, x: &[T; M], from: &[T; M]) -> [[T; M]; 1] {
        [sub(simd, x, from)]
    }
}

impl Terms<2> for Moments {
    #[inline(always)]
    fn of<S: Simd, T: Real, const M: usize>(simd: S, x: &[T; M], from: &[T; M]) -> [[T; M]; 2] {
        let d = sub(simd, x, from);
        [d, mul(simd, &d, &d)]
    }
}

#[inline(always)]
fn sums<F: Terms<N>, S: Simd, T: Real, const L: usize, const N: usize>(
    simd: S,
    x: &[[T; L]],
    from: &[T; L],
) -> [[T; L]; N] {
    if x.len() <= BLOCK {
        return block::<F, S, T, L, N>(simd, x, from);
    }
    if x.len() <= BLOCK * BLOCK {
        return blocks::<F, S, T, L, N>(simd, x, from);
    }
    let mut levels = [Level::new(); N];
    for x in x.chunks(BLOCK * BLOCK) {
        let found = blocks::<F, S, T, L, N>(simd, x, from);
        for n in 0..N {
            levels[n].add(simd, &found[n]);
        }
    }
    totals(simd, &levels)
}

/// The sums of at most 512 blocks.
#[inline(always)]
fn blocks<F: Terms<N>, S: Simd, T: Real, const L: usize, const N: usize>(
    simd: S,
    x: &[[T; L]],
    from: &[T; L],
) -> [[T; L]; N] {
    let mut levels = [Level::new(); N];
    for x in x.chunks(BLOCK) {
        let found = block::<F, S, T, L, N>(simd, x, from);
        for n in 0..N {
            levels[n].add(simd, &found[n]);
        }
    }
    totals(simd, &levels)
}

#[inline(always)]
fn totals<S: Simd, T: Real, const L: usize, const N: usize>(simd: S, levels: &[Level<T, L>; N]) -> [[T; L]; N] {
    let mut out = [[T::ZERO; L]; N];
    for n in 0..N {
        out[n] = levels[n].total(simd);
    }
    out
}

#[inline(always)]
fn block<F: Terms<N>, S: Simd, T: Real, const L: usize, const N: usize>(
    simd: S,
    x: &[[T; L]],
    from: &[T; L],
) -> [[T; L]; N] {
    let mut out = [[T::ZERO; L]; N];
    if L == 1 {
        let found = alone::<F, S, T, N>(simd, x.as_flattened(), from[0]);
        for n in 0..N {
            out[n] = [found[n]; L];
        }
        return out;
    }
    let mut partial = [[[T::ZERO; L]; PARTIALS]; N];
    let (eights, rest) = x.as_chunks::<PARTIALS>();
    for x in eights {
        for j in 0..PARTIALS {
            let terms = F::of(simd, &x[j], from);
            for n in 0..N {
                partial[n][j] = add(simd, &partial[n][j], &terms[n]);
            }
        }
    }
    for (j, x) in rest.iter().enumerate() {
        let terms = F::of(simd, x, from);
        for n in 0..N {
            partial[n][j] = add(simd, &partial[n][j], &terms[n]);
        }
    }
    for n in 0..N {
        out[n] = fold(simd, &partial[n]);
    }
    out
}

/// The sums for one member, whose eight partial sums lie in a vector.
#[inline(always)]
fn alone<F: Terms<N>, S: Simd, T: Real, const N: usize>(simd: S, x: &[T], from: T) -> [T; N] {
    let mut partial = [[T::ZERO; PARTIALS]; N];
    let (eights, rest) = x.as_chunks::<PARTIALS>();
    for x in eights {
        let terms = F::of(simd, x, &[from; PARTIALS]);
        for n in 0..N {
            partial[n] = add(simd, &partial[n], &terms[n]);
        }
    }
    for (j, &x) in rest.iter().enumerate() {
        let terms = F::of(simd, &[x], &[from]);
        for n in 0..N {
            partial[n][j] = partial[n][j] + terms[n][0];
        }
    }
    let mut out = [T::ZERO; N];
    for n in 0..N {
        let p = &partial[n];
        out[n] = ((p[0] + p[4]) + (p[2] + p[6])) + ((p[1] + p[5]) + (p[3] + p[7]));
    }
    out
}

/// Returns ((p0+p4)+(p2+p6)) + ((p1+p5)+(p3+p7)).
#[inline(always)]
fn fold<S: Simd, T: Real, const L: usize>(simd: S, p: &[[T; L]; PARTIALS]) -> [T; L] {
    let even = add(simd, &add(simd, &p[0], &p[4]), &add(simd, &p[2], &p[6]));
    let odd = add(simd, &add(simd, &p[1], &p[5]), &add(simd, &p[3], &p[7]));
    add(simd, &even, &odd)
}

#[cfg(test)]
mod tests {
    use pulp::{Arch, Simd, WithSimd};

    use super::*;

    struct Sums<'a, const L: usize>(&'a [[f32; L]]);

    impl<const L: usize> WithSimd for Sums<'_, L> {
        type Output = [[f32; L]; 2];

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
            let [_, squares] = moments(simd, self.0, &[0.5; L]);
            [sum(simd, self.0), squares]
        }
    }

    struct InBlocks<'a>(&'a [[f32; 1]]);

    impl WithSimd for InBlocks<'_> {
        type Output = [f32; 1];

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> [f32; 1] {
            let mut sum = Blocks::new();
            self.0.chunks(BLOCK).for_each(|block| sum.add(simd, block));
            sum.total(simd)
        }
    }

    fn member(x: &[[f32; 16]], l: usize) -> Vec<[f32; 1]> {
        x.iter().map(|x| [x[l]]).collect()
    }

    #[test]
    fn members_alone_and_together_have_the_same_bits() {
        for count in [0, 1, 7, 8, 9, 31, 511, 512, 513, 1030, 5000] {
            let noise = |i: usize, l: usize| ((i * 7919 + l * 104_729) % 1000) as f32 / 7.0 - 60.0;
            let x: Vec<[f32; 16]> = (0..count).map(|i| std::array::from_fn(|l| noise(i, l))).collect();
            let together = Arch::new().dispatch(Sums(&x));
            for l in 0..16 {
                let alone = Arch::new().dispatch(Sums(&member(&x, l)));
                assert_eq!(Arch::new().dispatch(InBlocks(&member(&x, l))), alone[0]);
                for n in 0..2 {
                    assert_eq!(alone[n][0].to_bits(), together[n][l].to_bits(), "{count} elements, lane {l}");
                }
            }
        }
    }

    #[test]
    fn the_order_is_the_documented_one() {
        // 2^24 swallows a single 1 in binary32: which ones survive shows the order.
        let big = 16_777_216.0;
        let mut x = [[0.0_f32]; 12];
        (x[0][0], x[8][0], x[4][0], x[1][0], x[9][0]) = (big, 1.0, -big, 1.0, 1.0);
        let [[sum], _] = Arch::new().dispatch(Sums(&x));
        assert_eq!(sum, 2.0);
    }

    #[test]
    fn long_sums_keep_their_digits() {
        for count in [1 << 20, (1 << 22) + 12_345] {
            let x = vec![[0.1_f32]; count];
            let [[sum], _] = Arch::new().dispatch(Sums(&x));
            let exact = f64::from(0.1_f32) * count as f64;
            assert!((f64::from(sum) - exact).abs() < 1e-5 * exact, "{sum} against {exact}");
            assert_eq!(Arch::new().dispatch(InBlocks(&x)), [sum]);
        }
    }
}
