//! Syntony: the share of the energy that lies in golden-weighted modes, S = sum x^2 w / sum x^2, in [0, 1].

use pulp::{Arch, NullaryFnOnce};

use crate::{Error, Result};

/// Partial sums per row: fixes the order of addition and leaves room for vector instructions.
const LANES: usize = 8;

/// Returns (sum x^2 w, sum x^2) over rows of `weights.len()` features, added in a fixed order.
///
/// Sums of several parameters give the syntony of a whole genome: the quotient of the added pairs.
///
/// # Errors
/// `Error::Shape` when the values are not whole rows.
pub fn energy(values: &[f64], weights: &[f64]) -> Result<(f64, f64)> {
    struct Energy<'a>(&'a [f64], &'a [f64]);
    impl NullaryFnOnce for Energy<'_> {
        type Output = Result<(f64, f64)>;

        #[inline(always)]
        fn call(self) -> Self::Output {
            scaled_energy(self.0, self.1, 1.0)
        }
    }
    Arch::new().dispatch(Energy(values, weights))
}

/// Returns S of rows of `weights.len()` features; 0 for no energy, NaN if a value is NaN or infinite.
///
/// ```
/// use syntonic_core::tensor::syntony;
/// assert_eq!(syntony(&[1.0, 1.0, 0.0, 2.0], &[1.0, 0.5])?, 3.5 / 6.0);
/// assert_eq!(syntony(&[0.0, 0.0], &[1.0, 0.5])?, 0.0);
/// # Ok::<(), syntonic_core::Error>(())
/// ```
///
/// # Errors
/// `Error::Shape` when the values are not whole rows.
pub fn syntony(values: &[f64], weights: &[f64]) -> Result<f64> {
    let (mut weighted, mut total) = energy(values, weights)?;
    if !(f64::MIN_POSITIVE..f64::MAX).contains(&total) {
        // The squares left the range of f64, though the values may be in it.
        let largest = values.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
        if largest == 0.0 && !total.is_nan() {
            return Ok(0.0);
        }
        (weighted, total) = scaled_energy(values, weights, largest)?;
    }
    Ok(weighted / total)
}

/// Inlined, so that a unit of 1 divides nothing.
#[inline(always)]
fn scaled_energy(values: &[f64], weights: &[f64], unit: f64) -> Result<(f64, f64)> {
    let d = weights.len();
    if values.is_empty() {
        return Ok((0.0, 0.0));
    }
    if d == 0 || !values.len().is_multiple_of(d) {
        return Err(Error::Shape {
            op: "syntony",
            expected: format!("whole rows of {d} features"),
            got: format!("{} values", values.len()),
        });
    }
    let (mut weighted, mut total) = ([0.0; LANES], [0.0; LANES]);
    for row in values.chunks_exact(d) {
        let (xs, tail) = row.as_chunks::<LANES>();
        let (ws, rest) = weights.as_chunks::<LANES>();
        // Loops instead of closures, which would not become part of the vector code.
        for (x, w) in xs.iter().zip(ws) {
            for lane in 0..LANES {
                let square = (x[lane] / unit) * (x[lane] / unit);
                weighted[lane] += square * w[lane];
                total[lane] += square;
            }
        }
        for lane in 0..tail.len() {
            let square = (tail[lane] / unit) * (tail[lane] / unit);
            weighted[lane] += square * rest[lane];
            total[lane] += square;
        }
    }
    Ok((weighted.iter().sum(), total.iter().sum()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_of_the_values_does_not_matter() {
        let (x, w) = ([3.0, -1.0, 0.5, 2.0], [1.0, 0.25]);
        let plain = syntony(&x, &w).unwrap();
        for unit in [1e-200, 1e-160, 1e160, 1e300] {
            let scaled = syntony(&x.map(|v| v * unit), &w).unwrap();
            assert!((scaled - plain).abs() < 1e-15, "{unit}: {scaled} {plain}");
        }
    }

    #[test]
    fn a_batch_of_equal_rows_has_the_syntony_of_one() {
        let (row, w) = ([0.3; 11], [0.7, 0.1, 0.9, 1.0, 0.2, 0.4, 0.4, 0.3, 0.6, 0.8, 0.5]);
        let batch: Vec<f64> = row.iter().cycle().take(11 * 6).copied().collect();
        assert!((syntony(&batch, &w).unwrap() - syntony(&row, &w).unwrap()).abs() < 1e-15);
        assert!((syntony(&row, &w).unwrap() - w.iter().sum::<f64>() / 11.0).abs() < 1e-15);
    }

    #[test]
    fn edges() {
        assert_eq!(syntony(&[], &[1.0]).unwrap(), 0.0);
        assert_eq!(syntony(&[], &[]).unwrap(), 0.0);
        assert!(syntony(&[1.0], &[]).is_err());
        assert!(syntony(&[1.0; 3], &[1.0; 2]).is_err());
        assert!(syntony(&[f64::NAN, 1.0], &[1.0; 2]).unwrap().is_nan());
        assert!(syntony(&[f64::INFINITY, 1.0], &[1.0; 2]).unwrap().is_nan());
    }
}
