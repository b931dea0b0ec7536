//! Golden products of matrices, made of cuBLAS's.

use easy_ext::ext;
use syntonic_core::Result;
use syntonic_core::cuda::{Binary, DeviceTensor};
use syntonic_core::exact::constants::{PHI, PHI_INVERSE};

use super::winding::WindingFields;

/// Golden products of matrices.
#[ext(GoldenProducts)]
impl DeviceTensor {
    /// Returns phi^n A B.
    ///
    /// # Errors
    /// As [`DeviceTensor::gemm`].
    pub fn mm_phi(&self, other: &DeviceTensor, n: i32) -> Result<DeviceTensor> {
        self.gemm(other, (false, false), PHI.powi(n), None)
    }

    /// Returns A B - B A/phi, or A B + B A/phi for `anti`; A and B are square.
    ///
    /// # Errors
    /// As [`DeviceTensor::gemm`].
    pub fn phi_bracket(&self, other: &DeviceTensor, anti: bool) -> Result<DeviceTensor> {
        self.matches("phi_bracket", other, self.shape().dims())?;
        let product = self.gemm(other, (false, false), 1.0, None)?;
        other.gemm(self, (false, false), if anti { PHI_INVERSE } else { -PHI_INVERSE }, Some((1.0, &product)))
    }

    /// Returns sum_k A_ik B_kj e^(-k^2/phi).
    ///
    /// # Errors
    /// As [`DeviceTensor::gemm`].
    pub fn mm_golden_weighted(&self, other: &DeviceTensor) -> Result<DeviceTensor> {
        let dtype = self.format().real("mm_golden_weighted")?;
        let weights = DeviceTensor::mode_norms(self.device(), self.shape().last(), None, dtype)?.golden_weights()?;
        self.binary(Binary::Mul, &weights)?.gemm(other, (false, false), 1.0, None)
    }
}
