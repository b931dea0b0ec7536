//! Exact arithmetic of points of Z[phi], one or an array: overflow is always an error.
//!
//! Integers are kept in 64 bits and combined in 128, so that an operation fails only if a result, or a partial sum of a
//! dot product, does not fit. Products grow the coefficients; snapping back to bounded ones is the caller's decision.

use std::cmp::Ordering;

use easy_ext::ext;
use syntonic_core::exact::{LatticeArray, Point, embed};
use syntonic_core::{Error, Result};

/// Returns how two points lie on the real line, exactly.
///
/// ```
/// use syntonic_classic::exact::order;
/// // F(90) phi against F(91): they differ by less than 1e-18.
/// assert!(order((0, 2880067194370816120), (4660046610375530309, 0)).is_lt());
/// ```
pub fn order(x: Point, y: Point) -> Ordering {
    embed::sign(i128::from(x.0) - i128::from(y.0), i128::from(x.1) - i128::from(y.1))
}

/// Exact operations of arrays of points.
#[ext(LatticeArithmetic)]
impl LatticeArray {
    /// Returns self + other, pointwise.
    ///
    /// # Errors
    /// `Error::Shape`, `Error::Overflow`.
    pub fn add(&self, other: &LatticeArray) -> Result<LatticeArray> {
        let op = "lattice add";
        let (sum, overflow) = self.zip(op, other, |(a, b), (c, d)| {
            let (p, q) = (a.wrapping_add(c), b.wrapping_add(d));
            // The sign bit is set where both operands have a sign that the sum has not.
            ((p, q), (p ^ a) & (p ^ c) | (q ^ b) & (q ^ d))
        })?;
        if overflow < 0 { Err(Error::Overflow { op }) } else { Ok(sum) }
    }

    /// Returns self - other, pointwise.
    ///
    /// # Errors
    /// `Error::Shape`, `Error::Overflow`.
    pub fn sub(&self, other: &LatticeArray) -> Result<LatticeArray> {
        let op = "lattice sub";
        let (difference, overflow) = self.zip(op, other, |(a, b), (c, d)| {
            let (p, q) = (a.wrapping_sub(c), b.wrapping_sub(d));
            ((p, q), (a ^ c) & (p ^ a) | (b ^ d) & (q ^ b))
        })?;
        if overflow < 0 { Err(Error::Overflow { op }) } else { Ok(difference) }
    }

    /// Returns the pointwise product (a + b phi)(c + d phi) = (ac + bd) + (ad + bc + bd) phi.
    ///
    /// # Errors
    /// `Error::Shape`, `Error::Overflow`.
    pub fn mul(&self, other: &LatticeArray) -> Result<LatticeArray> {
        let op = "lattice mul";
        let (product, high) = self.zip(op, other, |x, y| {
            // No bit above SMALL_BITS is set if and only if -2^SMALL_BITS <= n < 2^SMALL_BITS.
            let [a, b, c, d] = [x.0, x.1, y.0, y.1].map(|n| n.wrapping_add(1 << SMALL_BITS));
            (multiply_small(x, y), a | b | c | d)
        })?;
        if high >> (SMALL_BITS + 1) == 0 {
            return Ok(product);
        }
        self.points().zip(other.points()).map(|(x, y)| multiply(x, y).ok_or(Error::Overflow { op })).collect()
    }

    /// Returns -self.
    ///
    /// # Errors
    /// `Error::Overflow`.
    pub fn neg(&self) -> Result<LatticeArray> {
        self.try_map("lattice neg", |(a, b)| Some((a.checked_neg()?, b.checked_neg()?)))
    }

    /// Returns self * phi: (a, b) -> (b, a + b).
    ///
    /// # Errors
    /// `Error::Overflow`.
    pub fn times_phi(&self) -> Result<LatticeArray> {
        self.try_map("lattice times_phi", |(a, b)| Some((b, a.checked_add(b)?)))
    }

    /// Returns self / phi: (a, b) -> (b - a, a).
    ///
    /// # Errors
    /// `Error::Overflow`.
    pub fn div_phi(&self) -> Result<LatticeArray> {
        self.try_map("lattice div_phi", |(a, b)| Some((b.checked_sub(a)?, a)))
    }

    /// Returns the sum of the pointwise products.
    ///
    /// # Errors
    /// `Error::Shape`, `Error::Overflow`.
    pub fn dot(&self, other: &LatticeArray) -> Result<(i64, i64)> {
        same_length("lattice dot", self.len(), other.len())?;
        dot(self.points(), other.points()).ok_or(Error::Overflow { op: "lattice dot" })
    }

    /// Returns self (rows, inner) times the transpose of other (columns, inner), as (rows, columns), all row-major.
    ///
    /// # Errors
    /// `Error::Shape` if a length is not the product of its sizes, `Error::Overflow`.
    pub fn matmul_transposed(
        &self,
        other: &LatticeArray,
        rows: usize,
        inner: usize,
        columns: usize,
    ) -> Result<LatticeArray> {
        let op = "lattice matmul";
        for (array, count) in [(self, rows), (other, columns)] {
            if count.checked_mul(inner) != Some(array.len()) {
                let expected = format!("{count} x {inner} points");
                return Err(Error::Shape { op, expected, got: array.len().to_string() });
            }
        }
        // A coefficient of a dot product has at most 3 products per point.
        let growth = usize::BITS - inner.saturating_mul(3).leading_zeros();
        let small = self.bits() + other.bits() + growth < i64::BITS;
        let entries = (0..rows).flat_map(|i| (0..columns).map(move |j| (i, j)));
        let entry = |(i, j)| {
            let (x, y) = (self.row(i, inner), other.row(j, inner));
            if small { Some(dot_small(x, y)) } else { dot(pairs(x), pairs(y)) }
        };
        entries.map(|place| entry(place).ok_or(Error::Overflow { op })).collect()
    }

    /// Returns the points with these numbers; a point may be taken more than once.
    ///
    /// # Errors
    /// `Error::Value` for a number that is not below `len`.
    pub fn take(&self, numbers: &[usize]) -> Result<LatticeArray> {
        if let Some(bad) = numbers.iter().find(|&&i| i >= self.len()) {
            let expected = format!("numbers below {}", self.len());
            return Err(Error::Value { op: "lattice take", expected, got: bad.to_string() });
        }
        Ok(numbers.iter().map(|&i| (self.a()[i], self.b()[i])).collect())
    }

    /// Applies an exact function to every point; `None` means that the result does not fit.
    ///
    /// # Errors
    /// `Error::Overflow`.
    pub fn try_map(&self, op: &'static str, f: impl Fn(Point) -> Option<Point>) -> Result<LatticeArray> {
        self.points().map(|x| f(x).ok_or(Error::Overflow { op })).collect()
    }
}

#[ext(Rows)]
impl LatticeArray {
    fn row(&self, i: usize, inner: usize) -> Row<'_> {
        let range = i * inner..(i + 1) * inner;
        (&self.a()[range.clone()], &self.b()[range])
    }

    /// Returns how many bits the largest coefficient has, but for its sign; at most one too many.
    fn bits(&self) -> u32 {
        let all = self.a().iter().chain(self.b()).fold(0, |all, &n| all | size(n));
        i64::BITS - all.leading_zeros()
    }

    /// Combines points; `f` returns a point and bits to be gathered from all. The loop has no branch, so that the
    /// compiler can vectorise it.
    #[inline]
    fn zip(
        &self,
        op: &'static str,
        other: &LatticeArray,
        f: impl Fn(Point, Point) -> (Point, i64),
    ) -> Result<(LatticeArray, i64)> {
        same_length(op, self.len(), other.len())?;
        let n = self.len();
        let (mut a, mut b) = (vec![0; n], vec![0; n]);
        let (p, q) = (&mut a[..n], &mut b[..n]);
        let (xa, xb, ya, yb) = (&self.a()[..n], &self.b()[..n], &other.a()[..n], &other.b()[..n]);
        let mut gathered = 0;
        for i in 0..n {
            let (point, bits) = f((xa[i], xb[i]), (ya[i], yb[i]));
            (p[i], q[i]) = point;
            gathered |= bits;
        }
        Ok((LatticeArray::new(a, b)?, gathered))
    }
}

/// Returns a number with as many bits as |n|, but for the lowest negative one: -2^k has k.
#[inline]
fn size(n: i64) -> i64 {
    n ^ (n >> 63)
}

fn dot(xs: impl Iterator<Item = Point>, ys: impl Iterator<Item = Point>) -> Option<Point> {
    narrow(xs.zip(ys).try_fold((0, 0), |sum, (x, y)| add_product(sum, x, y))?)
}

/// Returns the product of two points; nothing if it does not fit.
pub fn multiply(x: Point, y: Point) -> Option<Point> {
    narrow(add_product((0, 0), x, y)?)
}

/// Coefficients of this many bits multiply within 64 bits.
const SMALL_BITS: u32 = 30;

/// Returns the product of two points with coefficients of `SMALL_BITS`, by three multiplications; else nonsense.
#[inline]
fn multiply_small((a, b): Point, (c, d): Point) -> Point {
    let (rational, golden) = (a.wrapping_mul(c), b.wrapping_mul(d));
    let all = a.wrapping_add(b).wrapping_mul(c.wrapping_add(d));
    (rational.wrapping_add(golden), all.wrapping_sub(rational))
}

/// Points of one row, as their rational and golden parts.
type Row<'a> = (&'a [i64], &'a [i64]);

fn pairs<'a>(row: Row<'a>) -> impl Iterator<Item = Point> + 'a {
    row.0.iter().copied().zip(row.1.iter().copied())
}

/// Returns the sum of products that are known to fit.
fn dot_small(x: Row<'_>, y: Row<'_>) -> Point {
    let (mut rational, mut golden) = (0, 0);
    for ((&a, &b), (&c, &d)) in x.0.iter().zip(x.1).zip(y.0.iter().zip(y.1)) {
        rational += a * c + b * d;
        golden += a * d + b * (c + d);
    }
    (rational, golden)
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

fn same_length(op: &'static str, expected: usize, got: usize) -> Result<()> {
    if expected == got {
        return Ok(());
    }
    Err(Error::Shape { op, expected: format!("{expected} points"), got: got.to_string() })
}
