//! Number formats of device memory: the floats that kernels are compiled for, and the integers of the lattice.

use crate::tensor::DType;
use crate::{Error, Result};

/// The number format of a device tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// A float.
    Real(DType),
    /// Integers of 32 bits.
    I32,
    /// Integers of 64 bits.
    I64,
}

impl Format {
    /// Returns the name used in Python.
    pub fn name(self) -> &'static str {
        match self {
            Self::Real(dtype) => dtype.name(),
            Self::I32 => "int32",
            Self::I64 => "int64",
        }
    }

    /// Returns the bytes of one element.
    pub fn size(self) -> usize {
        match self {
            Self::Real(dtype) => dtype.size(),
            Self::I32 => 4,
            Self::I64 => 8,
        }
    }

    /// Returns the float format.
    ///
    /// # Errors
    /// `Error::DType` for integers.
    pub fn real(self, op: &'static str) -> Result<DType> {
        match self {
            Self::Real(dtype) => Ok(dtype),
            other => Err(Error::DType { op, expected: "float32 or float64".into(), got: other.name().into() }),
        }
    }
}

/// Numbers that are the same bits on both sides.
pub trait Plain: Copy + Default {}
impl<T: crate::tensor::Real> Plain for T {}
impl Plain for u32 {}
impl Plain for i32 {}
impl Plain for i64 {}

/// Returns the ending of the names of kernels compiled for `dtype`.
pub(super) fn suffix(dtype: DType) -> &'static str {
    match dtype {
        DType::F32 => "f32",
        DType::F64 => "f64",
    }
}
