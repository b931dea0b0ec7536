//! The population engine: members are evaluated, and their fitness moves the centre.
//!
//! One generation (`Evolution::step`): differentiate, evaluate, recurse, harmonize, pull, crystallize, remember.

mod activations;
mod activity;
mod attractor;
mod augment;
mod bytes;
mod chunks;
mod config;
mod cpu;
mod direction;
mod escape;
mod evaluate;
mod evolution;
mod fitting;
mod harmonize;
mod interrupt;
mod objective;
mod on_device;
mod optimizer;
mod pool;
mod population;
mod record;
mod remote;
pub mod setting;
mod shaping;
mod state;
mod strategies;
pub mod strategy;

pub use activity::{Activations, DrawNoise};
pub use attractor::{Attractor, AttractorMemory};
pub use config::{Config, DrawSites, Estimator, Head, OptimizerKind, Schedule, SigmaUnit};
pub use escape::{Displacement, Shock};
pub use evolution::Evolution;
pub use interrupt::Interrupt;
pub use objective::{Gene, Objective};
pub use record::{Figure, Record};
pub use shaping::centred_ranks;
pub use state::State;
pub use strategies::STRATEGIES;
