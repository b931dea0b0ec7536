//! Statistics of finite numbers whose sums or squares leave their format, found in units of a power of 2.

use crate::tensor::{DType, Real};

/// What a norm does with each column: y = (x * factor - shift) * scale + offset.
#[derive(Clone, Debug)]
pub struct Line<T> {
    /// A power of 2, 1 but for numbers whose squares leave the format.
    pub factor: T,
    /// What is taken off first.
    pub shift: T,
    /// The factor.
    pub scale: T,
    /// What is added last.
    pub offset: T,
}

/// The mean of a column, as shift + rest, and its population variance, both of the numbers divided by `unit`.
#[derive(Clone, Copy, Debug)]
pub struct Statistics<T> {
    /// A power of 2, 1 but for numbers whose squares leave the format.
    pub unit: T,
    /// The mean but for its rounding.
    pub shift: T,
    /// What the rounding lost.
    pub rest: T,
    /// The population variance.
    pub variance: T,
}

impl<T: Real> Statistics<T> {
    /// Returns what makes the mean 0 and the variance `target`, `eps` being added to the variance first.
    pub fn line(&self, eps: f64, target: f64) -> Line<T> {
        let unit = self.unit.to_f64();
        let spread = self.variance + T::from_f64(eps / unit / unit);
        // Beside such numbers eps is nothing, but equal ones are still 0.
        let lost = spread == T::ZERO && eps > 0.0;
        let scale = if lost { T::ZERO } else { (T::from_f64(target) / spread).sqrt() };
        Line { factor: T::ONE / self.unit, shift: self.shift, scale, offset: -self.rest * scale }
    }
}

/// Mean and population variance of some numbers, divided by `unit`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scaled {
    unit: f64,
    mean: f64,
    variance: f64,
    count: f64,
}

impl Scaled {
    /// Finds them; nothing for no numbers, or where one is infinite or NaN.
    #[cold]
    #[inline(never)]
    pub fn of<T: Real>(x: impl Iterator<Item = T> + Clone) -> Option<Self> {
        let numbers = || x.clone().map(Real::to_f64);
        let first = numbers().next()?;
        let largest = numbers().try_fold(0.0_f64, |most, x| x.is_finite().then(|| most.max(x.abs())))?;
        // Both the unit and its inverse are numbers of the format.
        let limit = if T::DTYPE == DType::F32 { 126 } else { 1022 };
        let exponent = if largest == 0.0 { 0 } else { largest.log2().floor() as i32 };
        let unit = 2.0_f64.powi(exponent.clamp(-limit, limit));
        // From the first number on: what all have in common costs no digits, and equal numbers have no variance at all.
        let offsets = || numbers().map(|x| x / unit - first / unit);
        let count = numbers().count() as f64;
        let mean = offsets().sum::<f64>() / count;
        let variance = offsets().map(|d| (d - mean) * (d - mean)).sum::<f64>() / count;
        Some(Self { unit, mean: first / unit + mean, variance, count })
    }

    /// Returns the sum.
    pub fn sum(&self) -> f64 {
        self.mean * self.count * self.unit
    }

    /// Returns the mean.
    pub fn mean(&self) -> f64 {
        self.mean * self.unit
    }

    /// Returns the population variance.
    pub fn variance(&self) -> f64 {
        self.variance * self.unit * self.unit
    }

    /// Returns what a norm is made of.
    pub fn statistics<T: Real>(&self) -> Statistics<T> {
        let shift = T::from_f64(self.mean);
        let rest = T::from_f64(self.mean - shift.to_f64());
        Statistics { unit: T::from_f64(self.unit), shift, rest, variance: T::from_f64(self.variance) }
    }
}

/// Returns the least variance that a norm with this `eps` may trust: below it squares have lost their digits.
pub fn least_variance<T: Real>(eps: f64) -> T {
    let least = if T::DTYPE == DType::F32 { 2.0_f64.powi(-102) } else { 2.0_f64.powi(-969) };
    if eps >= least { T::ZERO } else { T::from_f64(least) }
}

/// Returns whether a variance can be trusted.
#[inline(always)]
pub(crate) fn is_sound<T: Real>(variance: T, least: T) -> bool {
    variance >= least && variance < T::INFINITY
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_at_both_ends_of_a_format() {
        for (low, high) in [(1e25, 3e38), (1e-30, 1e-38)] {
            for x in [low, high] {
                let found = Scaled::of([x, -x, x, -x].map(|x: f64| x as f32).into_iter()).unwrap();
                assert!((found.mean().abs(), found.sum().abs()) == (0.0, 0.0));
                assert!((found.variance() / (x * x) - 1.0).abs() < 1e-6);
                let equal = Scaled::of([x as f32; 3].into_iter()).unwrap();
                assert!((equal.variance(), equal.mean() as f32) == (0.0, x as f32));
            }
        }
        let found = Scaled::of([1.7e308, -1.7e308, 1.7e308].into_iter()).unwrap();
        assert!((found.mean() / (1.7e308 / 3.0) - 1.0).abs() < 1e-15 && found.variance().is_infinite());
        assert!(Scaled::of([1.0_f32, f32::INFINITY].into_iter()).is_none());
        assert!(Scaled::of(std::iter::empty::<f32>()).is_none());
    }
}
