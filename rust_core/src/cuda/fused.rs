//! A kernel that evaluates one member in each block, and the memory that it is started on: kernels/fused.cuh has its parts.

use std::sync::Arc;

use cudarc::driver::CudaFunction;

use super::compile::{Target, compile_text};
use super::format::{Format, suffix};
use super::kernel::Grid;
use super::tensor::DeviceTensor;
use super::units::{FUSED_HEADERS, FUSED_PARTS, lines};
use super::{Device, ops::size};
use crate::Result;
use crate::tensor::DType;

const OP: &str = "population";

/// The text of a kernel, and what it is started with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fused {
    /// Definitions in front of the kernel's parts.
    pub head: String,
    /// The kernel.
    pub text: String,
    /// The format of numbers.
    pub dtype: DType,
    /// Threads of a block.
    pub threads: usize,
    /// Bytes of dynamic shared memory.
    pub shared: usize,
    /// The values that all members share, by their numbers in the program, in the order in which the kernel takes them.
    pub given: Vec<usize>,
    /// Scalars that it finds of the centre; of members the first of them alone.
    pub found: usize,
}

impl Fused {
    /// Returns the kernel's source, whole.
    pub fn source(&self) -> String {
        let headers: String = FUSED_HEADERS.iter().map(lines).collect();
        let parts: String = FUSED_PARTS.iter().map(lines).collect();
        let (head, text) = (&self.head, &self.text);
        format!("{headers}#line 1 \"model\"\n{head}{parts}#line 1 \"model\"\n{text}")
    }

    /// Returns the kernel's image for a card: a cubin, or PTX where the compiler does not know the card yet.
    ///
    /// # Errors
    /// `Error::DeviceUnavailable` without NVRTC.
    pub fn compile(&self, arch: u32) -> Result<Vec<u8>> {
        compile_text("fused", &self.source(), &Target { arch, dtype: self.dtype, defines: Vec::new(), ptx: false })
    }
}

/// A fused kernel on a device.
pub struct FusedKernel {
    device: Arc<Device>,
    fused: Fused,
    function: CudaFunction,
}

impl std::fmt::Debug for FusedKernel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a fused kernel on {:?}", self.device)
    }
}

impl FusedKernel {
    /// Compiles and loads a kernel; nothing if a block of this card has too little shared memory.
    ///
    /// # Errors
    /// `Error::DeviceUnavailable` without NVRTC, `Error::Device`.
    pub fn new(device: &Arc<Device>, fused: Fused) -> Result<Option<Self>> {
        if fused.shared > device.shared_limit() {
            return Ok(None);
        }
        let image = fused.compile(device.arch())?;
        let shared = u32::try_from(fused.shared).unwrap_or(u32::MAX);
        let function = device.load(OP, image, &format!("fused_{}", suffix(fused.dtype)), shared)?;
        Ok(Some(Self { device: Arc::clone(device), fused, function }))
    }

    /// Returns what it was made from.
    pub fn fused(&self) -> &Fused {
        &self.fused
    }

    /// Starts the evaluation of `members` members, whose parameters lie one member behind the other, and of the centre if that
    /// is wanted. Returns the members' losses and what was found of the centre, both in binary64.
    ///
    /// # Errors
    /// `Error::OutOfDeviceMemory`, `Error::Device`.
    pub fn start(
        &self,
        members: usize,
        parameters: &[(DeviceTensor, DeviceTensor)],
        given: &[&DeviceTensor],
        with_centre: bool,
    ) -> Result<(DeviceTensor, DeviceTensor)> {
        let empty = |n: usize| DeviceTensor::empty(OP, &self.device, [n].into(), Format::Real(DType::F64));
        let (losses, of_centre) = (empty(members)?, empty(self.fused.found)?);
        let mut args = vec![losses.pointer(), of_centre.pointer(), size(members)];
        args.extend(parameters.iter().flat_map(|(own, centre)| [own.pointer(), centre.pointer()]));
        args.extend(given.iter().map(|value| value.pointer()));
        let threads = u32::try_from(self.fused.threads).unwrap_or(u32::MAX);
        let shared = u32::try_from(self.fused.shared).unwrap_or(u32::MAX);
        let grid = Grid { threads: (threads, 1), shared, ..Grid::blocks(members + usize::from(with_centre)) };
        self.device.start_kernel(OP, &self.function, grid, &args)?;
        Ok((losses, of_centre))
    }
}
