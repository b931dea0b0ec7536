//! Sums in one fixed order, the same for sixteen members and for the centre alone.
//!
//! Elements come in blocks of 512. Within a block p[j] adds the elements j, j + 8, j + 16, .. and the block's sum is
//! ((p0+p4)+(p2+p6)) + ((p1+p5)+(p3+p7)); the sums of several blocks are added in the same way once more. So a vector may
//! hold eight partial sums of one member, or the same partial sum of sixteen members, and the bits do not tell which.
//! Rounding errors grow with the length of a chain: 64 additions in a block, and one for each 4096 elements after it.

use pulp::Simd;

use super::lanes::add;
use crate::tensor::Real;

/// Partial sums of a block.
pub(crate) const PARTIALS: usize = 8;
/// Elements of a block.
pub(crate) const BLOCK: usize = 512;

/// Returns the sum of a line of elements, for each member.
#[inline(always)]
pub(crate) fn sum<S: Simd, T: Real, const L: usize>(simd: S, x: &[[T; L]]) -> [T; L] {
    let [sum] = sums_of(simd, x, |x| [*x]);
    sum
}

/// Returns N sums of what `f` makes of each element of a line, for each member.
#[inline(always)]
pub(crate) fn sums_of<S: Simd, T: Real, const L: usize, const N: usize>(
    simd: S,
    x: &[[T; L]],
    f: impl Fn(&[T; L]) -> [[T; L]; N],
) -> [[T; L]; N] {
    if L == 1 {
        return row(x.as_flattened(), |x| f(&[x; L]).map(|y| y[0])).map(|sum| [sum; L]);
    }
    sums_at(simd, x.len(), |i| f(&x[i]))
}

/// Returns N sums over the elements that `at` tells by their numbers: for lines whose elements do not lie side by side.
#[inline(always)]
pub(crate) fn sums_at<S: Simd, T: Real, const L: usize, const N: usize>(
    simd: S,
    count: usize,
    at: impl Fn(usize) -> [[T; L]; N],
) -> [[T; L]; N] {
    if count <= BLOCK {
        return block_at(simd, 0, count, &at);
    }
    let mut totals = [[[T::ZERO; L]; PARTIALS]; N];
    for (i, start) in (0..count).step_by(BLOCK).enumerate() {
        let block = block_at(simd, start, count.min(start + BLOCK), &at);
        for n in 0..N {
            totals[n][i % PARTIALS] = add(simd, &totals[n][i % PARTIALS], &block[n]);
        }
    }
    folds(simd, &totals)
}

#[inline(always)]
fn block_at<S: Simd, T: Real, const L: usize, const N: usize>(
    simd: S,
    start: usize,
    end: usize,
    at: &impl Fn(usize) -> [[T; L]; N],
) -> [[T; L]; N] {
    let mut partial = [[[T::ZERO; L]; PARTIALS]; N];
    let mut i = start;
    while i + PARTIALS <= end {
        for j in 0..PARTIALS {
            let x = at(i + j);
            for n in 0..N {
                partial[n][j] = add(simd, &partial[n][j], &x[n]);
            }
        }
        i += PARTIALS;
    }
    for j in 0..end - i {
        let x = at(i + j);
        for n in 0..N {
            partial[n][j] = add(simd, &partial[n][j], &x[n]);
        }
    }
    folds(simd, &partial)
}

/// Returns what each of N sums comes to. (A closure would not become part of the vector code.)
#[inline(always)]
fn folds<S: Simd, T: Real, const L: usize, const N: usize>(simd: S, p: &[[[T; L]; PARTIALS]; N]) -> [[T; L]; N] {
    let mut sums = [[T::ZERO; L]; N];
    for n in 0..N {
        sums[n] = fold(simd, &p[n]);
    }
    sums
}

/// Returns ((p0+p4)+(p2+p6)) + ((p1+p5)+(p3+p7)).
#[inline(always)]
fn fold<S: Simd, T: Real, const L: usize>(simd: S, p: &[[T; L]; PARTIALS]) -> [T; L] {
    let even = add(simd, &add(simd, &p[0], &p[4]), &add(simd, &p[2], &p[6]));
    let odd = add(simd, &add(simd, &p[1], &p[5]), &add(simd, &p[3], &p[7]));
    add(simd, &even, &odd)
}

/// The sums for one member: plain loops over eight numbers, which compilers turn into vector code.
#[inline(always)]
fn row<T: Real, const N: usize>(x: &[T], f: impl Fn(T) -> [T; N]) -> [T; N] {
    if x.len() <= BLOCK {
        return row_block(x, &f);
    }
    let mut totals = [[T::ZERO; PARTIALS]; N];
    for (i, x) in x.chunks(BLOCK).enumerate() {
        let block = row_block(x, &f);
        for n in 0..N {
            totals[n][i % PARTIALS] = totals[n][i % PARTIALS] + block[n];
        }
    }
    totals.map(row_fold)
}

#[inline(always)]
fn row_block<T: Real, const N: usize>(x: &[T], f: &impl Fn(T) -> [T; N]) -> [T; N] {
    let mut partial = [[T::ZERO; PARTIALS]; N];
    let (eights, rest) = x.as_chunks::<PARTIALS>();
    for x in eights {
        let y: [[T; N]; PARTIALS] = x.map(f);
        for n in 0..N {
            for j in 0..PARTIALS {
                partial[n][j] = partial[n][j] + y[j][n];
            }
        }
    }
    for (j, &x) in rest.iter().enumerate() {
        let y = f(x);
        for n in 0..N {
            partial[n][j] = partial[n][j] + y[n];
        }
    }
    partial.map(row_fold)
}

#[inline(always)]
fn row_fold<T: Real>(p: [T; PARTIALS]) -> T {
    ((p[0] + p[4]) + (p[2] + p[6])) + ((p[1] + p[5]) + (p[3] + p[7]))
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
            let [squares] = sums_of(simd, self.0, |x| [x.map(|x| x * x)]);
            [sum(simd, self.0), squares]
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
        let x = vec![[0.1_f32]; 1 << 20];
        let [[sum], _] = Arch::new().dispatch(Sums(&x));
        let exact = f64::from(0.1_f32) * f64::from(1 << 20);
        assert!((f64::from(sum) - exact).abs() < 1e-5 * exact, "{sum} against {exact}");
    }
}
