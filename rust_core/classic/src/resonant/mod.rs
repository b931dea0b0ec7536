//! What a resonant tensor can do beyond its two states: exact arithmetic, reductions, choices, cycles.

mod arithmetic;
mod broadcast;
mod cycle;
mod derive;
mod device;
mod dwell;
mod layout;
mod pointwise;
mod reduce;
mod rows;
mod scalar;
mod select;

pub use arithmetic::ExactArithmetic;
pub use broadcast::BroadcastArithmetic;
pub use cycle::{Cycle, Noise};
pub use device::DeviceCycle;
pub use dwell::{Dwell, Dwelling, snap_distance, snap_gradient};
pub use layout::Moves;
pub use pointwise::{Function, Pointwise};
pub use reduce::{Reduce, Reduction};
pub use rows::Rows;
pub use scalar::{Scalar, ScalarArithmetic};
pub use select::{Comparison, Select};
