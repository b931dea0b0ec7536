//! Shared libraries opened by hand, the driver asked for its devices, and NVRTC: unsafe code behind safe functions.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, OsStr, c_char, c_int};

use cudarc::nvrtc::result::{NvrtcError, create_program, get_program_log};
use cudarc::nvrtc::sys;
use libloading::{Library, Symbol};

use super::fault::meaning;

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
        let text = |e: NvrtcError| e.to_string();
        sys::nvrtcVersion(&raw mut major, &raw mut minor).result().map_err(text)?;
        sys::nvrtcGetNumSupportedArchs(&raw mut count).result().map_err(text)?;
        let mut known = vec![0; usize::try_from(count).unwrap_or(0)];
        sys::nvrtcGetSupportedArchs(known.as_mut_ptr()).result().map_err(text)?;
        let architectures = known.into_iter().filter_map(|arch: c_int| u32::try_from(arch).ok()).collect();
        Ok(Nvrtc { version: (major, minor), architectures })
    }
}

/// Compiles a source and returns a cubin or PTX, or the compiler's log. Its library must have been opened.
pub(super) fn compile(source: &CStr, name: &CStr, options: &[CString], ptx: bool) -> Result<Vec<u8>, String> {
    let text = |error: NvrtcError| error.to_string();
    let mut program = create_program(source, Some(name)).map_err(text)?;
    let pointers: Vec<*const c_char> = options.iter().map(|option| option.as_ptr()).collect();
    let count = c_int::try_from(pointers.len()).unwrap_or(0);
    // SAFETY: `program` is live until it is destroyed below; the options and the images' buffers outlive the calls.
    unsafe {
        let compiled = sys::nvrtcCompileProgram(program, count, pointers.as_ptr()).result();
        let image = compiled.map_err(text).and_then(|()| {
            let mut size = 0;
            if ptx {
                sys::nvrtcGetPTXSize(program, &raw mut size).result().map_err(text)?;
                let mut image = vec![0_u8; size];
                sys::nvrtcGetPTX(program, image.as_mut_ptr().cast()).result().map_err(text)?;
                Ok(image)
            } else {
                sys::nvrtcGetCUBINSize(program, &raw mut size).result().map_err(text)?;
                let mut image = vec![0_u8; size];
                sys::nvrtcGetCUBIN(program, image.as_mut_ptr().cast()).result().map_err(text)?;
                Ok(image)
            }
        });
        let image = image.map_err(|error| {
            let log = get_program_log(program).unwrap_or_default();
            let bytes: Vec<u8> = log.into_iter().map(|c| c.to_ne_bytes()[0]).take_while(|&c| c != 0).collect();
            format!("{error}\n{}", String::from_utf8_lossy(&bytes))
        });
        // A program that cannot be destroyed is lost memory, no more.
        sys::nvrtcDestroyProgram(&raw mut program).result().ok();
        image
    }
}
