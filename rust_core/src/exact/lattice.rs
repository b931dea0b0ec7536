//! Arrays of points of Z[phi]: two integer arrays.

use super::snap::{Snapper, all_to_f64};
use crate::{Error, Result};

/// A list of points a[i] + b[i]*phi.
///
/// ```
/// use syntonic_core::exact::LatticeArray;
/// let x = LatticeArray::new(vec![1, 0], vec![2, 1])?;
/// assert_eq!(x.to_f64(), [4.23606797749979, 1.618033988749895]);
/// # Ok::<(), syntonic_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LatticeArray {
    a: Vec<i64>,
    b: Vec<i64>,
}

/// A point a + b*phi as (a, b).
pub type Point = (i64, i64);

impl LatticeArray {
    /// Makes an array from its rational and its golden parts.
    ///
    /// # Errors
    /// `Error::Shape` if the lengths differ.
    pub fn new(a: Vec<i64>, b: Vec<i64>) -> Result<Self> {
        if a.len() == b.len() {
            return Ok(Self { a, b });
        }
        let expected = format!("{} points", a.len());
        Err(Error::Shape { op: "LatticeArray", expected, got: b.len().to_string() })
    }

    /// Snaps floats to their nearest points.
    ///
    /// # Errors
    /// `Error::Value` if a number is NaN or infinite.
    pub fn snap(xs: &[f64], snapper: &Snapper) -> Result<Self> {
        let (mut a, mut b) = (vec![0; xs.len()], vec![0; xs.len()]);
        snapper.snap_into(xs, &mut a, &mut b)?;
        Ok(Self { a, b })
    }

    /// Returns the rational parts.
    pub fn a(&self) -> &[i64] {
        &self.a
    }

    /// Returns the golden parts.
    pub fn b(&self) -> &[i64] {
        &self.b
    }

    /// Returns the number of points.
    pub fn len(&self) -> usize {
        self.a.len()
    }

    /// Returns whether there are no points.
    pub fn is_empty(&self) -> bool {
        self.a.is_empty()
    }

    /// Returns every point as a float; see [`to_f64`].
    pub fn to_f64(&self) -> Vec<f64> {
        all_to_f64(&self.a, &self.b)
    }

    /// Returns every point as (a, b).
    pub fn points(&self) -> impl Iterator<Item = Point> {
        self.a.iter().copied().zip(self.b.iter().copied())
    }
}

impl FromIterator<Point> for LatticeArray {
    fn from_iter<I: IntoIterator<Item = Point>>(points: I) -> Self {
        let (a, b) = points.into_iter().unzip();
        Self { a, b }
    }
}
