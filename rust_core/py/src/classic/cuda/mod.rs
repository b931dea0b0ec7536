//! Methods of device tensors that the documents promise.

mod complex;
mod fields;
mod phases;
mod population;
