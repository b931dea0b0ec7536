//! The H phase: x <- x (1 - beta (1 - w)), which damps high modes.

use pulp::{Arch, NullaryFnOnce};

/// Multiplies rows of `weights.len()` features by 1 - beta (1 - w).
pub fn harmonize(values: &mut [f64], weights: &[f64], beta: f64) {
    struct Damp<'a>(&'a mut [f64], &'a [f64], f64);
    impl NullaryFnOnce for Damp<'_> {
        type Output = ();

        #[inline(always)]
        fn call(self) {
            for row in self.0.chunks_mut(self.1.len().max(1)) {
                for (x, w) in row.iter_mut().zip(self.1) {
                    *x *= 1.0 - self.2 * (1.0 - w);
                }
            }
        }
    }
    Arch::new().dispatch(Damp(values, weights, beta));
}
