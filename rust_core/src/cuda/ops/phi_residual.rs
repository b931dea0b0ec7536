//! The golden residual with an activation on top: kernels/phi_residual.cu and, for the layer norm, kernels/layer_norm.cu.

use super::super::kernel::{Grid, Kernel};
use super::super::launch::Arg;
use super::super::tensor::{DeviceTensor, packs};
use super::row::Rows;
use super::{maybe, rows_of, size};
use crate::exact::constants::PHI_INVERSE;
use crate::{Error, Result};

/// How a residual is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Residual {
    /// i + r/phi.
    Phi,
    /// (i + r)/phi.
    Symmetric,
    /// i + r.
    Standard,
}

/// What follows the addition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// Nothing.
    None,
    /// The larger of 0 and x.
    Relu,
    /// The tanh form of GELU.
    Gelu,
}

impl Residual {
    /// Returns the mode called `phi`, `phi_symmetric` or `standard`.
    ///
    /// # Errors
    /// `Error::Value` for any other name.
    pub fn from_name(name: &str) -> Result<Self> {
        match name {
            "phi" => Ok(Self::Phi),
            "phi_symmetric" => Ok(Self::Symmetric),
            "standard" => Ok(Self::Standard),
            other => {
                let expected = "\"phi\", \"phi_symmetric\" or \"standard\"".into();
                Err(Error::Value { op: "phi_residual", expected, got: format!("{other:?}") })
            }
        }
    }

    fn factors(self) -> (f64, f64) {
        match self {
            Self::Phi => (1.0, PHI_INVERSE),
            Self::Symmetric => (PHI_INVERSE, PHI_INVERSE),
            Self::Standard => (1.0, 1.0),
        }
    }
}

const OP: &str = "phi_residual";

impl DeviceTensor {
    /// Returns the golden residual of this tensor (the identity) and `residual`, activated.
    ///
    /// # Errors
    /// `Error::Shape` when the shapes differ, `Error::DType` when the formats do.
    pub fn phi_residual(&self, residual: &Self, mode: Residual, activation: Activation) -> Result<Self> {
        self.matches(OP, residual, self.shape().dims())?;
        let dtype = self.format().real(OP)?;
        let mode = match mode {
            Residual::Phi => "phi",
            Residual::Symmetric => "symmetric",
            Residual::Standard => "standard",
        };
        let activation = match activation {
            Activation::None => "mode",
            Activation::Relu => "relu",
            Activation::Gelu => "gelu",
        };
        let out = self.like(OP, self.shape().clone())?;
        let n = self.numel();
        if n == 0 {
            return Ok(out);
        }
        let packs = packs(&[self, residual, &out]);
        let entry = format!("phi_residual_{activation}_{mode}");
        let grid = Grid::flat(if packs > 0 { packs.div_ceil(4) } else { n });
        let args = [out.pointer(), self.pointer(), residual.pointer(), size(packs), size(n)];
        self.device().launch(&Kernel::plain(OP, "phi_residual", &entry, dtype), grid, &args)?;
        Ok(out)
    }

    /// Returns the layer norm, over the last axis, of the golden residual of this tensor and `residual`.
    ///
    /// # Errors
    /// `Error::Shape` when shapes do not fit, `Error::DType` when formats differ.
    pub fn phi_residual_layer_norm(
        &self,
        residual: &Self,
        mode: Residual,
        gamma: Option<&Self>,
        beta: Option<&Self>,
        eps: f64,
    ) -> Result<Self> {
        const OP: &str = "phi_residual_layer_norm";
        self.matches(OP, residual, self.shape().dims())?;
        let (rows, dim) = rows_of(OP, self.shape())?;
        for parameter in [gamma, beta].into_iter().flatten() {
            self.matches(OP, parameter, &[dim])?;
        }
        let out = self.like(OP, self.shape().clone())?;
        let (of_x, of_r) = mode.factors();
        let rows_held = if dim == 0 { 0 } else { rows };
        let plan = Rows::plan(self.device(), rows_held, dim, self.format().real(OP)?, &[self, residual, &out]);
        let args = [
            out.pointer(),
            self.pointer(),
            residual.pointer(),
            maybe(gamma),
            maybe(beta),
            size(rows),
            size(dim),
            Arg::Real(of_x),
            Arg::Real(of_r),
            Arg::Real(1.0),
            Arg::Real(eps),
        ];
        plan.launch(self.device(), OP, "layer_norm", "phi_residual_layer_norm", &args)?;
        Ok(out)
    }
}
