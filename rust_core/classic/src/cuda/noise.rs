//! The noise of a population on the device, with the bits of the CPU: kernels/noise.cu.

use std::sync::Arc;

use easy_ext::ext;
use syntonic_core::Result;
use syntonic_core::cuda::{Arg, Device, DeviceTensor, Format, Grid, Kernel, size};
use syntonic_core::tensor::DType;
use syntonic_core::tensor::philox::{Key, NORMALS_PER_BLOCK};

/// The noise of a population.
#[ext(PopulationNoise)]
impl DeviceTensor {
    /// Returns normals (pairs, n): row p is what `fill_normals(key, parameter, first_pair + p, generation)` writes.
    ///
    /// # Errors
    /// `Error::OutOfDeviceMemory`, `Error::Device`.
    pub fn noise(
        device: &Arc<Device>,
        key: Key,
        (parameter, first_pair, generation): (u32, u32, u32),
        (pairs, n): (usize, usize),
        dtype: DType,
    ) -> Result<DeviceTensor> {
        const OP: &str = "noise";
        let out = DeviceTensor::empty(OP, device, [pairs, n].into(), Format::Real(dtype))?;
        if out.numel() > 0 {
            let counters = [key.0[0], key.0[1], parameter, first_pair, generation].map(|n| Arg::Size(n.into()));
            let args = [&[out.pointer()][..], &counters, &[size(pairs), size(n)]].concat();
            let grid = Grid::flat(pairs * n.div_ceil(NORMALS_PER_BLOCK));
            device.launch(&Kernel::plain(OP, OP, OP, dtype), grid, &args)?;
        }
        Ok(out)
    }

    /// Returns the members (2 pairs, ..): this tensor plus and minus sigma times the noise of each pair.
    ///
    /// # Errors
    /// `Error::OutOfDeviceMemory`, `Error::Device`.
    pub fn perturb(
        &self,
        sigma: f64,
        key: Key,
        (parameter, first_pair, generation): (u32, u32, u32),
        pairs: usize,
    ) -> Result<DeviceTensor> {
        const OP: &str = "perturb";
        let dtype = self.format().real(OP)?;
        let dims: Vec<usize> = std::iter::once(2 * pairs).chain(self.shape().dims().iter().copied()).collect();
        let out = self.like(OP, dims.into())?;
        if out.numel() > 0 {
            let counters = [key.0[0], key.0[1], parameter, first_pair, generation].map(|n| Arg::Size(n.into()));
            let head = [out.pointer(), self.pointer(), Arg::Real(sigma)];
            let args = [&head[..], &counters, &[size(pairs), size(self.numel())]].concat();
            let grid = Grid::flat(pairs * self.numel().div_ceil(NORMALS_PER_BLOCK));
            self.device().launch(&Kernel::plain(OP, "noise", OP, dtype), grid, &args)?;
        }
        Ok(out)
    }
}
