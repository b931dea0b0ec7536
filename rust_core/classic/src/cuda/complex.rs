//! Complex numbers as pairs in a last axis of size 2: products of matrices by cuBLAS, and kernels/complex.cu.

use easy_ext::ext;
use syntonic_core::cuda::{ComplexProduct, DeviceTensor, Form, Format, Grid, Kernel, rows_of, size};
use syntonic_core::tensor::DType;
use syntonic_core::{Error, Result};

/// The real and the imaginary part of a factor.
type Factor = (f64, f64);

/// Fields of complex numbers, as pairs on a last axis of 2.
#[ext(ComplexFields)]
impl DeviceTensor {
    /// Returns x y of complex numbers of one shape.
    ///
    /// # Errors
    /// `Error::Shape` and `Error::DType` when the operands do not match or are no pairs.
    pub fn complex_mul(&self, other: &DeviceTensor) -> Result<DeviceTensor> {
        self.complex("complex_mul", Some(other))
    }

    /// Returns x / y of complex numbers of one shape.
    ///
    /// # Errors
    /// As [`DeviceTensor::complex_mul`].
    pub fn complex_div(&self, other: &DeviceTensor) -> Result<DeviceTensor> {
        self.complex("complex_div", Some(other))
    }

    /// Returns 1 / x of complex numbers.
    ///
    /// # Errors
    /// As [`DeviceTensor::complex_mul`].
    pub fn complex_reciprocal(&self) -> Result<DeviceTensor> {
        self.complex("complex_reciprocal", None)
    }

    /// Returns |<x|y>|^2 / (<x|x> <y|y>) of two complex states, 0 if one of them is 0; waits for the device.
    ///
    /// # Errors
    /// As [`DeviceTensor::complex_mul`].
    pub fn gnosis(&self, other: &DeviceTensor) -> Result<f64> {
        const OP: &str = "gnosis";
        let (dtype, n) = self.numbers(OP)?;
        self.matches(OP, other, self.shape().dims())?;
        if n == 0 {
            return Ok(0.0);
        }
        let blocks = n.div_ceil(4096).min(4 * self.device().multiprocessors());
        let partial = DeviceTensor::empty(OP, self.device(), [blocks, 4].into(), Format::Real(DType::F64))?;
        let args = [partial.pointer(), self.pointer(), other.pointer(), size(n)];
        self.device().launch(&Kernel::plain(OP, "complex", "overlap_part", dtype), Grid::blocks(blocks), &args)?;
        let parts = partial.values::<f64>(OP)?;
        let [re, im, x, y] = [0, 1, 2, 3].map(|k| parts.iter().skip(k).step_by(4).sum::<f64>());
        Ok(if x == 0.0 || y == 0.0 {
            0.0
        } else {
            (re / x.sqrt() / y.sqrt()).powi(2) + (im / x.sqrt() / y.sqrt()).powi(2)
        })
    }

    /// Returns each number twice in a row: a table of features becomes one for complex features, (.., n) to (.., 2 n).
    ///
    /// # Errors
    /// `Error::Shape` for a scalar, `Error::DType` for integers.
    pub fn twice(&self) -> Result<DeviceTensor> {
        const OP: &str = "twice";
        let dtype = self.format().real(OP)?;
        let dim = rows_of(OP, self.shape())?.1;
        let mut dims = self.shape().dims().to_vec();
        dims.pop();
        dims.push(2 * dim);
        let out = self.like(OP, dims.into())?;
        let n = self.numel();
        if n > 0 {
            let args = [out.pointer(), self.pointer(), size(n)];
            self.device().launch(&Kernel::plain(OP, "complex", OP, dtype), Grid::flat(n), &args)?;
        }
        Ok(out)
    }

    /// Returns alpha op(A) op(B) + beta C of complex matrices (m, k, 2) and (k, n, 2), or of stacks of as many of them.
    ///
    /// # Errors
    /// `Error::Shape` when the shapes do not fit; `Error::DeviceUnavailable` without cuBLAS.
    pub fn complex_gemm(
        &self,
        other: &DeviceTensor,
        forms: (Form, Form),
        alpha: Factor,
        plus: Option<(Factor, &DeviceTensor)>,
    ) -> Result<DeviceTensor> {
        const OP: &str = "complex_matmul";
        let (dtype, _) = self.numbers(OP)?;
        self.beside(OP, other)?;
        let refuse = || Error::Shape {
            op: OP,
            expected: "matrices (m, k, 2) and (k, n, 2) whose inner sizes match, or stacks of as many of them".into(),
            got: format!("shapes {} and {}, forms {forms:?}", self.shape(), other.shape()),
        };
        let ([stack @ .., rows_a, columns_a, 2], [stack_b @ .., rows_b, columns_b, 2]) =
            (self.shape().dims(), other.shape().dims())
        else {
            return Err(refuse());
        };
        let turned = |form, rows, columns| if form == Form::Plain { (rows, columns) } else { (columns, rows) };
        let ((m, k), (of_b, n)) = (turned(forms.0, *rows_a, *columns_a), turned(forms.1, *rows_b, *columns_b));
        if stack != stack_b || k != of_b {
            return Err(refuse());
        }
        let dims = [stack, &[m, n, 2]].concat();
        // cuBLAS reads whole numbers: memory of another library may begin between two.
        let whole = |x: &DeviceTensor| {
            if x.address().is_multiple_of(2 * dtype.size() as u64) { Ok(x.clone()) } else { x.deep_copy() }
        };
        let (a, b) = (whole(self)?, whole(other)?);
        let out = match plus {
            Some((_, c)) => {
                self.matches(OP, c, &dims)?;
                c.deep_copy()?
            }
            None => DeviceTensor::zeros(OP, self.device(), dims.into(), self.format())?,
        };
        if out.numel() == 0 || (k == 0 && plus.is_none()) {
            return Ok(out);
        }
        let side = |n: usize| i32::try_from(n).map_err(|_| refuse());
        let product = ComplexProduct {
            m: side(m)?,
            n: side(n)?,
            k: side(k)?,
            forms,
            alpha,
            beta: plus.map_or((0.0, 0.0), |(beta, _)| beta),
            batch: side(stack.iter().product())?,
        };
        let (a, b, c) = (a.address(), b.address(), out.address());
        self.device().with_blas(OP, |blas| blas.multiply_complex(dtype, product, a, b, c))?;
        Ok(out)
    }
}

#[ext(ComplexFieldsParts)]
impl DeviceTensor {
    /// Returns how many complex numbers these are.
    fn numbers(&self, op: &'static str) -> Result<(DType, usize)> {
        let dtype = self.format().real(op)?;
        if self.shape().dims().last() == Some(&2) {
            return Ok((dtype, self.numel() / 2));
        }
        let expected = "a last axis of size 2: real and imaginary parts".into();
        Err(Error::Shape { op, expected, got: format!("shape {}", self.shape()) })
    }

    fn complex(&self, op: &'static str, other: Option<&DeviceTensor>) -> Result<DeviceTensor> {
        let (dtype, n) = self.numbers(op)?;
        if let Some(other) = other {
            self.matches(op, other, self.shape().dims())?;
        }
        let out = self.like(op, self.shape().clone())?;
        if n > 0 {
            let mut args = vec![out.pointer(), self.pointer()];
            args.extend(other.map(DeviceTensor::pointer));
            args.push(size(n));
            self.device().launch(&Kernel::plain(op, "complex", op, dtype), Grid::flat(n), &args)?;
        }
        Ok(out)
    }
}
