//! The direction that the scores favour: sum over pairs of utility times noise, which the evaluation left or which is drawn
//! again from its counters.
//!
//! Each element is summed over the pairs in one fixed order by one thread, in binary64.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use pulp::{Arch, NullaryFnOnce};

use super::pool::{NORMAL_COST, Pool};
use super::strategy::Power;
use crate::Result;
use crate::loops::{LANES, Memory};
use crate::program::{Perturbation, Rank};
use crate::tensor::philox::NORMALS_PER_BLOCK;
use crate::tensor::{Real, Shape};

/// Elements whose sums one task keeps: 24 KiB with their noise.
const ELEMENTS: usize = 16 * NORMALS_PER_BLOCK;

/// Sixteen pairs' utilities.
type Utilities = [f64; LANES];

/// All normals of each group of pairs, where the evaluation left them.
pub(super) type Left<T> = Arc<Vec<OnceLock<Memory<T, LANES>>>>;

/// Returns sum_p u_p noise_p for each element of each parameter, where `utilities[p]` is that of pair p; or the same of
/// noise_p^2, for noise of full rank.
///
/// # Errors
/// `Error::Interrupted`.
pub(super) fn direction<T: Real>(
    pool: &Pool,
    perturbation: &Perturbation,
    left: &Left<T>,
    shapes: &[Shape],
    utilities: &[f64],
    power: Power,
) -> Result<Vec<f64>> {
    let groups = utilities.chunks(LANES).map(|chunk| std::array::from_fn(|l| chunk.get(l).copied().unwrap_or(0.0)));
    let groups: Vec<Utilities> = groups.collect();
    let mut sums =
        Sums { perturbation: perturbation.clone(), groups, left: Arc::clone(left), again: Vec::new(), power };
    if left.iter().filter(|noise| noise.get().is_some()).count() < sums.groups.len() {
        sums.left = Arc::default();
        sums.again = low_rank_noise(pool, perturbation, sums.groups.len())?;
    }
    let elements: usize = shapes.iter().map(Shape::numel).sum();
    let drawn = if sums.left.is_empty() { NORMAL_COST * perturbation.scratch_len() } else { 0 };
    let cost = sums.groups.len() * (drawn + 8 * elements);
    let tasks: Vec<Task> = (shapes.iter().zip(perturbation.ranks()).enumerate())
        .flat_map(|(parameter, (shape, &rank))| {
            let size = match rank {
                Rank::Full => ELEMENTS,
                Rank::Low { columns, .. } => columns.max(ELEMENTS - ELEMENTS % columns),
            };
            let task = move |first: usize| Task { parameter, rank, elements: first..(first + size).min(shape.numel()) };
            (0..shape.numel()).step_by(size.max(1)).map(task)
        })
        .collect();
    Ok(pool.map(tasks.len(), cost, move |i| tasks[i].run(&sums))?.concat())
}

/// All normals of one group of pairs, for one parameter.
type GroupNoise<T> = Vec<[T; LANES]>;

/// Returns, for each group, the normals of each parameter whose noise is of low rank; nothing for the others.
fn low_rank_noise<T: Real>(pool: &Pool, perturbation: &Perturbation, groups: usize) -> Result<Vec<Vec<GroupNoise<T>>>> {
    let length = |(parameter, rank): (usize, &Rank)| match rank {
        Rank::Full => 0,
        Rank::Low { .. } => perturbation.normals_of(parameter),
    };
    let lengths: Vec<usize> = perturbation.ranks().iter().enumerate().map(length).collect();
    let cost = groups * NORMAL_COST * lengths.iter().sum::<usize>();
    let perturbation = perturbation.clone();
    pool.map(groups, cost, move |group| {
        let draw = |(parameter, &length): (usize, &usize)| {
            let mut noise = vec![[T::ZERO; LANES]; length];
            perturbation.fill_blocks(parameter, (group * LANES) as u32, 0, &mut noise);
            noise
        };
        lengths.iter().enumerate().map(draw).collect()
    })
}

/// What all tasks read.
struct Sums<T> {
    perturbation: Perturbation,
    groups: Vec<Utilities>,
    /// The noise of every group, or nothing.
    left: Left<T>,
    /// If nothing was left: the noise of low rank, drawn again.
    again: Vec<Vec<GroupNoise<T>>>,
    power: Power,
}

impl<T> Sums<T> {
    /// Returns the normals of one parameter in one group, if they are there.
    fn noise(&self, group: usize, parameter: usize) -> Option<&[[T; LANES]]> {
        match self.left.get(group).and_then(OnceLock::get) {
            Some(noise) => Some(self.perturbation.normals(parameter, noise)),
            None => self.again.get(group).map(|all| all[parameter].as_slice()).filter(|noise| !noise.is_empty()),
        }
    }
}

/// The sums of some elements of one parameter; of whole rows if its noise is of low rank.
struct Task {
    parameter: usize,
    rank: Rank,
    elements: Range<usize>,
}

impl Task {
    fn run<T: Real>(&self, sums: &Sums<T>) -> Vec<f64> {
        match self.rank {
            Rank::Full => self.full(sums),
            Rank::Low { rows, columns, rank } => {
                let range = self.elements.start / columns..self.elements.end / columns;
                range.flat_map(|row| self.row(sums, row, (rows, columns, rank))).collect()
            }
        }
    }

    fn full<T: Real>(&self, all: &Sums<T>) -> Vec<f64> {
        let padded = self.elements.len().next_multiple_of(NORMALS_PER_BLOCK);
        let mut drawn = Vec::new();
        let mut sums = vec![[0.0; LANES]; padded];
        let block = (self.elements.start / NORMALS_PER_BLOCK) as u32;
        for (group, utilities) in all.groups.iter().enumerate() {
            let noise = match all.noise(group, self.parameter) {
                Some(noise) => &noise[self.elements.start..][..padded],
                None => {
                    drawn.resize(padded, [T::ZERO; LANES]);
                    all.perturbation.fill_blocks(self.parameter, (group * LANES) as u32, block, &mut drawn);
                    &drawn
                }
            };
            match all.power {
                Power::One => Arch::new().dispatch(Accumulate { utilities, noise, sums: &mut sums }),
                Power::Two => Arch::new().dispatch(AccumulateSquares { utilities, noise, sums: &mut sums }),
            }
        }
        sums[..self.elements.len()].iter().map(|lanes| lanes.iter().sum()).collect()
    }

    fn row<T: Real>(&self, all: &Sums<T>, row: usize, (rows, columns, rank): (usize, usize, usize)) -> Vec<f64> {
        let scale = 1.0 / (rank as f64).sqrt();
        let mut sums = vec![[0.0; LANES]; columns];
        for r in 0..rank {
            for (group, utilities) in all.groups.iter().enumerate() {
                let Some(noise) = all.noise(group, self.parameter) else { continue };
                let (left, right) = noise.split_at(rank * rows);
                let left = left[r * rows + row];
                let weighted = std::array::from_fn(|l| utilities[l] * left[l].to_f64());
                let noise = &right[r * columns..][..columns];
                Arch::new().dispatch(Accumulate { utilities: &weighted, noise, sums: &mut sums });
            }
        }
        sums.iter().map(|lanes| scale * lanes.iter().sum::<f64>()).collect()
    }
}

/// sums += utilities * noise, lane by lane.
struct Accumulate<'a, T> {
    utilities: &'a Utilities,
    noise: &'a [[T; LANES]],
    sums: &'a mut [[f64; LANES]],
}

impl<T: Real> NullaryFnOnce for Accumulate<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let utilities = [*self.utilities; NORMALS_PER_BLOCK];
        let blocks = self.sums.chunks_mut(NORMALS_PER_BLOCK).zip(self.noise.chunks(NORMALS_PER_BLOCK));
        for (sums, noise) in blocks {
            let (sums, noise) = (sums.as_flattened_mut(), noise.as_flattened());
            for ((sum, &noise), &u) in sums.iter_mut().zip(noise).zip(utilities.as_flattened()) {
                *sum = u.mul_add(noise.to_f64(), *sum);
            }
        }
    }
}

/// sums += utilities * noise^2, lane by lane.
struct AccumulateSquares<'a, T> {
    utilities: &'a Utilities,
    noise: &'a [[T; LANES]],
    sums: &'a mut [[f64; LANES]],
}

impl<T: Real> NullaryFnOnce for AccumulateSquares<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (sums, noise) in self.sums.iter_mut().zip(self.noise) {
            for ((sum, &noise), &u) in sums.iter_mut().zip(noise).zip(self.utilities) {
                let z = noise.to_f64();
                *sum = u.mul_add(z * z, *sum);
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
            let pool = Pool::new(Some(2)).unwrap();
            let shapes = std::slice::from_ref(&shape);
            let ours =
                direction::<f32>(&pool, &perturbation, &Left::default(), shapes, &utilities, Power::One).unwrap();
            let left: Left<f64> = Arc::new((0..3).map(|_| OnceLock::new()).collect());
            for (group, left) in left.iter().enumerate() {
                let mut noise = Memory::default();
                perturbation.fill((group * LANES) as u32, &mut noise);
                left.set(noise).unwrap();
            }
            assert_eq!(direction(&pool, &perturbation, &left, shapes, &utilities, Power::One).unwrap(), ours);
            let exact = by_definition(&shape, perturbation.ranks()[0], &utilities);
            for (x, y) in ours.iter().zip(exact) {
                assert!((x - y).abs() < 1e-10, "{x} {y}");
            }
        }
    }

    #[test]
    fn squares_are_those_of_the_noise() {
        let shape = Shape::from([13, 21]);
        let utilities: Vec<f64> = (0..37).map(|p| f64::from(p) * 0.11 - 1.7).collect();
        let perturbation = Perturbation::new(3, 9, std::slice::from_ref(&shape), None);
        let pool = Pool::new(Some(2)).unwrap();
        let left = Left::<f32>::default();
        let shapes = std::slice::from_ref(&shape);
        let ours = direction(&pool, &perturbation, &left, shapes, &utilities, Power::Two).unwrap();
        let mut sum = vec![0.0; shape.numel()];
        for (pair, u) in utilities.iter().enumerate() {
            let mut z = vec![0.0; shape.numel()];
            fill_normals(Key::new(3, Stream::Noise), 0, pair as u32, 9, &mut z);
            sum.iter_mut().zip(&z).for_each(|(s, z)| *s += u * f64::from(*z).powi(2));
        }
        for (x, y) in ours.iter().zip(&sum) {
            assert!((x - y).abs() < 1e-10, "{x} {y}");
        }
    }
}
