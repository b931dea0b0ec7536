//! Float tensors, the random numbers that fill them, and the dual-state resonant tensor.

pub mod afford;
mod buffer;
mod dtype;
mod harmonize;
mod initial;
mod mode_norms;
pub mod philox;
pub mod real;
mod resonant;
mod shape;
mod shelf;
mod storage;
mod syntony;
mod trigonometry;
mod vector;

pub use buffer::Buffer;
pub use dtype::DType;
pub use harmonize::harmonize;
pub use initial::{Law, Scale};
pub use mode_norms::{ModeNorms, golden_weight, mode_weights};
pub use real::Real;
pub use resonant::{Resonant, Values, reach};
pub use shape::Shape;
pub use shelf::Shelf;
pub use storage::{Storage, Tensor};
pub use syntony::{energy, syntony};
pub use vector::Packed;
