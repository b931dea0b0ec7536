//! Singular values of a matrix, by one-sided Jacobi rotations.
//!
//! Pairs of rows are turned until all rows are orthogonal; their lengths then are the singular values. Source: M. R.
//! Hestenes, "Inversion of Matrices by Biorthogonalization and Related Results", SIAM J. 6 (1958). The order of the
//! rotations is fixed, so the bits are.

use syntonic_core::{Error, Result};

/// Rows count as orthogonal when the cosine of their angle is below this.
const ORTHOGONAL: f64 = 1e-15;
/// Convergence is quadratic: a dozen sweeps do for any matrix of numbers.
const SWEEPS: usize = 60;

/// Returns the min(rows, columns) singular values of a row-major matrix, largest first.
///
/// # Errors
/// `Error::Shape` when there are not rows * columns values, `Error::Value` for one that is not finite.
///
/// ```
/// use syntonic_classic::linalg::singular_values;
/// assert_eq!(singular_values(&[3.0, 0.0, 0.0, 0.0, -4.0, 0.0], 2, 3)?, [4.0, 3.0]);
/// # Ok::<(), syntonic_core::Error>(())
/// ```
pub fn singular_values(matrix: &[f64], rows: usize, columns: usize) -> Result<Vec<f64>> {
    if matrix.len() != rows * columns {
        let (expected, got) = (format!("{rows} * {columns} values"), matrix.len().to_string());
        return Err(Error::Shape { op: "singular_values", expected, got });
    }
    if let Some(bad) = matrix.iter().find(|x| !x.is_finite()) {
        return Err(Error::Value { op: "singular_values", expected: "finite values".into(), got: bad.to_string() });
    }
    // Fewer, longer vectors: the rows of a wide matrix, the columns of a tall one. A power of two keeps squares in range.
    let (count, length) = (rows.min(columns), rows.max(columns));
    let largest = matrix.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    if largest == 0.0 {
        return Ok(vec![0.0; count]);
    }
    let scale = 2.0_f64.powi(largest.log2().floor() as i32);
    let at = |i: usize, j: usize| if rows <= columns { matrix[i * columns + j] } else { matrix[j * columns + i] };
    let mut vectors: Vec<Vec<f64>> = (0..count).map(|i| (0..length).map(|j| at(i, j) / scale).collect()).collect();
    for _ in 0..SWEEPS {
        let mut turned = false;
        for j in 1..count {
            for i in 0..j {
                let (head, tail) = vectors.split_at_mut(j);
                turned |= orthogonalize(&mut head[i], &mut tail[0]);
            }
        }
        if !turned {
            break;
        }
    }
    let mut values: Vec<f64> = vectors.iter().map(|v| scale * dot(v, v).sqrt()).collect();
    values.sort_by(|x, y| y.total_cmp(x));
    Ok(values)
}

/// Turns two vectors in their plane until they are orthogonal; returns whether they were not before.
fn orthogonalize(x: &mut [f64], y: &mut [f64]) -> bool {
    let (xx, yy, xy) = (dot(x, x), dot(y, y), dot(x, y));
    if xy == 0.0 || xy.abs() <= ORTHOGONAL * (xx * yy).sqrt() {
        return false;
    }
    let zeta = (yy - xx) / (2.0 * xy);
    let tangent = zeta.signum() / (zeta.abs() + zeta.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    let sine = cosine * tangent;
    for (a, b) in x.iter_mut().zip(y) {
        (*a, *b) = (cosine * *a - sine * *b, sine * *a + cosine * *b);
    }
    true
}

fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(a, b)| a * b).sum()
}
