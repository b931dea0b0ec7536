//! A CUDA device: context, one stream, the kernels that were loaded, and cuBLAS once it is needed.

use std::collections::HashMap;
use std::env;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use cudarc::driver::sys::CUdevice_attribute as Attribute;
use cudarc::driver::{CudaContext, CudaEvent, CudaFunction, CudaStream, DriverError};

use super::blas::Blas;
use super::compile::{Target, compile};
use super::fault::fault;
use super::format::{Plain, suffix};
use super::kernel::{Grid, Kernel};
use super::launch::{self, Arg, Graph, Memory};
use super::library;
use super::probe::device_count;
use super::transfer::{Driven, LARGE, Staging};
use crate::{Error, Result};

/// One CUDA device of this process. Its work runs in order on one stream.
pub struct Device {
    ordinal: usize,
    context: Arc<CudaContext>,
    stream: Arc<CudaStream>,
    arch: u32,
    multiprocessors: usize,
    shared_limit: usize,
    functions: Mutex<HashMap<String, CudaFunction>>,
    blas: Mutex<Option<Blas>>,
    pub(super) staging: Mutex<Option<Staging>>,
}

static DEVICES: OnceLock<Vec<OnceLock<Result<Arc<Device>>>>> = OnceLock::new();

impl Device {
    /// Returns device `ordinal`, started on first use.
    ///
    /// # Errors
    /// `Error::DeviceUnavailable` if there is no such device, `Error::Device` if it does not start.
    pub fn get(ordinal: usize) -> Result<Arc<Self>> {
        let count = device_count()?;
        let devices = DEVICES.get_or_init(|| (0..count).map(|_| OnceLock::new()).collect());
        let Some(slot) = devices.get(ordinal) else {
            let reason = format!("there is no device cuda:{ordinal}; the last of {count} is cuda:{}", count - 1);
            return Err(Error::DeviceUnavailable { reason });
        };
        slot.get_or_init(|| Self::start(ordinal).map(Arc::new)).clone()
    }

    fn start(ordinal: usize) -> Result<Self> {
        let check = |error| fault("device", error, 0);
        let (context, stream) = launch::start(ordinal).map_err(check)?;
        let attribute = |which| context.attribute(which).map(|n| usize::try_from(n).unwrap_or(0)).map_err(check);
        let (major, minor) = context.compute_capability().map_err(check)?;
        let multiprocessors = attribute(Attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)?;
        // What a kernel declares itself comes on top: two KiB are left for it.
        let shared_limit =
            attribute(Attribute::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN)?.saturating_sub(2048);
        let arch = u32::try_from(10 * major + minor).unwrap_or(0);
        let (functions, blas, staging) = (Mutex::default(), Mutex::new(None), Mutex::new(None));
        Ok(Self { ordinal, context, stream, arch, multiprocessors, shared_limit, functions, blas, staging })
    }

    /// Returns the device's number.
    pub fn ordinal(&self) -> usize {
        self.ordinal
    }

    /// Returns the compute capability times ten.
    pub fn arch(&self) -> u32 {
        self.arch
    }

    /// Returns the number of multiprocessors.
    pub fn multiprocessors(&self) -> usize {
        self.multiprocessors
    }

    /// Returns the most dynamic shared memory that a block may have, in bytes.
    pub fn shared_limit(&self) -> usize {
        self.shared_limit
    }

    /// Returns the bytes that tensors could still take.
    ///
    /// # Errors
    /// `Error::Device`.
    pub fn free_memory(&self) -> Result<usize> {
        self.try_on("memory", 0, || launch::free_memory(&self.context))
    }

    /// Returns the address of the stream, as DLPack and `__cuda_array_interface__` name it.
    pub fn stream_handle(&self) -> u64 {
        self.stream.cu_stream() as usize as u64
    }

    /// Waits for all work on the stream.
    ///
    /// # Errors
    /// `Error::Device` for what went wrong since the last call.
    pub fn synchronize(&self) -> Result<()> {
        self.try_on("synchronize", 0, || self.stream.synchronize().and_then(|()| self.context.check_err()))
    }

    /// Makes the work of another library's stream wait for what is on ours now.
    ///
    /// # Errors
    /// `Error::Device` if the handle is no stream of this device.
    pub fn release_to(&self, stream: u64) -> Result<()> {
        self.try_on("stream", 0, || launch::order(&self.context, self.stream.cu_stream(), launch::foreign(stream)))
    }

    /// Waits for all streams of the device, other libraries' too.
    pub(super) fn settle(&self) {
        self.context.record_err(self.context.synchronize());
    }

    pub(super) fn stream(&self) -> &Arc<CudaStream> {
        &self.stream
    }

    pub(super) fn allocate(&self, op: &'static str, bytes: usize) -> Result<Memory> {
        self.try_on(op, bytes, || launch::allocate(&self.stream, bytes))
    }

    /// Runs `work` and says which operation it was for if it fails.
    pub(super) fn try_on<T>(
        &self,
        op: &'static str,
        bytes: usize,
        work: impl FnOnce() -> std::result::Result<T, DriverError>,
    ) -> Result<T> {
        work().map_err(|error| fault(op, error, bytes))
    }

    /// Starts a kernel, compiled and loaded on its first use. With `SYNTONIC_CUDA_SYNC=1` it also waits for it, so that
    /// a fault is reported by the operation that caused it.
    pub fn launch(&self, kernel: &Kernel<'_>, grid: Grid, args: &[Arg]) -> Result<()> {
        let function = self.function(kernel, grid.shared)?;
        self.start_kernel(kernel.op, &function, grid, args)
    }

    /// Returns how many clusters of a kernel this card holds at once.
    pub(super) fn resident_clusters(&self, kernel: &Kernel<'_>, grid: Grid) -> Result<usize> {
        let function = self.function(kernel, grid.shared)?;
        let found = self.try_on(kernel.op, 0, || launch::resident_clusters(&self.stream, &function, grid))?;
        Ok(usize::try_from(found).unwrap_or(0))
    }

    /// As [`Self::launch`], of a kernel that was looked up before.
    pub(super) fn start_kernel(
        &self,
        op: &'static str,
        function: &CudaFunction,
        grid: Grid,
        args: &[Arg],
    ) -> Result<()> {
        self.start_on(&self.stream, op, function, grid, args)
    }

    /// As [`Self::start_kernel`], on a stream of its own.
    pub(super) fn start_on(
        &self,
        stream: &Arc<CudaStream>,
        op: &'static str,
        function: &CudaFunction,
        grid: Grid,
        args: &[Arg],
    ) -> Result<()> {
        self.try_on(op, 0, || launch::run(stream, function, grid, args))?;
        if eager() { self.try_on(op, 0, || stream.synchronize()) } else { Ok(()) }
    }

    /// Returns a further stream, whose work waits for no other.
    pub(super) fn new_stream(&self, op: &'static str) -> Result<Arc<CudaStream>> {
        self.try_on(op, 0, || self.context.new_stream())
    }

    /// Returns a mark in the work of a stream, to be waited for.
    pub(super) fn new_event(&self, op: &'static str) -> Result<CudaEvent> {
        self.try_on(op, 0, || self.context.new_event(None))
    }

    /// Returns the work that `queue` puts on a stream, without doing it; nothing where each piece of work is to be waited for.
    pub(super) fn record(
        &self,
        op: &'static str,
        stream: &Arc<CudaStream>,
        queue: impl FnOnce() -> Result<()>,
    ) -> Result<Option<Graph>> {
        if eager() {
            return Ok(None);
        }
        self.try_on(op, 0, || launch::record(stream))?;
        let queued = queue();
        // Also after an error, or the stream would go on remembering.
        let graph = self.try_on(op, 0, || launch::recorded(stream));
        queued.and(graph)
    }

    /// Loads a kernel from an image that was made for this device; `shared` is the dynamic shared memory of its blocks, in bytes.
    pub(super) fn load(&self, op: &'static str, image: Vec<u8>, entry: &str, shared: u32) -> Result<CudaFunction> {
        self.try_on(op, 0, || launch::load(&self.context, image, entry, shared, false))
    }

    /// Returns memory of the CPU that the device copies to and from without help.
    pub(super) fn pinned(&self, op: &'static str, bytes: usize) -> Result<launch::Pinned> {
        self.try_on(op, 0, || launch::pin(&self.context, bytes))
    }

    /// Returns a kernel of a unit, compiled and loaded on its first use.
    pub(super) fn function(&self, kernel: &Kernel<'_>, shared: u32) -> Result<CudaFunction> {
        let key = format!(
            "{}/{}_{} {:?} {}",
            kernel.unit.name(),
            kernel.entry,
            suffix(kernel.dtype),
            kernel.defines,
            shared > 0
        );
        let mut functions = self.functions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(function) = functions.get(&key) {
            return Ok(function.clone());
        }
        let (unit, text) = kernel.unit.text(kernel.entry)?;
        let target = Target { arch: self.arch, dtype: kernel.dtype, defines: kernel.defines.to_vec(), ptx: false };
        let image = compile(unit, &text, Some(kernel.entry), &target)?;
        let entry = format!("{}_{}", kernel.entry, suffix(kernel.dtype));
        let wide = kernel.defines.iter().any(|&(name, size)| name.ends_with("_CLUSTER") && size > 8);
        let most = if shared > 0 { u32::try_from(self.shared_limit).unwrap_or(0) } else { 0 };
        let function = self.try_on(kernel.op, 0, || launch::load(&self.context, image, &entry, most, wide))?;
        functions.insert(key, function.clone());
        Ok(function)
    }

    /// Lets cuBLAS, started on its first use, do some work.
    pub fn with_blas(
        &self,
        op: &'static str,
        work: impl FnOnce(&Blas) -> std::result::Result<(), String>,
    ) -> Result<()> {
        let mut blas = self.blas.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = |what: String| Error::Device { op, code: 0, what: format!("cuBLAS: {what}") };
        let handle = match blas.take() {
            Some(handle) => handle,
            None => {
                library::load("cublas", &["cublasLt"])?;
                Blas::new(&self.stream).map_err(failed)?
            }
        };
        work(blas.insert(handle)).map_err(failed)
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cuda:{} (sm_{})", self.ordinal, self.arch)
    }
}

fn eager() -> bool {
    static EAGER: OnceLock<bool> = OnceLock::new();
    *EAGER.get_or_init(|| env::var_os("SYNTONIC_CUDA_SYNC").is_some_and(|value| value == "1"))
}

impl Device {
    /// Copies numbers to memory of this device, which must have room for them.
    pub(super) fn upload<T: Plain>(&self, op: &'static str, to: u64, from: &[T]) -> Result<()> {
        if size_of_val(from) < LARGE {
            return self.try_on(op, 0, || launch::upload(self.stream(), to, from));
        }
        self.staged(op, |staging| staging.upload(self.stream(), to, from))
    }

    /// Copies numbers from memory of this device, which must hold as many, and waits for them.
    pub(super) fn download<T: Plain>(&self, op: &'static str, to: &mut [T], from: u64) -> Result<()> {
        if size_of_val(to) < LARGE {
            return self.try_on(op, 0, || launch::download(self.stream(), to, from));
        }
        self.staged(op, |staging| staging.download(self.stream(), to, from))
    }

    fn staged(&self, op: &'static str, work: impl FnOnce(&mut Staging) -> Driven<()>) -> Result<()> {
        let mut staging = self.staging.lock().unwrap_or_else(PoisonError::into_inner);
        self.try_on(op, 0, || match &mut *staging {
            Some(staging) => work(staging),
            none => work(none.insert(Staging::new(self.stream().context())?)),
        })
    }
}
