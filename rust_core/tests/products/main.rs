//! Products and windows: members compute what the model alone does, and what cannot be is refused.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod alone;
mod attention;
mod windows;
