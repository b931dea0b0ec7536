//! Batch norm of (batch, features, ..) towards variance 1/phi, with running statistics: y = gamma sqrt(T) (x - mu) /
//! sqrt(var + eps) + beta for each feature.
//!
//! The running statistics are binary64 whatever the input is, and move by every step however small. They follow the
//! population variance of the batches.
//! Source of the running form: Ioffe and Szegedy, "Batch normalization", arXiv 1502.03167.

use super::GoldenNormMode;
use syntonic_core::exact::constants::PHI_INVERSE;
use syntonic_core::loops::channels::{self, Layout};
use syntonic_core::loops::columns::{Line, Statistics};
use syntonic_core::loops::extremes::least_variance;
use syntonic_core::ops::Element;
use syntonic_core::tensor::afford::afford;
use syntonic_core::tensor::{Buffer, DType, Real, Shape, Tensor};
use syntonic_core::{Error, Result};

const NAME: &str = "golden batch norm";

/// What a golden batch norm is.
#[derive(Clone, Debug, PartialEq)]
pub struct GoldenBatchNormConfig {
    /// Size of axis 1 of what comes in.
    pub num_features: usize,
    /// What is added to the variance.
    pub eps: f64,
    /// The share of each batch in the running statistics.
    pub momentum: f64,
    /// Whether there are a scale gamma and a shift beta for each feature.
    pub affine: bool,
    /// Whether running statistics are kept.
    pub track_running_stats: bool,
    /// The variance of the output before gamma and beta.
    pub mode: GoldenNormMode,
}

impl GoldenBatchNormConfig {
    /// Returns the usual settings for so many features.
    pub fn new(num_features: usize) -> Self {
        Self {
            num_features,
            eps: 1e-5,
            momentum: 0.1,
            affine: true,
            track_running_stats: true,
            mode: GoldenNormMode::Golden,
        }
    }
}

/// A golden batch norm with its running statistics.
#[derive(Clone, Debug)]
pub struct GoldenBatchNorm {
    config: GoldenBatchNormConfig,
    /// Empty unless affine.
    gamma: Vec<f64>,
    beta: Vec<f64>,
    running_mean: Vec<f64>,
    running_variance: Vec<f64>,
    batches: u64,
}

impl GoldenBatchNorm {
    /// Starts with gamma 1, beta 0, running mean 0 and running variance 1/phi.
    ///
    /// ```
    /// use syntonic_classic::norm::{GoldenBatchNorm, GoldenBatchNormConfig};
    /// use syntonic_core::tensor::Tensor;
    /// let mut norm = GoldenBatchNorm::new(GoldenBatchNormConfig { eps: 0.0, ..GoldenBatchNormConfig::new(1) })?;
    /// let y = norm.forward(&Tensor::new([2, 1], vec![1.0_f64, 3.0])?, true)?;
    /// assert!((y.to_f64()[1] - 0.618_033_988_749_895_f64.sqrt()).abs() < 1e-15);
    /// # Ok::<(), syntonic_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Error::Value` for no features, eps below 0 or a momentum outside 0..1.
    pub fn new(config: GoldenBatchNormConfig) -> Result<Self> {
        let fault = |expected: &str, got: String| Err(Error::Value { op: NAME, expected: expected.into(), got });
        let count = config.num_features;
        if count == 0 {
            return fault("num_features >= 1", "0".into());
        }
        if !(config.eps >= 0.0 && config.eps.is_finite()) {
            return fault("eps >= 0", config.eps.to_string());
        }
        if !(0.0..=1.0).contains(&config.momentum) {
            return fault("a momentum from 0 to 1", config.momentum.to_string());
        }
        afford::<[f64; 4]>(NAME, count)?;
        let affine = if config.affine { count } else { 0 };
        Ok(Self {
            gamma: vec![1.0; affine],
            beta: vec![0.0; affine],
            running_mean: vec![0.0; count],
            running_variance: vec![PHI_INVERSE; count],
            batches: 0,
            config,
        })
    }

    /// Returns the settings.
    pub fn config(&self) -> &GoldenBatchNormConfig {
        &self.config
    }

    /// Returns the running means.
    pub fn running_mean(&self) -> &[f64] {
        &self.running_mean
    }

    /// Returns the running variances.
    pub fn running_variance(&self) -> &[f64] {
        &self.running_variance
    }

    /// Returns how many batches the running statistics have seen.
    pub fn batches(&self) -> u64 {
        self.batches
    }

    /// Returns gamma and beta, empty unless affine.
    pub fn affine(&self) -> (&[f64], &[f64]) {
        (&self.gamma, &self.beta)
    }

    /// Sets gamma and beta.
    ///
    /// # Errors
    /// `Error::Shape` unless there is one of each for every feature.
    pub fn set_affine(&mut self, gamma: Vec<f64>, beta: Vec<f64>) -> Result<()> {
        let count = self.config.num_features;
        for (name, values) in [("gamma", &gamma), ("beta", &beta)] {
            if values.len() != count {
                return Err(Error::Shape {
                    op: NAME,
                    expected: format!("{name} of {count} values, one for each feature"),
                    got: values.len().to_string(),
                });
            }
        }
        (self.gamma, self.beta) = (gamma, beta);
        Ok(())
    }

    /// Normalises x: with the statistics of this batch when training (which the running ones then follow) or when none
    /// are kept, else with the running ones.
    ///
    /// # Errors
    /// `Error::Shape` unless x is (batch, num_features, ..) without an axis of size 0.
    pub fn forward(&mut self, x: &Tensor, training: bool) -> Result<Tensor> {
        let dims = x.shape().dims();
        if dims.len() < 2 || dims[1] != self.config.num_features || x.shape().numel() == 0 {
            return Err(Error::Shape {
                op: NAME,
                expected: format!("(batch, {}, ..) without an axis of size 0", self.config.num_features),
                got: x.shape().to_string(),
            });
        }
        match x.dtype() {
            DType::F32 => self.forward_as::<f32>(x, training),
            DType::F64 => self.forward_as::<f64>(x, training),
        }
    }

    fn forward_as<T: Element>(&mut self, x: &Tensor, training: bool) -> Result<Tensor> {
        let layout = layout(x.shape());
        let mut out = Buffer::<T>::stale(x.shape().numel());
        if training || !self.config.track_running_stats {
            let decide = |c: usize, found: &Statistics<T>| self.line(c, found);
            let found =
                channels::normalise(T::slice(x), layout, least_variance(self.config.eps), out.values_mut(), decide);
            if training && self.config.track_running_stats {
                self.follow(&found);
            }
        } else {
            let lines: Vec<Line<T>> = (0..layout.channels)
                .map(|c| {
                    let shift = T::from_f64(self.running_mean[c]);
                    let rest = T::from_f64(self.running_mean[c] - shift.to_f64());
                    let variance = T::from_f64(self.running_variance[c]);
                    self.line(c, &Statistics { unit: T::ONE, shift, rest, variance })
                })
                .collect();
            channels::apply(&lines, T::slice(x), layout.inner, out.values_mut());
        }
        Tensor::new(x.shape().clone(), T::storage(out))
    }

    fn line<T: Real>(&self, c: usize, found: &Statistics<T>) -> Line<T> {
        let line = found.line(self.config.eps, self.config.mode.variance());
        let number = |values: &[f64], other: f64| T::from_f64(values.get(c).copied().unwrap_or(other));
        let scale = line.scale * number(&self.gamma, 1.0);
        Line { scale, offset: (-found.rest).fma(scale, number(&self.beta, 0.0)), ..line }
    }

    fn follow<T: Real>(&mut self, found: &[Statistics<T>]) {
        self.batches += 1;
        let share = self.config.momentum;
        let step = |old: &mut f64, new: f64| *old += share * (new - *old);
        for (c, found) in found.iter().enumerate() {
            let unit = found.unit.to_f64();
            step(&mut self.running_mean[c], (found.shift.to_f64() + found.rest.to_f64()) * unit);
            step(&mut self.running_variance[c], found.variance.to_f64() * unit * unit);
        }
    }
}

fn layout(shape: &Shape) -> Layout {
    Layout { channels: shape.dims()[1], inner: shape.dims()[2..].iter().product() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn running_statistics_follow_the_batches_and_serve_evaluation() {
        let mut norm = GoldenBatchNorm::new(GoldenBatchNormConfig::new(2)).unwrap();
        let x = Tensor::new([2, 2, 3], vec![1.0_f64, 2.0, 3.0, 0.0, 0.0, 0.0, 4.0, 5.0, 6.0, 1.0, 1.0, 1.0]).unwrap();
        norm.forward(&x, true).unwrap();
        assert_eq!(norm.batches(), 1);
        assert!((norm.running_mean()[0] - 0.35).abs() < 1e-15 && (norm.running_mean()[1] - 0.05).abs() < 1e-15);
        let variance = 0.9 * PHI_INVERSE + 0.1 * (35.0 / 12.0);
        assert!((norm.running_variance()[0] - variance).abs() < 1e-15);
        let y = norm.forward(&x, false).unwrap();
        assert_eq!(norm.batches(), 1);
        let want = (1.0 - 0.35) * (PHI_INVERSE / (variance + 1e-5)).sqrt();
        assert!((y.to_f64()[0] - want).abs() < 1e-14);
    }

    #[test]
    fn a_fresh_norm_evaluates_to_what_came_in() {
        let mut norm =
            GoldenBatchNorm::new(GoldenBatchNormConfig { eps: 0.0, ..GoldenBatchNormConfig::new(2) }).unwrap();
        let x = Tensor::new([1, 2], vec![0.5_f64, -3.0]).unwrap();
        assert_eq!(norm.forward(&x, false).unwrap().to_f64(), [0.5, -3.0]);
    }

    #[test]
    fn layouts_of_the_same_numbers_agree() {
        // One sample of many rows, and many samples of one row: the same channel, summed in the same order.
        let values: Vec<f64> = (0..999).map(|i| f64::from((i * 7919) % 1000) + 1e8).collect();
        let mut norm = GoldenBatchNorm::new(GoldenBatchNormConfig::new(1)).unwrap();
        let wide = norm.forward(&Tensor::new([1, 1, 999], values.clone()).unwrap(), true).unwrap();
        let tall = norm.forward(&Tensor::new([999, 1], values).unwrap(), true).unwrap();
        assert_eq!(wide.to_f64(), tall.to_f64());
    }

    #[test]
    fn misfits_are_errors() {
        assert!(GoldenBatchNorm::new(GoldenBatchNormConfig::new(0)).is_err());
        assert!(
            GoldenBatchNorm::new(GoldenBatchNormConfig { momentum: 1.5, ..GoldenBatchNormConfig::new(1) }).is_err()
        );
        let mut norm = GoldenBatchNorm::new(GoldenBatchNormConfig::new(3)).unwrap();
        assert!(norm.set_affine(vec![1.0; 3], vec![0.0; 2]).is_err());
        for dims in [vec![3], vec![2, 4], vec![0, 3], vec![2, 3, 0]] {
            let x = Tensor::full(dims, DType::F32, 0.0).unwrap();
            assert!(norm.forward(&x, true).is_err());
        }
    }
}
