//! What an operation reads: values shared by all members, values of each member, and perturbed parameters.

use std::cell::RefCell;

use pulp::{Arch, Simd, WithSimd};

use super::memory::Memory;
use super::sizes::CHAIN;
use crate::tensor::{Real, Shape};

/// Members that one vector holds: 16 lanes fill an AVX-512 register in binary32.
pub const LANES: usize = 16;

/// One input of an operation.
#[derive(Clone, Copy, Debug)]
pub enum Operand<'a, T, const L: usize> {
    /// The same for every member: one number an element.
    Shared(&'a [T]),
    /// One number an element for each member.
    Members(&'a [[T; L]]),
    /// The values already lie in the output, to be overwritten.
    InPlace,
}

/// What perturbs a parameter for each of `L` mirrored pairs; `scale` carries the sign of the member.
#[derive(Clone, Copy, Debug)]
pub enum Noise<'a, T, const L: usize> {
    /// Nothing: the centre itself.
    None,
    /// centre + scale * noise, one normal an element.
    Full {
        /// Normals, row-major as the parameter.
        noise: &'a [[T; L]],
        /// +sigma or -sigma.
        scale: T,
    },
    /// centre + scale * A B^T for a parameter seen as a matrix of `rows` rows.
    LowRank {
        /// A transposed, row-major (rank, rows).
        left: &'a [[T; L]],
        /// B transposed, row-major (rank, columns).
        right: &'a [[T; L]],
        /// The rank.
        rank: usize,
        /// +-sigma / sqrt(rank).
        scale: T,
    },
}

/// A parameter as the members see it.
#[derive(Clone, Copy, Debug)]
pub struct Parameter<'a, T, const L: usize> {
    /// Its shape.
    pub shape: &'a Shape,
    /// The centre's values, row-major.
    pub centre: &'a [T],
    /// What is added to them.
    pub noise: Noise<'a, T, L>,
}

impl<T: Real, const L: usize> Parameter<'_, T, L> {
    /// Writes the elements from `start` on, for each member.
    #[inline(always)]
    pub(crate) fn read<S: Simd>(&self, simd: S, start: usize, out: &mut [[T; L]]) {
        let centre = &self.centre[start..];
        match self.noise {
            Noise::None => {
                for (o, &c) in out.iter_mut().zip(centre) {
                    *o = [c; L];
                }
            }
            Noise::Full { noise, scale } => {
                for ((o, &c), z) in out.iter_mut().zip(centre).zip(&noise[start..]) {
                    *o = fma(simd, &[scale; L], z, &[c; L]);
                }
            }
            Noise::LowRank { left, right, rank, scale } => {
                let (rows, columns) = (left.len() / rank, right.len() / rank);
                let (mut row, mut column) = (start / columns, start % columns);
                for (o, &c) in out.iter_mut().zip(centre) {
                    *o = [c; L];
                    for r in 0..rank {
                        let a = mul(simd, &left[r * rows + row], &[scale; L]);
                        *o = fma(simd, &a, &right[r * columns + column], o);
                    }
                    column += 1;
                    if column == columns {
                        (row, column) = (row + 1, 0);
                    }
                }
            }
        }
    }
}

/// The inputs of one run of an operation.
#[derive(Debug)]
pub struct Call<'a, T, const L: usize> {
    /// The inputs.
    pub inputs: &'a [Operand<'a, T, L>],
    /// Their shapes.
    pub shapes: &'a [&'a Shape],
    /// All parameters of the program.
    pub parameters: &'a [Parameter<'a, T, L>],
    /// What `linear` computed once for all members: x W^T with the centre's W; empty if it did not.
    pub base: &'a [T],
    /// Whose random numbers the members draw.
    pub draw: Draw,
    /// Memory that an operation may use while it runs; what is in it is left over from another.
    pub scratch: &'a RefCell<Memory<T, L>>,
}

/// Whose random numbers an operation draws: those of one generation, from the mirrored pair of the first lane on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Draw {
    /// The run's seed.
    pub seed: u32,
    /// The generation.
    pub generation: u32,
    /// The pair in the first lane.
    pub pair: u32,
}

impl<T: Real, const L: usize> Operand<'_, T, L> {
    /// Returns element `i` for each member. An operation that asks for it never runs in place.
    #[inline(always)]
    pub fn at(&self, i: usize) -> [T; L] {
        match self {
            Self::Shared(x) => [x[i]; L],
            Self::Members(x) => x[i],
            Self::InPlace => [T::ZERO; L],
        }
    }

    /// Returns the values of the only input of an operation without parameters, nothing if they lie in the output.
    ///
    /// What depends on shared values alone is shared itself and therefore computed with `L = 1`: one number is one lane.
    #[inline(always)]
    pub(crate) fn lanes(&self) -> Option<&[[T; L]]> {
        match self {
            Self::Shared(x) => Some(x.as_chunks().0),
            Self::Members(x) => Some(x),
            Self::InPlace => None,
        }
    }
}

/// Makes an operation's memory hold `count` elements. It need not be cleared: they are written before they are read.
pub(crate) fn reserve<T: Real, const L: usize>(memory: &mut Memory<T, L>, count: usize) {
    memory.resize(memory.len().max(count), [T::ZERO; L]);
}

/// Writes a function of lanes as vector code. A loop over the lanes would do, if compilers did not unroll it first and
/// then look for vectors across elements instead, where they find gathers and scatters.
macro_rules! lanewise {
    ($(#[$doc:meta])* $name:ident, $vectors:ident, ($($x:ident),+), $scalar:expr) => {
        $(#[$doc])*
        #[inline(always)]
        pub(crate) fn $name<S: Simd, T: Real, const L: usize>(simd: S, $($x: &[T; L]),+) -> [T; L] {
            let mut out = [T::ZERO; L];
            let width = T::vectors_mut::<S>(&mut out).len();
            if width * size_of::<T::Vector<S>>() == size_of::<[T; L]>() {
                for v in 0..width {
                    T::vectors_mut::<S>(&mut out)[v] = T::$vectors(simd, $(T::vectors::<S>($x)[v]),+);
                }
            } else {
                for l in 0..L {
                    out[l] = $scalar($($x[l]),+);
                }
            }
            out
        }
    };
}

lanewise!(
    /// Returns a * b + c in each lane.
    fma, mul_add, (a, b, c), |a: T, b: T, c: T| a.fma(b, c)
);
lanewise!(
    /// Returns a + b in each lane.
    add, add_vectors, (a, b), |a: T, b: T| a + b
);
lanewise!(
    /// Returns a - b in each lane.
    sub, sub_vectors, (a, b), |a: T, b: T| a - b
);
lanewise!(
    /// Returns a * b in each lane.
    mul, mul_vectors, (a, b), |a: T, b: T| a * b
);
lanewise!(
    /// Returns a / b in each lane.
    div, div_vectors, (a, b), |a: T, b: T| a / b
);
lanewise!(
    /// Returns the larger of a and b in each lane; NaN where either is.
    maximum, maximum_vectors, (a, b), maximum_of
);
lanewise!(
    /// Returns the smaller of a and b in each lane; NaN where either is.
    minimum, minimum_vectors, (a, b), minimum_of
);
lanewise!(
    /// Returns the larger of a and b in each lane; b where either is NaN.
    max, max_vectors, (a, b), |a: T, b: T| if b < a { a } else { b }
);

/// Returns the larger of two numbers; NaN if either is.
#[inline(always)]
#[expect(clippy::eq_op, reason = "only NaN differs from itself")]
pub(crate) fn maximum_of<T: Real>(a: T, b: T) -> T {
    if a != a || b < a { a } else { b }
}

/// Returns the smaller of two numbers; NaN if either is.
#[inline(always)]
#[expect(clippy::eq_op, reason = "only NaN differs from itself")]
pub(crate) fn minimum_of<T: Real>(a: T, b: T) -> T {
    if a != a || a < b { a } else { b }
}

/// Elements, in whole rows, whose energies are added in `T` before they join the binary64 sums; a long row joins in parts.
const BATCH: usize = 64;

/// The sums of one parameter's energies, as a value that `pulp` compiles for each instruction set.
struct Energies<'p, 'a, T: Real, const L: usize> {
    parameter: &'p Parameter<'a, T, L>,
    weights: &'p [f64],
    scratch: &'p mut Memory<T, L>,
    low: &'p mut [f64; L],
    total: &'p mut [f64; L],
}

impl<T: Real, const L: usize> WithSimd for Energies<'_, '_, T, L> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let width = self.weights.len().max(1);
        let length = self.parameter.centre.len();
        let batch = width * BATCH.div_ceil(width);
        self.scratch.resize(batch, [T::ZERO; L]);
        for start in (0..length).step_by(batch) {
            let elements = &mut self.scratch[..batch.min(length - start)];
            self.parameter.read(simd, start, elements);
            // Whole rows, or pieces of a long one.
            let size = batch.min(CHAIN);
            for (i, piece) in elements.chunks(size).enumerate() {
                let weights = &self.weights[i * size..];
                let (mut low, mut total) = ([T::ZERO; L], [T::ZERO; L]);
                for row in piece.chunks(width) {
                    for (x, &w) in row.iter().zip(weights) {
                        let energy = mul(simd, x, x);
                        low = fma(simd, &energy, &[T::from_f64(w); L], &low);
                        total = add(simd, &total, &energy);
                    }
                }
                for l in 0..L {
                    self.low[l] += low[l].to_f64();
                    self.total[l] += total[l].to_f64();
                }
            }
        }
    }
}

impl<T: Real, const L: usize> Parameter<'_, T, L> {
    /// Adds sum x^2 w to `low` and sum x^2 to `total` for each member; `weights` repeats along the leading axes.
    pub(crate) fn energies(
        &self,
        weights: &[f64],
        scratch: &mut Memory<T, L>,
        low: &mut [f64; L],
        total: &mut [f64; L],
    ) {
        Arch::new().dispatch(Energies { parameter: self, weights, scratch, low, total });
    }
}
