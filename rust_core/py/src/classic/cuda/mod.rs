//! Methods of device tensors that the documents promise.

mod complex;
mod fields;
mod fused;
mod phases;
mod population;
mod products;
