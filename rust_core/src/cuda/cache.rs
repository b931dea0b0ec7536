//! Compiled kernels on disk. A file that is damaged is compiled anew; a folder that cannot be written only costs time.
//!
//! A file is a header of 48 bytes (mark, key, length, checksum) and the image. It appears under its name complete or not at all.

use std::path::PathBuf;
use std::{env, fs, process};

const MARK: &[u8; 8] = b"SYNTCUB1";
const HEADER: usize = 48;

/// Returns the image of `key`, made by `build` where the cache has none.
pub(super) fn fetch<E>(key: u128, build: impl FnOnce() -> Result<Vec<u8>, E>) -> Result<Vec<u8>, E> {
    let path = folder().map(|folder| folder.join(format!("{key:032x}.bin")));
    if let Some(image) = path.as_ref().and_then(|path| fs::read(path).ok()).and_then(|file| unpack(key, &file)) {
        return Ok(image);
    }
    let image = build()?;
    if let Some(path) = path {
        store(&path, &pack(key, &image));
    }
    Ok(image)
}

/// Returns the 128-bit FNV-1a hash of some texts, each with its length.
pub(super) fn hash<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    parts.into_iter().fold(BASIS, |hash, part| {
        let length = (part.len() as u64).to_le_bytes();
        length.iter().chain(part).fold(hash, |hash, &byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME))
    })
}

fn folder() -> Option<PathBuf> {
    let named = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = || named("XDG_CACHE_HOME").or_else(|| Some(named("HOME")?.join(".cache")));
    named("SYNTONIC_KERNEL_CACHE").or_else(|| Some(cache()?.join("syntonic").join("kernels")))
}

fn pack(key: u128, image: &[u8]) -> Vec<u8> {
    let mut file = Vec::with_capacity(HEADER + image.len());
    file.extend_from_slice(MARK);
    file.extend_from_slice(&key.to_le_bytes());
    file.extend_from_slice(&(image.len() as u64).to_le_bytes());
    file.extend_from_slice(&hash([image]).to_le_bytes());
    file.extend_from_slice(image);
    file
}

fn unpack(key: u128, file: &[u8]) -> Option<Vec<u8>> {
    let image = file.get(HEADER..)?;
    (pack(key, image)[..HEADER] == file[..HEADER]).then(|| image.to_vec())
}

/// Writes a file under a name of its own and renames it; whatever fails, the next process compiles again.
fn store(path: &std::path::Path, file: &[u8]) {
    let temporary = path.with_extension(format!("{}.tmp", process::id()));
    let Some(folder) = path.parent() else { return };
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(&temporary, file));
    if written.and_then(|()| fs::rename(&temporary, path)).is_err() {
        // Nothing to do if this fails too.
        fs::remove_file(&temporary).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_is_seen() {
        let file = pack(7, b"image");
        assert_eq!(unpack(7, &file).as_deref(), Some(&b"image"[..]));
        assert!(unpack(8, &file).is_none());
        assert!(unpack(7, &file[..file.len() - 1]).is_none());
        assert!(unpack(7, &file[..20]).is_none());
        for place in 0..file.len() {
            let mut damaged = file.clone();
            damaged[place] ^= 1;
            assert!(unpack(7, &damaged).is_none(), "{place}");
        }
    }

    #[test]
    fn the_hash_keeps_parts_apart() {
        assert_ne!(hash([&b"ab"[..], b"c"]), hash([&b"a"[..], b"bc"]));
        // FNV-1a of nothing but the length of an empty part.
        assert_eq!(hash([] as [&[u8]; 0]), 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d);
    }
}
