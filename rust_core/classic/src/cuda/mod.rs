//! What documents promise of device tensors: fields, phases, snaps, attractors. Formulas stand in kernels/classic.

mod attractor;
mod batch_norm;
mod complex;
mod fourier;
mod gnosis;
mod noise;
mod phases;
mod products;
mod resonant;
mod snap;
mod units;
mod winding;

pub use attractor::Attractors;
pub use batch_norm::{GoldenNorms, Statistics};
pub use complex::ComplexFields;
pub use fourier::FourierProjection;
pub use gnosis::{Gnosis, GnosisMask, Threshold};
pub use noise::PopulationNoise;
pub use phases::Phases;
pub use products::GoldenProducts;
pub use resonant::ResonantPhases;
pub use snap::Lattice;
pub use units::UNITS;
pub use winding::WindingFields;
