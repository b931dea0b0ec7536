//! Kernel sources to machine code for one card, by NVRTC. No GPU is needed.

use std::ffi::CString;

use super::format::suffix;
use super::native::{self, Nvrtc};
use super::units::Unit;
use super::{cache, library};
use crate::tensor::DType;
use crate::{Error, Result};

/// What a unit is compiled for.
#[derive(Clone, Debug)]
pub struct Target {
    /// Compute capability times ten: 90 for an H100.
    pub arch: u32,
    /// The float format.
    pub dtype: DType,
    /// Macros that specialise the unit.
    pub defines: Vec<(&'static str, i64)>,
    /// Whether PTX is made in place of a cubin.
    pub ptx: bool,
}

/// Returns the image of a unit, whose text is given, for a target: a cubin, or PTX if that is asked for or the compiler does not
/// know the card yet.
///
/// With `only`, the name of a kernel without its format, that kernel alone: most of the time goes into kernels, not into
/// reading the unit.
///
/// # Errors
/// `Error::DeviceUnavailable` without NVRTC; `Error::Value` for a card that it does not know any more; `Error::Internal` with the compiler's log if the source is wrong.
pub fn compile(unit: &Unit, text: &str, only: Option<&str>, target: &Target) -> Result<Vec<u8>> {
    let quick = |&&(entry, dtype, _): &&(&str, Option<DType>, &str)| {
        only == Some(entry) && dtype.is_none_or(|dtype| dtype == target.dtype)
    };
    let mode = unit.quick.iter().find(quick).map(|&(.., mode)| mode);
    compile_kernel(unit.name, text, target, only, mode)
}

/// As [`compile`], of a whole text; the name is for messages.
pub(super) fn compile_text(name: &str, text: &str, target: &Target) -> Result<Vec<u8>> {
    compile_kernel(name, text, target, None, None)
}

fn compile_kernel(name: &str, text: &str, target: &Target, only: Option<&str>, mode: Option<&str>) -> Result<Vec<u8>> {
    let nvrtc = nvrtc()?;
    let newest = nvrtc.architectures.iter().copied().max().unwrap_or(target.arch);
    let (arch, ptx) = if target.arch > newest { (newest, true) } else { (target.arch, target.ptx) };
    if !nvrtc.architectures.is_empty() && !nvrtc.architectures.contains(&arch) {
        let known: Vec<String> = nvrtc.architectures.iter().map(|arch| format!("sm_{arch}")).collect();
        return Err(Error::Value {
            op: "compile",
            expected: format!("a card that this compiler knows: {}", known.join(", ")),
            got: format!("sm_{arch}"),
        });
    }
    let mut options = vec![
        format!("--gpu-architecture={}_{arch}", if ptx { "compute" } else { "sm" }),
        "--std=c++17".to_owned(),
        "--device-int128".to_owned(),
        format!("-DSYNTONIC_F64={}", u8::from(target.dtype == DType::F64)),
        format!("-DSYNTONIC_ARCH={arch}"),
    ];
    options.extend(target.defines.iter().map(|(name, value)| format!("-D{name}={value}")));
    options.extend(only.into_iter().flat_map(|only| ["-DONE_KERNEL".to_owned(), format!("-DONLY_{only}=WANTED")]));
    if let Some(mode) = mode.filter(|_| nvrtc.version.0 >= 13) {
        options.push(format!("--Ofast-compile={mode}"));
    }
    let (major, minor) = nvrtc.version;
    let version = format!("nvrtc {major}.{minor} {ptx}");
    let parts = options.iter().map(String::as_bytes).chain([version.as_bytes(), text.as_bytes()]);
    cache::fetch(cache::hash(parts), || {
        let file = CString::new(format!("{name}_{}.cu", suffix(target.dtype)));
        let source = CString::new(text);
        let options: std::result::Result<Vec<CString>, _> = options.iter().map(|o| CString::new(o.as_str())).collect();
        let (Ok(file), Ok(source), Ok(options)) = (file, source, options) else {
            return Err(Error::Internal { what: format!("a zero byte in kernel unit {name}") });
        };
        let image = native::compile(&source, &file, &options, ptx)
            .map_err(|log| Error::Internal { what: format!("kernel unit {name} does not compile: {log}") })?;
        // A name ends with a zero byte in a cubin, and before its arguments in PTX.
        let end = if ptx { '(' } else { '\0' };
        let symbol = only.map_or(String::new(), |entry| format!("{entry}_{}{end}", suffix(target.dtype)));
        if only.is_none() || image.windows(symbol.len()).any(|bytes| bytes == symbol.as_bytes()) {
            return Ok(image);
        }
        let expected = format!("a kernel of unit {name} that these macros leave in");
        Err(Error::Value { op: "compile", expected, got: symbol })
    })
}

/// Returns the compiler, found on first use.
fn nvrtc() -> Result<Nvrtc> {
    library::load("nvrtc", &["nvrtc-builtins"])?;
    native::nvrtc().map_err(|what| Error::DeviceUnavailable { reason: format!("NVRTC does not start: {what}") })
}

/// Macros that specialise units.
const DEFINES: [&str; 12] = [
    "ROW_THREADS",
    "ROW_VECTORS",
    "ROW_LANES",
    "ROW_CLUSTER",
    "ROW_STREAM",
    "BN_CLUSTER",
    "BN_THREADS",
    "BN_HELD",
    "TILE_OUTPUTS",
    "ATTENTION_D",
    "ATTENTION_DV",
    "CONV_HELD",
];

/// Returns macros by their names.
///
/// # Errors
/// `Error::Value` for a name that no unit knows.
pub fn known_defines(given: &[(String, i64)]) -> Result<Vec<(&'static str, i64)>> {
    let known = |(name, value): &(String, i64)| match DEFINES.iter().find(|define| *define == name) {
        Some(define) => Ok((*define, *value)),
        None => {
            let expected = format!("one of {}", DEFINES.join(", "));
            Err(Error::Value { op: "compile", expected, got: name.clone() })
        }
    };
    given.iter().map(known).collect()
}
