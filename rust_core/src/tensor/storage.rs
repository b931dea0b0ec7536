//! The float tensor: a shape and shared, immutable memory on the CPU.

use std::sync::Arc;

use super::{DType, Shape};
use crate::{Error, Result};

/// The memory of a float tensor. It is shared and never written once a tensor owns it.
#[derive(Clone, Debug)]
pub enum Storage {
    /// IEEE binary32 on the CPU.
    F32(Arc<Vec<f32>>),
    /// IEEE binary64 on the CPU.
    F64(Arc<Vec<f64>>),
}

impl Storage {
    /// Returns the number of elements.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(v) => v.len(),
            Self::F64(v) => v.len(),
        }
    }

    /// Returns whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the number format.
    pub fn dtype(&self) -> DType {
        match self {
            Self::F32(_) => DType::F32,
            Self::F64(_) => DType::F64,
        }
    }
}

impl From<Vec<f32>> for Storage {
    fn from(values: Vec<f32>) -> Self {
        Self::F32(Arc::new(values))
    }
}

impl From<Vec<f64>> for Storage {
    fn from(values: Vec<f64>) -> Self {
        Self::F64(Arc::new(values))
    }
}

/// A dense, row-major float tensor. Cloning shares the memory.
#[derive(Clone, Debug)]
pub struct Tensor {
    shape: Shape,
    storage: Storage,
}

impl Tensor {
    /// Builds a tensor from row-major values.
    ///
    /// # Errors
    /// `Error::Shape` when the number of values is not the product of the sizes.
    pub fn new(shape: impl Into<Shape>, storage: impl Into<Storage>) -> Result<Self> {
        let (shape, storage) = (shape.into(), storage.into());
        if shape.numel() != storage.len() {
            return Err(Error::Shape {
                op: "tensor",
                expected: format!("{} values for shape {shape}", shape.numel()),
                got: format!("{} values", storage.len()),
            });
        }
        Ok(Self { shape, storage })
    }

    /// Returns the shape.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Returns the memory.
    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    /// Returns the number format.
    pub fn dtype(&self) -> DType {
        self.storage.dtype()
    }

    /// Returns the values in binary64, row-major.
    pub fn to_f64(&self) -> Vec<f64> {
        match &self.storage {
            Storage::F32(v) => v.iter().map(|&x| f64::from(x)).collect(),
            Storage::F64(v) => v.to_vec(),
        }
    }

    /// Returns the same values in another format (the same tensor when it is that format already).
    #[must_use]
    pub fn cast(&self, dtype: DType) -> Self {
        let storage = match (&self.storage, dtype) {
            (Storage::F32(v), DType::F64) => v.iter().map(|&x| f64::from(x)).collect::<Vec<_>>().into(),
            #[expect(clippy::cast_possible_truncation, reason = "rounding to binary32 is what the caller asked for")]
            (Storage::F64(v), DType::F32) => v.iter().map(|&x| x as f32).collect::<Vec<_>>().into(),
            (same, _) => same.clone(),
        };
        Self { shape: self.shape.clone(), storage }
    }

    /// Returns the same memory under another shape.
    ///
    /// # Errors
    /// `Error::Shape` when the number of elements differs.
    pub fn reshape(&self, shape: impl Into<Shape>) -> Result<Self> {
        Self::new(shape, self.storage.clone())
    }
}
