//! Exact arithmetic of crystallized tensors: no rounding, no snap, overflow always an error.
//!
//! Coefficients grow with every product; `crystallize` bounds them again when the caller decides so.

use easy_ext::ext;
use syntonic_core::exact::LatticeArray;
use syntonic_core::tensor::{ModeNorms, Resonant};
use syntonic_core::{Error, Result};

use crate::exact::LatticeArithmetic;

/// Exact arithmetic of two crystallized tensors.
#[ext(ExactArithmetic)]
impl Resonant {
    /// Returns self + other, of the same shape; precision and norms are those of `self`.
    ///
    /// # Errors
    /// `Error::Value` in flux, `Error::Shape` for different shapes, `Error::Overflow`.
    pub fn add(&self, other: &Resonant) -> Result<Resonant> {
        self.zip("add", other, LatticeArray::add)
    }

    /// Returns self - other, as `add`.
    ///
    /// # Errors
    /// As `add`.
    pub fn sub(&self, other: &Resonant) -> Result<Resonant> {
        self.zip("sub", other, LatticeArray::sub)
    }

    /// Returns the elementwise product, as `add`.
    ///
    /// # Errors
    /// As `add`.
    pub fn mul(&self, other: &Resonant) -> Result<Resonant> {
        self.zip("mul", other, LatticeArray::mul)
    }

    /// Returns -self.
    ///
    /// # Errors
    /// `Error::Value` in flux, `Error::Overflow`.
    pub fn negate(&self) -> Result<Resonant> {
        self.map("negate", LatticeArray::neg)
    }

    /// Returns phi times self; the syntony stays the same.
    ///
    /// # Errors
    /// As `negate`.
    pub fn apply_recursion(&self) -> Result<Resonant> {
        self.map("apply_recursion", LatticeArray::times_phi)
    }

    /// Returns self divided by phi, which undoes `apply_recursion`.
    ///
    /// # Errors
    /// As `negate`.
    pub fn apply_inverse_recursion(&self) -> Result<Resonant> {
        self.map("apply_inverse_recursion", LatticeArray::div_phi)
    }

    /// Returns self W^T: (..., inner) and W (outer, inner) give (..., outer), with default norms over outer; and
    /// (batch.., rows, inner) with (batch.., outer, inner) of the same batch give (batch.., rows, outer).
    ///
    /// ```
    /// use syntonic_classic::resonant::ExactArithmetic;
    /// use syntonic_core::tensor::{ModeNorms, Resonant};
    /// let mut x = Resonant::new([1, 2], vec![1.0, 3.0], &ModeNorms::Scaled, 10)?;
    /// x.crystallize(None)?;
    /// assert_eq!(x.matmul(&x)?.values(), [10.0]);
    /// # Ok::<(), syntonic_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Error::Value` in flux, `Error::Shape` when the inner sizes or the batches differ, `Error::Overflow`.
    pub fn matmul(&self, weight: &Resonant) -> Result<Resonant> {
        let (own, [batch @ .., outer, inner]) = (self.shape().dims(), weight.shape().dims()) else {
            return Err(shape_error("matmul", "(..., inner) and (outer, inner)", self, weight));
        };
        let one_for_all = batch.is_empty() && !own.is_empty();
        if !one_for_all && (own.len() != batch.len() + 2 || !own.starts_with(batch)) {
            return Err(shape_error("matmul", "(..., inner) and (outer, inner), or equal batches", self, weight));
        }
        if self.shape().last() != *inner {
            return Err(shape_error("matmul", "equal last axes", self, weight));
        }
        let (x, w) = (points("matmul", self)?, points("matmul", weight)?);
        let count: usize = batch.iter().product();
        let rows = if one_for_all { self.shape().rows() } else { own[batch.len()] };
        let products = (0..count).map(|i| {
            let part = |points: &LatticeArray, size: usize| {
                let range = i * size..(i + 1) * size;
                LatticeArray::new(points.a()[range.clone()].to_vec(), points.b()[range].to_vec())
            };
            part(x, rows * inner)?.matmul_transposed(&part(w, outer * inner)?, rows, *inner, *outer)
        });
        let products = products.collect::<Result<Vec<_>>>()?;
        let product = products.iter().flat_map(LatticeArray::points).collect();
        Resonant::from_points(self.shape().with_last(*outer), product, &ModeNorms::default(), self.precision())
    }
}

#[ext(ExactArithmeticParts)]
impl Resonant {
    fn zip(
        &self,
        op: &'static str,
        other: &Resonant,
        f: impl FnOnce(&LatticeArray, &LatticeArray) -> Result<LatticeArray>,
    ) -> Result<Resonant> {
        if self.shape() != other.shape() {
            return Err(shape_error(op, "equal shapes", self, other));
        }
        Ok(self.with_points(f(points(op, self)?, points(op, other)?)?))
    }

    fn map(&self, op: &'static str, f: impl FnOnce(&LatticeArray) -> Result<LatticeArray>) -> Result<Resonant> {
        Ok(self.with_points(f(points(op, self)?)?))
    }
}

/// Returns the points of a crystallized tensor.
pub(super) fn points<'a>(op: &'static str, x: &'a Resonant) -> Result<&'a LatticeArray> {
    x.lattice().ok_or_else(|| Error::Value {
        op,
        expected: "crystallized tensors: call crystallize() first".into(),
        got: "one in flux".into(),
    })
}

fn shape_error(op: &'static str, expected: &str, x: &Resonant, y: &Resonant) -> Error {
    Error::Shape { op, expected: expected.into(), got: format!("{} and {}", x.shape(), y.shape()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(dims: [usize; 2], points: &[(i64, i64)]) -> Resonant {
        let points = points.iter().copied().collect();
        Resonant::from_points(dims, points, &ModeNorms::Raw, 50).unwrap()
    }

    fn points(x: &Resonant) -> Vec<(i64, i64)> {
        let points = x.lattice().unwrap();
        points.a().iter().copied().zip(points.b().iter().copied()).collect()
    }

    #[test]
    fn arithmetic_is_exact_and_keeps_norms_and_precision() {
        let x = tensor([1, 2], &[(1, 2), (0, -3)]);
        let y = tensor([1, 2], &[(4, -1), (5, 1)]);
        assert_eq!(points(&x.add(&y).unwrap()), [(5, 1), (5, -2)]);
        assert_eq!(points(&x.sub(&y).unwrap()), [(-3, 3), (-5, -4)]);
        // (1 + 2 phi)(4 - phi) = 4 + 7 phi - 2 phi^2 = 2 + 5 phi; -3 phi (5 + phi) = -3 - 18 phi
        let product = x.mul(&y).unwrap();
        assert_eq!(points(&product), [(2, 5), (-3, -18)]);
        assert_eq!(points(&x.negate().unwrap()), [(-1, -2), (0, 3)]);
        assert_eq!((product.precision(), product.norms()), (50, &[0.0, 1.0][..]));
    }

    #[test]
    fn recursion_is_phi_and_has_an_inverse() {
        let x = tensor([1, 2], &[(1, 2), (7, -3)]);
        let y = x.apply_recursion().unwrap();
        assert_eq!(points(&y), [(2, 3), (-3, 4)]);
        assert_eq!(points(&y.apply_inverse_recursion().unwrap()), points(&x));
        assert!((y.syntony().unwrap() - x.syntony().unwrap()).abs() < 1e-14);
    }

    #[test]
    fn matmul_multiplies_by_the_transpose() {
        let x = tensor([2, 2], &[(1, 0), (0, 1), (2, 0), (0, 0)]);
        let w = tensor([3, 2], &[(1, 1), (1, 0), (0, 0), (0, 1), (3, 0), (0, 0)]);
        let y = x.matmul(&w).unwrap();
        assert_eq!(y.shape().dims(), [2, 3]);
        assert_eq!(points(&y), [(1, 2), (1, 1), (3, 0), (2, 2), (0, 0), (6, 0)]);
    }

    #[test]
    fn misfits_flux_and_overflow_are_errors() {
        let x = tensor([1, 2], &[(1, 2), (0, -3)]);
        let tall = tensor([2, 1], &[(1, 2), (0, -3)]);
        assert!(x.add(&tall).is_err());
        assert!(x.matmul(&tall).is_err());
        let mut flux = x.clone();
        flux.wake_flux();
        assert!(x.add(&flux).is_err());
        assert!(flux.negate().is_err());
        let huge = tensor([1, 1], &[(i64::MAX, 1)]);
        assert_eq!(huge.add(&huge).unwrap_err(), Error::Overflow { op: "lattice add" });
        assert!(huge.mul(&huge).is_err());
        assert!(huge.matmul(&huge).is_err());
    }
}
