//! Products of matrices: floats, complex numbers, and exactly on the golden lattice.

mod gemm;
mod kernel;

pub(crate) use gemm::{Matrix, gemm};
