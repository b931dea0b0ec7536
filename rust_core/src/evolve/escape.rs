//! Ways out of a dead end: a shock to sigma, and a displacement of the centre.

use crate::exact::constants::PHI;
use crate::tensor::Shape;
use crate::tensor::philox::{Key, Stream, fill_normals};

/// A factor of sigma that starts at `multiplier` and falls back to 1 in a straight line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shock {
    /// The factor at the start.
    pub multiplier: f64,
    /// The generation that it started in.
    pub start: u64,
    /// Generations until it has passed.
    pub duration: u64,
}

impl Shock {
    /// No shock.
    pub const NONE: Self = Self { multiplier: 1.0, start: 0, duration: 0 };

    /// Returns the factor in a generation.
    ///
    /// ```
    /// use syntonic_core::evolve::Shock;
    /// let shock = Shock { multiplier: 3.0, start: 10, duration: 4 };
    /// assert_eq!([10, 12, 14, 99].map(|g| shock.factor(g)), [3.0, 2.0, 1.0, 1.0]);
    /// ```
    pub fn factor(&self, generation: u64) -> f64 {
        let age = generation.saturating_sub(self.start);
        if age >= self.duration {
            return 1.0;
        }
        1.0 + (self.multiplier - 1.0) * (1.0 - age as f64 / self.duration as f64)
    }
}

/// Noise to be added to the centre: to parameter i of n, `magnitude` times the standard deviation of its values times
/// standard normals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Displacement {
    /// The size.
    pub magnitude: f64,
    /// Whether parameter i is moved phi^(-i/n) as far: early layers most.
    pub golden_scaling: bool,
    /// Whether each parameter's noise is scaled to length 1, as one direction in its space.
    pub unit: bool,
}

impl Displacement {
    /// Adds the noise of a generation to the parameters of these shapes, which lie flat in `values`.
    pub(super) fn apply(&self, seed: u32, generation: u32, shapes: &[Shape], values: &mut [f64]) {
        let mut rest = values;
        for (i, shape) in shapes.iter().enumerate() {
            let (these, others) = rest.split_at_mut(shape.numel());
            rest = others;
            let mut noise = vec![0.0_f32; these.len()];
            fill_normals(Key::new(seed, Stream::Escape), i as u32, 0, generation, &mut noise);
            let length = noise.iter().map(|z| f64::from(*z).powi(2)).sum::<f64>().sqrt();
            let mut scale = self.magnitude * deviation(these);
            if self.golden_scaling {
                scale *= PHI.powf(-(i as f64) / shapes.len() as f64);
            }
            if self.unit && length > 0.0 {
                scale /= length;
            }
            for (x, z) in these.iter_mut().zip(noise) {
                *x += scale * f64::from(z);
            }
        }
    }
}

/// The population standard deviation, by two passes.
fn deviation(values: &[f64]) -> f64 {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(displacement: Displacement) -> Vec<Vec<f64>> {
        let shapes = [Shape::from([40, 50]), Shape::from([2000])];
        let before: Vec<f64> = (0..4000).map(|i| f64::from(i % 2) * 4.0 - 2.0).collect();
        let mut after = before.clone();
        displacement.apply(5, 9, &shapes, &mut after);
        let moves: Vec<f64> = after.iter().zip(before).map(|(x, y)| x - y).collect();
        moves.chunks(2000).map(<[f64]>::to_vec).collect()
    }

    #[test]
    fn noise_has_the_size_of_the_values() {
        let plain = Displacement { magnitude: 0.1, golden_scaling: false, unit: false };
        for moves in moved(plain) {
            assert!((deviation(&moves) - 0.2).abs() < 0.01, "{}", deviation(&moves));
        }
        let golden = moved(Displacement { golden_scaling: true, ..plain });
        assert!((deviation(&golden[1]) / deviation(&golden[0]) - PHI.powf(-0.5)).abs() < 0.05);
        let unit = moved(Displacement { unit: true, ..plain });
        for moves in unit {
            assert!((moves.iter().map(|x| x * x).sum::<f64>().sqrt() - 0.2).abs() < 1e-12);
        }
    }

    #[test]
    fn equal_values_stay_where_they_are() {
        let mut values = [0.5; 3];
        Displacement { magnitude: 1.0, golden_scaling: false, unit: true }.apply(1, 0, &[[3].into()], &mut values);
        assert_eq!(values, [0.5; 3]);
    }
}
