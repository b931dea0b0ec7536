//! CUDA devices: found at run time, driven through cudarc, with kernels compiled by NVRTC for the card at hand.
//!
//! Nothing here touches a CUDA library before [`available`] or a [`Device`] is asked for, and the driver is looked for with
//! our own `dlopen` first, so that one build serves machines with and without a GPU. All unsafe code is in
//! `native.rs` (libraries and the compiler), `launch.rs` (the driver) and `blas.rs`.

mod blas;
mod blueprint;
mod cache;
mod compile;
mod device;
mod fault;
mod fill;
mod format;
mod fused;
mod kernel;
mod launch;
mod library;
mod members;
mod native;
mod ops;
mod perturbation;
mod probe;
mod tensor;
mod transfer;
mod units;

pub use blas::{Blas, ComplexProduct, Form};
pub use blueprint::{Blueprint, SharedProduct};
pub use compile::{Target, compile, known_defines};
pub use device::Device;
pub use format::{Format, Plain};
pub use fused::{Fused, FusedKernel};
pub use kernel::{Grid, Kernel, Source};
pub use launch::{Arg, Axes};
pub use library::set_search_path;
pub use members::{Members, Outcome, Step};
pub use ops::{Activation, Binary, Mode, Pool, Reduction, Residual, Rows, Softmax, at_least, maybe, rows_of, size};
pub use perturbation::{Chunk, Generation, Held, Layout, Perturbed};
pub use probe::{available, device_count};
pub use tensor::{DeviceTensor, Lent, packs};
pub use units::{Unit, add_units, units};
pub(crate) use units::{file, unit};
