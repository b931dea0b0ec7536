//! Golden layer norm over the last axis: kernels/layer_norm.cu.

use super::super::launch::Arg;
use super::super::tensor::DeviceTensor;
use super::row::Rows;
use super::{at_least, maybe, rows_of, size};
use crate::Result;

const OP: &str = "layer_norm";

impl DeviceTensor {
    /// Returns gamma sqrt(variance) (x - mean) / sqrt(var + eps) + beta over each row; `variance` is the target.
    ///
    /// # Errors
    /// `Error::Shape` for gamma or beta of another length than the last axis, `Error::Value` for a negative target or eps.
    pub fn layer_norm(&self, gamma: Option<&Self>, beta: Option<&Self>, variance: f64, eps: f64) -> Result<Self> {
        let dtype = self.format().real(OP)?;
        let (rows, dim) = rows_of(OP, self.shape())?;
        at_least(OP, "variance", variance, 0.0)?;
        at_least(OP, "eps", eps, 0.0)?;
        for parameter in [gamma, beta].into_iter().flatten() {
            self.matches(OP, parameter, &[dim])?;
        }
        let out = self.like(OP, self.shape().clone())?;
        let plan = Rows::plan(self.device(), if dim == 0 { 0 } else { rows }, dim, dtype, &[self, &out]);
        let args = [
            out.pointer(),
            self.pointer(),
            maybe(gamma),
            maybe(beta),
            size(rows),
            size(dim),
            Arg::Real(variance),
            Arg::Real(eps),
        ];
        plan.launch(self.device(), OP, OP, "golden_layer_norm", &args)?;
        Ok(out)
    }
}
