//! Whether CUDA can be used, found out once and without cudarc, which stops the program when a library is missing.

use std::sync::OnceLock;

use super::native;
use crate::{Error, Result};

static PROBE: OnceLock<std::result::Result<usize, String>> = OnceLock::new();

/// Returns the number of usable devices.
///
/// # Errors
/// `Error::DeviceUnavailable` with the reason: no driver, a driver that does not start, or no device.
pub fn device_count() -> Result<usize> {
    let found = PROBE.get_or_init(|| match native::count_devices()? {
        0 => Err("the driver sees no device; check nvidia-smi and CUDA_VISIBLE_DEVICES".to_owned()),
        count => Ok(count),
    });
    found.clone().map_err(|reason| Error::DeviceUnavailable { reason })
}

/// Returns whether there is a usable device.
pub fn available() -> bool {
    device_count().is_ok()
}
