//! Operations on whole rows of a resonant tensor: softmax, layer normalisation, a bias, dropout.

use easy_ext::ext;
use syntonic_core::exact::constants::PHI_INVERSE;
use syntonic_core::tensor::philox::{Key, Stream, philox};
use syntonic_core::tensor::{Real, Resonant, Values};
use syntonic_core::{Error, Result};

use super::arithmetic::ExactArithmetic;
use super::derive::{Derive, TakeValues};
use super::layout::{around, axis};
use super::scalar::{Scalar, ScalarArithmetic};

/// Operations on whole rows.
#[ext(Rows)]
impl Resonant {
    /// Returns e^x / sum e^x over an axis. The result is in flux, so that rows sum to 1, unless a precision is given.
    ///
    /// # Errors
    /// `Error::Value` for an axis that does not exist, and what a snap refuses.
    pub fn softmax(&self, dim: i64, precision: Option<i64>) -> Result<Resonant> {
        let axis = axis("softmax", self.shape().rank(), dim)?;
        let (outer, size, inner) = around(self.shape(), axis);
        let mut x = self.values();
        for (o, i) in (0..outer).flat_map(|o| (0..inner).map(move |i| (o, i))) {
            let lane = || (0..size).map(|k| (o * size + k) * inner + i);
            let largest = lane().fold(f64::NEG_INFINITY, |m, n| if x[n].is_nan() { x[n] } else { m.max(x[n]) });
            // A row of nothing but -infinity has no largest entry to be even about: every entry counts alike.
            lane().for_each(|n| x[n] = if x[n] == largest { 1.0 } else { Real::exp(x[n] - largest) });
            let sum: f64 = lane().map(|n| x[n]).sum();
            lane().for_each(|n| x[n] /= sum);
        }
        let mut result = self.with_values(self.shape().clone(), Values::Flux(x), true)?;
        if precision.is_some() {
            result.crystallize(precision)?;
        }
        Ok(result)
    }

    /// Returns gamma s (x - mean) / sqrt(var + eps) + beta over the last axis; s = sqrt(1 / phi) if `golden`, else 1.
    ///
    /// The variance is that of the population, in two passes. The result is snapped if this tensor is crystallized.
    ///
    /// # Errors
    /// `Error::Shape` if gamma or beta are not one number per feature; `Error::Value` unless eps is finite and at least
    /// 0, and what a snap refuses.
    pub fn layer_norm(
        &self,
        gamma: Option<&[f64]>,
        beta: Option<&[f64]>,
        eps: f64,
        golden: bool,
        precision: Option<i64>,
    ) -> Result<Resonant> {
        let op = "layer_norm";
        let d = self.shape().last();
        if let Some(odd) = [gamma, beta].into_iter().flatten().find(|p| p.len() != d) {
            let expected = format!("{d} numbers in gamma and in beta, one per feature");
            return Err(Error::Shape { op, expected, got: odd.len().to_string() });
        }
        if !(eps.is_finite() && eps >= 0.0) {
            return Err(Error::Value { op, expected: "a finite eps of at least 0".into(), got: eps.to_string() });
        }
        let target = if golden { PHI_INVERSE.sqrt() } else { 1.0 };
        let mut x = self.values();
        for row in x.chunks_mut(d.max(1)) {
            let n = d as f64;
            let largest = row.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
            // Squares beyond the range of f64 are taken of a power of 2 less, beside which eps is nothing.
            let wide = largest.is_finite() && !(1e-150..1e150).contains(&largest) && largest > 0.0;
            let unit = if wide { 2.0_f64.powi((largest.log2().floor() as i32).clamp(-1022, 1022)) } else { 1.0 };
            row.iter_mut().for_each(|v| *v /= unit);
            let eps = eps / unit / unit;
            let mean = row.iter().sum::<f64>() / n;
            row.iter_mut().for_each(|v| *v -= mean);
            // What the rounded mean missed.
            let rest = row.iter().sum::<f64>() / n;
            let variance = (row.iter().map(|v| v * v).sum::<f64>() / n - rest * rest).max(0.0);
            let scale = target / (variance + eps).sqrt();
            // A constant row is its mean, whatever eps is.
            row.iter_mut().for_each(|v| *v = if variance == 0.0 { 0.0 * *v } else { (*v - rest) * scale });
            if let Some(gamma) = gamma {
                row.iter_mut().zip(gamma).for_each(|(v, g)| *v *= g);
            }
            if let Some(beta) = beta {
                row.iter_mut().zip(beta).for_each(|(v, b)| *v += b);
            }
        }
        self.with_floats(self.shape().clone(), x, true, precision)
    }

    /// Returns x + bias for every row: (..., d) and (d,); exact.
    ///
    /// # Errors
    /// `Error::Shape` unless the bias is one number per feature, `Error::Value` in flux, `Error::Overflow`.
    pub fn add_bias(&self, bias: &Resonant) -> Result<Resonant> {
        let d = self.shape().last();
        if self.shape().rank() == 0 || bias.shape().dims() != [d] {
            return Err(Error::Shape {
                op: "add_bias",
                expected: "(..., d) and (d,)".into(),
                got: format!("{} and {}", self.shape(), bias.shape()),
            });
        }
        let numbers: Vec<usize> = (0..self.shape().numel()).map(|i| i % d.max(1)).collect();
        self.add(&bias.with_values(self.shape().clone(), bias.state().take(&numbers)?, false)?)
    }

    /// Returns x with elements zeroed with probability p, and the others times 1 / (1 - p), exactly where the lattice
    /// has the product. The mask is a pure function of (seed, step, element).
    ///
    /// # Errors
    /// `Error::Value` unless 0 <= p < 1, `Error::Overflow`.
    pub fn dropout(&self, p: f64, seed: u32, step: u32) -> Result<Resonant> {
        if !(0.0..1.0).contains(&p) {
            return Err(Error::Value { op: "dropout", expected: "0 <= p < 1".into(), got: p.to_string() });
        }
        let result = self.scalar_mul(Scalar::from(1.0 / (1.0 - p)))?;
        let key = Key::new(seed, Stream::Dropout);
        // A word below this one is dropped.
        let bound = (p * 2.0_f64.powi(32)) as u64;
        let count = self.shape().numel();
        let words = (0..count.div_ceil(4)).flat_map(|block| philox([block as u32, u32::MAX, 0, step], key)).take(count);
        let keep: Vec<bool> = words.map(|word| u64::from(word) >= bound).collect();
        let values = match result.state() {
            Values::Flux(x) => Values::Flux(x.iter().zip(keep).map(|(&x, keep)| if keep { x } else { 0.0 }).collect()),
            Values::Lattice(points) => {
                Values::Lattice(points.points().zip(keep).map(|(x, keep)| if keep { x } else { (0, 0) }).collect())
            }
        };
        result.with_values(result.shape().clone(), values, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syntonic_core::tensor::ModeNorms;

    fn flux(dims: [usize; 2], values: &[f64]) -> Resonant {
        Resonant::new(dims, values.to_vec(), &ModeNorms::Raw, 100).unwrap()
    }

    #[test]
    fn softmax_rows_sum_to_one_and_are_stable() {
        let mut x = flux([2, 3], &[1.0, 2.0, 3.0, 1000.0, 1001.0, 1002.0]);
        x.crystallize(Some(2000)).unwrap();
        let y = x.softmax(-1, None).unwrap();
        assert_eq!(y.phase(), "flux");
        for row in y.values().chunks(3) {
            for (got, want) in
                row.iter().zip([0.090_030_573_170_380_46, 0.244_728_471_054_797_64, 0.665_240_955_774_821_9])
            {
                assert!((got - want).abs() < 1e-15);
            }
        }
        assert_eq!(x.softmax(0, Some(9)).unwrap().phase(), "crystallized");
        let even = flux([1, 2], &[f64::NEG_INFINITY; 2]).softmax(1, None).unwrap();
        assert_eq!(even.values(), [0.5, 0.5]);
        assert!(flux([1, 2], &[f64::NAN, 1.0]).softmax(1, None).unwrap().values().iter().all(|p| p.is_nan()));
        assert!(x.softmax(2, None).is_err());
    }

    #[test]
    fn layer_norm_has_the_golden_variance() {
        let x = flux([1, 4], &[1e8, 1e8 + 1.0, 1e8 + 2.0, 1e8 + 3.0]);
        for (golden, target) in [(true, PHI_INVERSE), (false, 1.0)] {
            let y = x.layer_norm(None, None, 0.0, golden, None).unwrap().values();
            let variance = y.iter().map(|v| v * v).sum::<f64>() / 4.0;
            assert!((variance - target).abs() < 1e-15 && y.iter().sum::<f64>().abs() < 1e-15);
        }
        let y = x.layer_norm(Some(&[2.0; 4]), Some(&[1.0; 4]), 1e-8, false, None).unwrap().values();
        assert!((y[0] - (1.0 - 2.0 * 1.5 / 1.25_f64.sqrt())).abs() < 1e-7);
        assert_eq!(flux([1, 2], &[5.0, 5.0]).layer_norm(None, None, 0.0, true, None).unwrap().values(), [0.0, 0.0]);
        assert!(x.layer_norm(Some(&[1.0]), None, 0.0, true, None).is_err());
        assert!(x.layer_norm(None, None, -1.0, true, None).is_err());
    }

    #[test]
    fn dropout_is_exact_where_it_can_be() {
        let mut x = flux([100, 100], &[3.0; 10_000]);
        x.crystallize(None).unwrap();
        let half = x.dropout(0.5, 1, 2).unwrap();
        assert_eq!(half.phase(), "crystallized");
        let kept = half.values().iter().filter(|&&v| v == 6.0).count();
        assert!((4_800..5_200).contains(&kept) && half.values().iter().all(|&v| v == 0.0 || v == 6.0));
        assert_eq!(half.values(), x.dropout(0.5, 1, 2).unwrap().values());
        assert_ne!(half.values(), x.dropout(0.5, 1, 3).unwrap().values());
        assert_eq!(x.dropout(0.0, 1, 2).unwrap().lattice(), x.lattice());
        assert_eq!(x.dropout(0.1, 1, 2).unwrap().phase(), "flux");
        assert!([1.0, -0.1, f64::NAN].into_iter().all(|p| x.dropout(p, 0, 0).is_err()));
    }

    #[test]
    fn a_bias_is_added_to_each_row() {
        let points = |dims: &[usize], pairs: &[(i64, i64)]| {
            Resonant::from_points(dims.to_vec(), pairs.iter().copied().collect(), &ModeNorms::Raw, 10).unwrap()
        };
        let (x, bias) = (points(&[2, 2], &[(1, 0), (2, 0), (3, 0), (4, 0)]), points(&[2], &[(0, 1), (5, 0)]));
        let sum = x.add_bias(&bias).unwrap();
        assert_eq!(sum.lattice().unwrap().points().collect::<Vec<_>>(), [(1, 1), (7, 0), (3, 1), (9, 0)]);
        assert!(x.add_bias(&x).is_err() && bias.add_bias(&points(&[1], &[(1, 0)])).is_err());
    }
}
