//! Float tensors, the random numbers that fill them, and the dual-state resonant tensor.

mod dtype;
mod dwell;
mod dynamics;
mod exact_ops;
mod initial;
mod layout;
mod mode_norms;
pub mod philox;
mod pointwise;
pub mod real;
mod reduce;
mod resonant;
mod rows;
mod scalar;
mod select;
mod shape;
mod storage;
mod syntony;
mod vector;

pub use dtype::DType;
pub use dwell::{Dwell, snap_distance, snap_gradient};
pub use dynamics::{Noise, harmonize};
pub use initial::{Law, Scale};
pub use mode_norms::{ModeNorms, golden_weight, mode_weights};
pub use pointwise::Function;
pub use real::Real;
pub use reduce::Reduction;
pub use resonant::{Resonant, Values};
pub use scalar::Scalar;
pub use select::Comparison;
pub use shape::Shape;
pub use storage::{Storage, Tensor};
pub use syntony::{energy, syntony};
pub use vector::Packed;
