//! Syntonic's core: exact arithmetic on the golden lattice, tensors, operations, and the population engine.
//!
//! Rooms, each of which may use only those to its right:
//! `evolve` > `program` > `lists` > `ops` > `tensor` > `exact` > `error`.

pub mod error;
pub mod evolve;
pub mod exact;
pub mod lists;
pub mod ops;
pub mod program;
pub mod tensor;

pub use error::{Error, Result};
