//! Exact numbers of the golden field.

pub mod constants;
