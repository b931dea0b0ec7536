//! The loops that operations are made of: lanes, walks through memory, sums, products over lanes.

pub(crate) mod chain;
pub mod channels;
pub mod columns;
pub(crate) mod elementwise;
pub mod extremes;
pub(crate) mod lanes;
pub(crate) mod lines;
mod memory;
pub(crate) mod moments;
pub(crate) mod normalise;
pub(crate) mod operation;
pub(crate) mod packed;
pub(crate) mod products;
mod side;
pub(crate) mod sizes;
pub(crate) mod strided;
pub(crate) mod sums;
pub(crate) mod windows;

pub use lanes::{Call, Draw, LANES, Noise, Operand, Parameter};
pub use memory::Memory;
pub(crate) use operation::{Operation, Split, expect_inputs};
pub use side::{Side, Value, Weights};
pub use windows::Windows;
