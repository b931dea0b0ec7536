//! Points of the golden lattice Z[phi], the snap from floats to them, and the numbers of the theory.

pub mod constants;
pub mod embed;
mod lattice;
pub mod primes;
pub mod sequences;
pub mod snap;
mod table;

pub use lattice::{LatticeArray, Point};
pub use num_bigint::BigInt;
