//! Methods of `ResonantTensor` that the documents promise.

mod arithmetic;
mod device;
mod float;
mod index;
mod select;
mod shape;
mod steps;
mod view;
