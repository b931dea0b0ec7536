//! What a snap costs, and deepening it: distance, gradient, and the dwell that raises the precision until it fits.
//!
//! The snap gradient is g = snap(x) - x. Every pass of a dwell snaps the values from before the first one, so that the
//! error falls as 1 / precision; snapping what was snapped already would change nothing.

use easy_ext::ext;
use syntonic_core::exact::constants::PHI;
use syntonic_core::exact::snap::{MAX_PRECISION, Snapper, residual};
use syntonic_core::tensor::Resonant;
use syntonic_core::{Error, Result};

use super::cycle::{CycleParts, Noise};
use super::derive::Derive;
use super::layout::Moves;

/// What a dwell came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dwell {
    /// The precision of the last snap.
    pub precision: i64,
    /// The root mean square of snap(x) - x at that precision.
    pub error: f64,
    /// How many precisions were tried.
    pub passes: u32,
}

/// Returns snap(x) - x of every value at one precision.
///
/// # Errors
/// `Error::Value` for NaN, infinity or a precision out of range.
pub fn snap_gradient(values: &[f64], precision: i64) -> Result<Vec<f64>> {
    let snapper = Snapper::new(precision)?;
    let gradient = |&x: &f64| snapper.snap(x).map(|(a, b)| -residual(x, a, b));
    values.iter().map(gradient).collect()
}

/// Returns the length of snap(x) - x.
///
/// # Errors
/// As [`snap_gradient`].
pub fn snap_distance(values: &[f64], precision: i64) -> Result<f64> {
    Ok(snap_gradient(values, precision)?.into_iter().fold(0.0, |sum, g| sum + g * g).sqrt())
}

/// Dwells, and cycles of every sample.
#[ext(Dwelling)]
impl Resonant {
    /// Crystallizes at the first precision p, ceil(p phi), ceil(ceil(p phi) phi), .. at which the root mean square of
    /// snap(x) - x is at most `tolerance`, or else at `max_precision`. The precision becomes the tensor's own.
    /// Values beyond its last point become that point, unless it is the one that was given.
    ///
    /// # Errors
    /// `Error::Value` for a tolerance that is negative or NaN, a precision out of range, NaN or infinity; the tensor is
    /// then unchanged.
    pub fn dwell(&mut self, tolerance: f64, max_precision: Option<i64>) -> Result<Dwell> {
        if tolerance.is_nan() || tolerance < 0.0 {
            let expected = "a tolerance of at least 0".to_owned();
            return Err(Error::Value { op: "dwell", expected, got: tolerance.to_string() });
        }
        let values = self.values();
        let deepest =
            max_precision.unwrap_or_else(|| deeper(5 * self.precision().min(MAX_PRECISION / 5), MAX_PRECISION));
        let mut precision = self.precision().min(deepest);
        for passes in 1.. {
            let error = snap_distance(&values, precision)? / (values.len().max(1) as f64).sqrt();
            if error <= tolerance || precision >= deepest {
                match max_precision {
                    Some(given) if given == precision => self.crystallize(max_precision)?,
                    _ => self.saturate(precision)?,
                }
                return Ok(Dwell { precision, error, passes });
            }
            precision = deeper(precision, deepest);
        }
        Err(Error::Internal { what: "a dwell is endless".to_owned() })
    }

    /// Runs a cycle on every sample (entry of axis 0) as if it were a tensor of its own; returns their new syntonies.
    ///
    /// Sample i has its own S, and noise of (seed, step, i, element), so that it does not matter what lies beside it.
    ///
    /// # Errors
    /// `Error::Shape` for fewer than two axes, and as `cpu_cycle`; the tensor is unchanged then.
    pub fn batch_cpu_cycle(&mut self, noise: Noise, precision: Option<i64>) -> Result<Vec<f64>> {
        let op = "batch_cpu_cycle";
        let (Some((&count, rest)), true) = (self.shape().dims().split_first(), self.shape().rank() >= 2) else {
            let got = format!("shape {}", self.shape());
            return Err(Error::Shape { op, expected: "at least two axes, samples first".into(), got });
        };
        if count == 0 {
            return Ok(Vec::new());
        }
        let rest: Vec<i64> = rest.iter().map(|&size| size as i64).collect();
        let mut samples = (0..count).map(|i| self.index_select(0, &[i])?.reshape(&rest)).collect::<Result<Vec<_>>>()?;
        let cycled = samples.iter_mut().enumerate().map(|(i, sample)| sample.cycle_of(i as u32, noise, precision));
        let syntonies = cycled.collect::<Result<Vec<_>>>()?;
        *self = self.with_values(self.shape().clone(), Resonant::chain(&samples), true)?;
        self.crystallize(precision)?;
        self.cut = samples.iter().find_map(|sample| sample.cut);
        Ok(syntonies)
    }
}

/// Returns ceil(precision * phi), which is more than `precision`, but at most `limit`.
fn deeper(precision: i64, limit: i64) -> i64 {
    ((precision as f64 * PHI).ceil() as i64).max(precision.saturating_add(1)).min(limit)
}

#[cfg(test)]
mod tests {
    use super::super::cycle::Cycle;
    use super::*;
    use syntonic_core::tensor::ModeNorms;

    const NOISE: Noise = Noise { scale: 0.1, weighted: true, seed: 4, step: 5 };

    fn flux(dims: &[usize], values: &[f64]) -> Resonant {
        Resonant::new(dims.to_vec(), values.to_vec(), &ModeNorms::Scaled, 10).unwrap()
    }

    #[test]
    fn a_gradient_leads_to_the_nearest_point() {
        let x = [0.3, -1.2, 0.77];
        for (g, x) in snap_gradient(&x, 100).unwrap().iter().zip(x) {
            assert!(snap_gradient(&[x + g], 100).unwrap()[0].abs() < 1e-15);
        }
        assert_eq!(snap_distance(&[], 10), Ok(0.0));
        assert!(snap_distance(&[f64::NAN], 10).is_err() && snap_distance(&[1.0], 0).is_err());
    }

    #[test]
    fn a_dwell_deepens_until_it_is_near_enough() {
        let values: Vec<f64> = (0..200).map(|i| (f64::from(i) * 0.37).sin() * 2.0).collect();
        let mut x = flux(&[200], &values);
        let found = x.dwell(1e-4, Some(100_000)).unwrap();
        assert!(found.error <= 1e-4 && found.passes > 5 && x.precision() == found.precision);
        // One precision earlier it was not.
        let before = snap_distance(&values, (found.precision as f64 / PHI) as i64).unwrap() / 200.0_f64.sqrt();
        assert!(before > 1e-4);
        let mut shallow = flux(&[200], &values);
        assert_eq!(shallow.dwell(0.0, None).unwrap().precision, 81); // ceil(5 * 10 phi)
        assert_eq!(flux(&[1], &[0.0]).dwell(0.0, None).unwrap().passes, 1);
        assert!(flux(&[1], &[0.5]).dwell(-1.0, None).is_err());
        assert!(flux(&[1], &[0.5]).dwell(0.0, Some(0)).is_err());
        assert!(flux(&[1], &[f64::NAN]).dwell(0.0, None).is_err());
    }

    #[test]
    fn a_sample_does_not_see_its_neighbours() {
        let rows = [[0.4, 0.3, -0.2], [1.0, -0.9, 0.1], [0.4, 0.3, -0.2]];
        let mut batch = flux(&[3, 3], rows.as_flattened());
        let syntonies = batch.batch_cpu_cycle(NOISE, Some(50)).unwrap();
        let mut alone = flux(&[3], &rows[0]);
        assert_eq!(alone.cpu_cycle(NOISE, Some(50)).unwrap(), syntonies[0]);
        assert_eq!(alone.values(), batch.values()[..3]);
        assert_ne!(batch.values()[..3], batch.values()[6..]);
        let mut other = flux(&[3, 3], [[9.0; 3], rows[1], [7.0; 3]].as_flattened());
        other.batch_cpu_cycle(NOISE, Some(50)).unwrap();
        assert_eq!(other.values()[3..6], batch.values()[3..6]);
        assert_eq!((batch.precision(), batch.phase()), (50, "crystallized"));
        assert!(flux(&[3], &rows[0]).batch_cpu_cycle(NOISE, None).is_err());
        assert_eq!(flux(&[0, 3], &[]).batch_cpu_cycle(NOISE, None), Ok(vec![]));
    }
}
