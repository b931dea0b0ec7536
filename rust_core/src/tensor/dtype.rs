//! Number formats of float tensors.

use crate::{Error, Result};

/// The number format of a float tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DType {
    /// IEEE binary32.
    F32,
    /// IEEE binary64.
    F64,
}

impl DType {
    /// Returns the name used in YAML and Python: `float32` or `float64`.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "float32",
            Self::F64 => "float64",
        }
    }

    /// Returns the format called `name`.
    ///
    /// # Errors
    /// `Error::DType` for any name but `float32` and `float64`.
    pub fn from_name(name: &str) -> Result<Self> {
        match name {
            "float32" => Ok(Self::F32),
            "float64" => Ok(Self::F64),
            other => {
                Err(Error::DType { op: "dtype", expected: "float32 or float64".into(), got: format!("{other:?}") })
            }
        }
    }

    /// Returns the bytes of one element.
    pub fn size(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F64 => 8,
        }
    }
}
