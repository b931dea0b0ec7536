//! One kernel of one unit for one number format, and the shapes of launches.

use super::units::Unit;
use crate::tensor::DType;
use crate::{Error, Result};

/// Where the source of a kernel is.
#[derive(Clone, Copy, Debug)]
pub enum Source {
    /// In the unit of this name.
    Named(&'static str),
    /// In a unit that an operation brings.
    Unit(&'static Unit),
    /// What becomes of each element x, as an expression; the loop around it is in the unit `unary`.
    Formula(&'static str),
}

impl From<&'static str> for Source {
    fn from(name: &'static str) -> Self {
        Self::Named(name)
    }
}

impl From<&'static Unit> for Source {
    fn from(unit: &'static Unit) -> Self {
        Self::Unit(unit)
    }
}

impl Source {
    /// Returns the name of the unit.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Named(name) => name,
            Self::Unit(unit) => unit.name,
            Self::Formula(_) => "unary",
        }
    }

    /// Returns the unit and its text for kernel `entry`.
    pub(super) fn text(self, entry: &str) -> Result<(&'static Unit, String)> {
        let unit = match self {
            Self::Unit(unit) => unit,
            _ => {
                let missing = || Error::Internal { what: format!("no kernel unit {}", self.name()) };
                Unit::find(self.name()).ok_or_else(missing)?
            }
        };
        let row = match self {
            Self::Formula(formula) => format!("UNARY({entry}, {formula})\n"),
            _ => String::new(),
        };
        Ok((unit, unit.text() + &row))
    }
}

/// Which kernel is meant, how it is specialised, and for whom it runs.
#[derive(Clone, Copy, Debug)]
pub struct Kernel<'a> {
    /// The operation, for error messages.
    pub op: &'static str,
    /// Where its source is.
    pub unit: Source,
    /// Its name without the format.
    pub entry: &'a str,
    /// The format.
    pub dtype: DType,
    /// Macros that the unit is compiled with.
    pub defines: &'a [(&'static str, i64)],
}

impl<'a> Kernel<'a> {
    /// Returns a kernel without specialisation.
    pub fn plain(op: &'static str, unit: impl Into<Source>, entry: &'a str, dtype: DType) -> Self {
        Self { op, unit: unit.into(), entry, dtype, defines: &[] }
    }
}

/// Threads of a block where nothing else is said.
pub const THREADS: u32 = 256;

/// The shape of a launch: blocks, threads of a block, bytes of dynamic shared memory.
#[derive(Clone, Copy, Debug)]
pub struct Grid {
    /// Blocks.
    pub blocks: (u32, u32),
    /// Threads of a block.
    pub threads: (u32, u32),
    /// Bytes of dynamic shared memory.
    pub shared: u32,
}

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
