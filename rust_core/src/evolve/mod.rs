//! The population engine: members are evaluated, and their fitness moves the centre.
//!
//! One generation (`Evolution::step`): differentiate, evaluate, recurse, harmonize, pull, crystallize, remember.

mod attractor;
mod config;
mod crew;
mod direction;
mod escape;
mod evolution;
mod harmonize;
mod optimizer;
mod population;
mod record;
mod remote;
pub mod setting;
mod shaping;
mod state;

pub use attractor::{Attractor, AttractorMemory};
pub use config::{Config, OptimizerKind, Schedule};
pub use escape::{Displacement, Shock};
pub use evolution::{Evolution, Gene, Objective};
pub use record::{Figure, Record};
pub use shaping::centred_ranks;
pub use state::State;
