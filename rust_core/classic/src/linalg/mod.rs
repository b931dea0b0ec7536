//! Products of matrices: floats, complex numbers, and exactly on the golden lattice.

mod complex;
mod lattice;
mod products;
mod spectrum;

pub use complex::{
    Complex, ComplexProduct, ComplexTensor, complex_bmm, complex_bracket, complex_mm_golden_weighted,
    complex_projection_sum,
};
pub use lattice::{lattice_bracket, lattice_mm_phi, lattice_product};
pub use products::{BRACKET, Form, Product, bmm, bracket, mm_golden_weighted, mm_phi, projection_sum};
pub use spectrum::singular_values;
