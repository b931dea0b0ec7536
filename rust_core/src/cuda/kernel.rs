//! One kernel of one unit for one number format, and the shapes of launches.

use super::launch::Grid;
use crate::tensor::DType;

/// Which kernel is meant, how it is specialised, and for whom it runs.
#[derive(Clone, Copy, Debug)]
pub struct Kernel<'a> {
    /// The operation, for error messages.
    pub op: &'static str,
    /// The unit that holds it.
    pub unit: &'static str,
    /// Its name without the format.
    pub entry: &'a str,
    /// The format.
    pub dtype: DType,
    /// Macros that the unit is compiled with.
    pub defines: &'a [(&'static str, i64)],
}

impl<'a> Kernel<'a> {
    /// Returns a kernel without specialisation.
    pub fn plain(op: &'static str, unit: &'static str, entry: &'a str, dtype: DType) -> Self {
        Self { op, unit, entry, dtype, defines: &[] }
    }
}

/// Threads of a block where nothing else is said.
pub const THREADS: u32 = 256;

impl Grid {
    /// Returns blocks of 256 threads for `items` items, one each; loops in the kernel cover what does not fit the grid.
    pub fn flat(items: usize) -> Self {
        Self::blocks(items.div_ceil(THREADS as usize))
    }

    /// Returns that many blocks of 256 threads, at least 1 and at most what a grid holds.
    pub fn blocks(count: usize) -> Self {
        let most = i32::MAX.cast_unsigned();
        Self { blocks: (u32::try_from(count).unwrap_or(most).clamp(1, most), 1), threads: (THREADS, 1), shared: 0 }
    }
}
