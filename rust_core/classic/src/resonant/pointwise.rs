//! Functions of each element of a resonant tensor.
//!
//! |x|, max(x, 0) and whole powers of points are points, and exact. The others are computed in binary64 and snapped: to
//! the given precision, or to the tensor's own if it was crystallized.

use std::cmp::Ordering;

use easy_ext::ext;
use syntonic_core::exact::LatticeArray;
use syntonic_core::tensor::{Real, Resonant, Values};
use syntonic_core::{Error, Result};

use super::derive::Derive;
use crate::exact::{GoldenExact, LatticeArithmetic, order};

/// A function of one real number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Function {
    /// |x|.
    Abs,
    /// max(x, 0).
    Relu,
    /// x^e; exact for e = 0, 1, 2, ..
    Pow(f64),
    /// e^x.
    Exp,
    /// The natural logarithm.
    Log,
    /// The sine.
    Sin,
    /// The cosine.
    Cos,
    /// The square root.
    Sqrt,
    /// 1 / (1 + e^-x).
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
    /// x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2.
    Gelu,
}

/// Functions of each element.
#[ext(Pointwise)]
impl Resonant {
    /// Returns a function of each element.
    ///
    /// # Errors
    /// `Error::Value` where a snap meets a result that is NaN or infinite, such as ln 0; `Error::Overflow`.
    pub fn apply(&self, function: Function, precision: Option<i64>) -> Result<Resonant> {
        if let (Some(points), true) = (self.lattice(), precision.is_none())
            && let Some(exact) = function.exact(points)
        {
            return Ok(self.with_points(exact?));
        }
        let values = self.values().into_iter().map(|x| function.float(x)).collect();
        self.with_floats(self.shape().clone(), values, true, precision)
    }

    /// Sets every element with |x| < bound to 0, in either state.
    ///
    /// # Errors
    /// `Error::Value` for a bound that is negative or NaN.
    pub fn prune(&mut self, bound: f64) -> Result<()> {
        if bound.is_nan() || bound < 0.0 {
            return Err(Error::Value { op: "prune", expected: "a bound of at least 0".into(), got: bound.to_string() });
        }
        let small = self.values().into_iter().map(|x| x.abs() < bound);
        let values = match self.state() {
            Values::Flux(x) => {
                Values::Flux(x.iter().zip(small).map(|(&x, small)| if small { 0.0 } else { x }).collect())
            }
            Values::Lattice(points) => {
                Values::Lattice(points.points().zip(small).map(|(x, small)| if small { (0, 0) } else { x }).collect())
            }
        };
        *self = self.with_values(self.shape().clone(), values, true)?;
        Ok(())
    }
}

impl Function {
    fn exact(self, points: &LatticeArray) -> Option<Result<LatticeArray>> {
        const ZERO: (i64, i64) = (0, 0);
        match self {
            Self::Abs => Some(points.try_map("abs", |(a, b)| match order((a, b), ZERO) {
                Ordering::Less => Some((a.checked_neg()?, b.checked_neg()?)),
                _ => Some((a, b)),
            })),
            Self::Relu => Some(points.try_map("relu", |x| Some(if order(x, ZERO).is_gt() { x } else { ZERO }))),
            Self::Pow(e) if e >= 0.0 && e.fract() == 0.0 && e <= 1024.0 => {
                let power = |(a, b)| GoldenExact::from_integers(a, b).powi(e as i64).ok()?.to_point();
                Some(points.try_map("pow", power))
            }
            _ => None,
        }
    }

    fn float(self, x: f64) -> f64 {
        match self {
            Self::Abs => x.abs(),
            Self::Relu => {
                if x < 0.0 {
                    0.0
                } else {
                    x
                }
            }
            Self::Pow(e) => x.powf(e),
            Self::Exp => Real::exp(x),
            Self::Log => Real::ln(x),
            Self::Sin => x.sin(),
            Self::Cos => x.cos(),
            Self::Sqrt => x.sqrt(),
            Self::Sigmoid => sigmoid(x),
            Self::Tanh => Real::tanh(x),
            Self::Gelu => {
                // tanh(u) = 2 sigmoid(2u) - 1, so that (1 + tanh u) / 2 is a sigmoid.
                let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x * x * x);
                if x == f64::NEG_INFINITY { 0.0 } else { x * sigmoid(2.0 * inner) }
            }
        }
    }
}

fn sigmoid(x: f64) -> f64 {
    // The exponential of a negative number never overflows.
    let small = Real::exp(-x.abs());
    if x >= 0.0 { 1.0 / (1.0 + small) } else { small / (1.0 + small) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syntonic_core::tensor::ModeNorms;

    fn points(pairs: &[(i64, i64)]) -> Resonant {
        Resonant::from_points([pairs.len()], pairs.iter().copied().collect(), &ModeNorms::Raw, 1000).unwrap()
    }

    fn apply(pairs: &[(i64, i64)], function: Function) -> Vec<(i64, i64)> {
        points(pairs).apply(function, None).unwrap().lattice().unwrap().points().collect()
    }

    #[test]
    fn exact_functions() {
        // 5 - 3 phi > 0 > 3 - 2 phi
        let x = [(5, -3), (3, -2), (0, 0)];
        assert_eq!(apply(&x, Function::Relu), [(5, -3), (0, 0), (0, 0)]);
        assert_eq!(apply(&x, Function::Abs), [(5, -3), (-3, 2), (0, 0)]);
        assert_eq!(apply(&[(0, 1), (0, 0)], Function::Pow(4.0)), [(2, 3), (0, 0)]);
        assert_eq!(apply(&x, Function::Pow(0.0)), [(1, 0); 3]);
        assert!(matches!(points(&[(9, 9)]).apply(Function::Pow(99.0), None), Err(Error::Overflow { .. })));
    }

    #[test]
    fn float_functions_snap_what_was_crystallized() {
        let x = points(&[(1, 0), (0, 1)]);
        let y = x.apply(Function::Exp, None).unwrap();
        assert_eq!((y.phase(), y.precision()), ("crystallized", 1000));
        assert!((y.values()[0] - std::f64::consts::E).abs() < 7e-4);
        assert_eq!(x.apply(Function::Exp, Some(7)).unwrap().precision(), 7);
        assert!(points(&[(0, 0)]).apply(Function::Log, None).is_err());
        let mut flux = points(&[(0, 0)]);
        flux.wake_flux();
        assert_eq!(flux.apply(Function::Log, None).unwrap().values(), [f64::NEG_INFINITY]);
        assert_eq!(flux.apply(Function::Cos, Some(9)).unwrap().phase(), "crystallized");
    }

    #[test]
    fn functions_have_sound_ends() {
        let ends = |f: Function| [f64::NEG_INFINITY, f64::INFINITY].map(|x| f.float(x));
        assert_eq!(ends(Function::Sigmoid), [0.0, 1.0]);
        assert_eq!(ends(Function::Gelu), [0.0, f64::INFINITY]);
        assert_eq!(ends(Function::Tanh), [-1.0, 1.0]);
        assert_eq!(ends(Function::Relu), [0.0, f64::INFINITY]);
        for f in [Function::Relu, Function::Sigmoid, Function::Gelu, Function::Tanh, Function::Abs] {
            assert!(f.float(f64::NAN).is_nan(), "{f:?}");
        }
    }

    #[test]
    fn pruning_works_in_both_states() {
        // 13 - 8 phi = 0.0557..
        let mut x = points(&[(13, -8), (1, 0)]);
        x.prune(0.05).unwrap();
        assert_eq!(x.lattice().unwrap().a(), [13, 1]);
        x.prune(0.06).unwrap();
        assert_eq!(x.lattice().unwrap().a(), [0, 1]);
        x.wake_flux();
        x.prune(2.0).unwrap();
        assert_eq!(x.values(), [0.0, 0.0]);
        assert!(x.prune(-1.0).is_err() && x.prune(f64::NAN).is_err());
    }
}
