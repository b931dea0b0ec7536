//! Memory shared with other libraries: the buffer protocol and DLPack, the only unsafe code of this crate.
//!
//! Export is zero-copy: the consumer holds a share of the tensor's memory until it lets go. Import copies, since a tensor
//! is immutable and nothing keeps another library from writing to memory that it lent.
//! Source: the DLPack 1.0 header and its Python specification; CPython's buffer protocol.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_int, c_void};
use std::ptr;

use pyo3::exceptions::{PyBufferError, PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use syntonic_core::tensor::{self as core, DType, Storage};

use crate::element::Element;
use crate::tensor::Tensor;

const CPU: i32 = 1;
const READ_ONLY: u64 = 1;
const IS_COPIED: u64 = 2;
const MAX_RANK: i32 = 64;

#[repr(C)]
struct DlDevice {
    kind: i32,
    id: i32,
}

#[repr(C)]
struct DlTensor {
    data: *mut c_void,
    device: DlDevice,
    rank: i32,
    code: u8,
    bits: u8,
    lanes: u16,
    shape: *mut i64,
    strides: *mut i64,
    byte_offset: u64,
}

#[repr(C)]
struct Legacy {
    tensor: DlTensor,
    context: *mut c_void,
    deleter: Option<unsafe extern "C" fn(*mut Self)>,
}

#[repr(C)]
struct Versioned {
    major: u32,
    minor: u32,
    context: *mut c_void,
    deleter: Option<unsafe extern "C" fn(*mut Self)>,
    flags: u64,
    tensor: DlTensor,
}

/// The two layouts that a capsule may hold.
trait Managed: Sized {
    const NAME: &'static CStr;
    fn new(tensor: DlTensor, flags: u64, deleter: unsafe extern "C" fn(*mut Self)) -> Self;
    fn deleter(&self) -> Option<unsafe extern "C" fn(*mut Self)>;
    fn tensor(&self) -> PyResult<&DlTensor>;
}

impl Managed for Legacy {
    const NAME: &'static CStr = c"dltensor";

    fn new(tensor: DlTensor, _: u64, deleter: unsafe extern "C" fn(*mut Self)) -> Self {
        Self { tensor, context: ptr::null_mut(), deleter: Some(deleter) }
    }

    fn deleter(&self) -> Option<unsafe extern "C" fn(*mut Self)> {
        self.deleter
    }

    fn tensor(&self) -> PyResult<&DlTensor> {
        Ok(&self.tensor)
    }
}

impl Managed for Versioned {
    const NAME: &'static CStr = c"dltensor_versioned";

    fn new(tensor: DlTensor, flags: u64, deleter: unsafe extern "C" fn(*mut Self)) -> Self {
        Self { major: 1, minor: 0, context: ptr::null_mut(), deleter: Some(deleter), flags, tensor }
    }

    fn deleter(&self) -> Option<unsafe extern "C" fn(*mut Self)> {
        self.deleter
    }

    fn tensor(&self) -> PyResult<&DlTensor> {
        match self.major {
            1 => Ok(&self.tensor),
            other => Err(PyBufferError::new_err(format!("expected DLPack version 1, got {other}.{}", self.minor))),
        }
    }
}

/// One export: the structure that the consumer reads and, behind it, everything that must live as long.
#[repr(C)]
struct Export<M> {
    managed: M,
    shape: Vec<i64>,
    strides: Vec<i64>,
    owner: core::Tensor,
}

/// Returns a capsule that shares the memory of `tensor`, or owns a writable copy of it.
pub fn export(py: Python<'_>, tensor: &core::Tensor, versioned: bool, copy: bool) -> PyResult<Py<PyAny>> {
    let owner = if copy { tensor.deep_copy() } else { tensor.clone() };
    let flags = if copy { IS_COPIED } else { READ_ONLY };
    if versioned { capsule::<Versioned>(py, owner, flags) } else { capsule::<Legacy>(py, owner, flags) }
}

fn capsule<M: Managed>(py: Python<'_>, owner: core::Tensor, flags: u64) -> PyResult<Py<PyAny>> {
    let mut shape: Vec<i64> = owner.shape().dims().iter().map(|&d| d.cast_signed() as i64).collect();
    let mut strides: Vec<i64> = owner.shape().strides().iter().map(|&s| s.cast_signed() as i64).collect();
    let tensor = DlTensor {
        data: address(&owner),
        device: DlDevice { kind: CPU, id: 0 },
        rank: c_int::try_from(shape.len()).unwrap_or(MAX_RANK),
        code: 2,
        bits: if owner.dtype() == DType::F32 { 32 } else { 64 },
        lanes: 1,
        shape: shape.as_mut_ptr(),
        strides: strides.as_mut_ptr(),
        byte_offset: 0,
    };
    let managed = M::new(tensor, flags, release::<M>);
    let export = Box::into_raw(Box::new(Export { managed, shape, strides, owner }));
    // SAFETY: `export` is not null, the name is static, and the destructor has the expected signature.
    let capsule = unsafe { ffi::PyCapsule_New(export.cast(), M::NAME.as_ptr(), Some(drop_unconsumed::<M>)) };
    if capsule.is_null() {
        // SAFETY: no capsule took the box, which came from `Box::into_raw` just above.
        drop(unsafe { Box::from_raw(export) });
        return Err(PyErr::fetch(py));
    }
    // SAFETY: `PyCapsule_New` returned a new reference.
    Ok(unsafe { Bound::from_owned_ptr(py, capsule) }.unbind())
}

/// The consumer's way to let go; it may be called by any thread, with or without the GIL.
unsafe extern "C" fn release<M>(managed: *mut M) {
    // SAFETY: `managed` is the first field of the `Export` that `capsule` leaked, and a consumer calls this once.
    drop(unsafe { Box::from_raw(managed.cast::<Export<M>>()) });
}

unsafe extern "C" fn drop_unconsumed<M: Managed>(capsule: *mut ffi::PyObject) {
    // SAFETY: Python passes the capsule that is being freed. A consumer renames what it has taken, so a capsule with our
    // name still owns its export, and the deleter has not run.
    unsafe {
        if ffi::PyCapsule_IsValid(capsule, M::NAME.as_ptr()) == 1 {
            let managed = ffi::PyCapsule_GetPointer(capsule, M::NAME.as_ptr()).cast::<M>();
            if let Some(deleter) = (*managed).deleter() {
                deleter(managed);
            }
        }
    }
}

/// Returns where the values lie; consumers must not write there.
fn address(tensor: &core::Tensor) -> *mut c_void {
    match tensor.storage() {
        Storage::F32(v) => v.as_ptr().cast_mut().cast(),
        Storage::F64(v) => v.as_ptr().cast_mut().cast(),
    }
}

/// Copies what a DLPack capsule holds: (sizes, element format, row-major bytes). The capsule stays the producer's to free.
pub fn import(capsule: &Bound<'_, PyAny>) -> PyResult<(Vec<usize>, Element, Vec<u8>)> {
    if let Some(managed) = pointer::<Versioned>(capsule) {
        // SAFETY: a capsule of this name points to this structure while it lives; `capsule` is borrowed throughout.
        return copy_out(unsafe { &*managed }.tensor()?);
    }
    match pointer::<Legacy>(capsule) {
        // SAFETY: as above.
        Some(managed) => copy_out(unsafe { &*managed }.tensor()?),
        None => Err(PyTypeError::new_err(format!("__dlpack__ must return an unused DLPack capsule, got {capsule}"))),
    }
}

fn pointer<M: Managed>(capsule: &Bound<'_, PyAny>) -> Option<*const M> {
    // SAFETY: both functions accept any object; the second is called only for a valid capsule of this name.
    unsafe {
        (ffi::PyCapsule_IsValid(capsule.as_ptr(), M::NAME.as_ptr()) == 1)
            .then(|| ffi::PyCapsule_GetPointer(capsule.as_ptr(), M::NAME.as_ptr()).cast::<M>().cast_const())
    }
}

fn copy_out(tensor: &DlTensor) -> PyResult<(Vec<usize>, Element, Vec<u8>)> {
    let refuse = |what: String| Err(PyValueError::new_err(format!("DLPack: {what}")));
    if tensor.device.kind != CPU {
        return refuse(format!("expected memory of the CPU (device 1), got device {}", tensor.device.kind));
    }
    if !(0..=MAX_RANK).contains(&tensor.rank) || (tensor.rank > 0 && tensor.shape.is_null()) {
        return refuse(format!("expected 0 to {MAX_RANK} axes, got {}", tensor.rank));
    }
    let rank = tensor.rank.unsigned_abs() as usize;
    // SAFETY: the producer promises `rank` sizes (and strides, unless null) for as long as its structure lives.
    let sizes = if rank == 0 { &[] } else { unsafe { std::slice::from_raw_parts(tensor.shape, rank) } };
    let Ok(dims) = sizes.iter().map(|&d| usize::try_from(d)).collect::<Result<Vec<_>, _>>() else {
        return refuse(format!("expected sizes of at least 0, got {sizes:?}"));
    };
    let shape = core::Shape::from(dims.clone());
    crate::door::quick(|| shape.check("DLPack"))?;
    let element = Element::from_dlpack(tensor.code, tensor.bits, tensor.lanes)?;
    let strides: Vec<i64> = if tensor.strides.is_null() || rank == 0 {
        shape.strides().iter().map(|&s| s.cast_signed() as i64).collect()
    } else {
        // SAFETY: as for the sizes.
        unsafe { std::slice::from_raw_parts(tensor.strides, rank) }.to_vec()
    };
    let mut bytes = Vec::new();
    if shape.numel() > 0 && tensor.data.is_null() {
        return refuse(format!("expected memory for shape {shape}, got none"));
    }
    if shape.numel() > 0 {
        let start = tensor.data.cast::<u8>().cast_const().wrapping_add(tensor.byte_offset as usize);
        // SAFETY: the producer promises memory for every element of this shape under these strides.
        unsafe { gather(start, &dims, &strides, element.size, &mut bytes) };
    }
    Ok((dims, element, bytes))
}

/// Appends the elements of a strided array in row-major order.
///
/// # Safety
/// Every element that (`dims`, `strides` in elements) reaches from `start` must be readable.
unsafe fn gather(start: *const u8, dims: &[usize], strides: &[i64], size: usize, bytes: &mut Vec<u8>) {
    match (dims, strides) {
        // SAFETY: consecutive elements, by the caller's promise.
        ([count], [1]) => bytes.extend_from_slice(unsafe { std::slice::from_raw_parts(start, count * size) }),
        ([count, rest @ ..], [stride, inner @ ..]) => {
            for i in 0..*count {
                let offset = i.cast_signed().wrapping_mul(*stride as isize).wrapping_mul(size.cast_signed());
                // SAFETY: index i of this axis is inside the array, by the caller's promise.
                unsafe { gather(start.wrapping_offset(offset), rest, inner, size, bytes) };
            }
        }
        // SAFETY: one element, by the caller's promise.
        _ => bytes.extend_from_slice(unsafe { std::slice::from_raw_parts(start, size) }),
    }
}

/// What a buffer view points to besides the values.
struct View {
    shape: Vec<isize>,
    strides: Vec<isize>,
}

#[pymethods]
impl Tensor {
    unsafe fn __getbuffer__(slf: Bound<'_, Self>, view: *mut ffi::Py_buffer, flags: c_int) -> PyResult<()> {
        if view.is_null() {
            return Err(PyBufferError::new_err("a view to fill is needed"));
        }
        let tensor = &slf.get().0;
        let asks = |flag: c_int| flags & flag == flag;
        let one_row = tensor.shape().dims().iter().filter(|&&d| d != 1).count() <= 1;
        if asks(ffi::PyBUF_WRITABLE) || (asks(ffi::PyBUF_F_CONTIGUOUS) && !one_row) {
            // SAFETY: Python passes a view to fill; a failed request must leave `obj` null.
            unsafe { (*view).obj = ptr::null_mut() };
            return Err(PyBufferError::new_err("a Tensor lends read-only, row-major memory; copy it to write to it"));
        }
        let size = tensor.dtype().size().cast_signed();
        let mut extra = Box::new(View {
            shape: tensor.shape().dims().iter().map(|d| d.cast_signed()).collect(),
            strides: tensor.shape().strides().iter().map(|s| s.cast_signed() * size).collect(),
        });
        let format = if tensor.dtype() == DType::F32 { c"f" } else { c"d" };
        let when = |flag: c_int, pointer: *mut isize| if asks(flag) { pointer } else { ptr::null_mut() };
        let filled = ffi::Py_buffer {
            buf: address(tensor),
            len: tensor.shape().numel().cast_signed() * size,
            itemsize: size,
            readonly: 1,
            ndim: c_int::try_from(tensor.shape().rank()).unwrap_or(MAX_RANK),
            format: if asks(ffi::PyBUF_FORMAT) { format.as_ptr().cast_mut() } else { ptr::null_mut() },
            shape: when(ffi::PyBUF_ND, extra.shape.as_mut_ptr()),
            strides: when(ffi::PyBUF_STRIDES, extra.strides.as_mut_ptr()),
            suboffsets: ptr::null_mut(),
            internal: Box::into_raw(extra).cast(),
            obj: slf.into_any().into_ptr(),
        };
        // SAFETY: `view` is valid for writes; `obj` keeps the tensor, and with it the values, alive until the release.
        unsafe { view.write(filled) };
        Ok(())
    }

    unsafe fn __releasebuffer__(&self, view: *mut ffi::Py_buffer) {
        // SAFETY: `internal` is the box that `__getbuffer__` leaked into this view; Python releases a view once.
        drop(unsafe { Box::from_raw((*view).internal.cast::<View>()) });
    }
}
