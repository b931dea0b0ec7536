//! The buffer protocol: memory of the CPU that NumPy, `memoryview` and others read without a copy.
//!
//! Source: CPython's buffer protocol.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::ptr;

use pyo3::exceptions::PyBufferError;
use pyo3::ffi;
use pyo3::prelude::*;
use syntonic_core::tensor::DType;

use crate::dlpack::{MAX_RANK, address};
use crate::tensor::{Place, Tensor};

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
        let tensor = match slf.get().place() {
            Place::Cpu(tensor) => tensor,
            Place::Cuda(_) => {
                // SAFETY: Python passes a view to fill; a failed request must leave `obj` null.
                unsafe { (*view).obj = ptr::null_mut() };
                return Err(PyBufferError::new_err(
                    "a Tensor on a GPU lends no memory of the CPU; copy it with .cpu()",
                ));
            }
        };
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
            // Who does not ask for sizes gets plain bytes in a row: Python would read as many sizes as there are axes.
            ndim: if asks(ffi::PyBUF_ND) { c_int::try_from(tensor.shape().rank()).unwrap_or(MAX_RANK) } else { 1 },
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
