//! The direction that the scores favour: sum over pairs of utility times noise, the noise drawn again from its counters.
//!
//! Each element is summed over the pairs in one fixed order by one thread, in binary64.

use pulp::{Arch, NullaryFnOnce};
use rayon::prelude::*;

use crate::ops::LANES;
use crate::program::{Perturbation, Rank};
use crate::tensor::Shape;
use crate::tensor::philox::NORMALS_PER_BLOCK;

/// Elements whose sums one task keeps: 24 KiB with their noise.
const ELEMENTS: usize = 16 * NORMALS_PER_BLOCK;

/// Sixteen pairs' utilities.
type Utilities = [f64; LANES];

/// Returns sum_p u_p noise_p for each element of each parameter, where `utilities[p]` is that of pair p.
pub(super) fn direction(perturbation: &Perturbation, shapes: &[Shape], utilities: &[f64]) -> Vec<f64> {
    let groups: Vec<Utilities> =
        utilities.chunks(LANES).map(|chunk| std::array::from_fn(|l| chunk.get(l).copied().unwrap_or(0.0))).collect();
    let mut out = vec![0.0; shapes.iter().map(Shape::numel).sum()];
    let mut tasks: Vec<Task<'_>> = Vec::new();
    let mut rest = out.as_mut_slice();
    for (parameter, (shape, rank)) in shapes.iter().zip(perturbation.ranks()).enumerate() {
        let (these, others) = rest.split_at_mut(shape.numel());
        let new = |(i, out)| Task { perturbation, groups: &groups, parameter, first: i * ELEMENTS, out };
        match rank {
            Rank::Full => tasks.extend(these.chunks_mut(ELEMENTS).enumerate().map(new)),
            Rank::Low { .. } => tasks.push(new((0, these))),
        }
        rest = others;
    }
    tasks.into_par_iter().for_each(Task::run);
    out
}

/// The sums of some elements of one parameter.
struct Task<'a> {
    perturbation: &'a Perturbation,
    groups: &'a [Utilities],
    parameter: usize,
    first: usize,
    out: &'a mut [f64],
}

impl Task<'_> {
    fn run(self) {
        match self.perturbation.ranks()[self.parameter] {
            Rank::Full => self.full(),
            Rank::Low { rows, columns, rank } => self.low(rows, columns, rank),
        }
    }

    fn full(self) {
        let blocks = self.out.len().div_ceil(NORMALS_PER_BLOCK);
        let mut noise = vec![[0.0_f32; LANES]; blocks * NORMALS_PER_BLOCK];
        let mut sums = vec![[0.0; LANES]; blocks * NORMALS_PER_BLOCK];
        let block = (self.first / NORMALS_PER_BLOCK) as u32;
        for (group, utilities) in self.groups.iter().enumerate() {
            self.perturbation.fill_blocks(self.parameter, (group * LANES) as u32, block, &mut noise);
            Arch::new().dispatch(Accumulate { utilities, noise: &noise, sums: &mut sums });
        }
        self.out.iter_mut().zip(&sums).for_each(|(o, lanes)| *o = lanes.iter().sum());
    }

    fn low(self, rows: usize, columns: usize, rank: usize) {
        let size = (rank * (rows + columns)).next_multiple_of(NORMALS_PER_BLOCK);
        let noise: Vec<Vec<[f32; LANES]>> = (0..self.groups.len())
            .into_par_iter()
            .map(|group| {
                let mut noise = vec![[0.0_f32; LANES]; size];
                self.perturbation.fill_blocks(self.parameter, (group * LANES) as u32, 0, &mut noise);
                noise
            })
            .collect();
        let scale = 1.0 / (rank as f64).sqrt();
        let groups = self.groups;
        self.out.par_chunks_mut(columns).enumerate().for_each(|(row, out)| {
            let mut sums = vec![[0.0; LANES]; columns];
            for r in 0..rank {
                for (utilities, noise) in groups.iter().zip(&noise) {
                    let (left, right) = noise.split_at(rank * rows);
                    let left = left[r * rows + row];
                    let weighted = std::array::from_fn(|l| utilities[l] * f64::from(left[l]));
                    let right = &right[r * columns..][..columns];
                    Arch::new().dispatch(Accumulate { utilities: &weighted, noise: right, sums: &mut sums });
                }
            }
            out.iter_mut().zip(&sums).for_each(|(o, lanes)| *o = scale * lanes.iter().sum::<f64>());
        });
    }
}

/// sums += utilities * noise, lane by lane.
struct Accumulate<'a> {
    utilities: &'a Utilities,
    noise: &'a [[f32; LANES]],
    sums: &'a mut [[f64; LANES]],
}

impl NullaryFnOnce for Accumulate<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let utilities = [*self.utilities; NORMALS_PER_BLOCK];
        let blocks = self.sums.chunks_mut(NORMALS_PER_BLOCK).zip(self.noise.chunks(NORMALS_PER_BLOCK));
        for (sums, noise) in blocks {
            let (sums, noise) = (sums.as_flattened_mut(), noise.as_flattened());
            for ((sum, &noise), &u) in sums.iter_mut().zip(noise).zip(utilities.as_flattened()) {
                *sum = u.mul_add(f64::from(noise), *sum);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::philox::{Key, Stream, fill_normals};

    /// The same sum from the definition: every pair's noise written out in full.
    fn by_definition(shape: &Shape, rank: Rank, utilities: &[f64]) -> Vec<f64> {
        let mut sum = vec![0.0; shape.numel()];
        for (pair, u) in utilities.iter().enumerate() {
            let mut z = vec![0.0; rank.normals(shape.numel())];
            fill_normals(Key::new(3, Stream::Noise), 0, pair as u32, 9, &mut z);
            for (e, s) in sum.iter_mut().enumerate() {
                *s += u * match rank {
                    Rank::Full => f64::from(z[e]),
                    Rank::Low { rows, columns, rank } => {
                        let (row, column) = (e / columns, e % columns);
                        let term = |r: usize| {
                            f64::from(z[r * rows + row]) * f64::from(z[(rank * rows) + r * columns + column])
                        };
                        (0..rank).map(term).sum::<f64>() / (rank as f64).sqrt()
                    }
                };
            }
        }
        sum
    }

    #[test]
    fn the_direction_is_the_weighted_sum_of_the_noise() {
        for (dims, rank) in [([1, 1], None), ([13, 21], None), ([13, 21], Some(1)), ([40, 17], Some(3))] {
            let shape = Shape::from(dims);
            let utilities: Vec<f64> = (0..37).map(|p| f64::from(p) * 0.11 - 1.7).collect();
            let perturbation = Perturbation::new(3, 9, std::slice::from_ref(&shape), rank);
            let ours = direction(&perturbation, std::slice::from_ref(&shape), &utilities);
            let exact = by_definition(&shape, perturbation.ranks()[0], &utilities);
            for (x, y) in ours.iter().zip(exact) {
                assert!((x - y).abs() < 1e-10, "{x} {y}");
            }
        }
    }
}
