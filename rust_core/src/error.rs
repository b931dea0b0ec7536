//! The one error type of the core: every variant says which operation failed, what must hold and what was given.

use std::fmt;

/// What went wrong in the core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// Shapes, lengths or axes do not fit together. Python: `ValueError`.
    Shape {
        /// The operation that refused.
        op: &'static str,
        /// What must hold.
        expected: String,
        /// What was given.
        got: String,
    },
    /// A number or option is outside its range. Python: `ValueError`.
    Value {
        /// The operation that refused.
        op: &'static str,
        /// What must hold.
        expected: String,
        /// What was given.
        got: String,
    },
    /// A dtype does not fit. Python: `TypeError`.
    DType {
        /// The operation that refused.
        op: &'static str,
        /// What must hold.
        expected: String,
        /// What was given.
        got: String,
    },
    /// An exact result does not fit its integers. Python: `OverflowError`.
    Overflow {
        /// The operation that refused.
        op: &'static str,
    },
    /// Division by an exact zero. Python: `ZeroDivisionError`.
    DivisionByZero {
        /// The operation that refused.
        op: &'static str,
    },
    /// CUDA cannot be used here. Python: `DeviceUnavailable`.
    DeviceUnavailable {
        /// Why, and what to do about it.
        reason: String,
    },
    /// Memory of a size that the caller chose cannot be had; nothing has changed. Python: `MemoryError`.
    OutOfMemory {
        /// The operation that asked for it.
        op: &'static str,
        /// How much it asked for.
        bytes: usize,
    },
    /// The memory of a CUDA device does not suffice. Python: `OutOfDeviceMemory`.
    OutOfDeviceMemory {
        /// The operation that asked for it.
        op: &'static str,
        /// How much it asked for.
        bytes: usize,
    },
    /// The CUDA driver reported a fault. Python: `DeviceError`.
    Device {
        /// The operation that failed.
        op: &'static str,
        /// The driver's number of the fault.
        code: u32,
        /// What it means.
        what: String,
    },
    /// The caller asked for the end before the result was there; nothing has changed. Python: `KeyboardInterrupt`.
    Interrupted,
    /// A bug of ours, reported instead of a panic. Python: `RuntimeError`.
    Internal {
        /// What was found broken.
        what: String,
    },
}

/// Shorthand for results of the core.
pub type Result<T> = std::result::Result<T, Error>;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape { op, expected, got }
            | Self::Value { op, expected, got }
            | Self::DType { op, expected, got } => {
                write!(f, "{op}: expected {expected}, got {got}")
            }
            Self::Overflow { op } => {
                write!(f, "{op}: the exact result does not fit; use smaller coefficients or floats")
            }
            Self::DivisionByZero { op } => write!(f, "{op}: division by zero"),
            Self::DeviceUnavailable { reason } => write!(f, "CUDA cannot be used: {reason}"),
            Self::OutOfMemory { op, bytes } => {
                write!(f, "{op}: {bytes} bytes cannot be had; use a size that fits in memory")
            }
            Self::OutOfDeviceMemory { op, bytes } => {
                write!(f, "{op}: {bytes} bytes do not fit the device's memory; free tensors or use smaller batches")
            }
            Self::Device { op, code, what } => write!(f, "{op}: CUDA error {code}: {what}"),
            Self::Interrupted => write!(f, "interrupted; the state is that of the last whole generation"),
            Self::Internal { what } => write!(f, "internal error, please report it: {what}"),
        }
    }
}

impl std::error::Error for Error {}
