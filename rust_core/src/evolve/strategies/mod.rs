//! The strategies of the core, one a file: a new one is its file, its `mod` and its line in the table below, and a config.

mod deviations;
mod pgpe;
mod ranks;
mod snes;

use super::setting::Settings;
use super::strategy::{Entry, make};

macro_rules! entry {
    ($file:ident) => {
        Entry {
            name: stringify!($file),
            doc: $file::DOC,
            describe: <$file::Own as Settings>::describe,
            defaults: $file::defaults,
            make: make::<$file::Own>,
        }
    };
}

/// Every strategy, by its name in a config; the first is the one that is meant if none is named.
pub const STRATEGIES: &[Entry] = &[
    Entry {
        name: "retrocausal",
        doc: ranks::DOC,
        describe: Vec::new,
        defaults: |_| {},
        make: |_| Ok(Box::new(ranks::Ranks)),
    },
    entry!(snes),
    entry!(pgpe),
];
