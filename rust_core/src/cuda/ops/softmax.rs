//! Softmax and syntonic softmax over any axis: kernels/syntonic_softmax.cu.

use super::super::kernel::{Grid, Kernel};
use super::super::launch::Arg;
use super::super::tensor::DeviceTensor;
use super::row::Rows;
use super::stream::Stream;
use super::{around, axis, maybe, size};
use crate::{Error, Result};

/// What is added to the logits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Nothing.
    Identity,
    /// -scale n_i^2/phi of feature i.
    Learned,
    /// scale ln max(s, 1e-10) of each element.
    Provided,
}

/// A softmax: its axis, and the weights of the modes that have any.
#[derive(Clone, Copy, Debug)]
pub struct Softmax<'a> {
    /// The axis, negative from the end.
    pub dim: i64,
    /// What is added.
    pub mode: Mode,
    /// One squared mode norm per feature (learned), or one syntony per element (provided).
    pub weights: Option<&'a DeviceTensor>,
    /// Strength of the weights.
    pub scale: f64,
}

const OP: &str = "syntonic_softmax";

impl DeviceTensor {
    /// Returns the softmax over one axis.
    ///
    /// # Errors
    /// `Error::Value` for an axis that is not there or missing weights, `Error::Shape` and `Error::DType` for weights that
    /// do not fit.
    pub fn softmax(&self, options: &Softmax<'_>) -> Result<Self> {
        let dtype = self.format().real(OP)?;
        let axis = axis(OP, self.shape(), options.dim)?;
        let (outer, dim, inner) = around(self.shape(), axis);
        let (name, sizes) = match options.mode {
            Mode::Identity => ("softmax_identity", None),
            Mode::Learned => ("syntonic_softmax_learned", Some(vec![dim])),
            Mode::Provided => ("syntonic_softmax_provided", Some(self.shape().dims().to_vec())),
        };
        match (options.weights, &sizes) {
            (Some(weights), Some(sizes)) => self.matches(OP, weights, sizes)?,
            (None, None) => {}
            _ => {
                let expected = "mode norms for learned, syntony for provided, neither for identity".into();
                return Err(Error::Value { op: OP, expected, got: format!("{:?} with other weights", options.mode) });
            }
        }
        let out = self.like(OP, self.shape().clone())?;
        if self.numel() == 0 {
            return Ok(out);
        }
        let mut args = vec![out.pointer(), self.pointer(), maybe(options.weights), size(outer), size(dim)];
        if inner == 1 {
            args.push(Arg::Real(options.scale));
            let mut tensors = vec![self, &out];
            tensors.extend(options.weights);
            let device = self.device();
            if let Some(plan) = Stream::plan(device, outer, dim, dtype, &tensors)
                && plan.launch(device, (OP, OP, name), options.mode == Mode::Learned, &args)?
            {
                return Ok(out);
            }
            Rows::plan(device, outer, dim, dtype, &tensors).launch(device, OP, OP, name, &args)?;
        } else {
            args.extend([size(inner), Arg::Real(options.scale)]);
            let entry = format!("{name}_strided");
            self.device().launch(&Kernel::plain(OP, OP, &entry, dtype), Grid::flat(outer * inner), &args)?;
        }
        Ok(out)
    }
}
