//! The noise of a population: for each parameter and mirrored pair a pure function of counters, never stored.
//!
//! Full rank: one normal an element. Rank r: a matrix parameter W (rows, columns) is perturbed by A B^T / sqrt(r), with
//! r (rows + columns) normals instead of rows * columns. Vectors, and matrices so small that rank r would need as many
//! normals, keep full rank. Source: Sarkar et al., "Evolution strategies at the hyperscale", arXiv 2511.16652.

use pulp::{Arch, NullaryFnOnce};

use crate::loops::{LANES, Memory, Noise};
use crate::tensor::philox::{Key, NORMALS_PER_BLOCK, Stream, normal, philox};
use crate::tensor::{Real, Shape};

/// The rank of the noise of one parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rank {
    /// One normal an element.
    Full,
    /// A B^T with factors of this many columns.
    Low {
        /// Rows of the parameter.
        rows: usize,
        /// Product of its other axes.
        columns: usize,
        /// Columns of A and of B.
        rank: usize,
    },
}

impl Rank {
    /// Returns the rank that noise of the configured rank (none is full) has on a parameter of this shape.
    pub fn of(shape: &Shape, rank: Option<usize>) -> Self {
        let (rows, columns) = match shape.dims() {
            [rows, rest @ ..] if !rest.is_empty() => (*rows, rest.iter().product::<usize>()),
            _ => return Self::Full,
        };
        match rank {
            Some(rank) if rank.saturating_mul(rows + columns) < rows * columns => Self::Low { rows, columns, rank },
            _ => Self::Full,
        }
    }

    /// Returns how many normals a pair draws for a parameter of `numel` elements.
    pub fn normals(self, numel: usize) -> usize {
        match self {
            Self::Full => numel,
            Self::Low { rows, columns, rank } => rank * (rows + columns),
        }
    }
}

/// What perturbs every parameter in one generation.
#[derive(Clone, Debug)]
pub struct Perturbation {
    key: Key,
    generation: u32,
    ranks: Vec<Rank>,
    /// Where each parameter's normals start in the scratch of a group, and where the last one ends.
    offsets: Vec<usize>,
}

impl Perturbation {
    /// Returns the noise of one generation for parameters of these shapes.
    pub fn new(seed: u32, generation: u32, shapes: &[Shape], rank: Option<usize>) -> Self {
        let ranks: Vec<Rank> = shapes.iter().map(|shape| Rank::of(shape, rank)).collect();
        let mut offsets = vec![0];
        for (shape, rank) in shapes.iter().zip(&ranks) {
            // Each parameter starts a block of its own.
            let size = rank.normals(shape.numel()).next_multiple_of(NORMALS_PER_BLOCK);
            offsets.push(offsets[offsets.len() - 1] + size);
        }
        Self { key: Key::new(seed, Stream::Noise), generation, ranks, offsets }
    }

    /// Sets the generation.
    pub fn set_generation(&mut self, generation: u32) {
        self.generation = generation;
    }

    /// Returns the rank of each parameter's noise.
    pub fn ranks(&self) -> &[Rank] {
        &self.ranks
    }

    /// Returns where each parameter's normals start, in whole blocks, and where the last one ends.
    pub fn offsets(&self) -> &[usize] {
        &self.offsets
    }

    /// Returns how many normals, in whole blocks, a pair draws for parameter `parameter`.
    pub fn normals_of(&self, parameter: usize) -> usize {
        self.offsets[parameter + 1] - self.offsets[parameter]
    }

    /// Returns how many normals a pair's scratch holds.
    pub fn scratch_len(&self) -> usize {
        self.offsets.last().copied().unwrap_or(0)
    }

    /// Fills `scratch` with all normals of the pairs `first..first + LANES`.
    pub fn fill<T: Real>(&self, first: u32, scratch: &mut Memory<T, LANES>) {
        scratch.resize(self.scratch_len(), [T::ZERO; LANES]);
        for (parameter, bounds) in self.offsets.windows(2).enumerate() {
            self.fill_blocks(parameter, first, 0, &mut scratch[bounds[0]..bounds[1]]);
        }
    }

    /// Fills `out`, whole blocks, with normals of one parameter from block `block` on, for the pairs `first..first + LANES`.
    pub fn fill_blocks<T: Real>(&self, parameter: usize, first: u32, block: u32, out: &mut [[T; LANES]]) {
        let (key, generation) = (self.key, self.generation);
        Arch::new().dispatch(Fill { key, parameter: parameter as u32, first, generation, block, out });
    }

    /// Returns the normals of one parameter, in whole blocks, given the filled scratch.
    pub fn normals<'a, T>(&self, parameter: usize, scratch: &'a [[T; LANES]]) -> &'a [[T; LANES]] {
        &scratch[self.offsets[parameter]..self.offsets[parameter + 1]]
    }

    /// Returns how parameter `parameter` is perturbed, given the filled scratch.
    pub fn noise<'a, T: Real>(&self, parameter: usize, sigma: T, scratch: &'a [[T; LANES]]) -> Noise<'a, T, LANES> {
        let noise = self.normals(parameter, scratch);
        match self.ranks[parameter] {
            Rank::Full => Noise::Full { noise, scale: sigma },
            Rank::Low { rows, columns, rank } => {
                let (left, right) = noise.split_at(rank * rows);
                let scale = sigma / T::from_f64(rank as f64).sqrt();
                Noise::LowRank { left, right: &right[..rank * columns], rank, scale }
            }
        }
    }
}

struct Fill<'a, T> {
    key: Key,
    parameter: u32,
    first: u32,
    generation: u32,
    block: u32,
    out: &'a mut [[T; LANES]],
}

impl<T: Real> NullaryFnOnce for Fill<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (i, out) in self.out.chunks_exact_mut(NORMALS_PER_BLOCK).enumerate() {
            let block = self.block.wrapping_add(i as u32);
            // Two plain loops over the lanes, which compilers turn into vector code: words first, then normals.
            let mut words = [[0; LANES]; 4];
            for l in 0..LANES {
                let pair = self.first.wrapping_add(l as u32);
                let [a, b, c, d] = philox([block, self.parameter, pair, self.generation], self.key);
                (words[0][l], words[1][l], words[2][l], words[3][l]) = (a, b, c, d);
            }
            for (word, out) in words.iter().zip(out.chunks_exact_mut(2)) {
                for l in 0..LANES {
                    out[0][l] = T::from_f32(normal(word[l] & 0xFFFF));
                }
                for l in 0..LANES {
                    out[1][l] = T::from_f32(normal(word[l] >> 16));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_rank_is_for_matrices_that_it_saves_normals_on() {
        let of = |dims: &[usize], rank| Rank::of(&dims.to_vec().into(), Some(rank));
        assert_eq!(of(&[9, 8], 1), Rank::Low { rows: 9, columns: 8, rank: 1 });
        assert_eq!(of(&[9, 2, 4], 4), Rank::Low { rows: 9, columns: 8, rank: 4 });
        for (dims, rank) in [(&[9, 8][..], 5), (&[72], 1), (&[], 1), (&[0, 8], 1), (&[8, 0], 1), (&[4, 4], 1 << 61)] {
            assert_eq!(of(dims, rank), Rank::Full, "{dims:?} at rank {rank}");
        }
        assert_eq!(Rank::of(&[9, 8].into(), None), Rank::Full);
    }
}
