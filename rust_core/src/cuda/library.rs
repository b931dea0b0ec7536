//! Where NVRTC and cuBLAS are: beside the Python package, as the `nvidia-*` wheels install them, or where the loader looks.
//!
//! A library that was opened by its path serves later requests for its name, so that cudarc finds what was found here.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::native;
use crate::{Error, Result};

static FOLDERS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Sets the folders, Python's `site-packages` among them, that may hold `nvidia/*/lib`.
pub fn set_search_path(folders: Vec<PathBuf>) {
    *FOLDERS.lock().unwrap_or_else(PoisonError::into_inner) = folders;
}

/// Opens the library called `lib{name}.so`, after those that it needs, and leaves it open.
///
/// # Errors
/// `Error::DeviceUnavailable` with what was tried.
pub(super) fn load(name: &str, needs: &[&str]) -> Result<()> {
    let folders = FOLDERS.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let wheels: Vec<PathBuf> = folders.iter().flat_map(|folder| library_folders(folder)).collect();
    for folder in &wheels {
        let Some(path) = newest(folder, name) else { continue };
        // What is missing here is looked for by name when the library itself is opened.
        let found: Vec<PathBuf> = needs.iter().filter_map(|need| newest(folder, need)).collect();
        if found.iter().all(|path| native::open(path.as_os_str()).is_ok()) && native::open(path.as_os_str()).is_ok() {
            return Ok(());
        }
    }
    let names = [format!("lib{name}.so"), format!("lib{name}.so.13"), format!("lib{name}.so.12")];
    if names.iter().any(|file| native::open(file.as_ref()).is_ok()) {
        return Ok(());
    }
    let reason = format!(
        "lib{name} of CUDA 13 or 12 was found neither in {} folders nvidia/*/lib of the Python path nor by the system's \
         loader; install it with pip install 'syntonic[cuda]'",
        wheels.len()
    );
    Err(Error::DeviceUnavailable { reason })
}

/// Returns the `nvidia/*/lib` folders of one folder, newest toolkit first.
fn library_folders(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder.join("nvidia")) else { return Vec::new() };
    let mut found: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path().join("lib")).filter(|path| path.is_dir()).collect();
    found.sort();
    found.reverse();
    found
}

/// Returns `lib{name}.so.N` of a folder with the largest N.
fn newest(folder: &Path, name: &str) -> Option<PathBuf> {
    let prefix = format!("lib{name}.so");
    let entries = std::fs::read_dir(folder).ok()?;
    let files = entries.flatten().map(|entry| entry.path());
    files.filter(|path| path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(&prefix))).max()
}
