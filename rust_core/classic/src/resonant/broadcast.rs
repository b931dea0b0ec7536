//! Exact arithmetic of two crystallized tensors whose shapes broadcast: aligned at the last axis, a size of 1 repeats.
//!
//! Sums and products are points of the lattice. Quotients lie in Q(phi): the result stays crystallized if every one is a
//! point, else all are floats, each the exact quotient rounded once.

use easy_ext::ext;
use syntonic_core::tensor::afford::afford;
use syntonic_core::tensor::{Resonant, Shape};
use syntonic_core::{Error, Result};

use super::arithmetic::{ExactArithmetic, points};
use super::derive::{Derive, TakeValues};
use super::scalar::with_exact;
use crate::exact::GoldenExact;

/// Exact arithmetic of two crystallized tensors whose shapes broadcast.
#[ext(BroadcastArithmetic)]
impl Resonant {
    /// Returns self + other; precision is that of `self`, and the norms are those of whoever has the last axis.
    ///
    /// # Errors
    /// `Error::Value` in flux, `Error::Shape` for shapes that do not broadcast, `Error::Overflow`.
    pub fn broadcast_add(&self, other: &Resonant) -> Result<Resonant> {
        self.broadcast("broadcast_add", other, Resonant::add)
    }

    /// Returns self - other, as `broadcast_add`.
    ///
    /// # Errors
    /// As `broadcast_add`.
    pub fn broadcast_sub(&self, other: &Resonant) -> Result<Resonant> {
        self.broadcast("broadcast_sub", other, Resonant::sub)
    }

    /// Returns the elementwise product, as `broadcast_add`.
    ///
    /// ```
    /// use syntonic_classic::resonant::{BroadcastArithmetic, Moves};
    /// use syntonic_core::tensor::{ModeNorms, Resonant};
    /// let mut x = Resonant::new([3, 1], vec![1.0, 2.0, 3.0], &ModeNorms::Scaled, 10)?;
    /// x.crystallize(None)?;
    /// let y = x.broadcast_mul(&x.transpose(0, 1)?)?;
    /// assert_eq!(y.values(), [1.0, 2.0, 3.0, 2.0, 4.0, 6.0, 3.0, 6.0, 9.0]);
    /// # Ok::<(), syntonic_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As `broadcast_add`.
    pub fn broadcast_mul(&self, other: &Resonant) -> Result<Resonant> {
        self.broadcast("broadcast_mul", other, Resonant::mul)
    }

    /// Returns the elementwise quotient, as `broadcast_add`.
    ///
    /// # Errors
    /// As `broadcast_add`, and `Error::DivisionByZero`.
    pub fn broadcast_div(&self, other: &Resonant) -> Result<Resonant> {
        let op = "broadcast_div";
        self.broadcast(op, other, |x, y| {
            let exact = |(a, b)| GoldenExact::from_integers(a, b);
            let pairs = points(op, x)?.points().zip(points(op, y)?.points());
            with_exact(x, op, pairs.map(|(x, y)| &exact(x) / &exact(y)).collect::<Result<Vec<_>>>()?)
        })
    }
}

#[ext(BroadcastArithmeticParts)]
impl Resonant {
    fn broadcast(
        &self,
        op: &'static str,
        other: &Resonant,
        f: impl FnOnce(&Resonant, &Resonant) -> Result<Resonant>,
    ) -> Result<Resonant> {
        if self.shape() == other.shape() {
            return f(self, other);
        }
        let shape = self.shape().broadcast(other.shape()).ok_or_else(|| Error::Shape {
            op,
            expected: "two shapes whose sizes, aligned at the end, are equal or 1".into(),
            got: format!("{} and {}", self.shape(), other.shape()),
        })?;
        shape.check(op)?;
        // Both factors as large as the result, their places, and the result with what its numbers grow to.
        afford::<[i64; 24]>(op, shape.numel())?;
        let result = f(&self.repeated(&shape)?, &other.repeated(&shape)?)?;
        if self.shape().last() == shape.last() { Ok(result) } else { result.with_norms(other.norms().to_vec()) }
    }

    /// Returns this tensor under a shape that its own broadcasts to.
    fn repeated(&self, shape: &Shape) -> Result<Resonant> {
        let (own, strides) = (self.shape().dims(), self.shape().strides());
        let missing = shape.rank() - own.len();
        let mut numbers = vec![0];
        for (axis, &size) in shape.dims().iter().enumerate() {
            let step = axis.checked_sub(missing).filter(|&axis| own[axis] == size).map_or(0, |axis| strides[axis]);
            numbers = numbers.iter().flat_map(|&n| (0..size).map(move |k| n + k * step)).collect();
        }
        self.with_values(shape.clone(), self.state().take(&numbers)?, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syntonic_core::tensor::ModeNorms;

    fn points(dims: &[usize], pairs: &[(i64, i64)]) -> Resonant {
        Resonant::from_points(dims.to_vec(), pairs.iter().copied().collect(), &ModeNorms::Raw, 50).unwrap()
    }

    #[test]
    fn sizes_of_one_repeat_and_norms_follow_the_last_axis() {
        let (column, row) = (points(&[2, 1], &[(1, 0), (0, 1)]), points(&[3], &[(1, 0), (2, 0), (0, 3)]));
        let sum = column.broadcast_add(&row).unwrap();
        assert_eq!(sum.shape().dims(), [2, 3]);
        let want = [(2, 0), (3, 0), (1, 3), (1, 1), (2, 1), (0, 4)];
        assert_eq!(sum.lattice().unwrap().points().collect::<Vec<_>>(), want);
        assert_eq!((sum.norms(), sum.precision()), (&[0.0, 1.0, 4.0][..], 50));
        assert_eq!(
            row.broadcast_sub(&column).unwrap().values(),
            column.broadcast_sub(&row).unwrap().negate().unwrap().values()
        );
        assert!(points(&[0, 1], &[]).broadcast_mul(&row).unwrap().values().is_empty());
        assert!(points(&[2], &[(1, 0), (1, 0)]).broadcast_add(&row).is_err());
        let mut flux = row.clone();
        flux.wake_flux();
        assert!(column.broadcast_add(&flux).is_err() && column.broadcast_div(&flux).is_err());
    }

    #[test]
    fn quotients_are_exact_where_the_lattice_has_them() {
        let x = points(&[2], &[(5, 8), (2, 4)]);
        // (5 + 8 phi) / (1 + 2 phi) = 1 + 2 phi, since (1 + 2 phi)^2 = 5 + 8 phi.
        let exact = x.broadcast_div(&points(&[1], &[(1, 2)])).unwrap();
        assert_eq!(exact.lattice().unwrap().points().collect::<Vec<_>>(), [(1, 2), (2, 0)]);
        let floats = x.broadcast_div(&points(&[], &[(4, 0)])).unwrap();
        assert_eq!((floats.phase(), floats.values()[1]), ("flux", 0.5 + 1.618_033_988_749_895));
        assert!(matches!(x.broadcast_div(&points(&[1], &[(0, 0)])), Err(Error::DivisionByZero { .. })));
    }
}
