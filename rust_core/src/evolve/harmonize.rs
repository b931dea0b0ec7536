//! Syntony of the genome and the H phase that damps its high modes.

use crate::exact::constants::PHI;

/// Returns S = sum x^2 w / sum x^2 over all parameters; 0 if there is no energy.
///
/// `weights` holds w(n) for each mode of each parameter's last axis, and repeats along its other axes.
pub fn syntony<'a>(values: &[f64], weights: impl IntoIterator<Item = (usize, &'a [f64])>) -> f64 {
    let (mut low, mut total) = (0.0, 0.0);
    let mut rest = values;
    for (numel, weights) in weights {
        let (these, others) = rest.split_at(numel);
        for row in these.chunks(weights.len().max(1)) {
            for (x, w) in row.iter().zip(weights) {
                low += x * x * w;
                total += x * x;
            }
        }
        rest = others;
    }
    if total == 0.0 { 0.0 } else { low / total }
}

/// Damps each mode: x <- x (1 - beta (1 - w)), beta = strength * S / phi.
pub fn harmonize<'a>(
    values: &mut [f64],
    strength: f64,
    syntony: f64,
    weights: impl IntoIterator<Item = (usize, &'a [f64])>,
) {
    let beta = strength * syntony / PHI;
    let mut rest = values;
    for (numel, weights) in weights {
        let (these, others) = rest.split_at_mut(numel);
        for row in these.chunks_mut(weights.len().max(1)) {
            for (x, w) in row.iter_mut().zip(weights) {
                *x *= 1.0 - beta * (1.0 - w);
            }
        }
        rest = others;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmonizing_raises_syntony_and_keeps_the_zero_mode() {
        let weights = [1.0, 0.5, 0.1];
        let list = || [(6, weights.as_slice())];
        let mut x = [1.0, 2.0, 3.0, -1.0, 0.5, 2.0];
        let before = syntony(&x, list());
        harmonize(&mut x, 1.0, before, list());
        assert!(syntony(&x, list()) > before);
        assert_eq!((x[0], x[3]), (1.0, -1.0));
        assert_eq!(syntony(&[0.0; 6], list()), 0.0);
    }
}
