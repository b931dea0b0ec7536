//! Laws that the first values of a parameter follow; drawn by Philox, so a seed gives the same bits everywhere.

use super::philox::{Key, Stream, fill_normals, philox};
use super::{ModeNorms, Shape, golden_weight};
use crate::{Error, Result};

/// How the first values of a parameter are distributed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Law {
    /// All 0.
    Zeros,
    /// All 1.
    Ones,
    /// Even on (-gain, gain).
    Uniform,
    /// Normal with standard deviation gain.
    Normal,
    /// Normal with standard deviation gain / sqrt(fan_in).
    Kaiming,
    /// As `Kaiming`, with most of the variance in the low modes: proportional to max(w_i, 0.01), its mean kept.
    Golden,
}

/// Keeps the high modes of the golden law alive: the least variance relative to that of mode 0.
const GOLDEN_FLOOR: f64 = 0.01;

impl Law {
    /// Returns the law called `name`.
    ///
    /// # Errors
    /// `Error::Value` for an unknown name.
    pub fn from_name(name: &str) -> Result<Self> {
        match name {
            "zeros" => Ok(Self::Zeros),
            "ones" => Ok(Self::Ones),
            "uniform" => Ok(Self::Uniform),
            "normal" => Ok(Self::Normal),
            "kaiming" => Ok(Self::Kaiming),
            "golden" => Ok(Self::Golden),
            other => Err(Error::Value {
                op: "init",
                expected: "uniform, normal, kaiming, golden, zeros or ones".into(),
                got: format!("{other:?}"),
            }),
        }
    }

    /// Draws the values of parameter number `index` of a model under `seed`.
    ///
    /// # Errors
    /// `Error::Value` for a gain that is negative or not finite, or a fan-in of 0; `Error::Shape` for bad mode norms.
    pub fn draw(self, shape: &Shape, norms: &ModeNorms, scale: Scale, seed: u32, index: u32) -> Result<Vec<f64>> {
        let Scale { gain, fan_in } = scale;
        if !(gain.is_finite() && gain >= 0.0) {
            return Err(Error::Value {
                op: "init",
                expected: "a finite gain of at least 0".into(),
                got: gain.to_string(),
            });
        }
        if fan_in == 0 && matches!(self, Self::Kaiming | Self::Golden) {
            return Err(Error::Value { op: "init", expected: "a fan-in of at least 1".into(), got: "0".into() });
        }
        let (count, narrow) = (shape.numel(), gain / (fan_in as f64).sqrt());
        let key = Key::new(seed, Stream::Init);
        Ok(match self {
            Self::Zeros => vec![0.0; count],
            Self::Ones => vec![1.0; count],
            Self::Uniform => uniforms(key, index, count).map(|u| u * gain).collect(),
            Self::Normal => normals(key, index, count).map(|z| z * gain).collect(),
            Self::Kaiming => normals(key, index, count).map(|z| z * narrow).collect(),
            Self::Golden => {
                let factors = golden_factors(&norms.norms(shape.last())?);
                normals(key, index, count).zip(factors.iter().cycle()).map(|(z, f)| z * f * narrow).collect()
            }
        })
    }
}

/// The numbers that a law scales by.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// Factor of the standard deviation, or of the bound.
    pub gain: f64,
    /// Number of inputs that are added into one output.
    pub fan_in: usize,
}

/// Returns standard deviations by mode, with mean square 1.
fn golden_factors(norms: &[f64]) -> Vec<f64> {
    let variances: Vec<f64> = norms.iter().map(|&n| golden_weight(n).max(GOLDEN_FLOOR)).collect();
    let mean = variances.iter().sum::<f64>() / variances.len() as f64;
    variances.iter().map(|v| (v / mean).sqrt()).collect()
}

fn normals(key: Key, index: u32, count: usize) -> impl Iterator<Item = f64> {
    let mut values = vec![0.0; count];
    fill_normals(key, index, 0, 0, &mut values);
    values.into_iter().map(f64::from)
}

/// Returns odd multiples of 2^-32 in (-1, 1).
fn uniforms(key: Key, index: u32, count: usize) -> impl Iterator<Item = f64> {
    const UNIT: f64 = 1.0 / (1_u64 << 31) as f64;
    let blocks = (0..count.div_ceil(4)).flat_map(move |block| philox([block as u32, index, 1, 0], key));
    blocks.take(count).map(|word| (f64::from(word) + 0.5) * UNIT - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(law: Law, dims: [usize; 2], gain: f64) -> Vec<f64> {
        let scale = Scale { gain, fan_in: dims[1] };
        law.draw(&Shape::from(dims), &ModeNorms::Scaled, scale, 1, 2).unwrap()
    }

    fn variance(values: &[f64]) -> f64 {
        values.iter().map(|x| x * x).sum::<f64>() / values.len() as f64
    }

    #[test]
    fn variances_follow_the_laws() {
        let dims = [400, 250];
        // The variance of 10^5 squares of normals is right to 0.45 % (one standard deviation); 2 % is over four.
        let check = |law, want: f64| assert!((variance(&draw(law, dims, 0.5)) / want - 1.0).abs() < 0.02, "{law:?}");
        check(Law::Uniform, 0.25 / 3.0);
        check(Law::Normal, 0.25);
        check(Law::Kaiming, 0.25 / 250.0);
        check(Law::Golden, 0.25 / 250.0);
        assert!(draw(Law::Ones, dims, 0.5).iter().all(|&x| x == 1.0));
    }

    #[test]
    fn golden_keeps_every_mode_alive() {
        let values = draw(Law::Golden, [4000, 10], 1.0);
        let column = |i: usize| variance(&values.iter().skip(i).step_by(10).copied().collect::<Vec<_>>());
        assert!(column(0) > 3.0 * column(5));
        assert!(column(9) > 0.005 * column(0));
    }

    #[test]
    fn draws_depend_on_seed_and_index_alone() {
        let draw = |seed, index, rows: usize| {
            let scale = Scale { gain: 1.0, fan_in: 3 };
            Law::Uniform.draw(&Shape::from([rows, 3]), &ModeNorms::Raw, scale, seed, index).unwrap()
        };
        assert_eq!(draw(1, 2, 5), draw(1, 2, 5));
        assert_eq!(draw(1, 2, 5)[..6], draw(1, 2, 2)[..]);
        assert_ne!(draw(1, 2, 5), draw(2, 2, 5));
        assert_ne!(draw(1, 2, 5), draw(1, 3, 5));
        assert!(draw(1, 1, 1000).iter().all(|u| u.abs() < 1.0));
    }

    #[test]
    fn bad_scales_are_refused() {
        for scale in
            [Scale { gain: f64::NAN, fan_in: 1 }, Scale { gain: -1.0, fan_in: 1 }, Scale { gain: 1.0, fan_in: 0 }]
        {
            assert!(Law::Kaiming.draw(&Shape::from([1]), &ModeNorms::Raw, scale, 0, 0).is_err());
        }
        assert!(Law::from_name("he").is_err());
    }
}
