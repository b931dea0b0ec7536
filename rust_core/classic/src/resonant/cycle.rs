//! One cycle of a resonant tensor: differentiate (D), harmonize (H), crystallize.
//!
//! - D: x <- x (1 + alpha |n|) + noise_scale (1 - S) g z, alpha = phi^-2 (1 - S), z normal, g = 1 or e^(-n^2 / (4 phi)).
//! - H: x <- x (1 - beta (1 - w)), beta = strength S / phi.

use easy_ext::ext;
use syntonic_core::exact::constants::PHI;
use syntonic_core::tensor::philox::{Key, Stream, fill_normals};
use syntonic_core::tensor::{Resonant, golden_weight, harmonize};
use syntonic_core::{Error, Result};

/// The noise of a D phase: a pure function of (seed, step, element).
#[derive(Clone, Copy, Debug)]
pub struct Noise {
    /// Standard deviation at S = 0.
    pub scale: f64,
    /// Whether high modes get less: e^(-n^2 / (4 phi)).
    pub weighted: bool,
    /// Seed of the run.
    pub seed: u32,
    /// Number of the cycle.
    pub step: u32,
}

/// The steps of a cycle.
#[ext(Cycle)]
impl Resonant {
    /// Applies H with beta = strength S / phi, S of the present values. Strength 1 is the theory's own.
    ///
    /// # Errors
    /// `Error::Value` unless the tensor is in flux and the strength is finite and at least 0.
    pub fn harmonize(&mut self, strength: f64) -> Result<()> {
        at_least_zero("harmonize", "strength", strength)?;
        let beta = strength * self.syntony()? / PHI;
        self.harmonize_by("harmonize", beta)
    }

    /// Applies D with S of the present values.
    ///
    /// # Errors
    /// `Error::Value` unless the tensor is in flux and the noise scale is finite and at least 0.
    pub fn differentiate(&mut self, noise: Noise) -> Result<()> {
        self.differentiate_sample(0, noise)
    }

    /// Applies H to `values` with beta = S / phi, S of what the tensor held before, and snaps them into the tensor.
    ///
    /// # Errors
    /// `Error::Shape` for a wrong number of values; `Error::Value` for NaN, infinity or a precision out of range.
    pub fn crystallize_from_values(&mut self, values: &[f64], precision: Option<i64>) -> Result<()> {
        let beta = self.syntony()? / PHI;
        let mut next = self.clone();
        next.set_flux(values)?;
        next.harmonize_by("crystallize", beta)?;
        next.crystallize(precision)?;
        *self = next;
        Ok(())
    }

    /// Runs one cycle: wake, D, H with the S from before D, snap. Returns the new S.
    ///
    /// # Errors
    /// As the steps; the tensor is unchanged then.
    pub fn cpu_cycle(&mut self, noise: Noise, precision: Option<i64>) -> Result<f64> {
        self.cycle_of(0, noise, precision)
    }
}

#[ext(CycleParts)]
impl Resonant {
    pub(super) fn differentiate_sample(&mut self, sample: u32, noise: Noise) -> Result<()> {
        at_least_zero("differentiate", "noise scale", noise.scale)?;
        let missing = 1.0 - self.syntony()?;
        let alpha = missing / (PHI * PHI);
        let modes: Vec<(f64, f64)> = self.norms().iter().map(|&n| (1.0 + alpha * n.sqrt(), spread(n, noise))).collect();
        let values = self.floats_mut("differentiate")?;
        let mut normals = vec![0.0; values.len()];
        fill_normals(Key::new(noise.seed, Stream::Differentiation), sample, 0, noise.step, &mut normals);
        let all = values.iter_mut().zip(&normals).zip(modes.iter().cycle());
        all.for_each(|((x, &z), &(stretch, spread))| *x = *x * stretch + missing * spread * f64::from(z));
        Ok(())
    }

    /// Runs one cycle with the noise of sample number `sample`.
    pub(super) fn cycle_of(&mut self, sample: u32, noise: Noise, precision: Option<i64>) -> Result<f64> {
        let mut stirred = self.clone();
        stirred.wake_flux();
        stirred.differentiate_sample(sample, noise)?;
        self.crystallize_from_values(&stirred.values(), precision)?;
        self.syntony()
    }

    pub(super) fn harmonize_by(&mut self, op: &'static str, beta: f64) -> Result<()> {
        let weights = self.weights().to_vec();
        harmonize(self.floats_mut(op)?, &weights, beta);
        Ok(())
    }

    pub(super) fn floats_mut(&mut self, op: &'static str) -> Result<&mut [f64]> {
        self.flux_mut().ok_or_else(|| Error::Value {
            op,
            expected: "a tensor in flux: call wake_flux() first".into(),
            got: "a crystallized one".into(),
        })
    }
}

fn spread(norm: f64, noise: Noise) -> f64 {
    if noise.weighted { noise.scale * golden_weight(norm / 4.0) } else { noise.scale }
}

fn at_least_zero(op: &'static str, what: &str, given: f64) -> Result<()> {
    if given.is_finite() && given >= 0.0 {
        return Ok(());
    }
    Err(Error::Value { op, expected: format!("a finite {what} of at least 0"), got: given.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use syntonic_core::tensor::ModeNorms;

    const QUIET: Noise = Noise { scale: 0.0, weighted: false, seed: 1, step: 0 };

    fn tensor(values: &[f64]) -> Resonant {
        Resonant::new([values.len()], values.to_vec(), &ModeNorms::Raw, 1000).unwrap()
    }

    #[test]
    fn the_formulas_hold() {
        let x = [1.0, -2.0, 0.5];
        let w: Vec<f64> = [0.0, 1.0, 4.0].iter().map(|n: &f64| (-n / PHI).exp()).collect();
        let s = (1.0 + 4.0 * w[1] + 0.25 * w[2]) / 5.25;
        let mut d = tensor(&x);
        d.differentiate(QUIET).unwrap();
        let mut h = tensor(&x);
        h.harmonize(0.5).unwrap();
        for i in 0..3 {
            let stretch = 1.0 + (1.0 - s) / (PHI * PHI) * i as f64;
            assert!((d.values()[i] - x[i] * stretch).abs() < 1e-15);
            let shrink = 1.0 - 0.5 * s / PHI * (1.0 - w[i]);
            assert!((h.values()[i] - x[i] * shrink).abs() < 1e-15);
        }
    }

    #[test]
    fn noise_is_standard_times_what_is_missing_and_weighted_on_request() {
        let norms = ModeNorms::Given(vec![0.0, 4.0]);
        let stir = |first: usize, weighted| {
            let mut values = vec![0.0; 20_000];
            values[first] = 1e-9;
            let mut x = Resonant::new([10_000, 2], values, &norms, 100).unwrap();
            x.differentiate(Noise { scale: 0.1, weighted, seed: 3, step: 4 }).unwrap();
            let mode = |i: usize| x.values().iter().skip(i).step_by(2).map(|v| v * v).sum::<f64>() / 10_000.0;
            (mode(0), mode(1))
        };
        // S = 1 at the start, since mode 0 holds all: nothing is missing and nothing is added.
        assert!(stir(0, false).0 < 1e-15);
        let missing = 1.0 - golden_weight(4.0);
        let (low, high) = stir(1, false);
        assert!((low / (0.01 * missing * missing) - 1.0).abs() < 0.06, "{low}");
        assert!((high / low - 1.0).abs() < 0.08);
        let (low, high) = stir(1, true);
        assert!((high / low / golden_weight(2.0) - 1.0).abs() < 0.08);
    }

    #[test]
    fn a_cycle_is_d_then_h_with_the_first_syntony_then_snap() {
        let noise = Noise { scale: 0.2, weighted: true, seed: 9, step: 2 };
        let start = tensor(&[0.4, 0.3, -0.2, 0.9]);
        let mut cycled = start.clone();
        let s = cycled.cpu_cycle(noise, Some(50)).unwrap();
        let mut by_hand = start.clone();
        by_hand.differentiate(noise).unwrap();
        let mut values = by_hand.values();
        harmonize(&mut values, start.weights(), start.syntony().unwrap() / PHI);
        by_hand.set_flux(&values).unwrap();
        by_hand.crystallize(Some(50)).unwrap();
        assert_eq!(cycled.lattice(), by_hand.lattice());
        assert_eq!(s, by_hand.syntony().unwrap());
        assert_eq!(cycled.precision(), 50);
    }

    #[test]
    fn misuse_is_refused_and_changes_nothing() {
        let mut x = tensor(&[1.0, 2.0]);
        assert!(x.harmonize(f64::NAN).is_err());
        assert!(x.harmonize(-1.0).is_err());
        assert!(x.differentiate(Noise { scale: f64::INFINITY, ..QUIET }).is_err());
        assert!(x.crystallize_from_values(&[1.0], None).is_err());
        assert!(x.crystallize_from_values(&[f64::NAN, 1.0], None).is_err());
        assert_eq!((x.phase(), x.values()), ("flux", vec![1.0, 2.0]));
        x.crystallize(None).unwrap();
        assert!(x.harmonize(1.0).is_err());
    }
}
