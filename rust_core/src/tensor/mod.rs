//! Float tensors, the random numbers that fill them, and the dual-state resonant tensor.

mod dtype;
pub mod philox;
pub mod real;
mod shape;
mod storage;
mod vector;

pub use dtype::DType;
pub use real::Real;
pub use shape::Shape;
pub use storage::{Storage, Tensor};
pub use vector::Packed;
