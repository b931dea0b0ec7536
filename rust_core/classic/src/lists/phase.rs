//! The phase functional of a density matrix rho: Arg Tr e^(i pi rho), the angle of the sum of e^(i pi l) over its
//! eigenvalues l, zeros included.
//!
//! Every mixed state of two dimensions has the phase pi / 2, the theory's target, since e^(i pi l) + e^(i pi (1 - l)) =
//! 2 i sin(pi l). The trace of a pure state of two dimensions is 0 and has no angle: it counts as 0.

use std::f64::consts::PI;

use syntonic_core::{Error, Result};

const OP: &str = "phase";

/// Returns Arg of the sum of e^(i pi l), in (-pi, pi], for eigenvalues that are at least 0 and sum to 1.
///
/// # Errors
/// `Error::Value` for other eigenvalues, or none; rounding up to 1e-9 is forgiven.
///
/// ```
/// use syntonic_classic::lists::phase;
/// assert_eq!(phase(&[0.5, 0.5])?, std::f64::consts::FRAC_PI_2);
/// # Ok::<(), syntonic_core::Error>(())
/// ```
pub fn phase(eigenvalues: &[f64]) -> Result<f64> {
    const FORGIVEN: f64 = 1e-9;
    let refused =
        |expected: &str, got: f64| Err(Error::Value { op: OP, expected: expected.to_owned(), got: got.to_string() });
    if let Some(&bad) = eigenvalues.iter().find(|l| !(l.is_finite() && **l >= -FORGIVEN)) {
        return refused("finite eigenvalues of at least 0", bad);
    }
    let sum = eigenvalues.iter().fold(0.0, |sum, l| sum + l);
    if (sum - 1.0).abs() > FORGIVEN * (eigenvalues.len() as f64).max(1.0) {
        return refused("eigenvalues that sum to 1", sum);
    }
    let (mut x, mut y) = (0.0, 0.0);
    for &l in eigenvalues {
        let (cosine, sine) = half_turns(l);
        x += cosine;
        y += sine;
    }
    Ok(if x == 0.0 && y == 0.0 { 0.0 } else { f64::atan2(y, x) })
}

/// Returns (cos pi l, sin pi l), exact at multiples of 1/2.
fn half_turns(l: f64) -> (f64, f64) {
    // Within a quarter turn of the nearest multiple of a half, where both series are at their best.
    let quarter = (2.0 * l).round();
    let (sine, cosine) = ((l - quarter / 2.0) * PI).sin_cos();
    match quarter.rem_euclid(4.0) as u8 {
        0 => (cosine, sine),
        1 => (-sine, cosine),
        2 => (-cosine, -sine),
        _ => (sine, -cosine),
    }
}

/// Returns the eigenvalues of a symmetric matrix in rising order, by Jacobi's rotations.
///
/// # Errors
/// `Error::Shape` unless there are n * n numbers; `Error::Value` unless they are finite and symmetric to 1e-9 of the
/// largest.
pub fn spectrum(matrix: &[f64], n: usize) -> Result<Vec<f64>> {
    const SWEEPS: usize = 60;
    super::same_length("spectrum", n.saturating_mul(n), matrix.len())?;
    if let Some(bad) = matrix.iter().find(|v| !v.is_finite()) {
        return Err(Error::Value { op: "spectrum", expected: "finite numbers".into(), got: bad.to_string() });
    }
    let largest = matrix.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    let odd = (0..n).flat_map(|i| (0..i).map(move |j| (i, j)));
    for (i, j) in odd.clone() {
        let (below, above) = (matrix[i * n + j], matrix[j * n + i]);
        if (below - above).abs() > 1e-9 * largest {
            let got = format!("{below} and {above} at ({i}, {j}) and its mirror");
            return Err(Error::Value { op: "spectrum", expected: "a symmetric matrix".into(), got });
        }
    }
    // Scaled, so that no square leaves the range of f64.
    let scale = if largest > 0.0 { largest } else { 1.0 };
    let mut a: Vec<f64> = matrix.iter().map(|v| v / scale).collect();
    for _ in 0..SWEEPS {
        if odd.clone().all(|(i, j)| a[i * n + j].abs() < 1e-18) {
            break;
        }
        odd.clone().for_each(|(i, j)| rotate(&mut a, n, j, i));
    }
    let mut values: Vec<f64> = (0..n).map(|i| a[i * n + i] * scale).collect();
    values.sort_by(f64::total_cmp);
    Ok(values)
}

/// Turns rows and columns p and q so that the entry (p, q) becomes 0.
fn rotate(a: &mut [f64], n: usize, p: usize, q: usize) {
    let off = a[p * n + q];
    if off == 0.0 {
        return;
    }
    let theta = (a[q * n + q] - a[p * n + p]) / (2.0 * off);
    let t = theta.signum() / (theta.abs() + theta.hypot(1.0));
    let cosine = 1.0 / t.hypot(1.0);
    let sine = t * cosine;
    for k in 0..n {
        let (x, y) = (a[k * n + p], a[k * n + q]);
        (a[k * n + p], a[k * n + q]) = (cosine * x - sine * y, sine * x + cosine * y);
    }
    for k in 0..n {
        let (x, y) = (a[p * n + k], a[q * n + k]);
        (a[p * n + k], a[q * n + k]) = (cosine * x - sine * y, sine * x + cosine * y);
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::FRAC_PI_2;

    use super::*;

    #[test]
    fn known_phases() {
        assert_eq!(phase(&[0.5, 0.5]), Ok(FRAC_PI_2));
        assert_eq!(phase(&[1.0]), Ok(PI));
        assert_eq!(phase(&[1.0, 0.0]), Ok(0.0));
        assert_eq!(phase(&[1.0, 0.0, 0.0]), Ok(0.0));
        for n in 1..20 {
            assert!((phase(&vec![1.0 / f64::from(n); n as usize]).unwrap() - PI / f64::from(n)).abs() < 1e-15);
        }
        assert!(phase(&[]).is_err() && phase(&[0.7]).is_err() && phase(&[1.5, -0.5]).is_err());
        assert!(phase(&[f64::NAN, 1.0]).is_err());
    }

    #[test]
    fn spectra_have_the_trace_and_the_known_values() {
        for (got, want) in spectrum(&[2.0, 1.0, 1.0, 2.0], 2).unwrap().iter().zip([1.0, 3.0]) {
            assert!((got - want).abs() < 1e-15);
        }
        // The path of n points: 2 - 2 cos(pi k / (n + 1)).
        let n = 9;
        let entry = |i: usize| match (i / n).abs_diff(i % n) {
            0 => 2e200,
            1 => -1e200,
            _ => 0.0,
        };
        let values = spectrum(&(0..n * n).map(entry).collect::<Vec<_>>(), n).unwrap();
        for (k, value) in values.iter().enumerate() {
            let want = 2.0 - 2.0 * (PI * (k + 1) as f64 / (n + 1) as f64).cos();
            assert!((value / 1e200 - want).abs() < 1e-14);
        }
        assert_eq!(spectrum(&[], 0), Ok(vec![]));
        assert_eq!(spectrum(&[0.0; 4], 2), Ok(vec![0.0; 2]));
        assert!(spectrum(&[1.0, 2.0, 3.0, 4.0], 2).is_err() && spectrum(&[1.0; 3], 2).is_err());
        assert!(spectrum(&[f64::NAN], 1).is_err());
    }
}
