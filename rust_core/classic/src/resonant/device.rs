//! The cycle of a resonant tensor with its arithmetic on a device: D, H and the snap of `cycle.rs`, in binary64.
//!
//! The noise has the CPU's bits. A product that the card fuses may round otherwise, so that a value halfway between two
//! points can snap to the other one.

use std::sync::Arc;

use easy_ext::ext;
use syntonic_core::Result;
use syntonic_core::cuda::{Device, DeviceTensor};
use syntonic_core::exact::LatticeArray;
use syntonic_core::tensor::{DType, ModeNorms, Resonant, Shape, Tensor};

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
        let upload = |values: &[f64]| DeviceTensor::upload(device, &Tensor::new([values.len()], values.to_vec())?);
        let (weights, syntony) = (upload(self.weights())?, upload(&[self.syntony()?])?);
        let stirred = self.differentiated_on(device, noise)?;
        let (bound, stirred) = (precision.unwrap_or(self.precision()), stirred.h_phase(&weights, &syntony, 1.0)?);
        let norms = ModeNorms::Given(self.norms().to_vec());
        *self = snapped(&stirred, self.shape(), &norms, bound, precision.is_some())?;
        self.syntony()
    }

    /// Builds a crystallized tensor of a float tensor's values, which a device snaps.
    ///
    /// # Errors
    /// As [`Resonant::new`], `Error::Value` for NaN or infinity, and what the device reports.
    pub fn snapped_on(
        device: &Arc<Device>,
        values: &Tensor,
        norms: &ModeNorms,
        precision: Option<i64>,
    ) -> Result<Resonant> {
        let remote = DeviceTensor::upload(device, values)?;
        snapped(&remote, values.shape(), norms, precision.unwrap_or(100), precision.is_some())
    }
}

/// Returns a crystallized tensor of what a device has snapped. As on the CPU, values beyond the last point are refused if
/// the precision was given.
fn snapped(
    values: &DeviceTensor,
    shape: &Shape,
    norms: &ModeNorms,
    precision: i64,
    is_given: bool,
) -> Result<Resonant> {
    let (a, b) = values.snap(precision)?;
    let points = LatticeArray::new(a.integers()?, b.integers()?)?;
    let at_the_end = |(a, b): (i64, i64)| a == b && a.abs() == precision;
    if points.points().any(at_the_end) {
        // What was there decides.
        let mut again = Resonant::new(shape.clone(), values.download()?.to_f64(), norms, precision)?;
        again.crystallize(is_given.then_some(precision))?;
        return Ok(again);
    }
    Resonant::from_points(shape.clone(), points, norms, precision)
}
