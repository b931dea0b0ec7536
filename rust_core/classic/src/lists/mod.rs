//! Plain functions on lists of numbers: syntony, phase, losses, broadcasting and elementwise steps.
//!
//! They are what the flat names of the Python module call. All take and return binary64, and check lengths instead of
//! cutting the longer list short.

mod broadcast;
mod elementwise;
mod losses;
mod phase;
mod syntony;

pub use broadcast::{Binary, broadcast, linear_index};
pub use elementwise::{clamp, div_scalar, golden_weights};
pub use losses::{
    batch_cross_entropy, cross_entropy, golden_decay, mean_squared_error, phase_alignment, softmax, syntony_loss_srt,
};
pub use phase::{phase, spectrum};
pub use syntony::{Aggregate, batch_winding_syntony, syntony_of_probabilities, winding_syntony};

use syntonic_core::{Error, Result};

/// Refuses lists of different lengths.
fn same_length(op: &'static str, expected: usize, got: usize) -> Result<()> {
    if expected == got {
        return Ok(());
    }
    Err(Error::Shape { op, expected: format!("{expected} numbers"), got: got.to_string() })
}
