//! What the driver's error numbers mean, in words of our own: asking the driver for them needs a working driver.

use cudarc::driver::DriverError;

use crate::Error;

/// Returns what a driver error means and what to do about it.
pub(super) fn meaning(code: u32) -> String {
    match code {
        1 => "an argument is invalid; please report it",
        2 => "out of memory",
        3 => {
            "the driver is not initialised or this process was forked after CUDA had started; use spawn instead of fork"
        }
        34 => "libcuda is a stub without a driver behind it; install the NVIDIA driver or pass it into the container",
        35 | 803 => {
            "the driver is older than this library needs or does not match the kernel module; update it and reboot"
        }
        100 => "no CUDA device is visible; check nvidia-smi and CUDA_VISIBLE_DEVICES",
        101 => "there is no device of that number",
        200 | 209 | 218 | 222 => {
            "the compiled kernel does not fit this card or driver; delete the kernel cache or update the driver"
        }
        201 => "the device's context is not current",
        400 => "a handle is invalid",
        500 => "a symbol was not found; please report it",
        700 => "a kernel read or wrote outside its memory; the context of this process is lost, restart it",
        701 => "a kernel asks for more registers or shared memory than the card has; please report it",
        702 => "a kernel ran into the time limit of a card that drives a display",
        716..=718 => "a kernel accessed memory wrongly; the context of this process is lost, restart it",
        719 => "a kernel failed; the context of this process is lost, restart it",
        802 => "the system is not ready; is the fabric manager running?",
        804 => "forward compatibility is not supported on this card",
        999 => "an unknown fault of the driver; nvidia-smi and the system log may tell more",
        _ => "see cuGetErrorName in NVIDIA's documentation",
    }
    .to_owned()
}

/// Returns the error of operation `op`, which may have asked for `bytes` of memory.
pub(super) fn fault(op: &'static str, error: DriverError, bytes: usize) -> Error {
    let code = error.0 as u32;
    match code {
        2 => Error::OutOfDeviceMemory { op, bytes },
        _ => Error::Device { op, code, what: meaning(code) },
    }
}
