//! The cycle of a resonant tensor with its arithmetic on a device: D, H and the snap of `cycle.rs`, in binary64.
//!
//! The noise has the CPU's bits. A product that the card fuses may round otherwise, so that a value halfway between two
//! points can snap to the other one.

use std::sync::Arc;

use easy_ext::ext;
use syntonic_core::Result;
use syntonic_core::cuda::{Device, DeviceTensor};
use syntonic_core::exact::LatticeArray;
use syntonic_core::tensor::{DType, ModeNorms, Resonant, Tensor};

use super::cycle::Noise;
use crate::cuda::{Lattice, ResonantPhases};

/// Cycles whose arithmetic is on a device.
#[ext(DeviceCycle)]
impl Resonant {
    /// Returns the values after the D phase on a device; the tensor itself stays as it is.
    ///
    /// # Errors
    /// `Error::Value` for a noise scale that is negative, and what the device reports.
    pub fn differentiated_on(&self, device: &Arc<Device>, noise: Noise) -> Result<DeviceTensor> {
        let upload = |values: &[f64]| DeviceTensor::upload(device, &Tensor::new([values.len()], values.to_vec())?);
        // A scalar is a row of one feature.
        let rows = [self.shape().rows(), self.shape().last()];
        let values = DeviceTensor::upload(device, &self.to_tensor(DType::F64)?)?.reshape(rows.into())?;
        if values.numel() == 0 {
            return Ok(values);
        }
        let (roots, spreads) = upload(self.norms())?.mode_tables()?;
        let syntony = upload(&[self.syntony()?])?;
        let tables = (&roots, noise.weighted.then_some(&spreads));
        values.d_phase_seeded((noise.seed, noise.step), tables, &syntony, noise.scale)
    }

    /// Runs one cycle on a device: wake, D, H with the S from before D, snap. Returns the new S.
    ///
    /// # Errors
    /// As [`Resonant::differentiated_on`], and `Error::Value` for a precision out of range; the tensor is unchanged then.
    pub fn cycle_on(&mut self, device: &Arc<Device>, noise: Noise, precision: Option<i64>) -> Result<f64> {
        let precision = precision.unwrap_or(self.precision());
        let upload = |values: &[f64]| DeviceTensor::upload(device, &Tensor::new([values.len()], values.to_vec())?);
        let (weights, syntony) = (upload(self.weights())?, upload(&[self.syntony()?])?);
        let stirred = self.differentiated_on(device, noise)?;
        let (a, b) = stirred.h_phase(&weights, &syntony, 1.0)?.snap(precision)?;
        let points = LatticeArray::new(a.integers()?, b.integers()?)?;
        let norms = ModeNorms::Given(self.norms().to_vec());
        *self = Resonant::from_points(self.shape().clone(), points, &norms, precision)?;
        self.syntony()
    }

    /// Builds a crystallized tensor of a float tensor's values, which a device snaps.
    ///
    /// # Errors
    /// As [`Resonant::new`], `Error::Value` for NaN or infinity, and what the device reports.
    pub fn snapped_on(device: &Arc<Device>, values: &Tensor, norms: &ModeNorms, precision: i64) -> Result<Resonant> {
        let (a, b) = DeviceTensor::upload(device, values)?.snap(precision)?;
        let points = LatticeArray::new(a.integers()?, b.integers()?)?;
        Resonant::from_points(values.shape().clone(), points, norms, precision)
    }
}
