//! The variance of numbers whose mean was taken off, and what scales it to another.

use crate::tensor::Real;

/// Sums of d and d^2 over `count` elements, with d = x - mean as the mean was rounded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moments<T> {
    pub rest: T,
    pub squares: T,
    pub count: T,
}

impl<T: Real> Moments<T> {
    /// Returns the population variance, never below 0.
    #[inline(always)]
    pub fn variance(self) -> T {
        let variance = (self.squares - self.rest * (self.rest / self.count)) / self.count;
        if variance < T::ZERO { T::ZERO } else { variance }
    }

    /// Returns sqrt(target / (var + eps)).
    #[inline(always)]
    pub fn scale(self, eps: T, target: T) -> T {
        (target / (self.variance() + eps)).sqrt()
    }
}
