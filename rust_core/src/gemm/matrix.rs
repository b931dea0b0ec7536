//! A matrix in memory.

use crate::tensor::Real;

/// A matrix in memory: element (i, j) lies at i * down + j * right.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a, T> {
    /// Its memory.
    pub values: &'a [T],
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// From a row to the next one.
    pub down: usize,
    /// From a column to the next one.
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
