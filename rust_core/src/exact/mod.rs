//! Exact numbers of the golden field: scalars of Q(phi), arrays of Z[phi], and the snap from floats to Z[phi].

pub mod constants;
mod embed;
mod golden;
mod lattice;
pub mod number_theory;
mod rational;
mod real;
pub mod sequences;
mod small;
pub mod snap;
pub mod structures;
mod table;
mod text;

pub use golden::GoldenExact;
pub use lattice::{LatticeArray, Point, multiply, order};
pub use num_bigint::BigInt;
pub use rational::{MAX_BITS, Rational};
