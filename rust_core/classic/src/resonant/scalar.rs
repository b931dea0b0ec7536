//! One number for a whole resonant tensor: sums and products that are exact wherever the lattice has the result.
//!
//! A float is taken as what it is, a fraction with a power of two below. If every result is a point of Z[phi], the
//! tensor stays crystallized; if one is not (a half of an odd point), all come back as floats, each the exact result
//! rounded once. Nothing is snapped unless the caller crystallizes.

use easy_ext::ext;
use syntonic_core::exact::LatticeArray;
use syntonic_core::tensor::{Resonant, Values};
use syntonic_core::{Error, Result};

use super::arithmetic::ExactArithmetic;
use super::derive::Derive;
use crate::exact::GoldenExact;

/// A number that meets every element of a tensor.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    /// A number of Q(phi).
    Exact(GoldenExact),
    /// NaN or infinity.
    Float(f64),
}

impl From<f64> for Scalar {
    fn from(x: f64) -> Self {
        GoldenExact::from_f64(x).map_or(Self::Float(x), Self::Exact)
    }
}

impl From<GoldenExact> for Scalar {
    fn from(x: GoldenExact) -> Self {
        Self::Exact(x)
    }
}

impl Scalar {
    /// Returns -self.
    ///
    /// # Errors
    /// `Error::Overflow`.
    pub fn negate(self) -> Result<Self> {
        Ok(match self {
            Self::Exact(x) => Self::Exact((-&x)?),
            Self::Float(x) => Self::Float(-x),
        })
    }

    fn to_f64(&self) -> f64 {
        match self {
            Self::Exact(x) => x.to_f64(),
            Self::Float(x) => *x,
        }
    }
}

/// Arithmetic with one number.
#[ext(ScalarArithmetic)]
impl Resonant {
    /// Returns self + scalar.
    ///
    /// # Errors
    /// `Error::Value` for NaN or infinity beside a crystallized tensor, `Error::Overflow`.
    pub fn scalar_add(&self, scalar: Scalar) -> Result<Resonant> {
        self.meet("scalar_add", scalar, |x, s| x + s, |x, s| x + s)
    }

    /// Returns self * scalar.
    ///
    /// # Errors
    /// As `scalar_add`.
    pub fn scalar_mul(&self, scalar: Scalar) -> Result<Resonant> {
        self.meet("scalar_mul", scalar, |x, s| x * s, |x, s| x * s)
    }

    /// Returns self / scalar.
    ///
    /// # Errors
    /// As `scalar_add`, and `Error::DivisionByZero` for 0 below a crystallized tensor.
    pub fn scalar_div(&self, scalar: Scalar) -> Result<Resonant> {
        self.meet("scalar_div", scalar, |x, s| x / s, |x, s| x / s)
    }

    /// Returns scalar / self.
    ///
    /// # Errors
    /// As `scalar_add`, and `Error::DivisionByZero` where a crystallized tensor is 0.
    pub fn scalar_over(&self, scalar: Scalar) -> Result<Resonant> {
        self.meet("scalar_over", scalar, |x, s| s / x, |x, s| s / x)
    }

    /// Returns 1 - self.
    ///
    /// # Errors
    /// `Error::Overflow`.
    pub fn one_minus(&self) -> Result<Resonant> {
        match self.state() {
            Values::Lattice(_) => self.negate()?.scalar_add(GoldenExact::ONE.into()),
            Values::Flux(_) => self.map_floats(|x| 1.0 - x),
        }
    }
}

#[ext(ScalarArithmeticParts)]
impl Resonant {
    fn meet(
        &self,
        op: &'static str,
        scalar: Scalar,
        exact: fn(&GoldenExact, &GoldenExact) -> Result<GoldenExact>,
        float: fn(f64, f64) -> f64,
    ) -> Result<Resonant> {
        let number = scalar.to_f64();
        let (points, scalar) = match (self.state(), scalar) {
            (Values::Flux(_), _) => return self.map_floats(|x| float(x, number)),
            (Values::Lattice(points), Scalar::Exact(scalar)) if number.is_finite() => (points, scalar),
            _ => return Err(Error::Value { op, expected: "a finite number".into(), got: number.to_string() }),
        };
        let results = points.points().map(|(a, b)| exact(&GoldenExact::from_integers(a, b), &scalar));
        with_exact(self, op, results.collect::<Result<Vec<_>>>()?)
    }

    /// Returns a tensor in flux with a function of each value.
    fn map_floats(&self, f: impl Fn(f64) -> f64) -> Result<Resonant> {
        let values = self.values().into_iter().map(f).collect();
        self.with_values(self.shape().clone(), Values::Flux(values), true)
    }
}

/// Returns a tensor like this one with exact results: points if all of them are, else floats, each rounded once.
pub(super) fn with_exact(x: &Resonant, op: &'static str, results: Vec<GoldenExact>) -> Result<Resonant> {
    let values = if results.iter().all(|number| number.is_integral()) {
        let fits = results.iter().map(|number| number.to_point()).collect::<Option<LatticeArray>>();
        Values::Lattice(fits.ok_or(Error::Overflow { op })?)
    } else {
        Values::Flux(results.iter().map(|number| number.to_f64()).collect())
    };
    x.with_values(x.shape().clone(), values, true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::Rational;
    use syntonic_core::tensor::ModeNorms;

    fn points(pairs: &[(i64, i64)]) -> Resonant {
        Resonant::from_points([pairs.len()], pairs.iter().copied().collect(), &ModeNorms::Raw, 10).unwrap()
    }

    #[test]
    fn a_half_of_even_points_is_exact_and_of_odd_ones_a_float() {
        let half = Scalar::from(0.5);
        let even = points(&[(4, -2), (0, 6)]).scalar_mul(half.clone()).unwrap();
        assert_eq!(even.lattice().unwrap(), &[(2, -1), (0, 3)].into_iter().collect());
        let odd = points(&[(4, -2), (1, 0)]).scalar_mul(half).unwrap();
        assert_eq!((odd.phase(), odd.values()[1], odd.precision()), ("flux", 0.5, 10));
    }

    #[test]
    fn numbers_of_the_field_multiply_exactly() {
        // sqrt 5 / 5 = (-1 + 2 phi) / 5 times sqrt 5 is 1.
        let fifth = Rational::new(1, 5).unwrap();
        let inverse = (GoldenExact::from_integers(-1, 2) * GoldenExact::new(fifth, Rational::ZERO)).unwrap();
        let one = points(&[(-1, 2)]).scalar_mul(inverse.into()).unwrap();
        assert_eq!(one.lattice().unwrap().points().collect::<Vec<_>>(), [(1, 0)]);
        let shifted = points(&[(3, 4)]).scalar_add(GoldenExact::PHI.into()).unwrap();
        assert_eq!(shifted.lattice().unwrap().points().collect::<Vec<_>>(), [(3, 5)]);
        assert_eq!(points(&[(3, 4)]).one_minus().unwrap().lattice().unwrap().points().next(), Some((-2, -4)));
    }

    #[test]
    fn extreme_scalars() {
        let x = points(&[(1, 1)]);
        assert_eq!(x.scalar_mul(1e-300.into()).unwrap().phase(), "flux");
        assert!(matches!(x.scalar_mul(1e30.into()), Err(Error::Overflow { .. })));
        assert!(x.scalar_add(f64::NAN.into()).is_err() && x.scalar_mul(f64::INFINITY.into()).is_err());
        let flux = Resonant::new([1], vec![2.0], &ModeNorms::Raw, 10).unwrap();
        assert!(flux.scalar_mul(f64::NAN.into()).unwrap().values()[0].is_nan());
        assert_eq!(flux.scalar_add(0.1.into()).unwrap().values(), [2.1]);
        assert_eq!(flux.one_minus().unwrap().values(), [-1.0]);
    }
}
