//! Driver, NVRTC and cuBLAS behind functions that the rest of the crate may call: its only unsafe code.
//!
//! What the functions cannot check is that a kernel gets the arguments its source asks for, and that these name enough
//! memory. That is promised by `ops/`, where each launch stands beside the checks of its shapes.
#![allow(unsafe_code)]

use std::any::Any;
use std::ffi::{CStr, CString, OsStr, c_char, c_int};
use std::sync::Arc;

use cudarc::cublas::sys as blas;
use cudarc::driver::{
    CudaContext, CudaFunction, CudaModule, CudaSlice, CudaStream, DevicePtr, DeviceRepr, DriverError, LaunchConfig,
    PushKernelArg, result, sys,
};
use cudarc::nvrtc::{Ptx, sys as nvrtc_sys};
use libloading::{Library, Symbol};

use super::fault::meaning;
use crate::tensor::DType;

#[cfg(windows)]
const DRIVER: &str = "nvcuda.dll";
#[cfg(not(windows))]
const DRIVER: &str = "libcuda.so.1";

/// Opens a shared library and leaves it open for the rest of the process.
pub(super) fn open(path: &OsStr) -> Result<(), String> {
    // SAFETY: NVIDIA's libraries have no initialisers that rely on the state of this program.
    unsafe { Library::new(path) }.map(std::mem::forget).map_err(|error| error.to_string())
}

/// Returns the number of devices, or why there are none. Touches no function of cudarc.
pub(super) fn count_devices() -> Result<usize, String> {
    // SAFETY: as in `open`.
    let library = unsafe { Library::new(DRIVER) }
        .map_err(|error| format!("no NVIDIA driver on this machine ({DRIVER}: {error})"))?;
    let call = |name: &str, code: i32| match u32::try_from(code) {
        Ok(0) => Ok(()),
        Ok(code) => Err(format!("{name} returned error {code}: {}", meaning(code))),
        Err(_) => Err(format!("{name} returned {code}")),
    };
    let missing = |error: libloading::Error| format!("{DRIVER} is no usable driver: {error}");
    // SAFETY: the driver API documents these signatures.
    let init: Symbol<'_, unsafe extern "C" fn(u32) -> c_int> = unsafe { library.get(b"cuInit\0") }.map_err(missing)?;
    // SAFETY: as above.
    let count: Symbol<'_, unsafe extern "C" fn(*mut c_int) -> c_int> =
        unsafe { library.get(b"cuDeviceGetCount\0") }.map_err(missing)?;
    let mut devices = 0;
    // SAFETY: no argument but a flag that must be 0, and a place for the count.
    unsafe {
        call("cuInit", init(0))?;
        call("cuDeviceGetCount", count(&raw mut devices))?;
    }
    std::mem::forget(library);
    Ok(usize::try_from(devices).unwrap_or(0))
}

/// The compiler.
pub(super) struct Nvrtc {
    /// Major and minor version.
    pub version: (i32, i32),
    /// Compute capabilities, times ten, that it knows.
    pub architectures: Vec<u32>,
}

/// Returns what the compiler is. Its library must have been opened.
pub(super) fn nvrtc() -> Result<Nvrtc, String> {
    let (mut major, mut minor, mut count) = (0, 0, 0);
    // SAFETY: places for two integers, for a count, and for as many integers as were counted.
    unsafe {
        let text = |e: cudarc::nvrtc::result::NvrtcError| e.to_string();
        nvrtc_sys::nvrtcVersion(&raw mut major, &raw mut minor).result().map_err(text)?;
        nvrtc_sys::nvrtcGetNumSupportedArchs(&raw mut count).result().map_err(text)?;
        let mut known = vec![0; usize::try_from(count).unwrap_or(0)];
        nvrtc_sys::nvrtcGetSupportedArchs(known.as_mut_ptr()).result().map_err(text)?;
        let architectures = known.into_iter().filter_map(|arch: c_int| u32::try_from(arch).ok()).collect();
        Ok(Nvrtc { version: (major, minor), architectures })
    }
}

/// Compiles a source and returns a cubin or PTX, or the compiler's log. Its library must have been opened.
pub(super) fn compile(source: &CStr, name: &CStr, options: &[CString], ptx: bool) -> Result<Vec<u8>, String> {
    let text = |error: cudarc::nvrtc::result::NvrtcError| error.to_string();
    let mut program = cudarc::nvrtc::result::create_program(source, Some(name)).map_err(text)?;
    let pointers: Vec<*const c_char> = options.iter().map(|option| option.as_ptr()).collect();
    let count = c_int::try_from(pointers.len()).unwrap_or(0);
    // SAFETY: `program` is live until it is destroyed below; the options and the images' buffers outlive the calls.
    unsafe {
        let compiled = nvrtc_sys::nvrtcCompileProgram(program, count, pointers.as_ptr()).result();
        let image = compiled.map_err(text).and_then(|()| {
            let mut size = 0;
            if ptx {
                nvrtc_sys::nvrtcGetPTXSize(program, &raw mut size).result().map_err(text)?;
                let mut image = vec![0_u8; size];
                nvrtc_sys::nvrtcGetPTX(program, image.as_mut_ptr().cast()).result().map_err(text)?;
                Ok(image)
            } else {
                nvrtc_sys::nvrtcGetCUBINSize(program, &raw mut size).result().map_err(text)?;
                let mut image = vec![0_u8; size];
                nvrtc_sys::nvrtcGetCUBIN(program, image.as_mut_ptr().cast()).result().map_err(text)?;
                Ok(image)
            }
        });
        let image = image.map_err(|error| {
            let log = cudarc::nvrtc::result::get_program_log(program).unwrap_or_default();
            let bytes: Vec<u8> = log.into_iter().map(|c| c.cast_unsigned()).take_while(|&c| c != 0).collect();
            format!("{error}\n{}", String::from_utf8_lossy(&bytes))
        });
        // A program that cannot be destroyed is lost memory, no more.
        nvrtc_sys::nvrtcDestroyProgram(&raw mut program).result().ok();
        image
    }
}

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
pub(super) struct Axes {
    pub rank: i64,
    pub sizes: [i64; 8],
    pub of_a: [i64; 8],
    pub of_b: [i64; 8],
}

// SAFETY: plain integers, laid out as in C.
unsafe impl DeviceRepr for Axes {}

/// One argument of a kernel.
#[derive(Clone, Copy, Debug)]
pub(super) enum Arg {
    /// An address, 0 for none.
    Pointer(u64),
    /// A `size`.
    Size(i64),
    /// A `double`.
    Real(f64),
    /// A `Broadcast`.
    Axes(Axes),
}

/// The shape of a launch: blocks, threads of a block, bytes of dynamic shared memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    pub blocks: (u32, u32),
    pub threads: (u32, u32),
    pub shared: u32,
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
    let config = LaunchConfig {
        grid_dim: (grid.blocks.0, grid.blocks.1, 1),
        block_dim: (grid.threads.0, grid.threads.1, 1),
        shared_mem_bytes: grid.shared,
    };
    // SAFETY: the arguments are what the kernel's source asks for, and the tensors they point to live until this stream
    // has done the work, since their memory is freed in stream order.
    unsafe { launch.launch(config) }.map(|_| ())
}

/// A cuBLAS handle.
#[derive(Debug)]
pub(super) struct Blas(blas::cublasHandle_t);

// SAFETY: a handle may be used by any thread, by one at a time; it lives in a mutex.
unsafe impl Send for Blas {}

/// One product C = alpha op(A) op(B) + beta C of row-major matrices, `batch` times.
#[derive(Clone, Copy, Debug)]
pub(super) struct Product {
    pub m: i32,
    pub n: i32,
    pub k: i32,
    pub transpose_a: bool,
    pub transpose_b: bool,
    pub alpha: f64,
    pub beta: f64,
    pub batch: i32,
}

impl Blas {
    /// Starts cuBLAS on a stream. Its library must have been opened.
    pub(super) fn new(stream: &CudaStream) -> Result<Self, String> {
        stream.context().bind_to_thread().map_err(|error| meaning(error.0 as u32))?;
        let handle = cudarc::cublas::result::create_handle().map_err(|error| format!("{error:?}"))?;
        // SAFETY: the handle was just made, and the stream lives as long as the process. The types differ in name only.
        unsafe { cudarc::cublas::result::set_stream(handle, stream.cu_stream().cast()) }
            .map_err(|e| format!("{e:?}"))?;
        Ok(Self(handle))
    }

    /// Multiplies; `a`, `b` and `c` are addresses of matrices of the sizes that `product` says.
    pub(super) fn multiply(&self, dtype: DType, product: Product, a: u64, b: u64, c: u64) -> Result<(), String> {
        use blas::cublasOperation_t::{CUBLAS_OP_N as PLAIN, CUBLAS_OP_T as TURNED};
        let Product { m, n, k, alpha, beta, batch, .. } = product;
        // Row-major C = A B is column-major C^T = B^T A^T: operands change places, not layout.
        let op = |transpose| if transpose { TURNED } else { PLAIN };
        let (of_a, of_b) = (op(product.transpose_a), op(product.transpose_b));
        let row_a = if product.transpose_a { m } else { k };
        let row_b = if product.transpose_b { k } else { n };
        let [step_a, step_b, step_c] = [(m, k), (k, n), (m, n)].map(|(r, s)| i64::from(r) * i64::from(s));
        // SAFETY: the addresses hold `batch` matrices of these sizes, as the caller has checked; alpha and beta are read
        // before the call returns.
        let status = unsafe {
            match dtype {
                DType::F32 => {
                    let (alpha, beta) = (alpha as f32, beta as f32);
                    blas::cublasSgemmStridedBatched(
                        self.0,
                        of_b,
                        of_a,
                        n,
                        m,
                        k,
                        &raw const alpha,
                        b as *const f32,
                        row_b,
                        step_b,
                        a as *const f32,
                        row_a,
                        step_a,
                        &raw const beta,
                        c as *mut f32,
                        n,
                        step_c,
                        batch,
                    )
                }
                DType::F64 => blas::cublasDgemmStridedBatched(
                    self.0,
                    of_b,
                    of_a,
                    n,
                    m,
                    k,
                    &raw const alpha,
                    b as *const f64,
                    row_b,
                    step_b,
                    a as *const f64,
                    row_a,
                    step_a,
                    &raw const beta,
                    c as *mut f64,
                    n,
                    step_c,
                    batch,
                ),
            }
        };
        if status == blas::cublasStatus_t::CUBLAS_STATUS_SUCCESS { Ok(()) } else { Err(format!("{status:?}")) }
    }
}
