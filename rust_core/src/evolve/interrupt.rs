//! How a caller ends a generation that is being computed.

use std::sync::Arc;

use crate::{Error, Result};

/// Says whether work is to be given up; asked by the caller of the engine, often, so that it must be quick.
#[derive(Clone)]
pub struct Interrupt(pub Arc<dyn Fn() -> bool + Send + Sync>);

impl Interrupt {
    /// Asks.
    ///
    /// # Errors
    /// `Error::Interrupted` when it says so.
    pub(super) fn check(interrupt: Option<&Self>) -> Result<()> {
        if interrupt.is_some_and(|interrupt| (interrupt.0)()) { Err(Error::Interrupted) } else { Ok(()) }
    }
}

impl std::fmt::Debug for Interrupt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Interrupt")
    }
}
