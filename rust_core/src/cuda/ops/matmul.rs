//! Products of matrices by cuBLAS.

use super::super::blas::Product;
use super::super::tensor::DeviceTensor;
use crate::{Error, Result};

const OP: &str = "matmul";

impl DeviceTensor {
    /// Returns alpha op(A) op(B) + beta C for matrices, or for stacks of as many matrices (leading axes must be equal); a single
    /// matrix is the same for all of a stack.
    ///
    /// # Errors
    /// `Error::Shape` when the shapes do not fit; `Error::DeviceUnavailable` without cuBLAS.
    pub fn gemm(&self, other: &Self, transpose: (bool, bool), alpha: f64, plus: Option<(f64, &Self)>) -> Result<Self> {
        let dtype = self.format().real(OP)?;
        self.beside(OP, other)?;
        let refuse = || Error::Shape {
            op: OP,
            expected: "matrices whose inner sizes match, or stacks of as many of them".into(),
            got: format!("shapes {} and {}, transposed {transpose:?}", self.shape(), other.shape()),
        };
        let (left, right) = (self.shape().dims(), other.shape().dims());
        let ([stack @ .., rows_a, columns_a], [stack_b @ .., rows_b, columns_b]) = (left, right) else {
            return Err(refuse());
        };
        let (m, k) = if transpose.0 { (*columns_a, *rows_a) } else { (*rows_a, *columns_a) };
        let (of_b, n) = if transpose.1 { (*columns_b, *rows_b) } else { (*rows_b, *columns_b) };
        let shared = (stack.is_empty() && !stack_b.is_empty(), stack_b.is_empty() && !stack.is_empty());
        if (stack != stack_b && shared == (false, false)) || k != of_b {
            return Err(refuse());
        }
        let stack = if shared.0 { stack_b } else { stack };
        let dims = [stack, &[m, n]].concat();
        let out = match plus {
            Some((_, c)) => {
                self.matches(OP, c, &dims)?;
                c.deep_copy()?
            }
            None => self.like(OP, dims.clone().into())?,
        };
        let beta = plus.map_or(0.0, |(beta, _)| beta);
        if out.numel() == 0 {
            return Ok(out);
        }
        if k == 0 {
            let zero = Self::zeros(OP, self.device(), dims.into(), self.format())?;
            return if plus.is_some() { out.scale_shift(beta, 0.0) } else { Ok(zero) };
        }
        let side = |n: usize| i32::try_from(n).map_err(|_| refuse());
        let product = Product {
            m: side(m)?,
            n: side(n)?,
            k: side(k)?,
            transpose_a: transpose.0,
            transpose_b: transpose.1,
            alpha,
            beta,
            batch: side(stack.iter().product())?,
            shared,
        };
        let (a, b, c) = (self.address(), other.address(), out.address());
        self.device().with_blas(OP, |blas| blas.multiply(dtype, product, a, b, c))?;
        Ok(out)
    }
}
