//! Exact numbers of the golden field.

pub mod constants;
mod embed;
pub mod snap;
mod table;
