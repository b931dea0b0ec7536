//! The classic wing: names that the documents of Syntonic promise and that no run uses.
//!
//! Everything here stands on `syntonic-core`, and nothing outside this wing uses it. What the documents promise as methods
//! of the core's types are extension traits. Rooms, each of which may use only those to its right:
//! `linalg`, `norm`, `lists` > `resonant` > `cuda`, `exact`.

pub mod cuda;
pub mod exact;
pub mod linalg;
pub mod lists;
pub mod norm;
pub mod resonant;
