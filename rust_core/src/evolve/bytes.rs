//! What a run needs in memory, before anything of it is there.

use super::Config;
use crate::loops::LANES;
use crate::program::{Perturbation, Rank};
use crate::tensor::Shape;

/// What the engine keeps of each member: loss, syntony, score, rank, place in the order, weights of pairs, its part of a group.
const MEMBER: u128 = 96;

/// Copies of the genome in binary64 that are there at once: centre, residual, two moments, the step's copies of them, direction,
/// centroid, the lattice's coefficients twice, and what a strategy keeps twice.
const COPIES: u128 = 16;

impl Config {
    /// Returns the bytes, about, that a run of these settings needs for a genome of these shapes on the CPU, the values of
    /// the model and its batch left out. It is meant to tell what fits from what is far beyond.
    pub fn bytes(&self, shapes: &[Shape]) -> u128 {
        let weights: u128 = shapes.iter().map(|shape| shape.numel() as u128).sum();
        let perturbation = Perturbation::new(0, 0, shapes, self.rank);
        let element = self.dtype.size() as u128;
        let groups = (self.population_size / 2).div_ceil(LANES) as u128;
        let group = |normals: usize| normals as u128 * LANES as u128 * element;
        let low = perturbation.ranks().iter().enumerate().filter(|(_, rank)| **rank != Rank::Full);
        let again: usize = low.map(|(parameter, _)| perturbation.normals_of(parameter)).sum();
        let threads = self.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
        let remembered =
            if self.pull_strength > 0.0 { self.max_generations.min(self.attractor_capacity as u64) } else { 0 };
        self.population_size as u128 * MEMBER
            + weights * 8 * (COPIES + u128::from(remembered))
            + groups * group(again)
            + threads as u128 * group(perturbation.scratch_len())
    }
}

#[cfg(test)]
mod tests {
    use super::Config;

    #[test]
    fn bytes_grow_with_the_population_and_the_genome() {
        let bytes = |population_size, side: usize, rank| {
            Config { population_size, rank, threads: Some(1), ..Config::default() }.bytes(&[[side, side].into()])
        };
        let gigabyte = 1_u128 << 30;
        assert!(bytes(64, 16, None) < gigabyte / 1000);
        assert!(bytes(1 << 30, 16, None) > 90 * gigabyte);
        assert!(bytes(64, 1 << 14, None) > 80 * gigabyte);
        assert!(bytes(1 << 20, 1000, Some(1)) > 4 * gigabyte, "the factors of all members are drawn at once");
    }
}
