//! Memory shared with other libraries through DLPack.
//!
//! Export is zero-copy: the consumer holds a share of the tensor's memory until it lets go. Import to the CPU copies, since
//! a tensor is immutable and another library may write to memory that it lent; import to a CUDA device takes it as it is.
//! Source: the DLPack 1.0 header and its Python specification.
#![allow(unsafe_code)]

use std::any::Any;
use std::ffi::{CStr, c_int, c_void};
use std::ptr;

use pyo3::exceptions::{PyBufferError, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;
use syntonic_core::tensor::{self as core, DType, Storage};

use crate::element::Element;
use crate::reach::{check, refuse, room};

const CPU: i32 = 1;
const READ_ONLY: u64 = 1;
const IS_COPIED: u64 = 2;
pub const MAX_RANK: i32 = 64;

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
    _owner: Box<dyn Any + Send + Sync>,
}

/// Row-major memory that is to be lent.
pub struct Lending {
    pub data: *mut c_void,
    /// DLPack's kind of device and the device's number.
    pub device: (i32, i32),
    /// DLPack's family of formats, and bits of an element.
    pub format: (u8, u8),
    pub shape: core::Shape,
    /// Whether it is a copy made for the consumer, who may write to it.
    pub copied: bool,
    pub owner: Box<dyn Any + Send + Sync>,
}

/// Returns a capsule that shares the memory of `tensor`, or owns a writable copy of it.
pub fn export(py: Python<'_>, tensor: &core::Tensor, versioned: bool, copy: bool) -> PyResult<Py<PyAny>> {
    let owner = if copy { tensor.deep_copy() } else { tensor.clone() };
    let bits = if owner.dtype() == DType::F32 { 32 } else { 64 };
    let (data, shape) = (address(&owner), owner.shape().clone());
    let lending = Lending { data, device: (CPU, 0), format: (2, bits), shape, copied: copy, owner: Box::new(owner) };
    lend(py, lending, versioned)
}

/// Returns a capsule of memory anywhere, of DLPack 1.0 if the consumer is `versioned`.
pub fn lend(py: Python<'_>, lending: Lending, versioned: bool) -> PyResult<Py<PyAny>> {
    if versioned { capsule::<Versioned>(py, lending) } else { capsule::<Legacy>(py, lending) }
}

fn capsule<M: Managed>(py: Python<'_>, lending: Lending) -> PyResult<Py<PyAny>> {
    let integers = |sizes: &[usize]| -> Vec<i64> { sizes.iter().map(|&n| n.cast_signed() as i64).collect() };
    let (mut shape, mut strides) = (integers(lending.shape.dims()), integers(&lending.shape.strides()));
    let tensor = DlTensor {
        data: lending.data,
        device: DlDevice { kind: lending.device.0, id: lending.device.1 },
        rank: c_int::try_from(shape.len()).unwrap_or(MAX_RANK),
        code: lending.format.0,
        bits: lending.format.1,
        lanes: 1,
        shape: shape.as_mut_ptr(),
        strides: strides.as_mut_ptr(),
        byte_offset: 0,
    };
    let flags = if lending.copied { IS_COPIED } else { READ_ONLY };
    let managed = M::new(tensor, flags, release::<M>);
    let export = Box::into_raw(Box::new(Export { managed, shape, strides, _owner: lending.owner }));
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
pub fn address(tensor: &core::Tensor) -> *mut c_void {
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

/// What a capsule says of its memory.
struct Described {
    dims: Vec<usize>,
    strides: Vec<i64>,
    element: Element,
    start: *const u8,
}

fn describe(tensor: &DlTensor) -> PyResult<Described> {
    if !(0..=MAX_RANK).contains(&tensor.rank) || (tensor.rank > 0 && tensor.shape.is_null()) {
        return Err(refuse(&format!("expected 0 to {MAX_RANK} axes, got {}", tensor.rank)));
    }
    let rank = tensor.rank.unsigned_abs() as usize;
    // SAFETY: the producer promises `rank` sizes (and strides, unless null) for as long as its structure lives.
    let sizes = if rank == 0 { &[] } else { unsafe { std::slice::from_raw_parts(tensor.shape, rank) } };
    let Ok(dims) = sizes.iter().map(|&d| usize::try_from(d)).collect::<Result<Vec<_>, _>>() else {
        return Err(refuse(&format!("expected sizes of at least 0, got {sizes:?}")));
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
    check(tensor.data as usize, tensor.byte_offset, &shape, &strides, element.size)?;
    let start = tensor.data.cast::<u8>().cast_const().wrapping_add(tensor.byte_offset as usize);
    Ok(Described { dims, strides, element, start })
}

fn copy_out(tensor: &DlTensor) -> PyResult<(Vec<usize>, Element, Vec<u8>)> {
    if tensor.device.kind != CPU {
        return Err(refuse(&format!("expected memory of the CPU (device 1), got device {}", tensor.device.kind)));
    }
    let Described { dims, strides, element, start } = describe(tensor)?;
    let mut bytes = room(&dims, element.size)?;
    if !dims.contains(&0) {
        // SAFETY: the producer promises memory for every element of this shape under these strides.
        unsafe { gather(start, &dims, &strides, element.size, &mut bytes) };
    }
    Ok((dims, element, bytes))
}

/// Row-major memory that was taken over from a producer.
pub struct Taken {
    pub dims: Vec<usize>,
    pub element: Element,
    pub address: u64,
    /// Dropping it gives the memory back.
    pub owner: Box<dyn Any + Send + Sync>,
}

/// Takes over the row-major memory of device `device` that a capsule holds, without a copy.
pub fn take(capsule: &Bound<'_, PyAny>, device: (i32, i32)) -> PyResult<Taken> {
    if let Some(managed) = pointer::<Versioned>(capsule) {
        return take_as(capsule, managed, device, c"used_dltensor_versioned");
    }
    match pointer::<Legacy>(capsule) {
        Some(managed) => take_as(capsule, managed, device, c"used_dltensor"),
        None => Err(PyTypeError::new_err(format!("__dlpack__ must return an unused DLPack capsule, got {capsule}"))),
    }
}

/// A consumed capsule's structure; dropping it tells the producer.
struct Consumed<M: Managed>(*mut M);

// SAFETY: DLPack lets any thread call the deleter, once.
unsafe impl<M: Managed> Send for Consumed<M> {}
// SAFETY: nothing is read through a shared reference.
unsafe impl<M: Managed> Sync for Consumed<M> {}

impl<M: Managed> Drop for Consumed<M> {
    fn drop(&mut self) {
        // SAFETY: the structure is ours since the capsule was renamed, and a drop happens once. Producers written in
        // Python need the GIL.
        Python::attach(|_| unsafe {
            if let Some(deleter) = (*self.0).deleter() {
                deleter(self.0);
            }
        });
    }
}

fn take_as<M: Managed + 'static>(
    capsule: &Bound<'_, PyAny>,
    managed: *const M,
    device: (i32, i32),
    used: &'static CStr,
) -> PyResult<Taken> {
    // SAFETY: a capsule of this name points to this structure while it lives; `capsule` is borrowed throughout.
    let tensor = unsafe { &*managed }.tensor()?;
    if (tensor.device.kind, tensor.device.id) != device {
        let (kind, id) = (tensor.device.kind, tensor.device.id);
        return Err(refuse(&format!("expected memory of device {device:?}, got ({kind}, {id})")));
    }
    let Described { dims, strides, element, start } = describe(tensor)?;
    let full = core::Shape::from(dims.clone()).strides();
    let row_major = |i: usize| dims[i] == 1 || strides[i] == full[i].cast_signed() as i64;
    if !dims.contains(&0) && !(0..dims.len()).all(row_major) {
        return Err(refuse("expected row-major memory; make the tensor contiguous first"));
    }
    // SAFETY: a valid capsule and a static name; from here on the capsule no longer frees its structure.
    if unsafe { ffi::PyCapsule_SetName(capsule.as_ptr(), used.as_ptr()) } != 0 {
        return Err(PyErr::fetch(capsule.py()));
    }
    let owner = Box::new(Consumed(managed.cast_mut()));
    Ok(Taken { dims, element, address: start as usize as u64, owner })
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
