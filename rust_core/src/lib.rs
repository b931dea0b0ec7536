//! Syntonic's core: exact arithmetic on the golden lattice, tensors, operations, and the population engine.
//!
//! Rooms, each of which may use only those to its right:
//! `evolve` > `program` > `linalg`, `norm`, `lists` > `ops` > `cuda` > `tensor` > `exact` > `threads` > `error`.

pub mod cuda;
mod eager;
pub mod error;
pub mod evolve;
pub mod exact;
pub(crate) mod gemm;
pub mod linalg;
pub mod lists;
pub mod loops;
pub mod norm;
pub mod ops;
pub mod program;
pub mod tensor;
pub mod threads;

pub use error::{Error, Result};
