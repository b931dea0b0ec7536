//! Winding operations: golden weights, energies, the syntony of rows, filters and mode norms: kernels/winding.cu.

use std::sync::Arc;

use easy_ext::ext;
use syntonic_core::cuda::{Arg, Device, DeviceTensor, Format, Grid, Kernel, Rows, packs, rows_of, size};
use syntonic_core::exact::constants::PHI;
use syntonic_core::tensor::{DType, Shape};
use syntonic_core::{Error, Result};

/// Rows longer than this are cut, so that more than one warp reads them.
const LONG: usize = 8192;

/// Winding operations.
#[ext(WindingFields)]
impl DeviceTensor {
    /// Returns the golden weight e^(-n/phi) of each squared norm n.
    ///
    /// # Errors
    /// `Error::DType` for integers.
    pub fn golden_weights(&self) -> Result<DeviceTensor> {
        self.winding("golden_weights", "golden_weights", &[], &[], &[])
    }

    /// Returns x^2.
    ///
    /// # Errors
    /// `Error::DType` for integers.
    pub fn energy(&self) -> Result<DeviceTensor> {
        self.winding("energy", "energy", &[], &[], &[])
    }

    /// Returns the product of energies and weights of the same shape.
    ///
    /// # Errors
    /// `Error::Shape` and `Error::DType` when they do not match.
    pub fn weighted_energy(&self, weights: &DeviceTensor) -> Result<DeviceTensor> {
        self.matches("weighted_energy", weights, self.shape().dims())?;
        self.winding("weighted_energy", "weighted_energy", &[weights.pointer()], &[], &[weights])
    }

    /// Returns x phi^-layer.
    ///
    /// # Errors
    /// `Error::DType` for integers.
    pub fn golden_decay(&self, layer: i32) -> Result<DeviceTensor> {
        self.winding("golden_decay", "golden_decay", &[Arg::Real(PHI.powi(-layer))], &[], &[])
    }

    /// Returns x where `mask`, one number per feature of the last axis, is not 0, and 0 elsewhere.
    ///
    /// # Errors
    /// `Error::Shape` when the mask has another length.
    pub fn mobius_filter(&self, mask: &[i32]) -> Result<DeviceTensor> {
        const OP: &str = "mobius_filter";
        let (_, dim) = rows_of(OP, self.shape())?;
        if mask.len() != dim {
            let expected = format!("a mask of {dim} numbers, one per feature");
            return Err(Error::Shape { op: OP, expected, got: mask.len().to_string() });
        }
        let mask = DeviceTensor::from_values(self.device(), [dim].into(), Format::I32, mask)?;
        self.winding(OP, OP, &[mask.pointer()], &[size(dim)], &[])
    }

    /// Returns squared mode norms of `dim` features: (scale i / dim)^2, or i^2 without a scale.
    ///
    /// # Errors
    /// `Error::OutOfDeviceMemory`, `Error::Device`.
    pub fn mode_norms(device: &Arc<Device>, dim: usize, scale: Option<f64>, dtype: DType) -> Result<DeviceTensor> {
        const OP: &str = "mode_norms";
        let out = DeviceTensor::empty(OP, device, [dim].into(), Format::Real(dtype))?;
        let args = [out.pointer(), Arg::Real(scale.unwrap_or(0.0)), size(dim)];
        device.launch(&Kernel::plain(OP, "winding", OP, dtype), Grid::flat(dim), &args)?;
        Ok(out)
    }

    /// Returns the syntony of each row, sum x^2 w / sum x^2, given the weights of the features; 0 for a row of zeros.
    ///
    /// # Errors
    /// `Error::Shape` when the weights are not one number per feature.
    pub fn batch_syntony(&self, weights: &DeviceTensor) -> Result<DeviceTensor> {
        const OP: &str = "batch_syntony";
        let dtype = self.format().real(OP)?;
        let (rows, dim) = rows_of(OP, self.shape())?;
        self.matches(OP, weights, &[dim])?;
        let dims = self.shape().dims();
        let out = self.like(OP, Shape::from(dims[..dims.len() - 1].to_vec()))?;
        if rows == 0 {
            return Ok(out);
        }
        let device = self.device();
        let lanes = 16 / dtype.size();
        let aligned = [self, weights].iter().all(|t| t.address().is_multiple_of(16)) && dim.is_multiple_of(lanes);
        let kernel = |entry| Kernel::plain(OP, "winding", entry, dtype);
        if let Some(plan) = Rows::short(rows, dim, dtype, &[self, weights]) {
            let args = [out.pointer(), self.pointer(), weights.pointer(), size(rows), size(dim)];
            plan.launch(device, OP, "winding", OP, &args)?;
            return Ok(out);
        }
        let head = [self.pointer(), weights.pointer(), size(rows), size(dim)];
        let warps = Grid::flat(32 * rows);
        if dim <= LONG {
            let packs = size(if aligned { dim / lanes } else { 0 });
            device.launch(&kernel(OP), warps, &[&[out.pointer()], &head[..], &[packs]].concat())?;
            return Ok(out);
        }
        let wanted = (16 * device.multiprocessors()).div_ceil(rows);
        let parts = wanted.clamp(1, dim.div_ceil(LONG));
        let chunk = dim.div_ceil(parts).next_multiple_of(lanes);
        let partial = DeviceTensor::empty(OP, device, [rows, parts, 2].into(), Format::Real(DType::F64))?;
        let tail = [size(chunk), size(parts), size(usize::from(aligned))];
        let blocks = Grid::blocks(rows * parts);
        device.launch(&kernel("syntony_part"), blocks, &[&[partial.pointer()], &head[..], &tail].concat())?;
        let args = [&[out.pointer(), partial.pointer()], &head[..], &[size(parts)]].concat();
        device.launch(&kernel("syntony_whole"), warps, &args)?;
        Ok(out)
    }
}

#[ext(WindingFieldsParts)]
impl DeviceTensor {
    fn winding(
        &self,
        op: &'static str,
        entry: &str,
        middle: &[Arg],
        tail: &[Arg],
        others: &[&DeviceTensor],
    ) -> Result<DeviceTensor> {
        let dtype = self.format().real(op)?;
        let out = self.like(op, self.shape().clone())?;
        let n = self.numel();
        if n > 0 {
            let packs = packs(&[&[self, &out][..], others].concat());
            let args = [&[out.pointer(), self.pointer()], middle, &[size(packs), size(n)], tail].concat();
            let grid = Grid::flat(if packs > 0 { packs.div_ceil(4) } else { n });
            self.device().launch(&Kernel::plain(op, "winding", entry, dtype), grid, &args)?;
        }
        Ok(out)
    }
}
