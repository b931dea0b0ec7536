//! Perturbed activations: noise on the outputs of layers, each example its own, with the weights exactly on the lattice.
//!
//! One clean pass, K draws. What a draw's noise changes each example's loss by says which way the example's own activations
//! should have gone; what the layer read, which is known, makes that a direction of its weights. Forward passes only.
//! Source: Williams, "Simple statistical gradient-following algorithms", Machine Learning 8 (1992); Ren et al., "Scaling
//! forward gradient with local losses", ICLR 2023.

mod card;
mod credit;
mod estimate;
mod forward;
mod gather;
mod generation;
mod loss;
mod mixing;
mod noise;
mod paley;
mod plan;
mod products;
mod reach;
mod sites;
#[cfg(test)]
mod tests;

pub(super) use estimate::{Request, estimate};
pub use noise::DrawNoise;
pub use plan::Activations;
pub(super) use plan::Plan;
