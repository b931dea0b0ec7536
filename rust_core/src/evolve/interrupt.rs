//! How a caller ends a generation that is being computed.

use std::sync::Arc;

/// Says whether work is to be given up; asked by the caller of the engine, often, so that it must be quick.
#[derive(Clone)]
pub struct Interrupt(pub Arc<dyn Fn() -> bool + Send + Sync>);

impl std::fmt::Debug for Interrupt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Interrupt")
    }
}
