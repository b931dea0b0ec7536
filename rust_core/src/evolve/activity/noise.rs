//! The noise of activations: a pure function of seed, generation, draw, point and element, made wherever it is needed.
//!
//! Gaussian noise is the members' law. Signs take one bit an element. Hadamard draws are rows of a Hadamard matrix over all
//! elements of an example, those of every perturbed point, with a random sign for each element: draws of one example do
//! not measure the same direction twice, and as many draws as elements measure all of them.

use std::sync::Arc;

use pulp::{Arch, NullaryFnOnce};

use super::super::setting::choice;
use super::paley::{Rows, word};
use crate::tensor::Real;
use crate::tensor::philox::{Key, NORMALS_PER_BLOCK, Stream, TOGETHER, normals_of_blocks, philox};

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
/// The draw in the counter of what all draws share.
const SHARED: u32 = u32::MAX;

/// The noise of one generation.
#[derive(Clone, Debug)]
pub(super) struct Source {
    key: Key,
    generation: u32,
    law: DrawNoise,
    rows: Arc<Rows>,
    /// The first draw's row, and how many rows further each next one's is.
    first: usize,
    step: usize,
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

/// What noise is multiplied with: a factor for `inner` elements, the next for as many, and so on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Factors<'a, T> {
    pub values: &'a [T],
    pub inner: usize,
    /// Values of the elements; those that are not positive get no noise.
    pub gate: Option<&'a [T]>,
}

impl Source {
    /// Returns the noise of a generation, with the Hadamard matrix's rows.
    pub fn new(seed: u32, generation: u32, law: DrawNoise, rows: &Arc<Rows>) -> Self {
        let key = Key::new(seed, Stream::Activity);
        let [first, step, ..] = philox([0, 0, SHARED - 1, generation], key).map(|word| word as usize);
        let (first, step) = (first % rows.count, 1 + step % (rows.count - 1));
        Self { key, generation, law, rows: Arc::clone(rows), first, step }
    }

    /// Adds noise of mean 0 and variance 1, times its factor, to each element.
    pub fn add<T: Real>(&self, place: Place, factors: Factors<'_, T>, out: &mut [T]) {
        if !out.is_empty() {
            Arch::new().dispatch(Add { source: self, place, factors, out });
        }
    }

    /// Returns the row of a draw: those of different draws are different, as long as there are enough.
    fn row(&self, draw: usize) -> usize {
        (self.first + draw * self.step) % self.rows.count
    }
}

struct Add<'a, T> {
    source: &'a Source,
    place: Place,
    factors: Factors<'a, T>,
    out: &'a mut [T],
}

impl<T: Real> NullaryFnOnce for Add<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        match self.source.law {
            DrawNoise::Gaussian => self.normals(),
            DrawNoise::Sign | DrawNoise::Hadamard => self.signs(),
        }
    }
}

impl<T: Real> Add<'_, T> {
    #[inline(always)]
    fn signs(self) {
        let Self { source, place, factors, out } = self;
        let row = (source.law == DrawNoise::Hadamard).then(|| source.row(place.draw));
        let draw = if row.is_some() { SHARED } else { place.draw as u32 };
        let period = place.period.max(1);
        let mut bits = [0; 2 * TOGETHER + 2];
        let mut made = usize::MAX;
        let mut done = 0;
        while done < out.len() {
            let element = place.first + done;
            let group = element / (SIGNS * TOGETHER);
            if group != made {
                for l in 0..TOGETHER {
                    let block = (group * TOGETHER + l) as u32;
                    let [a, b, c, d] = philox([block, place.point as u32, draw, source.generation], source.key);
                    (bits[2 * l], bits[2 * l + 1]) =
                        (u64::from(a) | u64::from(b) << 32, u64::from(c) | u64::from(d) << 32);
                }
                made = group;
            }
            let (within, at) = (element % (SIGNS * TOGETHER), element % period);
            // As many as lie in one word, one example, and have one factor.
            let most = (SIGNS * TOGETHER - within).min(period - at).min(factors.inner - done % factors.inner).min(64);
            let mut count = most.min(out.len() - done);
            let mut signs = word(&bits, within);
            if let Some(row) = row {
                let (orthogonal, length) = source.rows.word(row, place.column + at);
                signs ^= orthogonal;
                count = count.min(length);
            }
            let factor = factors.values[done / factors.inner];
            let out = &mut out[done..done + count];
            match factors.gate {
                Some(gate) => {
                    for ((i, x), &z) in out.iter_mut().enumerate().zip(&gate[done..done + count]) {
                        let noise = if signs >> i & 1 == 0 { factor } else { -factor };
                        *x = if z > T::ZERO { *x + noise } else { *x };
                    }
                }
                None => {
                    for (i, x) in out.iter_mut().enumerate() {
                        *x = *x + if signs >> i & 1 == 0 { factor } else { -factor };
                    }
                }
            }
            done += count;
        }
    }

    #[inline(always)]
    fn normals(self) {
        let Self { source, place, factors, out } = self;
        let mut values = [T::ZERO; TOGETHER * NORMALS_PER_BLOCK];
        let mut done = 0;
        while done < out.len() {
            let element = place.first + done;
            let (block, skip) = (element / NORMALS_PER_BLOCK, element % NORMALS_PER_BLOCK);
            let counter = [place.point as u32, place.draw as u32, source.generation];
            for (value, normal) in values.iter_mut().zip(normals_of_blocks(block, counter, source.key)) {
                *value = T::from_f32(normal);
            }
            let count = (values.len() - skip).min(out.len() - done);
            let mut used = 0;
            while used < count {
                let first = done + used;
                let run = (factors.inner - first % factors.inner).min(count - used);
                let factor = factors.values[first / factors.inner];
                let noise = &values[skip + used..skip + used + run];
                let out = &mut out[first..first + run];
                match factors.gate {
                    Some(gate) => {
                        for ((x, &xi), &z) in out.iter_mut().zip(noise).zip(&gate[first..first + run]) {
                            *x = if z > T::ZERO { *x + factor * xi } else { *x };
                        }
                    }
                    None => out.iter_mut().zip(noise).for_each(|(x, &xi)| *x = *x + factor * xi),
                }
                used += run;
            }
            done += count;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(law: DrawNoise, place: Place, factors: Factors<'_, f64>, out: &mut [f64]) {
        Source::new(3, 5, law, &Arc::new(Rows::new(23, 7))).add(place, factors, out);
    }

    fn made(law: DrawNoise, place: Place, count: usize) -> Vec<f64> {
        let mut out = vec![0.0; count];
        added(law, place, Factors { values: &[1.0], inner: count.max(1), gate: None }, &mut out);
        out
    }

    fn place(draw: usize, first: usize, period: usize) -> Place {
        Place { point: 2, draw, first, period, column: 0 }
    }

    #[test]
    fn an_element_has_its_noise_wherever_it_is_made() {
        for law in [DrawNoise::Gaussian, DrawNoise::Sign, DrawNoise::Hadamard] {
            let whole = made(law, place(1, 0, 21), 5000);
            for (first, count) in [(0, 1), (3, 500), (127, 3), (129, 871), (640, 0), (2040, 2500)] {
                assert_eq!(made(law, place(1, first, 21), count), whole[first..first + count], "{law:?} {first}");
            }
        }
        let gaussian = made(DrawNoise::Gaussian, place(1, 0, 21), 1000);
        let mut members = vec![0.0; 1000];
        crate::tensor::philox::fill_normals(Key::new(3, Stream::Activity), 2, 1, 5, &mut members);
        assert!(gaussian.iter().zip(members).all(|(x, y)| *x == f64::from(y)), "the members' law");
    }

    #[test]
    fn factors_and_gates_are_heeded() {
        let gate: Vec<f64> = (0..100).map(|i| f64::from(i % 3) - 1.0).collect();
        let values: Vec<f64> = (0..20).map(f64::from).collect();
        for law in [DrawNoise::Gaussian, DrawNoise::Sign, DrawNoise::Hadamard] {
            let noise = made(law, place(1, 40, 10), 100);
            let mut out = vec![0.5; 100];
            added(law, place(1, 40, 10), Factors { values: &values, inner: 5, gate: Some(&gate) }, &mut out);
            for (i, x) in out.iter().enumerate() {
                let expected = if gate[i] > 0.0 { 0.5 + values[i / 5] * noise[i] } else { 0.5 };
                assert_eq!(*x, expected, "{law:?} {i}");
            }
        }
    }

    #[test]
    fn noise_has_mean_0_and_variance_1() {
        for law in [DrawNoise::Gaussian, DrawNoise::Sign, DrawNoise::Hadamard] {
            let noise = made(law, place(0, 0, 64), 64 * 1024);
            let mean = noise.iter().sum::<f64>() / noise.len() as f64;
            let square = noise.iter().map(|x| x * x).sum::<f64>() / noise.len() as f64;
            assert!(mean.abs() < 4.0 / 256.0 && (square - 1.0).abs() < 0.03, "{law:?} {mean} {square}");
        }
    }
}
