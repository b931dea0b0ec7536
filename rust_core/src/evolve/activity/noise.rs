//! The noise of activations: a pure function of seed, generation, draw, point and element, made wherever it is needed.
//!
//! Gaussian noise is the members' law. Signs take one bit an element. Hadamard draws are rows of a Hadamard matrix with a
//! random sign for each element: H[r, e] = (-1)^popcount(r & e). Rows of different draws are orthogonal, so that draws of
//! one example do not measure the same direction twice.

use pulp::{Arch, NullaryFnOnce};

use super::super::setting::choice;
use crate::tensor::Real;
use crate::tensor::philox::{Key, NORMALS_PER_BLOCK, Stream, normal, philox};

choice! {
    /// The law of the draws' noise.
    pub enum DrawNoise {
        /// Near-normals, as those of the members.
        Gaussian = "gaussian",
        /// +1 or -1.
        Sign = "sign",
        /// +1 or -1, the draws of one example orthogonal.
        Hadamard = "hadamard",
    }
}

/// Signs in one Philox block.
const SIGNS: usize = 128;
/// Blocks of normals that are made together, one in each lane.
const TOGETHER: usize = 16;
/// The draw in the counter of what all draws share.
const SHARED: u32 = u32::MAX;

/// The noise of one generation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source {
    key: Key,
    generation: u32,
    law: DrawNoise,
    /// Rows of the Hadamard matrix.
    rows: u32,
}

/// Whose noise is made: a point's in one draw, its elements from `first` on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub point: usize,
    pub draw: usize,
    pub first: usize,
    /// Elements of one example, and which column of the Hadamard matrix the first of them has.
    pub period: usize,
    pub column: usize,
}

impl Source {
    /// Returns the noise of `draws` draws of a generation.
    pub fn new(seed: u32, generation: u32, law: DrawNoise, draws: usize) -> Self {
        let rows = (draws as u32 + 1).next_power_of_two();
        Self { key: Key::new(seed, Stream::Activity), generation, law, rows }
    }

    /// Writes noise of mean 0 and variance 1.
    pub fn fill<T: Real>(&self, place: Place, out: &mut [T]) {
        let Self { key, generation, .. } = *self;
        let point = place.point as u32;
        match self.law {
            DrawNoise::Gaussian => {
                let counter = [0, point, place.draw as u32, generation];
                Arch::new().dispatch(Normals { key, counter, first: place.first, out });
            }
            DrawNoise::Sign => self.signs(point, place.draw as u32, place.first, out),
            DrawNoise::Hadamard => {
                self.signs(point, SHARED, place.first, out);
                let [turn, ..] = philox([0, point, SHARED - 1, generation], key);
                let row = (place.draw as u32 ^ turn) & (self.rows - 1);
                Arch::new().dispatch(Rows { row, place, out });
            }
        }
    }

    fn signs<T: Real>(&self, point: u32, draw: u32, first: usize, out: &mut [T]) {
        let mut done = 0;
        while done < out.len() {
            let (block, skip) = ((first + done) / SIGNS, (first + done) % SIGNS);
            let words = philox([block as u32, point, draw, self.generation], self.key);
            let bits = words.iter().rev().fold(0_u128, |bits, &word| bits << 32 | u128::from(word)) >> skip;
            let count = (SIGNS - skip).min(out.len() - done);
            // Two halves of plain words: a shift of 128 bits for each element would cost more than the block.
            for (half, out) in out[done..done + count].chunks_mut(64).enumerate() {
                let word = (bits >> (64 * half)) as u64;
                Arch::new().dispatch(Signs { word, out });
            }
            done += count;
        }
    }
}

/// Writes +-1 by the bits of a word.
struct Signs<'a, T> {
    word: u64,
    out: &'a mut [T],
}

impl<T: Real> NullaryFnOnce for Signs<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (i, x) in self.out.iter_mut().enumerate() {
            *x = if self.word >> i & 1 == 0 { T::ONE } else { -T::ONE };
        }
    }
}

/// Turns signs into a row of the Hadamard matrix with these signs.
struct Rows<'a, T> {
    row: u32,
    place: Place,
    out: &'a mut [T],
}

impl<T: Real> NullaryFnOnce for Rows<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { row, place: Place { first, period, column, .. }, out } = self;
        let period = period.max(1);
        let mut done = 0;
        while done < out.len() {
            // One example after the other, so that columns rise within it.
            let at = (first + done) % period;
            let count = (period - at).min(out.len() - done);
            for (i, x) in out[done..done + count].iter_mut().enumerate() {
                let mut odd = row & (column + at + i) as u32;
                odd ^= odd >> 16;
                odd ^= odd >> 8;
                odd ^= odd >> 4;
                odd ^= odd >> 2;
                odd ^= odd >> 1;
                *x = if odd & 1 == 0 { *x } else { -*x };
            }
            done += count;
        }
    }
}

/// Writes near-normals of consecutive elements.
struct Normals<'a, T> {
    key: Key,
    counter: [u32; 4],
    first: usize,
    out: &'a mut [T],
}

impl<T: Real> NullaryFnOnce for Normals<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { key, counter, first, out } = self;
        let mut values = [T::ZERO; TOGETHER * NORMALS_PER_BLOCK];
        let mut done = 0;
        while done < out.len() {
            let (block, skip) = ((first + done) / NORMALS_PER_BLOCK, (first + done) % NORMALS_PER_BLOCK);
            let mut words = [[0; TOGETHER]; 4];
            for l in 0..TOGETHER {
                let [a, b, c, d] = philox([(block + l) as u32, counter[1], counter[2], counter[3]], key);
                (words[0][l], words[1][l], words[2][l], words[3][l]) = (a, b, c, d);
            }
            for (w, words) in words.iter().enumerate() {
                let mut halves = [[0.0_f32; TOGETHER]; 2];
                for l in 0..TOGETHER {
                    halves[0][l] = normal(words[l] & 0xFFFF);
                }
                for l in 0..TOGETHER {
                    halves[1][l] = normal(words[l] >> 16);
                }
                for l in 0..TOGETHER {
                    values[l * NORMALS_PER_BLOCK + 2 * w] = T::from_f32(halves[0][l]);
                    values[l * NORMALS_PER_BLOCK + 2 * w + 1] = T::from_f32(halves[1][l]);
                }
            }
            let count = (values.len() - skip).min(out.len() - done);
            out[done..done + count].copy_from_slice(&values[skip..skip + count]);
            done += count;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(law: DrawNoise, draws: usize, place: Place, count: usize) -> Vec<f64> {
        let mut out = vec![0.0; count];
        Source::new(3, 5, law, draws).fill(place, &mut out);
        out
    }

    fn place(draw: usize, first: usize, period: usize) -> Place {
        Place { point: 2, draw, first, period, column: 0 }
    }

    #[test]
    fn an_element_has_its_noise_wherever_it_is_made() {
        for law in [DrawNoise::Gaussian, DrawNoise::Sign, DrawNoise::Hadamard] {
            let whole = made(law, 7, place(1, 0, 21), 1000);
            for (first, count) in [(0, 1), (3, 500), (127, 3), (129, 871), (640, 0)] {
                assert_eq!(made(law, 7, place(1, first, 21), count), whole[first..first + count], "{law:?} {first}");
            }
        }
        let gaussian = made(DrawNoise::Gaussian, 7, place(1, 0, 21), 1000);
        let mut members = vec![0.0; 1000];
        crate::tensor::philox::fill_normals(Key::new(3, Stream::Activity), 2, 1, 5, &mut members);
        assert!(gaussian.iter().zip(members).all(|(x, y)| *x == f64::from(y)), "the members' law");
    }

    #[test]
    fn noise_has_mean_0_and_variance_1() {
        for law in [DrawNoise::Gaussian, DrawNoise::Sign, DrawNoise::Hadamard] {
            let noise = made(law, 7, place(0, 0, 64), 64 * 1024);
            let mean = noise.iter().sum::<f64>() / noise.len() as f64;
            let square = noise.iter().map(|x| x * x).sum::<f64>() / noise.len() as f64;
            assert!(mean.abs() < 4.0 / 256.0 && (square - 1.0).abs() < 0.03, "{law:?} {mean} {square}");
        }
    }

    #[test]
    fn hadamard_draws_of_an_example_are_orthogonal() {
        let (period, draws) = (24, 7);
        let noise: Vec<Vec<f64>> =
            (0..draws).map(|draw| made(DrawNoise::Hadamard, draws, place(draw, 0, period), 5 * period)).collect();
        for example in 0..5 {
            for (i, a) in noise.iter().enumerate() {
                for b in &noise[..i] {
                    let range = example * period..(example + 1) * period;
                    assert_eq!(a[range.clone()].iter().zip(&b[range]).map(|(x, y)| x * y).sum::<f64>(), 0.0);
                }
            }
        }
    }
}
