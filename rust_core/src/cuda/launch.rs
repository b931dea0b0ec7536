//! The driver behind functions that the rest of the crate may call: devices, memory, streams, launches.
//!
//! What the functions cannot check is that a kernel gets the arguments its source asks for, and that these name enough
//! memory. That is promised by `ops/`, where each launch stands beside the checks of its shapes.
#![allow(unsafe_code)]

use std::any::Any;
use std::ops::Range;
use std::sync::Arc;

use cudarc::driver::{
    CudaContext, CudaFunction, CudaGraph, CudaModule, CudaSlice, CudaStream, DevicePtr, DeviceRepr, DriverError,
    LaunchConfig, PushKernelArg, result, sys,
};
use cudarc::nvrtc::Ptx;

use super::format::Plain;
use super::kernel::Grid;

/// Starts a device: its primary context and a stream of our own, which no other library's work waits for.
pub(super) fn start(ordinal: usize) -> Result<(Arc<CudaContext>, Arc<CudaStream>), DriverError> {
    let context = CudaContext::new(ordinal)?;
    // SAFETY: all work of this crate goes through the one stream made here, in order.
    unsafe { context.disable_event_tracking() };
    let stream = context.new_stream()?;
    if context.has_async_alloc() {
        let mut keep = u64::MAX;
        // SAFETY: the attribute is a 64-bit number; memory that is freed then stays in the pool for the next tensor.
        unsafe {
            let pool = result::device::get_default_mem_pool(context.cu_device())?;
            let threshold = sys::CUmemPool_attribute::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD;
            result::mem_pool::set_attribute(pool, threshold, (&raw mut keep).cast())?;
        }
    }
    Ok((context, stream))
}

/// Loads a module and returns one of its kernels, allowed to use `shared` bytes of dynamic shared memory.
pub(super) fn load(
    context: &Arc<CudaContext>,
    image: Vec<u8>,
    entry: &str,
    shared: u32,
    wide: bool,
) -> Result<CudaFunction, DriverError> {
    use sys::CUfunction_attribute as Attribute;
    let module: Arc<CudaModule> = context.load_module(Ptx::from_binary(image))?;
    let function = module.load_function(entry)?;
    if shared > 48 * 1024 {
        let bytes = i32::try_from(shared).unwrap_or(i32::MAX);
        function.set_attribute(Attribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, bytes)?;
    }
    if wide {
        function.set_attribute(Attribute::CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED, 1)?;
    }
    Ok(function)
}

/// Memory of a device.
pub(super) enum Memory {
    /// Ours, from the pool.
    Own(CudaSlice<u8>),
    /// Another library's, kept alive by `owner`.
    Lent {
        /// Where it begins.
        address: u64,
        /// Whose work must be done before the owner may have it back.
        stream: Arc<CudaStream>,
        /// Dropping it gives the memory back.
        owner: Option<Box<dyn Any + Send + Sync>>,
    },
}

impl Memory {
    /// Returns where the memory begins.
    pub(super) fn address(&self) -> u64 {
        match self {
            Self::Own(slice) => slice.device_ptr(slice.stream()).0,
            Self::Lent { address, .. } => *address,
        }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        if let Self::Lent { stream, owner, .. } = self {
            stream.context().record_err(stream.synchronize());
            *owner = None;
        }
    }
}

/// Allocates memory whose contents are undefined.
pub(super) fn allocate(stream: &Arc<CudaStream>, bytes: usize) -> Result<Memory, DriverError> {
    // SAFETY: every kernel writes each element of its results before anything reads it.
    unsafe { stream.alloc::<u8>(bytes.max(1)) }.map(Memory::Own)
}

/// Returns the bytes that allocations could still take: those of nobody, and those that the pool keeps for us.
pub(super) fn free_memory(context: &Arc<CudaContext>) -> Result<usize, DriverError> {
    let (mut reserved, mut used) = (0_u64, 0_u64);
    if context.has_async_alloc() {
        // SAFETY: both attributes are 64-bit numbers.
        unsafe {
            let pool = result::device::get_default_mem_pool(context.cu_device())?;
            let read = |kind, to: &mut u64| result::mem_pool::get_attribute(pool, kind, (&raw mut *to).cast());
            read(sys::CUmemPool_attribute::CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT, &mut reserved)?;
            read(sys::CUmemPool_attribute::CU_MEMPOOL_ATTR_USED_MEM_CURRENT, &mut used)?;
        }
    }
    Ok(context.mem_get_info()?.0.saturating_add(usize::try_from(reserved.saturating_sub(used)).unwrap_or(0)))
}

/// Copies numbers to device memory, which must have room for them.
pub(super) fn upload<T: Copy>(stream: &CudaStream, to: u64, from: &[T]) -> Result<(), DriverError> {
    stream.context().bind_to_thread()?;
    // SAFETY: the caller's memory has room. From pageable memory the driver has copied before it returns.
    if from.is_empty() { Ok(()) } else { unsafe { result::memcpy_htod_async(to, from, stream.cu_stream()) } }
}

/// Copies numbers from device memory, which must hold as many, and waits for them.
pub(super) fn download<T: Copy>(stream: &CudaStream, to: &mut [T], from: u64) -> Result<(), DriverError> {
    stream.context().bind_to_thread()?;
    if !to.is_empty() {
        // SAFETY: the caller's memory holds as many numbers; any bits are valid integers and floats.
        unsafe { result::memcpy_dtoh_async(to, from, stream.cu_stream()) }?;
    }
    stream.synchronize()
}

/// Copies bytes within a device.
pub(super) fn duplicate(stream: &CudaStream, to: u64, from: u64, bytes: usize) -> Result<(), DriverError> {
    stream.context().bind_to_thread()?;
    // SAFETY: both memories have that many bytes, as the caller's tensors say.
    if bytes == 0 { Ok(()) } else { unsafe { result::memcpy_dtod_async(to, from, bytes, stream.cu_stream()) } }
}

/// Sets bytes of device memory to 0.
pub(super) fn clear(stream: &CudaStream, to: u64, bytes: usize) -> Result<(), DriverError> {
    stream.context().bind_to_thread()?;
    // SAFETY: the memory has that many bytes, as the caller's tensor says.
    if bytes == 0 { Ok(()) } else { unsafe { result::memset_d8_async(to, 0, bytes, stream.cu_stream()) } }
}

/// Makes the work that will come on stream `later` wait for the work that is on stream `first`.
pub(super) fn order(context: &CudaContext, first: sys::CUstream, later: sys::CUstream) -> Result<(), DriverError> {
    context.bind_to_thread()?;
    let event = result::event::create(sys::CUevent_flags::CU_EVENT_DISABLE_TIMING)?;
    // SAFETY: one stream is ours, the other was handed over by its owner; the event lives until it is destroyed below,
    // which the driver puts off until its work is done.
    unsafe {
        let ordered = result::event::record(event, first)
            .and_then(|()| result::stream::wait_event(later, event, sys::CUevent_wait_flags::CU_EVENT_WAIT_DEFAULT));
        ordered.and(result::event::destroy(event))
    }
}

/// Returns a stream that Python handed over as a number: 1 is the legacy default stream, 2 the one per thread.
pub(super) fn foreign(handle: u64) -> sys::CUstream {
    handle as usize as sys::CUstream
}

/// Where the axes of a broadcast result lie in its operands; the layout of `Broadcast` in binary.cu.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Axes {
    /// How many there are.
    pub rank: i64,
    /// Their sizes.
    pub sizes: [i64; 8],
    /// Strides in the first operand.
    pub of_a: [i64; 8],
    /// Strides in the second one.
    pub of_b: [i64; 8],
}

// SAFETY: plain integers, laid out as in C.
unsafe impl DeviceRepr for Axes {}

/// One argument of a kernel.
#[derive(Clone, Copy, Debug)]
pub enum Arg {
    /// An address, 0 for none.
    Pointer(u64),
    /// A `size`.
    Size(i64),
    /// A `double`.
    Real(f64),
    /// A `Broadcast`.
    Axes(Axes),
}

impl Arg {
    /// A size; shapes are checked to have fewer than 2^60 elements.
    pub fn size(n: usize) -> Self {
        Self::Size(n.cast_signed() as i64)
    }
}

/// Returns how many clusters of this launch the whole card holds at once; the kernel's source says how large they are.
pub(super) fn resident_clusters(stream: &CudaStream, function: &CudaFunction, grid: Grid) -> Result<u32, DriverError> {
    stream.context().bind_to_thread()?;
    function.occupancy_max_active_clusters(config(grid), stream)
}

fn config(grid: Grid) -> LaunchConfig {
    LaunchConfig {
        grid_dim: (grid.blocks.0, grid.blocks.1, 1),
        block_dim: (grid.threads.0, grid.threads.1, 1),
        shared_mem_bytes: grid.shared,
    }
}

/// Starts a kernel.
pub(super) fn run(stream: &CudaStream, function: &CudaFunction, grid: Grid, args: &[Arg]) -> Result<(), DriverError> {
    let mut launch = stream.launch_builder(function);
    for arg in args {
        match arg {
            Arg::Pointer(x) => launch.arg(x),
            Arg::Size(x) => launch.arg(x),
            Arg::Real(x) => launch.arg(x),
            Arg::Axes(x) => launch.arg(x),
        };
    }
    // SAFETY: the arguments are what the kernel's source asks for, and the tensors they point to live until this stream
    // has done the work, since their memory is freed in stream order.
    unsafe { launch.launch(config(grid)) }.map(|_| ())
}

/// Work that is started as a whole: what a stream was once given to do.
pub(super) struct Graph(CudaGraph);

// SAFETY: a graph may be used from any thread, by one at a time, which `launch` asks for.
unsafe impl Send for Graph {}
// SAFETY: a shared graph can do nothing.
unsafe impl Sync for Graph {}

impl Graph {
    /// Starts the work on the stream that was recorded.
    pub(super) fn launch(&mut self) -> Result<(), DriverError> {
        self.0.launch()
    }
}

/// Has a stream remember the work of this thread instead of doing it, until `recorded`.
pub(super) fn record(stream: &CudaStream) -> Result<(), DriverError> {
    stream.begin_capture(sys::CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL)
}

/// Ends `record`; nothing if there was no work.
pub(super) fn recorded(stream: &Arc<CudaStream>) -> Result<Option<Graph>, DriverError> {
    Ok(stream.end_capture(sys::CUgraphInstantiate_flags(0))?.map(Graph))
}

/// Memory of the CPU that stays where it is, so that the device copies to and from it without help and without a wait.
#[derive(Debug)]
pub(super) struct Pinned {
    address: *mut u8,
    bytes: usize,
    context: Arc<CudaContext>,
}

// SAFETY: it owns its memory; what is shared reads, what is exclusive writes, and the owner waits for the device in between.
unsafe impl Send for Pinned {}
// SAFETY: as above.
unsafe impl Sync for Pinned {}

impl Drop for Pinned {
    fn drop(&mut self) {
        // A copy may be under way.
        self.context.record_err(self.context.synchronize());
        // SAFETY: the memory came from `malloc_host` and is used no more.
        self.context.record_err(unsafe { result::free_host(self.address.cast()) });
    }
}

/// Allocates pinned memory, all zeros.
pub(super) fn pin(context: &Arc<CudaContext>, bytes: usize) -> Result<Pinned, DriverError> {
    context.bind_to_thread()?;
    let bytes = bytes.max(1);
    // SAFETY: the memory is written below before anything reads it, and has that many bytes.
    let address = unsafe {
        let address = result::malloc_host(bytes, 0)?.cast::<u8>();
        address.write_bytes(0, bytes);
        address
    };
    Ok(Pinned { address, bytes, context: Arc::clone(context) })
}

impl Pinned {
    /// Returns where the memory begins: a kernel may write there, and what it wrote may be read once it is done.
    pub(super) fn address(&self) -> u64 {
        self.address as u64
    }

    /// Writes numbers from byte `at` on; what does not fit is left out.
    pub(super) fn write<T: Plain>(&mut self, at: usize, values: &[T]) {
        let room = self.bytes.saturating_sub(at) / size_of::<T>();
        debug_assert!(values.len() <= room, "{} numbers in the room of {room}", values.len());
        let count = values.len().min(room);
        // SAFETY: `count` numbers fit behind `at`; the borrow of the other memory shows that the two do not overlap.
        unsafe {
            self.address
                .add(at.min(self.bytes))
                .copy_from_nonoverlapping(values.as_ptr().cast(), count * size_of::<T>())
        };
    }

    /// Reads numbers from byte `at` on, as many as there are of `count`.
    pub(super) fn read<T: Plain>(&self, at: usize, count: usize) -> Vec<T> {
        let mut values = vec![T::default(); count.min(self.bytes.saturating_sub(at) / size_of::<T>())];
        // SAFETY: that many numbers lie behind `at`, and any bits are numbers.
        unsafe {
            let from = self.address.add(at.min(self.bytes));
            from.copy_to_nonoverlapping(values.as_mut_ptr().cast(), size_of_val(values.as_slice()));
        }
        values
    }

    /// Copies the first numbers out, as many as there is room for on both sides.
    pub(super) fn copy_to<T: Plain>(&self, to: &mut [T]) {
        let count = to.len().min(self.bytes / size_of::<T>());
        // SAFETY: both memories hold that many numbers, any bits are numbers, and the borrow shows that they do not overlap.
        unsafe { self.address.copy_to_nonoverlapping(to.as_mut_ptr().cast(), count * size_of::<T>()) };
    }

    /// Starts a copy of bytes `range` to the same place of `to`; they must not be written before it is done.
    pub(super) fn send(&self, stream: &CudaStream, to: u64, range: Range<usize>) -> Result<(), DriverError> {
        stream.context().bind_to_thread()?;
        let (start, end) = (range.start.min(self.bytes), range.end.min(self.bytes));
        if start >= end {
            return Ok(());
        }
        // SAFETY: both memories have that many bytes, this one at least as many as are taken of it.
        unsafe {
            let from = std::slice::from_raw_parts(self.address.add(start), end - start);
            result::memcpy_htod_async(to + start as u64, from, stream.cu_stream())
        }
    }

    /// Starts a copy of bytes from the device to the first bytes; they must not be read before it is done.
    pub(super) fn receive(&mut self, stream: &CudaStream, from: u64, bytes: usize) -> Result<(), DriverError> {
        stream.context().bind_to_thread()?;
        // SAFETY: as in `send`.
        unsafe {
            let to = std::slice::from_raw_parts_mut(self.address, bytes.min(self.bytes));
            result::memcpy_dtoh_async(to, from, stream.cu_stream())
        }
    }
}
