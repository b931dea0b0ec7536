//! Where the memory of a tensor lies.

use syntonic_core::cuda::DeviceTensor;
use syntonic_core::tensor::{self as core, Shape};
use syntonic_core::{Error, Result};

/// Where a tensor lies.
#[derive(Clone, Debug)]
pub enum Place {
    /// In the memory of the CPU.
    Cpu(core::Tensor),
    /// In the memory of a CUDA device.
    Cuda(DeviceTensor),
}

impl Place {
    /// Returns the sizes of the axes.
    pub fn shape(&self) -> &Shape {
        match self {
            Self::Cpu(x) => x.shape(),
            Self::Cuda(x) => x.shape(),
        }
    }

    /// Returns the name of the device.
    pub fn device(&self) -> String {
        match self {
            Self::Cpu(_) => "cpu".to_owned(),
            Self::Cuda(x) => format!("cuda:{}", x.device().ordinal()),
        }
    }

    /// Returns the tensor if it lies in the memory of the CPU.
    ///
    /// # Errors
    /// `Error::Value` for one on a device: it is never copied unasked.
    pub fn host(&self) -> Result<&core::Tensor> {
        match self {
            Self::Cpu(x) => Ok(x),
            Self::Cuda(_) => Err(Error::Value {
                op: "tensor",
                expected: "a Tensor on the CPU; copy it with .cpu()".into(),
                got: format!("one on {}", self.device()),
            }),
        }
    }
}
