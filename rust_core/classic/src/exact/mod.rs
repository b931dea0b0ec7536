//! Exact numbers: scalars of Q(phi), arithmetic of points of Z[phi], number theory and the structures of the theory.

mod golden;
mod lattice;
pub mod number_theory;
mod rational;
mod real;
mod small;
pub mod structures;
mod text;

pub use golden::GoldenExact;
pub use lattice::{LatticeArithmetic, multiply, order};
pub use rational::{MAX_BITS, Rational};
