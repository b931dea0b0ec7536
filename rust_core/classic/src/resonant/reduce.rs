//! Reductions of a resonant tensor over one axis or all: exact where the lattice allows, else computed in floats.
//!
//! Sum, product, maximum and minimum of points are points, and exact. Mean, variance and norm are not: they are computed
//! in binary64 and snapped if the tensor was crystallized.

use std::cmp::Ordering;

use easy_ext::ext;
use syntonic_core::exact::{LatticeArray, Point};
use syntonic_core::tensor::{Resonant, Shape, Values};
use syntonic_core::{Error, Result};

use super::derive::Derive;
use super::layout::{around, axis};
use crate::exact::{multiply, order};

/// What becomes of the entries of an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reduction {
    /// Their sum; 0 for none.
    Sum,
    /// Their product; 1 for none.
    Prod,
    /// The largest; NaN if one is NaN.
    Max,
    /// The smallest; NaN if one is NaN.
    Min,
    /// Their mean.
    Mean,
    /// Their population variance, in two passes.
    Var,
    /// (sum |x|^p)^(1/p) for p > 0; the largest |x| for p = infinity.
    Norm(f64),
}

/// Reductions over one axis or all.
#[ext(Reduce)]
impl Resonant {
    /// Returns a reduction over an axis, or over all elements; a reduced axis is kept with size 1 on request.
    ///
    /// # Errors
    /// `Error::Value` for an axis that does not exist, a norm with p <= 0, nothing to take a mean, variance, maximum or
    /// minimum of, and what a snap refuses; `Error::Overflow`.
    pub fn reduce(&self, kind: Reduction, dim: Option<i64>, keep: bool, precision: Option<i64>) -> Result<Resonant> {
        let op = kind.name();
        let axis = dim.map(|dim| axis(op, self.shape().rank(), dim)).transpose()?;
        let (outer, size, inner) = axis.map_or((1, self.shape().numel(), 1), |axis| around(self.shape(), axis));
        kind.check(size)?;
        let shape = reduced(self.shape(), axis, keep);
        let same = axis.is_some_and(|axis| axis + 1 < self.shape().rank());
        let lane = |o: usize, i: usize| (0..size).map(move |k| (o * size + k) * inner + i);
        let lanes = (0..outer).flat_map(|o| (0..inner).map(move |i| (o, i)));
        if let (Some(points), true) = (self.lattice(), precision.is_none())
            && let Some(fold) = kind.exact()
        {
            let point = |n: usize| (points.a()[n], points.b()[n]);
            let reduced: Result<LatticeArray> =
                lanes.map(|(o, i)| fold(&mut lane(o, i).map(point)).ok_or(Error::Overflow { op })).collect();
            return self.with_values(shape, Values::Lattice(reduced?), same);
        }
        let values = self.values();
        let reduced = lanes.map(|(o, i)| kind.float(&lane(o, i).map(|n| values[n]).collect::<Vec<_>>()));
        if kind.is_statistic() && precision.is_none() {
            // No point of the lattice is the mean of two others.
            return self.with_values(shape, Values::Flux(reduced.collect()), same);
        }
        self.with_floats(shape, reduced.collect(), same, precision)
    }
}

/// Returns a shape without an axis, or without all; with size 1 in their place on request.
fn reduced(shape: &Shape, axis: Option<usize>, keep: bool) -> Shape {
    let gone = |i: usize| axis.is_none_or(|axis| axis == i);
    let kept = shape.dims().iter().enumerate().filter(|&(i, _)| keep || !gone(i));
    kept.map(|(i, &size)| if gone(i) { 1 } else { size }).collect::<Vec<_>>().into()
}

/// An exact reduction of points.
type Fold = fn(&mut dyn Iterator<Item = Point>) -> Option<Point>;

impl Reduction {
    fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Prod => "prod",
            Self::Max => "max",
            Self::Min => "min",
            Self::Mean => "mean",
            Self::Var => "var",
            Self::Norm(_) => "norm",
        }
    }

    /// Returns whether the result stays a float unless a precision is given.
    fn is_statistic(self) -> bool {
        matches!(self, Self::Mean | Self::Var | Self::Norm(_))
    }

    fn check(self, size: usize) -> Result<()> {
        let op = self.name();
        if let Self::Norm(p) = self
            && (p.is_nan() || p <= 0.0)
        {
            return Err(Error::Value { op, expected: "p > 0".into(), got: p.to_string() });
        }
        if size == 0 && !matches!(self, Self::Sum | Self::Prod | Self::Norm(_)) {
            return Err(Error::Value { op, expected: "at least one element".into(), got: "none".into() });
        }
        Ok(())
    }

    fn exact(self) -> Option<Fold> {
        match self {
            Self::Sum => Some(|mut points| {
                let add = |(a, b): Point, (c, d): Point| Some((a.checked_add(c)?, b.checked_add(d)?));
                Iterator::try_fold(&mut points, (0, 0), add)
            }),
            Self::Prod => Some(|mut points| Iterator::try_fold(&mut points, (1, 0), multiply)),
            Self::Max => Some(|points| points.reduce(|x, y| if order(y, x) == Ordering::Greater { y } else { x })),
            Self::Min => Some(|points| points.reduce(|x, y| if order(y, x) == Ordering::Less { y } else { x })),
            _ => None,
        }
    }

    fn float(self, x: &[f64]) -> f64 {
        let n = x.len() as f64;
        match self {
            // Nothing sums to 0; an iterator's own sum is -0 then.
            Self::Sum => x.iter().fold(0.0, |sum, v| sum + v),
            Self::Prod => x.iter().product(),
            Self::Max => extreme(x, |a, b| a > b),
            Self::Min => extreme(x, |a, b| a < b),
            Self::Mean => mean(x),
            Self::Var => {
                let mean = mean(x);
                let (sum, squares) = x.iter().fold((0.0, 0.0), |(s, q), v| (s + (v - mean), q + (v - mean).powi(2)));
                let variance = (squares - sum * sum / n) / n;
                // Not `max`, which would make 0 of NaN.
                if variance < 0.0 { 0.0 } else { variance }
            }
            Self::Norm(p) => {
                let largest = extreme(&x.iter().map(|v| v.abs()).collect::<Vec<_>>(), |a, b| a > b);
                if p.is_infinite() || largest == 0.0 || !largest.is_finite() {
                    return if x.is_empty() { 0.0 } else { largest };
                }
                // Relative to the largest, so that no power leaves the range of f64.
                largest * x.iter().map(|v| (v.abs() / largest).powf(p)).sum::<f64>().powf(1.0 / p)
            }
        }
    }
}

/// Returns the mean, also where the sum would leave the range of f64.
fn mean(x: &[f64]) -> f64 {
    let n = x.len() as f64;
    let sum: f64 = x.iter().sum();
    if sum.is_finite() { sum / n } else { x.iter().map(|v| v / n).sum() }
}

fn extreme(x: &[f64], better: impl Fn(f64, f64) -> bool) -> f64 {
    let first = x.first().copied().unwrap_or(0.0);
    x.iter().fold(first, |best, &v| if v.is_nan() || better(v, best) { v } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;
    use syntonic_core::tensor::ModeNorms;

    fn points(pairs: &[Point]) -> Resonant {
        Resonant::from_points([pairs.len()], pairs.iter().copied().collect(), &ModeNorms::Raw, 10).unwrap()
    }

    #[test]
    fn exact_reductions_do_not_snap() {
        let x = points(&[(100, -3), (7, 200), (-4, 5)]);
        let reduced = |kind| {
            let y = x.reduce(kind, None, false, None).unwrap();
            let y = y.lattice().unwrap();
            (y.a()[0], y.b()[0])
        };
        assert_eq!(reduced(Reduction::Sum), (103, 202));
        assert_eq!(reduced(Reduction::Max), (7, 200));
        assert_eq!(reduced(Reduction::Min), (-4, 5));
        let product = multiply(multiply((100, -3), (7, 200)).unwrap(), (-4, 5)).unwrap();
        assert_eq!(reduced(Reduction::Prod), product);
        // A statistic stays a float, and snaps where a precision is given.
        let mean = x.reduce(Reduction::Mean, Some(0), true, None).unwrap();
        assert_eq!((mean.phase(), mean.shape().dims()), ("flux", &[1][..]));
        assert!((mean.values()[0] - x.values().iter().sum::<f64>() / 3.0).abs() < 1e-12);
        assert_eq!(x.reduce(Reduction::Mean, None, false, Some(100)).unwrap().phase(), "crystallized");
    }

    #[test]
    fn overflow_and_nothing_are_errors() {
        let big = points(&[(i64::MAX, 0), (1, 0)]);
        assert_eq!(big.reduce(Reduction::Sum, None, false, None).unwrap_err(), Error::Overflow { op: "sum" });
        let none = points(&[]);
        for kind in [Reduction::Max, Reduction::Min, Reduction::Mean, Reduction::Var] {
            assert!(none.reduce(kind, None, false, None).is_err());
        }
        assert_eq!(none.reduce(Reduction::Sum, None, false, None).unwrap().values(), [0.0]);
        assert_eq!(none.reduce(Reduction::Prod, Some(0), false, None).unwrap().values(), [1.0]);
        assert!(big.reduce(Reduction::Norm(0.0), None, false, None).is_err());
        assert!(big.reduce(Reduction::Sum, Some(1), false, None).is_err());
    }

    #[test]
    fn floats_keep_their_digits_and_their_range() {
        let flux = |values: Vec<f64>| Resonant::new([values.len()], values, &ModeNorms::Raw, 10).unwrap();
        let reduced = |values: &[f64], kind| flux(values.to_vec()).reduce(kind, None, false, None).unwrap().values()[0];
        assert_eq!(reduced(&[1e8, 1e8 + 1.0, 1e8 + 2.0, 1e8 + 3.0], Reduction::Var), 1.25);
        assert!((reduced(&[3e200, 4e200], Reduction::Norm(2.0)) / 5e200 - 1.0).abs() < 1e-15);
        assert_eq!(reduced(&[1e308, 1e308], Reduction::Mean), 1e308);
        assert_eq!(reduced(&[3.0, -4.0], Reduction::Norm(f64::INFINITY)), 4.0);
        assert_eq!(reduced(&[0.0, 0.0], Reduction::Norm(3.0)), 0.0);
        assert!(reduced(&[1.0, f64::NAN, 2.0], Reduction::Max).is_nan());
        assert!(reduced(&[f64::NAN, 1.0], Reduction::Min).is_nan());
    }
}
