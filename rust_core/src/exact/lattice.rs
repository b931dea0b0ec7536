//! Arrays of points of Z[phi]: two integer arrays, exact operations, overflow always an error.
//!
//! Integers are kept in 64 bits and combined in 128, so that an operation fails only if a result, or a partial sum of a
//! dot product, does not fit. Products grow the coefficients; snapping back to bounded ones is the caller's decision.

use std::cmp::Ordering;

use super::embed;
use super::snap::{Snapper, to_f64};
use crate::{Error, Result};

/// A list of points a[i] + b[i]*phi.
///
/// ```
/// use syntonic_core::exact::LatticeArray;
/// let x = LatticeArray::new(vec![1, 0], vec![2, 1])?;
/// let y = x.mul(&x)?;
/// assert_eq!((y.a(), y.b()), (&[5, 1][..], &[8, 1][..]));
/// # Ok::<(), syntonic_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LatticeArray {
    a: Vec<i64>,
    b: Vec<i64>,
}

/// A point a + b*phi as (a, b).
pub type Point = (i64, i64);

/// Returns how two points lie on the real line, exactly.
///
/// ```
/// use syntonic_core::exact::order;
/// // F(90) phi against F(91): they differ by less than 1e-18.
/// assert!(order((0, 2880067194370816120), (4660046610375530309, 0)).is_lt());
/// ```
pub fn order(x: Point, y: Point) -> Ordering {
    embed::sign(i128::from(x.0) - i128::from(y.0), i128::from(x.1) - i128::from(y.1))
}

impl LatticeArray {
    /// Makes an array from its rational and its golden parts.
    ///
    /// # Errors
    /// `Error::Shape` if the lengths differ.
    pub fn new(a: Vec<i64>, b: Vec<i64>) -> Result<Self> {
        same_length("LatticeArray", a.len(), b.len())?;
        Ok(Self { a, b })
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
        self.points().map(|(a, b)| to_f64(a, b)).collect()
    }

    /// Returns self + other, pointwise.
    ///
    /// # Errors
    /// `Error::Shape`, `Error::Overflow`.
    pub fn add(&self, other: &Self) -> Result<Self> {
        self.zip("lattice add", other, |(a, b), (c, d)| Some((a.checked_add(c)?, b.checked_add(d)?)))
    }

    /// Returns self - other, pointwise.
    ///
    /// # Errors
    /// `Error::Shape`, `Error::Overflow`.
    pub fn sub(&self, other: &Self) -> Result<Self> {
        self.zip("lattice sub", other, |(a, b), (c, d)| Some((a.checked_sub(c)?, b.checked_sub(d)?)))
    }

    /// Returns the pointwise product (a + b phi)(c + d phi) = (ac + bd) + (ad + bc + bd) phi.
    ///
    /// # Errors
    /// `Error::Shape`, `Error::Overflow`.
    pub fn mul(&self, other: &Self) -> Result<Self> {
        self.zip("lattice mul", other, multiply)
    }

    /// Returns -self.
    ///
    /// # Errors
    /// `Error::Overflow`.
    pub fn neg(&self) -> Result<Self> {
        self.map("lattice neg", |(a, b)| Some((a.checked_neg()?, b.checked_neg()?)))
    }

    /// Returns self * phi: (a, b) -> (b, a + b).
    ///
    /// # Errors
    /// `Error::Overflow`.
    pub fn times_phi(&self) -> Result<Self> {
        self.map("lattice times_phi", |(a, b)| Some((b, a.checked_add(b)?)))
    }

    /// Returns self / phi: (a, b) -> (b - a, a).
    ///
    /// # Errors
    /// `Error::Overflow`.
    pub fn div_phi(&self) -> Result<Self> {
        self.map("lattice div_phi", |(a, b)| Some((b.checked_sub(a)?, a)))
    }

    /// Returns the sum of the pointwise products.
    ///
    /// # Errors
    /// `Error::Shape`, `Error::Overflow`.
    pub fn dot(&self, other: &Self) -> Result<(i64, i64)> {
        same_length("lattice dot", self.len(), other.len())?;
        dot(self.points(), other.points()).ok_or(Error::Overflow { op: "lattice dot" })
    }

    /// Returns self (rows, inner) times the transpose of other (columns, inner), as (rows, columns), all row-major.
    ///
    /// # Errors
    /// `Error::Shape` if a length is not the product of its sizes, `Error::Overflow`.
    pub fn matmul_transposed(&self, other: &Self, rows: usize, inner: usize, columns: usize) -> Result<Self> {
        let op = "lattice matmul";
        for (array, count) in [(self, rows), (other, columns)] {
            if count.checked_mul(inner) != Some(array.len()) {
                let expected = format!("{count} x {inner} points");
                return Err(Error::Shape { op, expected, got: array.len().to_string() });
            }
        }
        let entries = (0..rows).flat_map(|i| (0..columns).map(move |j| (i, j)));
        entries.map(|(i, j)| dot(self.row(i, inner), other.row(j, inner)).ok_or(Error::Overflow { op })).collect()
    }

    /// Returns every point as (a, b).
    pub fn points(&self) -> impl Iterator<Item = Point> {
        self.a.iter().copied().zip(self.b.iter().copied())
    }

    /// Returns the points with these numbers; a point may be taken more than once.
    ///
    /// # Errors
    /// `Error::Value` for a number that is not below `len`.
    pub fn take(&self, numbers: &[usize]) -> Result<Self> {
        if let Some(bad) = numbers.iter().find(|&&i| i >= self.len()) {
            let expected = format!("numbers below {}", self.len());
            return Err(Error::Value { op: "lattice take", expected, got: bad.to_string() });
        }
        Ok(numbers.iter().map(|&i| (self.a[i], self.b[i])).collect())
    }

    /// Applies an exact function to every point; `None` means that the result does not fit.
    ///
    /// # Errors
    /// `Error::Overflow`.
    pub fn try_map(&self, op: &'static str, f: impl Fn(Point) -> Option<Point>) -> Result<Self> {
        self.map(op, f)
    }

    fn row(&self, i: usize, inner: usize) -> impl Iterator<Item = Point> {
        self.points().skip(i * inner).take(inner)
    }

    fn map(&self, op: &'static str, f: impl Fn(Point) -> Option<Point>) -> Result<Self> {
        self.points().map(|x| f(x).ok_or(Error::Overflow { op })).collect()
    }

    fn zip(&self, op: &'static str, other: &Self, f: impl Fn(Point, Point) -> Option<Point>) -> Result<Self> {
        same_length(op, self.len(), other.len())?;
        self.points().zip(other.points()).map(|(x, y)| f(x, y).ok_or(Error::Overflow { op })).collect()
    }
}

impl FromIterator<Point> for LatticeArray {
    fn from_iter<I: IntoIterator<Item = Point>>(points: I) -> Self {
        let (a, b) = points.into_iter().unzip();
        Self { a, b }
    }
}

fn same_length(op: &'static str, expected: usize, got: usize) -> Result<()> {
    if expected == got {
        return Ok(());
    }
    Err(Error::Shape { op, expected: format!("{expected} points"), got: got.to_string() })
}

fn dot(xs: impl Iterator<Item = Point>, ys: impl Iterator<Item = Point>) -> Option<Point> {
    narrow(xs.zip(ys).try_fold((0, 0), |sum, (x, y)| add_product(sum, x, y))?)
}

/// Returns the product of two points; nothing if it does not fit.
pub fn multiply(x: Point, y: Point) -> Option<Point> {
    narrow(add_product((0, 0), x, y)?)
}

/// Returns sum + x y.
fn add_product(sum: (i128, i128), x: Point, y: Point) -> Option<(i128, i128)> {
    let [a, b, c, d] = [x.0, x.1, y.0, y.1].map(i128::from);
    let golden = b * d;
    let rational = sum.0.checked_add(a * c)?.checked_add(golden)?;
    Some((rational, sum.1.checked_add(a * d)?.checked_add(b * c)?.checked_add(golden)?))
}

fn narrow(point: (i128, i128)) -> Option<Point> {
    Some((i64::try_from(point.0).ok()?, i64::try_from(point.1).ok()?))
}
