//! Tensors made of another one: other values with the same precision, and its norms where the features stay.

use easy_ext::ext;
use syntonic_core::Result;
use syntonic_core::exact::LatticeArray;
use syntonic_core::tensor::{ModeNorms, Resonant, Shape, Values};

use crate::exact::LatticeArithmetic;

#[ext(TakeValues)]
impl Values {
    /// Returns the values with these numbers.
    pub(super) fn take(&self, numbers: &[usize]) -> Result<Values> {
        Ok(match self {
            Self::Lattice(points) => Self::Lattice(points.take(numbers)?),
            Self::Flux(x) => Self::Flux(numbers.iter().map(|&i| x[i]).collect()),
        })
    }
}

#[ext(Derive)]
impl Resonant {
    /// Returns a tensor of other values with this one's precision, and its norms as far as the last axis is the same.
    pub(super) fn with_values(&self, shape: Shape, values: Values, same_features: bool) -> Result<Resonant> {
        let same = same_features && shape.last() == self.shape().last();
        let norms = if same { ModeNorms::Given(self.norms().to_vec()) } else { ModeNorms::default() };
        match values {
            Values::Lattice(points) => Resonant::from_points(shape, points, &norms, self.precision()),
            Values::Flux(x) => Resonant::new(shape, x, &norms, self.precision()),
        }
    }

    /// Returns a tensor like this one with float results in place of its values: snapped to `precision` if that is
    /// given, or to the tensor's own if this tensor is crystallized.
    pub(super) fn with_floats(
        &self,
        shape: Shape,
        values: Vec<f64>,
        same_features: bool,
        precision: Option<i64>,
    ) -> Result<Resonant> {
        let mut result = self.with_values(shape, Values::Flux(values), same_features)?;
        if precision.is_some() || self.lattice().is_some() {
            result.crystallize(precision)?;
        }
        Ok(result)
    }

    /// Returns this tensor with other norms, one per feature.
    pub(super) fn with_norms(self, norms: Vec<f64>) -> Result<Resonant> {
        let shape = self.shape().clone();
        match self.state() {
            Values::Lattice(points) => {
                Resonant::from_points(shape, points.clone(), &ModeNorms::Given(norms), self.precision())
            }
            Values::Flux(x) => Resonant::new(shape, x.clone(), &ModeNorms::Given(norms), self.precision()),
        }
    }

    /// Returns the values of several tensors one after another: points if all are crystallized, else floats.
    pub(super) fn chain(tensors: &[Resonant]) -> Values {
        let lattices: Option<Vec<&LatticeArray>> = tensors.iter().map(Resonant::lattice).collect();
        match lattices {
            Some(all) => Values::Lattice(all.into_iter().flat_map(LatticeArray::points).collect()),
            None => Values::Flux(tensors.iter().flat_map(Resonant::values).collect()),
        }
    }
}
