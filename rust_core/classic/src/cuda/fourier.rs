//! The part of a field that lies in some frequencies: kernels/complex.cu.

use easy_ext::ext;
use syntonic_core::cuda::{DeviceTensor, Format, Grid, Kernel, size};
use syntonic_core::tensor::{DType, Shape};
use syntonic_core::{Error, Result};

/// Projections on chosen frequencies.
#[ext(FourierProjection)]
impl DeviceTensor {
    /// Returns the part of each field of the last axis that lies in these frequencies of its discrete Fourier transform, as
    /// pairs: (.., n) to (.., n, 2), or with `complex` (.., n, 2) to the same. Frequencies count modulo n, each once.
    ///
    /// # Errors
    /// `Error::Shape` without such an axis, or for one of 2^31 numbers; `Error::DType` for integers.
    pub fn fourier_projection(&self, frequencies: &[i64], complex: bool) -> Result<DeviceTensor> {
        const OP: &str = "fourier_projection";
        let dtype = self.format().real(OP)?;
        let (rest, n, parts) = match (self.shape().dims(), complex) {
            ([rest @ .., n], false) => (rest, *n, 1),
            ([rest @ .., n, 2], true) => (rest, *n, 2),
            _ => {
                let expected = format!("{} numbers on the last axis", if complex { "pairs of" } else { "real" });
                return Err(Error::Shape { op: OP, expected, got: format!("shape {}", self.shape()) });
            }
        };
        let Some(length) = i64::try_from(n).ok().filter(|&n| n < 1 << 31) else {
            let expected = "fewer than 2^31 numbers on the axis".into();
            return Err(Error::Shape { op: OP, expected, got: n.to_string() });
        };
        let out = self.like(OP, Shape::from([rest, &[n, 2]].concat()))?;
        if out.numel() == 0 {
            return Ok(out);
        }
        let mut kept: Vec<i64> = frequencies.iter().map(|k| k.rem_euclid(length)).collect();
        kept.sort_unstable();
        kept.dedup();
        let (device, rows, count) = (self.device(), rest.iter().product::<usize>(), kept.len());
        let kept = DeviceTensor::from_values(device, [count].into(), Format::I64, &kept)?;
        let shares = DeviceTensor::empty(OP, device, [rows, count, 2].into(), Format::Real(DType::F64))?;
        if count > 0 {
            let tail = [rows, count, n, parts].map(size);
            let args = [&[shares.pointer(), self.pointer(), kept.pointer()], &tail[..]].concat();
            device.launch(&Kernel::plain(OP, "complex", "fourier_shares", dtype), Grid::blocks(rows * count), &args)?;
        }
        let args = [&[out.pointer(), shares.pointer(), kept.pointer()], &[rows, count, n].map(size)[..]].concat();
        device.launch(&Kernel::plain(OP, "complex", "fourier_field", dtype), Grid::flat(rows * n), &args)?;
        Ok(out)
    }
}
