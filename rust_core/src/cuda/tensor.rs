//! The device tensor: a shape and shared, immutable memory on a CUDA device.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::format::Plain;
use super::launch::{self, Arg, Memory};
use super::{Device, Format};
use crate::tensor::{Buffer, DType, Real, Shape, Storage, Tensor};
use crate::{Error, Result};

/// A dense, row-major tensor on a CUDA device. Cloning shares the memory, which is never written once a tensor owns it.
#[derive(Clone, Debug)]
pub struct DeviceTensor {
    shape: Shape,
    format: Format,
    /// Bytes of the memory before this tensor.
    offset: u64,
    block: Arc<Block>,
}

/// Memory and the device it lies on.
struct Block {
    memory: Memory,
    device: Arc<Device>,
    /// Whether another library may have work under way that reads it.
    shared: AtomicBool,
}

impl std::fmt::Debug for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} at {:#x}", self.device, self.memory.address())
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // Freed memory goes to the next tensor of our stream, which does not wait for the streams of others.
        if self.shared.load(Ordering::Relaxed) {
            self.device.settle();
        }
    }
}

/// What the memory of another library is: how large, of what format, where, and what keeps it alive.
pub struct Lent {
    /// Sizes of the axes; memory is row-major.
    pub shape: Shape,
    /// Number format.
    pub format: Format,
    /// Where it begins.
    pub address: u64,
    /// Dropping it gives the memory back.
    pub owner: Box<dyn Any + Send + Sync>,
}

impl DeviceTensor {
    /// Copies a tensor of the CPU to a device.
    ///
    /// # Errors
    /// `Error::OutOfDeviceMemory`, `Error::Device`.
    pub fn upload(device: &Arc<Device>, tensor: &Tensor) -> Result<Self> {
        let shape = tensor.shape().clone();
        match tensor.storage() {
            Storage::F32(values) => Self::from_values(device, shape, Format::Real(DType::F32), values),
            Storage::F64(values) => Self::from_values(device, shape, Format::Real(DType::F64), values),
        }
    }

    /// Copies integers to a device.
    ///
    /// # Errors
    /// `Error::Shape` when their number is not that of the shape; `Error::OutOfDeviceMemory`, `Error::Device`.
    pub fn from_integers(device: &Arc<Device>, shape: Shape, values: &[i64]) -> Result<Self> {
        Self::from_values(device, shape, Format::I64, values)
    }

    /// As [`Self::from_integers`], of numbers of any format.
    ///
    /// # Errors
    /// As [`Self::from_integers`].
    pub fn from_values<T: Plain>(device: &Arc<Device>, shape: Shape, format: Format, values: &[T]) -> Result<Self> {
        if shape.numel() != values.len() || size_of::<T>() != format.size() {
            let expected = format!("{} values for shape {shape}", shape.numel());
            return Err(Error::Shape { op: "to", expected, got: format!("{} values", values.len()) });
        }
        let tensor = Self::empty("to", device, shape, format)?;
        device.upload("to", tensor.address(), values)?;
        Ok(tensor)
    }

    /// Takes memory that another library lends; work on it must be ordered by the caller.
    pub fn borrow(device: &Arc<Device>, lent: Lent) -> Self {
        let memory =
            Memory::Lent { address: lent.address, stream: Arc::clone(device.stream()), owner: Some(lent.owner) };
        let block = Block { memory, device: Arc::clone(device), shared: AtomicBool::new(false) };
        Self { shape: lent.shape, format: lent.format, offset: 0, block: Arc::new(block) }
    }

    /// Returns memory with undefined contents, for a kernel to fill.
    pub fn empty(op: &'static str, device: &Arc<Device>, shape: Shape, format: Format) -> Result<Self> {
        shape.check(op)?;
        let memory = device.allocate(op, shape.numel() * format.size())?;
        let block = Block { memory, device: Arc::clone(device), shared: AtomicBool::new(false) };
        Ok(Self { shape, format, offset: 0, block: Arc::new(block) })
    }

    /// As [`Self::empty`], on this tensor's device and in its format.
    pub fn like(&self, op: &'static str, shape: Shape) -> Result<Self> {
        Self::empty(op, self.device(), shape, self.format)
    }

    /// Returns zeros on this tensor's device.
    pub fn zeros(op: &'static str, device: &Arc<Device>, shape: Shape, format: Format) -> Result<Self> {
        let tensor = Self::empty(op, device, shape, format)?;
        device.try_on(op, 0, || launch::clear(device.stream(), tensor.address(), tensor.bytes()))?;
        Ok(tensor)
    }

    /// Copies the values to the CPU and waits for them.
    ///
    /// # Errors
    /// `Error::DType` for integers; `Error::Device`, also for what earlier operations did wrong.
    pub fn download(&self) -> Result<Tensor> {
        match self.format.real("cpu")? {
            DType::F32 => Tensor::new(self.shape.clone(), self.buffer::<f32>()?),
            DType::F64 => Tensor::new(self.shape.clone(), self.buffer::<f64>()?),
        }
    }

    /// Copies values to memory that a dropped tensor left: fresh pages would take longer than the copy.
    fn buffer<T: Real>(&self) -> Result<Buffer<T>> {
        let mut values = Buffer::stale(self.numel());
        self.device().download("cpu", values.values_mut(), self.address())?;
        Ok(values)
    }

    /// Copies integers of 64 bits to the CPU and waits for them.
    ///
    /// # Errors
    /// `Error::DType` for other formats; `Error::Device`, also for what earlier operations did wrong.
    pub fn integers(&self) -> Result<Vec<i64>> {
        if self.format != Format::I64 {
            let got = self.format.name().to_owned();
            return Err(Error::DType { op: "tolist", expected: "int64".into(), got });
        }
        self.values("tolist")
    }

    /// Copies values whose format the caller has checked.
    pub fn values<T: Plain>(&self, op: &'static str) -> Result<Vec<T>> {
        let mut values = vec![T::default(); self.numel()];
        self.device().download(op, &mut values, self.address())?;
        Ok(values)
    }

    /// Returns a tensor with memory of its own.
    ///
    /// # Errors
    /// `Error::OutOfDeviceMemory`, `Error::Device`.
    pub fn deep_copy(&self) -> Result<Self> {
        let copy = self.like("copy", self.shape.clone())?;
        let device = self.device();
        device
            .try_on("copy", 0, || launch::duplicate(device.stream(), copy.address(), self.address(), self.bytes()))?;
        Ok(copy)
    }

    /// Returns the same memory under another shape.
    ///
    /// # Errors
    /// `Error::Shape` when the number of elements differs.
    pub fn reshape(&self, shape: Shape) -> Result<Self> {
        shape.check("reshape")?;
        if shape.numel() != self.numel() {
            let expected = format!("{} elements as in shape {}", self.numel(), self.shape);
            return Err(Error::Shape { op: "reshape", expected, got: format!("shape {shape}") });
        }
        Ok(Self { shape, ..self.clone() })
    }

    /// Returns a part of the memory, from number `start` on.
    ///
    /// # Errors
    /// `Error::Shape` when the memory ends before it does.
    pub fn part(&self, start: usize, shape: Shape) -> Result<Self> {
        if start.checked_add(shape.numel()).is_none_or(|end| end > self.numel()) {
            let expected = format!("a part of {} numbers", self.numel());
            return Err(Error::Shape { op: "part", expected, got: format!("shape {shape} from {start} on") });
        }
        Ok(Self { shape, offset: self.offset + (start * self.format.size()) as u64, ..self.clone() })
    }

    /// Notes that another library reads the memory from now on, and returns where it begins.
    pub fn share(&self) -> u64 {
        self.block.shared.store(true, Ordering::Relaxed);
        self.address()
    }

    /// Returns the shape.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Returns the number format.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Returns the device.
    pub fn device(&self) -> &Arc<Device> {
        &self.block.device
    }

    /// Returns the number of elements.
    pub fn numel(&self) -> usize {
        self.shape.numel()
    }

    pub(super) fn bytes(&self) -> usize {
        self.numel() * self.format.size()
    }

    /// Returns where the memory begins.
    pub fn address(&self) -> u64 {
        self.block.memory.address() + self.offset
    }

    /// Returns the memory as a kernel's argument.
    pub fn pointer(&self) -> Arg {
        Arg::Pointer(self.address())
    }

    /// Checks that `other` may be an operand beside this tensor: same device, same format.
    pub fn beside(&self, op: &'static str, other: &Self) -> Result<()> {
        if other.device().ordinal() != self.device().ordinal() {
            let expected = format!("tensors on {:?}", self.device());
            return Err(Error::Value { op, expected, got: format!("one on {:?}", other.device()) });
        }
        if other.format != self.format {
            let expected = self.format.name().to_owned();
            return Err(Error::DType { op, expected, got: other.format.name().into() });
        }
        Ok(())
    }

    /// Checks that `other` is an operand of exactly these sizes.
    pub fn matches(&self, op: &'static str, other: &Self, sizes: &[usize]) -> Result<()> {
        self.beside(op, other)?;
        if other.shape.dims() == sizes {
            return Ok(());
        }
        let expected = format!("shape {}", Shape::from(sizes.to_vec()));
        Err(Error::Shape { op, expected, got: format!("shape {}", other.shape) })
    }
}

/// Returns how many 16-byte packs tensors of equal length are moved in: none unless all begin at a multiple of 16.
pub fn packs(tensors: &[&DeviceTensor]) -> usize {
    let aligned = tensors.iter().all(|tensor| tensor.address().is_multiple_of(16));
    let lanes = tensors.first().map_or(1, |first| 16 / first.format.size());
    tensors.first().filter(|_| aligned).map_or(0, |first| first.numel() / lanes)
}
