//! Syntony of the whole genome, and the H phase that damps its high modes.

use crate::Result;
use crate::exact::constants::PHI;
use crate::tensor;

/// Each parameter's number of elements and the w(n) of its last axis.
pub(super) type Modes<'a> = (usize, &'a [f64]);

/// Returns S = sum x^2 w / sum x^2 over all parameters; 0 if there is no energy.
pub(super) fn syntony<'a>(values: &[f64], modes: impl Iterator<Item = Modes<'a>>) -> Result<f64> {
    let (mut low, mut total) = (0.0, 0.0);
    let mut rest = values;
    for (numel, weights) in modes {
        let (these, others) = rest.split_at(numel);
        let (weighted, energy) = tensor::energy(these, weights)?;
        (low, total) = (low + weighted, total + energy);
        rest = others;
    }
    Ok(if total == 0.0 { 0.0 } else { low / total })
}

/// Damps each mode: x <- x (1 - beta (1 - w)), beta = strength * S / phi.
pub(super) fn harmonize<'a>(values: &mut [f64], strength: f64, syntony: f64, modes: impl Iterator<Item = Modes<'a>>) {
    let mut rest = values;
    for (numel, weights) in modes {
        let (these, others) = rest.split_at_mut(numel);
        tensor::harmonize(these, weights, strength * syntony / PHI);
        rest = others;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmonizing_raises_syntony_and_keeps_the_zero_mode() {
        let weights = [1.0, 0.5, 0.1];
        let modes = || [(6, weights.as_slice()), (3, weights.as_slice())].into_iter();
        let mut x = [1.0, 2.0, 3.0, -1.0, 0.5, 2.0, 0.0, 0.0, 1.0];
        let before = syntony(&x, modes()).unwrap();
        harmonize(&mut x, 1.0, before, modes());
        assert!(syntony(&x, modes()).unwrap() > before);
        assert_eq!((x[0], x[3]), (1.0, -1.0));
        assert_eq!(syntony(&[0.0; 9], modes()).unwrap(), 0.0);
    }
}
