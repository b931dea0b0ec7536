//! Syntonic's core: exact arithmetic on the golden lattice, tensors, operations, and the population engine.
//!
//! Rooms, each of which may use only those to its right:
//! `evolve` > `program` > `ops` > `cuda` > `tensor` > `exact` > `threads` > `error`.

pub mod cuda;
pub mod describe;
mod eager;
pub mod error;
pub mod evolve;
pub mod exact;
pub mod gemm;
pub mod loops;
pub mod ops;
pub mod program;
pub mod tensor;
pub mod threads;

pub use error::{Error, Result};
