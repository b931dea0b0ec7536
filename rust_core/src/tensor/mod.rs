//! Float tensors, the random numbers that fill them, and the dual-state resonant tensor.

mod buffer;
mod dtype;
mod dynamics;
mod exact_ops;
mod initial;
mod mode_norms;
pub mod philox;
pub mod real;
mod resonant;
mod shape;
mod storage;
mod syntony;
mod trigonometry;
mod vector;

pub use buffer::{Buffer, Shelf};
pub use dtype::DType;
pub use dynamics::{Noise, harmonize};
pub use initial::{Law, Scale};
pub use mode_norms::{ModeNorms, golden_weight, mode_weights};
pub use real::Real;
pub use resonant::{Resonant, Values};
pub use shape::Shape;
pub use storage::{Storage, Tensor};
pub use syntony::{energy, syntony};
pub use vector::Packed;
