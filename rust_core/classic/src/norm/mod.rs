//! Norms of float tensors towards a chosen variance; the batch norm among them has running statistics, scale and shift.

mod golden_batch_norm;
mod layer_norm;
mod mode;

pub use golden_batch_norm::{GoldenBatchNorm, GoldenBatchNormConfig};
pub use layer_norm::golden_layer_norm;
pub use mode::GoldenNormMode;
