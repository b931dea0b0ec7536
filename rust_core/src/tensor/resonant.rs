//! The resonant tensor: a parameter in one of two states, points of the golden lattice or floats.
//!
//! Crystallized values a + b*phi are exact; flux values are binary64. `wake_flux` goes one way, `crystallize` the other.
//! Neither happens on its own: exact operations never snap, and a snap is always asked for.

use super::{DType, ModeNorms, Real, Shape, Tensor, mode_weights, syntony};
use crate::exact::LatticeArray;
use crate::exact::constants::PHI;
use crate::exact::snap::Snapper;
use crate::{Error, Result};

/// The values of a resonant tensor, row-major.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Crystallized: points of the golden lattice.
    Lattice(LatticeArray),
    /// Flux: floats.
    Flux(Vec<f64>),
}

/// A tensor in dual state, with the precision of its snaps and the mode norms of its features.
#[derive(Clone, Debug)]
pub struct Resonant {
    shape: Shape,
    precision: i64,
    norms: Vec<f64>,
    weights: Vec<f64>,
    values: Values,
    /// The first value that the last snap moved to the last point of the lattice because it lay beyond it.
    pub cut: Option<f64>,
}

impl Resonant {
    /// Builds a tensor in flux from row-major floats.
    ///
    /// ```
    /// use syntonic_core::tensor::{ModeNorms, Resonant};
    /// let mut x = Resonant::new([2], vec![1.0, 0.3], &ModeNorms::Scaled, 100)?;
    /// x.crystallize(None)?;
    /// assert_eq!(x.lattice().map(|points| (points.a(), points.b())), Some((&[1, 99][..], &[0, -61][..])));
    /// # Ok::<(), syntonic_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Error::Shape` when the number of values is not the product of the sizes, or given norms do not fit the last
    /// axis; `Error::Value` for a precision or norm out of range.
    pub fn new(shape: impl Into<Shape>, values: Vec<f64>, norms: &ModeNorms, precision: i64) -> Result<Self> {
        Self::build(shape.into(), values.len(), Values::Flux(values), norms, precision)
    }

    /// Builds a crystallized tensor from row-major points, taken as they are.
    ///
    /// # Errors
    /// As [`Resonant::new`].
    pub fn from_points(
        shape: impl Into<Shape>,
        points: LatticeArray,
        norms: &ModeNorms,
        precision: i64,
    ) -> Result<Self> {
        Self::build(shape.into(), points.len(), Values::Lattice(points), norms, precision)
    }

    /// Returns the shape.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Returns the largest coefficient that a snap may give.
    pub fn precision(&self) -> i64 {
        self.precision
    }

    /// Returns n_i^2 of the features of the last axis.
    pub fn norms(&self) -> &[f64] {
        &self.norms
    }

    /// Returns the golden weights of the features of the last axis.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// Returns the state: `crystallized` or `flux`.
    pub fn phase(&self) -> &'static str {
        match self.values {
            Values::Lattice(_) => "crystallized",
            Values::Flux(_) => "flux",
        }
    }

    /// Returns the values as the state holds them.
    pub fn state(&self) -> &Values {
        &self.values
    }

    /// Returns the floats of a tensor in flux, to be changed in place; `None` on the lattice.
    pub fn flux_mut(&mut self) -> Option<&mut [f64]> {
        match &mut self.values {
            Values::Flux(x) => Some(x),
            Values::Lattice(_) => None,
        }
    }

    /// Returns the lattice points; `None` in flux.
    pub fn lattice(&self) -> Option<&LatticeArray> {
        match &self.values {
            Values::Lattice(points) => Some(points),
            Values::Flux(_) => None,
        }
    }

    /// Returns the values as floats.
    pub fn values(&self) -> Vec<f64> {
        match &self.values {
            Values::Lattice(points) => points.to_f64(),
            Values::Flux(x) => x.clone(),
        }
    }

    /// Returns the values as a float tensor.
    pub fn to_tensor(&self, dtype: DType) -> Result<Tensor> {
        match dtype {
            DType::F32 => {
                Tensor::new(self.shape.clone(), self.values().into_iter().map(f32::from_f64).collect::<Vec<_>>())
            }
            DType::F64 => Tensor::new(self.shape.clone(), self.values()),
        }
    }

    /// Returns S of the present values.
    ///
    /// # Errors
    /// Never for a tensor that was built.
    pub fn syntony(&self) -> Result<f64> {
        match &self.values {
            Values::Flux(x) => syntony(x, &self.weights),
            Values::Lattice(points) => syntony(&points.to_f64(), &self.weights),
        }
    }

    /// Puts the tensor on the lattice, at these points.
    ///
    /// # Errors
    /// `Error::Shape` when there are not as many points as elements.
    pub fn set_lattice(&mut self, a: &[i64], b: &[i64]) -> Result<()> {
        self.expect(self.shape.numel(), a.len())?;
        self.expect(self.shape.numel(), b.len())?;
        self.values = Values::Lattice(LatticeArray::new(a.to_vec(), b.to_vec())?);
        self.cut = None;
        Ok(())
    }

    /// Puts the tensor in flux, with these values.
    ///
    /// # Errors
    /// `Error::Shape` when there are not as many values as elements.
    pub fn set_flux(&mut self, values: &[f64]) -> Result<()> {
        self.expect(self.shape.numel(), values.len())?;
        if let Values::Flux(own) = &mut self.values {
            own.copy_from_slice(values);
        } else {
            self.values = Values::Flux(values.to_vec());
        }
        self.cut = None;
        Ok(())
    }

    /// Leaves the lattice: the same values as floats. Nothing happens in flux.
    pub fn wake_flux(&mut self) {
        if let Values::Lattice(points) = &self.values {
            self.values = Values::Flux(points.to_f64());
        }
    }

    /// Snaps every value to the nearest point with coefficients up to `precision`, which becomes the tensor's own.
    ///
    /// A tensor already on the lattice is snapped again, which bounds coefficients that exact operations let grow. At
    /// the tensor's own precision, values beyond the last point become that point, and `cut` is one of them.
    ///
    /// # Errors
    /// `Error::Value` when a value is NaN, infinite, or beyond the last point of a given precision, or the precision is
    /// out of range; the tensor is then unchanged.
    pub fn crystallize(&mut self, precision: Option<i64>) -> Result<()> {
        self.snap(precision.unwrap_or(self.precision), precision.is_some())
    }

    /// Snaps as [`Resonant::crystallize`] does, at any precision with values beyond the last point becoming that point.
    ///
    /// # Errors
    /// `Error::Value` when a value is NaN or infinite, or the precision is out of range; the tensor is then unchanged.
    pub fn saturate(&mut self, precision: i64) -> Result<()> {
        self.snap(precision, false)
    }

    fn snap(&mut self, precision: i64, refuses: bool) -> Result<()> {
        let values = match &self.values {
            Values::Flux(x) => x,
            Values::Lattice(points) => &points.to_f64(),
        };
        let points = LatticeArray::snap(values, &Snapper::new(precision)?)?;
        let last = reach(precision) * (1.0 + f64::EPSILON);
        let cut = values.iter().copied().find(|x| x.abs() > last);
        if let Some(x) = cut.filter(|_| refuses) {
            let expected = format!("numbers up to {:.6}, the last point at precision {precision}", reach(precision));
            return Err(Error::Value { op: "snap", expected, got: x.to_string() });
        }
        (self.values, self.precision, self.cut) = (Values::Lattice(points), precision, cut);
        Ok(())
    }

    /// Returns a tensor like this one at other points, of which there are as many.
    pub fn with_points(&self, points: LatticeArray) -> Self {
        Self {
            shape: self.shape.clone(),
            precision: self.precision,
            norms: self.norms.clone(),
            weights: self.weights.clone(),
            values: Values::Lattice(points),
            cut: None,
        }
    }

    fn build(shape: Shape, count: usize, values: Values, norms: &ModeNorms, precision: i64) -> Result<Self> {
        shape.check("resonant tensor")?;
        Snapper::new(precision)?;
        let d = shape.last();
        let tensor =
            Self { norms: norms.norms(d)?, weights: mode_weights(d, norms)?, values, shape, precision, cut: None };
        tensor.expect(tensor.shape.numel(), count)?;
        Ok(tensor)
    }

    fn expect(&self, count: usize, got: usize) -> Result<()> {
        if count == got {
            return Ok(());
        }
        Err(Error::Shape {
            op: "resonant tensor",
            expected: format!("{count} values for shape {}", self.shape),
            got: format!("{got} values"),
        })
    }
}

/// Returns the last point of a precision, as a float.
pub fn reach(precision: i64) -> f64 {
    precision as f64 * PHI * PHI
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(x: &Resonant) -> (&[i64], &[i64]) {
        let points = x.lattice().unwrap();
        (points.a(), points.b())
    }

    fn flux(values: &[f64]) -> Resonant {
        Resonant::new([values.len()], values.to_vec(), &ModeNorms::Scaled, 100).unwrap()
    }

    #[test]
    fn the_two_states_follow_each_other() {
        let mut x = flux(&[0.3, -0.3, 2.0, 0.0]);
        assert_eq!(x.phase(), "flux");
        x.crystallize(None).unwrap();
        assert_eq!(points(&x), (&[99, -99, 2, 0][..], &[-61, 61, 0, 0][..]));
        let exact = x.values();
        x.wake_flux();
        assert_eq!((x.phase(), x.values()), ("flux", exact.clone()));
        x.crystallize(None).unwrap();
        assert_eq!(x.values(), exact);
    }

    #[test]
    fn a_coarser_snap_stays_with_the_tensor() {
        let mut x = flux(&[0.3]);
        x.crystallize(None).unwrap();
        x.crystallize(Some(5)).unwrap();
        assert_eq!((x.precision(), points(&x)), (5, (&[-3][..], &[2][..])));
    }

    #[test]
    fn a_failed_snap_leaves_everything_as_it_was() {
        let mut x = flux(&[1.0, f64::NAN]);
        assert!(x.crystallize(Some(7)).is_err());
        assert!(x.crystallize(Some(0)).is_err());
        assert_eq!((x.precision(), x.phase()), (100, "flux"));
    }

    #[test]
    fn lengths_are_checked() {
        let mut x = flux(&[1.0, 2.0]);
        assert!(x.set_flux(&[1.0]).is_err());
        assert!(x.set_lattice(&[1, 2], &[1]).is_err());
        x.set_lattice(&[1, 2], &[0, -1]).unwrap();
        assert_eq!(points(&x), (&[1, 2][..], &[0, -1][..]));
        x.set_flux(&[5.0, 6.0]).unwrap();
        assert_eq!(x.values(), [5.0, 6.0]);
        assert!(Resonant::new([3], vec![1.0], &ModeNorms::Raw, 100).is_err());
        assert!(Resonant::new([1], vec![1.0], &ModeNorms::Raw, 0).is_err());
    }

    #[test]
    fn scalars_and_empty_tensors_have_a_syntony() {
        let scalar = Resonant::new([], vec![2.0], &ModeNorms::Scaled, 10).unwrap();
        assert_eq!(scalar.syntony().unwrap(), 1.0);
        let empty = Resonant::new([3, 0], Vec::new(), &ModeNorms::Scaled, 10).unwrap();
        assert_eq!(empty.syntony().unwrap(), 0.0);
    }
}
