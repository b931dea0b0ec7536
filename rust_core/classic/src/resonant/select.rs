//! Choosing elements of resonant tensors: by a mask, by numbers along an axis, and by comparison.

use std::cmp::Ordering;

use easy_ext::ext;
use syntonic_core::exact::LatticeArray;
use syntonic_core::tensor::{Resonant, Shape, Values};
use syntonic_core::{Error, Result};

use super::derive::{Derive, TakeValues};
use super::layout::{around, axis};
use crate::exact::order;

/// An order relation of two real numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// x = y.
    Equal,
    /// x != y.
    NotEqual,
    /// x < y.
    Less,
    /// x <= y.
    LessEqual,
    /// x > y.
    Greater,
    /// x >= y.
    GreaterEqual,
}

impl Comparison {
    fn holds(self, order: Option<Ordering>) -> bool {
        match self {
            Self::Equal => order == Some(Ordering::Equal),
            // NaN differs from everything.
            Self::NotEqual => order != Some(Ordering::Equal),
            Self::Less => order == Some(Ordering::Less),
            Self::LessEqual => order.is_some_and(Ordering::is_le),
            Self::Greater => order == Some(Ordering::Greater),
            Self::GreaterEqual => order.is_some_and(Ordering::is_ge),
        }
    }
}

/// Choices of elements.
#[ext(Select)]
impl Resonant {
    /// Returns 1 where a relation of two tensors of one shape holds, else 0. Two crystallized ones compare exactly.
    ///
    /// # Errors
    /// `Error::Shape` for different shapes.
    pub fn compare(&self, other: &Resonant, relation: Comparison) -> Result<Resonant> {
        if self.shape() != other.shape() {
            let got = format!("{} and {}", self.shape(), other.shape());
            return Err(Error::Shape { op: "comparison", expected: "equal shapes".into(), got });
        }
        let point = |holds: bool| (i64::from(holds), 0);
        let points: LatticeArray = match (self.lattice(), other.lattice()) {
            (Some(x), Some(y)) => {
                x.points().zip(y.points()).map(|(x, y)| point(relation.holds(Some(order(x, y))))).collect()
            }
            _ => {
                let pairs = self.values().into_iter().zip(other.values());
                pairs.map(|(x, y)| point(relation.holds(x.partial_cmp(&y)))).collect()
            }
        };
        self.with_values(self.shape().clone(), Values::Lattice(points), true)
    }

    /// Returns the elements where `mask`, one entry per element, is true, as a list.
    ///
    /// # Errors
    /// `Error::Shape` if the mask has another length.
    pub fn masked_select(&self, mask: &[bool]) -> Result<Resonant> {
        if mask.len() != self.shape().numel() {
            let expected = format!("a mask of shape {}", self.shape());
            return Err(Error::Shape { op: "masked_select", expected, got: format!("{} entries", mask.len()) });
        }
        let numbers: Vec<usize> = (0..mask.len()).filter(|&i| mask[i]).collect();
        self.with_values([numbers.len()].into(), self.state().take(&numbers)?, false)
    }

    /// Returns y with y[.., i, ..] = self[.., index[.., i, ..], ..]: of the shape of `index`, which on the other axes
    /// is no larger than this tensor.
    ///
    /// # Errors
    /// `Error::Shape` for an index of another rank or size, `Error::Value` for numbers that do not exist.
    pub fn gather(&self, dim: i64, index: &[usize], shape: &Shape) -> Result<Resonant> {
        let numbers = self.numbers_along("gather", dim, index, shape)?;
        self.with_values(shape.clone(), self.state().take(&numbers)?, true)
    }

    /// Returns this tensor with y[.., index[.., i, ..], ..] = source[.., i, ..]; of several, the last one counts.
    ///
    /// # Errors
    /// As `gather`, and `Error::Shape` for a source of another shape than the index.
    pub fn scatter(&self, dim: i64, index: &[usize], source: &Resonant) -> Result<Resonant> {
        let numbers = self.numbers_along("scatter", dim, index, source.shape())?;
        // Element i is the i-th of this tensor, or one of the source's behind it.
        let mut taken: Vec<usize> = (0..self.shape().numel()).collect();
        for (i, &number) in numbers.iter().enumerate() {
            taken[number] = self.shape().numel() + i;
        }
        let joined = Resonant::chain(&[self.clone(), source.clone()]);
        self.with_values(self.shape().clone(), joined.take(&taken)?, true)
    }
}

#[ext(SelectParts)]
impl Resonant {
    /// Returns the flat numbers of the elements that an index names along an axis.
    fn numbers_along(&self, op: &'static str, dim: i64, index: &[usize], shape: &Shape) -> Result<Vec<usize>> {
        let axis = axis(op, self.shape().rank(), dim)?;
        let own = self.shape().dims();
        let others_fit = || (0..own.len()).all(|i| i == axis || shape.dims()[i] <= own[i]);
        if shape.rank() != own.len() || !others_fit() || shape.numel() != index.len() {
            let expected = format!("an index of rank {} within {} but for axis {axis}", own.len(), self.shape());
            return Err(Error::Shape { op, expected, got: format!("{shape} with {} numbers", index.len()) });
        }
        let size = own[axis];
        if let Some(bad) = index.iter().find(|&&i| i >= size) {
            return Err(Error::Value { op, expected: format!("numbers below {size}"), got: bad.to_string() });
        }
        let (strides, steps) = (self.shape().strides(), shape.strides());
        let (_, _, inner) = around(self.shape(), axis);
        let number = |(flat, &chosen): (usize, &usize)| {
            let along = |i: usize| flat / steps[i] % shape.dims()[i].max(1) * strides[i];
            (0..own.len()).filter(|&i| i != axis).map(along).sum::<usize>() + chosen * inner
        };
        Ok(index.iter().enumerate().map(number).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syntonic_core::tensor::ModeNorms;

    fn counting(dims: &[usize]) -> Resonant {
        let shape = Shape::from(dims.to_vec());
        let points = (0..shape.numel() as i64).map(|i| (i, 0)).collect();
        Resonant::from_points(shape, points, &ModeNorms::Raw, 10).unwrap()
    }

    fn list(pairs: &[(i64, i64)]) -> Resonant {
        Resonant::from_points([pairs.len()], pairs.iter().copied().collect(), &ModeNorms::Raw, 10).unwrap()
    }

    #[test]
    fn comparisons_of_points_are_exact() {
        // Fibonacci neighbours: equal as floats, not as numbers.
        let (x, y) = (list(&[(0, 2_880_067_194_370_816_120)]), list(&[(4_660_046_610_375_530_309, 0)]));
        assert_eq!(x.values(), y.values());
        let holds = |relation| x.compare(&y, relation).unwrap().values() == [1.0];
        assert!(holds(Comparison::Less) && holds(Comparison::LessEqual) && holds(Comparison::NotEqual));
        assert!(!holds(Comparison::Greater) && !holds(Comparison::GreaterEqual) && !holds(Comparison::Equal));
        let nan = Resonant::new([1], vec![f64::NAN], &ModeNorms::Raw, 10).unwrap();
        assert_eq!(nan.compare(&nan, Comparison::Equal).unwrap().values(), [0.0]);
        assert_eq!(nan.compare(&x, Comparison::NotEqual).unwrap().values(), [1.0]);
        assert!(x.compare(&counting(&[2]), Comparison::Less).is_err());
    }

    #[test]
    fn gather_and_scatter_undo_each_other() {
        let x = counting(&[2, 3]);
        let picked = x.gather(1, &[2, 0, 1, 1], &[2, 2].into()).unwrap();
        assert_eq!(picked.values(), [2.0, 0.0, 4.0, 4.0]);
        let rows = x.gather(0, &[1, 0, 1], &[1, 3].into()).unwrap();
        assert_eq!(rows.values(), [3.0, 1.0, 5.0]);
        let back = x.scatter(1, &[2, 0, 1, 1], &picked).unwrap();
        assert_eq!(back.values(), x.values());
        let flux =
            x.scatter(0, &[1, 1, 1], &Resonant::new([1, 3], vec![0.5; 3], &ModeNorms::Raw, 10).unwrap()).unwrap();
        assert_eq!((flux.phase(), flux.values()), ("flux", vec![0.0, 1.0, 2.0, 0.5, 0.5, 0.5]));
    }

    #[test]
    fn masks_and_misfits() {
        let x = counting(&[2, 2]);
        assert_eq!(x.masked_select(&[true, false, false, true]).unwrap().values(), [0.0, 3.0]);
        assert!(x.masked_select(&[false; 4]).unwrap().values().is_empty());
        assert!(x.masked_select(&[true]).is_err());
        assert!(x.gather(1, &[2], &[1, 1].into()).is_err());
        assert!(x.gather(0, &[0, 0, 0], &[1, 3].into()).is_err());
        assert!(x.gather(0, &[0], &[1].into()).is_err());
        assert!(x.scatter(1, &[0], &counting(&[2])).is_err());
        assert!(counting(&[0, 2]).gather(0, &[], &[0, 2].into()).unwrap().values().is_empty());
    }
}
