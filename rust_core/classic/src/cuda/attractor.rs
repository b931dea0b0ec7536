//! The centroid of attractors and the pull towards it: kernels/attractor.cu.

use easy_ext::ext;
use syntonic_core::cuda::{Arg, DeviceTensor, Format, Grid, Kernel, at_least, packs, rows_of, size};
use syntonic_core::tensor::{DType, Shape};
use syntonic_core::{Error, Result};

/// Attractors and the pull towards them.
#[ext(Attractors)]
impl DeviceTensor {
    /// Returns the weighted mean of the entries of axis 0; entries of weight 0 or less are left out, and without any
    /// weight it is 0.
    ///
    /// # Errors
    /// `Error::Shape` when the weights are not one per entry, `Error::Value` when one is not finite.
    pub fn centroid(&self, weights: &[f64]) -> Result<DeviceTensor> {
        const OP: &str = "centroid";
        let dtype = self.format().real(OP)?;
        let (slots, rest) = self.slots(OP, weights)?;
        let out = self.like(OP, Shape::from(rest.to_vec()))?;
        let n = out.numel();
        if n > 0 {
            let weights = DeviceTensor::from_values(self.device(), [slots].into(), Format::Real(DType::F64), weights)?;
            let args = [out.pointer(), self.pointer(), weights.pointer(), size(slots), size(n)];
            self.device().launch(&Kernel::plain(OP, "attractor", OP, dtype), Grid::flat(n), &args)?;
        }
        Ok(out)
    }

    /// Returns the centroid of each of some lists of attractors: (lists, ..). -1 in a list stands for no attractor.
    ///
    /// # Errors
    /// As [`DeviceTensor::centroid`], and `Error::Shape` for lists of different lengths, `Error::Value` for an attractor that is not there.
    pub fn centroids(&self, weights: &[f64], lists: &[Vec<i32>]) -> Result<DeviceTensor> {
        const OP: &str = "centroids";
        let dtype = self.format().real(OP)?;
        let (slots, rest) = self.slots(OP, weights)?;
        let longest = lists.first().map_or(0, Vec::len);
        if let Some(other) = lists.iter().find(|list| list.len() != longest) {
            let expected = format!("lists of one length, {longest} as the first; -1 fills one up");
            return Err(Error::Shape { op: OP, expected, got: other.len().to_string() });
        }
        let there = |&slot: &i32| slot == -1 || usize::try_from(slot).is_ok_and(|slot| slot < slots);
        if let Some(bad) = lists.iter().flatten().find(|slot| !there(slot)) {
            let expected = format!("attractors below {slots}, or -1 for none");
            return Err(Error::Value { op: OP, expected, got: bad.to_string() });
        }
        let out = self.like(OP, Shape::from([&[lists.len()], rest].concat()))?;
        if out.numel() > 0 {
            let device = self.device();
            let weights = DeviceTensor::from_values(device, [slots].into(), Format::Real(DType::F64), weights)?;
            let of_lists =
                DeviceTensor::from_values(device, [lists.len(), longest].into(), Format::I32, &lists.concat())?;
            let n = out.numel() / lists.len();
            let head = [out.pointer(), self.pointer(), weights.pointer(), of_lists.pointer()];
            let args = [&head[..], &[lists.len(), longest, n].map(size)].concat();
            device.launch(&Kernel::plain(OP, "attractor", OP, dtype), Grid::flat(out.numel()), &args)?;
        }
        Ok(out)
    }

    /// Returns the velocities of bodies at these places (bodies, 3) after they pulled one another for a moment:
    /// v_i + strength sum_j m_j (x_j - x_i) / (|x_j - x_i|^2 + softening^2)^(3/2).
    ///
    /// # Errors
    /// `Error::Shape` when a shape does not fit, `Error::Value` unless strength and softening are finite.
    pub fn geodesic_gravity(
        &self,
        velocities: &DeviceTensor,
        masses: &DeviceTensor,
        strength: f64,
        softening: f64,
    ) -> Result<DeviceTensor> {
        const OP: &str = "geodesic_gravity";
        let dtype = self.format().real(OP)?;
        let &[bodies, 3] = self.shape().dims() else {
            let expected = "places of (bodies, 3)".into();
            return Err(Error::Shape { op: OP, expected, got: format!("shape {}", self.shape()) });
        };
        self.matches(OP, velocities, &[bodies, 3])?;
        self.matches(OP, masses, &[bodies])?;
        at_least(OP, "strength", strength, f64::MIN)?;
        at_least(OP, "softening", softening, 0.0)?;
        let out = self.like(OP, self.shape().clone())?;
        if bodies > 0 {
            let head = [out.pointer(), self.pointer(), velocities.pointer(), masses.pointer()];
            let tail = [Arg::Real(strength), Arg::Real(softening), size(bodies)];
            let args = [&head[..], &tail].concat();
            self.device().launch(&Kernel::plain(OP, "attractor", OP, dtype), Grid::flat(bodies), &args)?;
        }
        Ok(out)
    }

    /// Returns the Euclidean distance to a tensor of the same shape; waits for the device.
    ///
    /// # Errors
    /// `Error::Shape` and `Error::DType` when they do not match.
    pub fn distance(&self, other: &DeviceTensor) -> Result<f64> {
        const OP: &str = "distance";
        let dtype = self.format().real(OP)?;
        self.matches(OP, other, self.shape().dims())?;
        let n = self.numel();
        if n == 0 {
            return Ok(0.0);
        }
        let blocks = n.div_ceil(4096).min(4 * self.device().multiprocessors());
        let partial = DeviceTensor::empty(OP, self.device(), [blocks].into(), Format::Real(DType::F64))?;
        let args = [partial.pointer(), self.pointer(), other.pointer(), size(n)];
        self.device().launch(&Kernel::plain(OP, "attractor", "square_distance", dtype), Grid::blocks(blocks), &args)?;
        Ok(partial.values::<f64>(OP)?.iter().sum::<f64>().sqrt())
    }

    /// Returns (1 - pull) H x + pull (x + gravity (c - x)), H x = x (1 - beta (1 - w)); gravity 1 draws to c itself.
    ///
    /// # Errors
    /// `Error::Shape` when a shape does not fit, `Error::Value` unless pull is in [0, 1] and the rest finite.
    pub fn retrocausal_harmonize(
        &self,
        centroid: &DeviceTensor,
        weights: &DeviceTensor,
        pull: f64,
        beta: f64,
        gravity: f64,
    ) -> Result<DeviceTensor> {
        const OP: &str = "retrocausal_harmonize";
        let dim = rows_of(OP, self.shape())?.1;
        self.matches(OP, weights, &[dim])?;
        at_least(OP, "pull", pull, 0.0)?;
        at_least(OP, "remainder 1 - pull", 1.0 - pull, 0.0)?;
        at_least(OP, "beta", beta, 0.0)?;
        at_least(OP, "gravity", gravity, 0.0)?;
        let middle = [weights.pointer(), Arg::Real(pull), Arg::Real(beta), Arg::Real(gravity)];
        self.towards(OP, centroid, &middle, &[size(dim)])
    }

    /// Returns (c - x) (1 - S)^2.
    ///
    /// # Errors
    /// `Error::Shape` and `Error::DType` when the operands do not match.
    pub fn syntony_gradient(&self, centroid: &DeviceTensor, syntony: f64) -> Result<DeviceTensor> {
        self.towards("syntony_gradient", centroid, &[Arg::Real(syntony)], &[])
    }

    /// Returns d e^(-|d|/phi), d = c - x: the pull of each feature by itself.
    ///
    /// # Errors
    /// `Error::Shape` and `Error::DType` when the operands do not match.
    pub fn feature_distance(&self, centroid: &DeviceTensor) -> Result<DeviceTensor> {
        self.towards("feature_distance", centroid, &[], &[])
    }

    /// Returns e^(n m/phi) of winding numbers n and m.
    ///
    /// # Errors
    /// `Error::Shape` and `Error::DType` when the operands do not match.
    pub fn hooking_coefficient(&self, other: &DeviceTensor) -> Result<DeviceTensor> {
        self.towards("hooking_coefficient", other, &[], &[])
    }
}

#[ext(AttractorsParts)]
impl DeviceTensor {
    /// Checks that there is a finite weight for each entry of axis 0, and returns how many entries there are and their shape.
    fn slots(&self, op: &'static str, weights: &[f64]) -> Result<(usize, &[usize])> {
        let Some((&slots, rest)) = self.shape().dims().split_first() else {
            return Err(Error::Shape {
                op,
                expected: "one entry of axis 0 per attractor".into(),
                got: "a scalar".into(),
            });
        };
        if weights.len() != slots {
            let expected = format!("{slots} weights, one per attractor");
            return Err(Error::Shape { op, expected, got: weights.len().to_string() });
        }
        match weights.iter().find(|w| !w.is_finite()) {
            Some(bad) => Err(Error::Value { op, expected: "finite weights".into(), got: bad.to_string() }),
            None => Ok((slots, rest)),
        }
    }

    fn towards(&self, op: &'static str, other: &DeviceTensor, middle: &[Arg], tail: &[Arg]) -> Result<DeviceTensor> {
        let dtype = self.format().real(op)?;
        self.matches(op, other, self.shape().dims())?;
        let out = self.like(op, self.shape().clone())?;
        let n = self.numel();
        if n > 0 {
            let packs = packs(&[self, other, &out]);
            let head = [out.pointer(), self.pointer(), other.pointer()];
            let args = [&head[..], middle, &[size(packs), size(n)], tail].concat();
            let grid = Grid::flat(if packs > 0 { packs.div_ceil(4) } else { n });
            self.device().launch(&Kernel::plain(op, "attractor", op, dtype), grid, &args)?;
        }
        Ok(out)
    }
}
