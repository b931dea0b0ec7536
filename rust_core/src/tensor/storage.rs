//! The float tensor: a shape and shared, immutable memory on the CPU.

use std::sync::Arc;

use super::afford::afford;
use super::{Buffer, DType, Real, Shape};
use crate::{Error, Result};

/// The memory of a float tensor. It is shared and never written once a tensor owns it.
#[derive(Clone, Debug)]
pub enum Storage {
    /// IEEE binary32 on the CPU.
    F32(Arc<Buffer<f32>>),
    /// IEEE binary64 on the CPU.
    F64(Arc<Buffer<f64>>),
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

    /// Returns whether both are the same memory.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::F32(a), Self::F32(b)) => Arc::ptr_eq(a, b),
            (Self::F64(a), Self::F64(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

impl From<Buffer<f32>> for Storage {
    fn from(values: Buffer<f32>) -> Self {
        Self::F32(Arc::new(values))
    }
}

impl From<Buffer<f64>> for Storage {
    fn from(values: Buffer<f64>) -> Self {
        Self::F64(Arc::new(values))
    }
}

impl From<Vec<f32>> for Storage {
    fn from(values: Vec<f32>) -> Self {
        Buffer::from(values).into()
    }
}

impl From<Vec<f64>> for Storage {
    fn from(values: Vec<f64>) -> Self {
        Buffer::from(values).into()
    }
}

/// A dense, row-major float tensor. Cloning shares the memory.
#[derive(Clone, Debug)]
pub struct Tensor {
    shape: Shape,
    storage: Storage,
}

impl Tensor {
    /// Returns whether both have one shape and share their memory, and so are equal.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.shape == other.shape && self.storage.is_same(&other.storage)
    }

    /// Builds a tensor from row-major values.
    ///
    /// # Errors
    /// `Error::Shape` when the number of values is not the product of the sizes, or the shape is impossible.
    pub fn new(shape: impl Into<Shape>, storage: impl Into<Storage>) -> Result<Self> {
        let (shape, storage) = (shape.into(), storage.into());
        shape.check("tensor")?;
        if shape.numel() != storage.len() {
            return Err(Error::Shape {
                op: "tensor",
                expected: format!("{} values for shape {shape}", shape.numel()),
                got: format!("{} values", storage.len()),
            });
        }
        Ok(Self { shape, storage })
    }

    /// Builds a tensor that holds `value` everywhere.
    ///
    /// # Errors
    /// `Error::Shape` when the shape is impossible, `Error::OutOfMemory` when there is not enough memory.
    pub fn full(shape: impl Into<Shape>, dtype: DType, value: f64) -> Result<Self> {
        let shape = shape.into();
        shape.check("full")?;
        let storage = match dtype {
            DType::F32 => filled(shape.numel(), f32::from_f64(value))?.into(),
            DType::F64 => filled(shape.numel(), value)?.into(),
        };
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

    /// Returns the memory, and forgets the shape.
    pub fn into_storage(self) -> Storage {
        self.storage
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

    /// Returns a tensor with memory of its own.
    #[must_use]
    pub fn deep_copy(&self) -> Self {
        let storage = match &self.storage {
            Storage::F32(v) => v.to_vec().into(),
            Storage::F64(v) => v.to_vec().into(),
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

    /// Returns the given rows (entries of axis 0), in the given order; a row may be taken more than once.
    ///
    /// # Errors
    /// `Error::Shape` for a scalar, `Error::Value` for a row that does not exist.
    pub fn take(&self, rows: &[usize]) -> Result<Self> {
        let Some((&count, rest)) = self.shape.dims().split_first() else {
            return Err(Error::Shape { op: "take", expected: "at least one axis".into(), got: "a scalar".into() });
        };
        if let Some(row) = rows.iter().find(|&&row| row >= count) {
            return Err(Error::Value { op: "take", expected: format!("rows below {count}"), got: row.to_string() });
        }
        let width = rest.iter().product();
        match self.dtype() {
            DType::F32 => afford::<f32>("take", rows.len().saturating_mul(width))?,
            DType::F64 => afford::<f64>("take", rows.len().saturating_mul(width))?,
        }
        let storage: Storage = match &self.storage {
            Storage::F32(v) => gather(v, rows, width).into(),
            Storage::F64(v) => gather(v, rows, width).into(),
        };
        let mut dims = vec![rows.len()];
        dims.extend_from_slice(rest);
        Self::new(dims, storage)
    }
}

fn filled<T: Real>(count: usize, value: T) -> Result<Vec<T>> {
    afford::<T>("full", count)?;
    Ok(vec![value; count])
}

fn gather<T: Real>(values: &[T], rows: &[usize], width: usize) -> Vec<T> {
    let mut out = Vec::with_capacity(rows.len() * width);
    rows.iter().for_each(|&row| out.extend_from_slice(&values[row * width..(row + 1) * width]));
    out
}

#[cfg(test)]
mod tests {
    use super::{DType, Tensor};

    #[test]
    fn take_copies_whole_rows_in_order() {
        let x = Tensor::new([3, 2], vec![0.0_f64, 1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        let y = x.take(&[2, 0, 2]).unwrap();
        assert_eq!(y.shape().dims(), [3, 2]);
        assert_eq!(y.to_f64(), [4.0, 5.0, 0.0, 1.0, 4.0, 5.0]);
        assert!(x.take(&[3]).is_err());
        assert!(x.reshape([6]).unwrap().take(&[]).unwrap().to_f64().is_empty());
        assert!(Tensor::full([], DType::F32, 1.0).unwrap().take(&[0]).is_err());
    }

    #[test]
    fn memory_that_cannot_be_had_is_an_error() {
        let error = Tensor::full([1 << 50], DType::F64, 0.0).unwrap_err();
        assert!(error.to_string().contains("fits in memory"), "{error}");
    }
}
