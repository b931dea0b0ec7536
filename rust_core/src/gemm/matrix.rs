//! A matrix in memory.

use crate::tensor::Real;

/// A matrix in memory: element (i, j) lies at i * down + j * right.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Matrix<'a, T> {
    pub values: &'a [T],
    pub rows: usize,
    pub columns: usize,
    pub down: usize,
    pub right: usize,
}

impl<'a, T: Real> Matrix<'a, T> {
    /// A matrix that lies row by row.
    pub fn new(values: &'a [T], rows: usize, columns: usize) -> Self {
        Self { values, rows, columns, down: columns, right: 1 }
    }

    /// The same memory with rows and columns exchanged.
    pub fn transposed(self) -> Self {
        Self { rows: self.columns, columns: self.rows, down: self.right, right: self.down, ..self }
    }
}
