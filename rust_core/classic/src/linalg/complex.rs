//! Complex matrices: a shape and pairs (real, imaginary) of binary64, side by side.

use super::products::{Form, check_projection, golden_columns, sizes, square_pair};
use syntonic_core::gemm::{Matrix, gemm};
use syntonic_core::tensor::afford::afford;
use syntonic_core::tensor::{DType, Shape, Storage, Tensor};
use syntonic_core::{Error, Result};

/// A complex number: real and imaginary part.
pub type Complex = (f64, f64);

/// A dense, row-major complex tensor.
#[derive(Clone, Debug)]
pub struct ComplexTensor {
    shape: Shape,
    /// (.., 2): real and imaginary parts
    pairs: Tensor,
}

/// The real and the imaginary parts of a matrix.
struct Planes(Vec<f64>, Vec<f64>);

impl ComplexTensor {
    /// Builds a complex tensor from real parts and as many imaginary ones; none are zeros. Values count as binary64.
    ///
    /// # Errors
    /// `Error::Shape` when the shapes differ.
    pub fn new(real: &Tensor, imaginary: Option<&Tensor>) -> Result<Self> {
        if let Some(imaginary) = imaginary.filter(|x| x.shape() != real.shape()) {
            return Err(Error::Shape {
                op: "complex",
                expected: format!("imaginary parts of shape {}", real.shape()),
                got: imaginary.shape().to_string(),
            });
        }
        let real_parts = real.to_f64();
        let parts = imaginary.map_or_else(|| vec![0.0; real_parts.len()], Tensor::to_f64);
        Self::join(real.shape().clone(), real_parts.into_iter().zip(parts))
    }

    fn join(shape: Shape, pairs: impl Iterator<Item = Complex>) -> Result<Self> {
        let mut dims = shape.dims().to_vec();
        dims.push(2);
        let pairs: Vec<f64> = pairs.flat_map(|(re, im)| [re, im]).collect();
        Ok(Self { shape, pairs: Tensor::new(dims, pairs)? })
    }

    /// Returns the sizes of the axes.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Returns the numbers as a float tensor (.., 2) of the same memory.
    pub fn pairs(&self) -> &Tensor {
        &self.pairs
    }

    /// Returns the real parts (`part` 0) or the imaginary parts (`part` 1).
    ///
    /// # Errors
    /// Never for a tensor that was built.
    pub fn part(&self, part: usize) -> Result<Tensor> {
        let Planes(re, im) = self.planes(0, self.shape.numel());
        Tensor::new(self.shape.clone(), if part == 0 { re } else { im })
    }

    fn planes(&self, start: usize, count: usize) -> Planes {
        let Storage::F64(values) = self.pairs.storage() else { return Planes(Vec::new(), Vec::new()) };
        let (re, im) = values[2 * start..2 * (start + count)].as_chunks().0.iter().map(|&[re, im]| (re, im)).unzip();
        Planes(re, im)
    }

    /// Returns factor times this.
    ///
    /// # Errors
    /// Never for a tensor that was built.
    pub fn scaled(&self, factor: Complex) -> Result<Self> {
        self.combined(factor, None)
    }

    /// Returns factor times this, plus another factor times another of the same shape.
    fn combined(&self, factor: Complex, other: Option<(&Self, Complex)>) -> Result<Self> {
        let times = |(a, b): Complex, (c, d): Complex| (a * c - b * d, a * d + b * c);
        let Planes(re, im) = self.planes(0, self.shape.numel());
        let scaled = re.into_iter().zip(im).map(|x| times(factor, x));
        match other {
            None => Self::join(self.shape.clone(), scaled),
            Some((other, beta)) => {
                let Planes(re, im) = other.planes(0, self.shape.numel());
                let terms = re.into_iter().zip(im).map(|x| times(beta, x));
                Self::join(self.shape.clone(), scaled.zip(terms).map(|((a, b), (c, d))| (a + c, b + d)))
            }
        }
    }
}

/// One product of complex matrices: alpha op(A) op(B) + beta C.
#[derive(Clone, Copy, Debug)]
pub struct ComplexProduct<'a> {
    /// The name in errors.
    pub op: &'static str,
    /// A and its form.
    pub a: (&'a ComplexTensor, Form),
    /// B and its form.
    pub b: (&'a ComplexTensor, Form),
    /// The factor of the product.
    pub alpha: Complex,
    /// C and beta.
    pub c: Option<(&'a ComplexTensor, Complex)>,
}

impl<'a> ComplexProduct<'a> {
    /// A B
    pub fn new(op: &'static str, a: &'a ComplexTensor, b: &'a ComplexTensor) -> Self {
        Self { op, a: (a, Form::Plain), b: (b, Form::Plain), alpha: (1.0, 0.0), c: None }
    }

    /// Computes it, by four real products.
    ///
    /// # Errors
    /// `Error::Shape` for factors that do not fit.
    pub fn compute(&self) -> Result<ComplexTensor> {
        let (a, b) = (self.a.0.shape.dims(), self.b.0.shape.dims());
        let (rows, inner, columns) = sizes(self.op, (a, self.a.1), (b, self.b.1))?;
        let shape = Shape::from([rows, columns]);
        shape.check(self.op)?;
        afford::<[f64; 6]>(self.op, shape.numel())?;
        if let Some((c, _)) = self.c.filter(|(c, _)| c.shape != shape) {
            let expected = format!("a C of shape {shape}");
            return Err(Error::Shape { op: self.op, expected, got: c.shape.to_string() });
        }
        let size = Size { rows, inner, columns };
        let found =
            size.multiply(self.a.0.planes(0, rows * inner), self.a.1, self.b.0.planes(0, inner * columns), self.b.1);
        let product = ComplexTensor::join(shape, found.0.into_iter().zip(found.1))?;
        match (self.alpha, self.c) {
            ((1.0, 0.0), None) => Ok(product),
            (alpha, c) => product.combined(alpha, c),
        }
    }
}

/// Sizes of a product.
#[derive(Clone, Copy)]
struct Size {
    rows: usize,
    inner: usize,
    columns: usize,
}

impl Size {
    fn multiply(self, a: Planes, a_form: Form, b: Planes, b_form: Form) -> Planes {
        fn matrix(values: &[f64], form: Form, rows: usize, columns: usize) -> Matrix<'_, f64> {
            match form {
                Form::Plain => Matrix::new(values, rows, columns),
                _ => Matrix::new(values, columns, rows).transposed(),
            }
        }
        let sign = |form: Form| if form == Form::Adjoint { -1.0 } else { 1.0 };
        let a_matrix = |values| matrix(values, a_form, self.rows, self.inner);
        let b_matrix = |values| matrix(values, b_form, self.inner, self.columns);
        let (a_sign, b_sign) = (sign(a_form), sign(b_form));
        let mut re = vec![0.0; self.rows * self.columns];
        let mut im = re.clone();
        gemm(a_matrix(&a.0), b_matrix(&b.0), 1.0, false, &mut re);
        gemm(a_matrix(&a.1), b_matrix(&b.1), -a_sign * b_sign, true, &mut re);
        gemm(a_matrix(&a.0), b_matrix(&b.1), b_sign, false, &mut im);
        gemm(a_matrix(&a.1), b_matrix(&b.0), a_sign, true, &mut im);
        Planes(re, im)
    }
}

/// Returns C_i = A_i B_i for A (batch, m, k) and B (batch, k, n).
///
/// # Errors
/// `Error::Shape` for factors that do not fit.
pub fn complex_bmm(a: &ComplexTensor, b: &ComplexTensor) -> Result<ComplexTensor> {
    let fault = || {
        let expected = "factors (batch, m, k) and (batch, k, n)".into();
        Error::Shape { op: "bmm", expected, got: format!("{} and {}", a.shape, b.shape) }
    };
    let (&[batch, rows, inner], &[other, second, columns]) = (a.shape.dims(), b.shape.dims()) else {
        return Err(fault());
    };
    if batch != other || inner != second {
        return Err(fault());
    }
    let size = Size { rows, inner, columns };
    let one = |i: usize| {
        let (x, y) = (rows * inner, inner * columns);
        let Planes(re, im) = size.multiply(a.planes(i * x, x), Form::Plain, b.planes(i * y, y), Form::Plain);
        re.into_iter().zip(im)
    };
    ComplexTensor::join(Shape::from([batch, rows, columns]), (0..batch).flat_map(one))
}

/// Returns A B + factor B A.
///
/// # Errors
/// `Error::Shape` unless both are square and of one size.
pub fn complex_bracket(op: &'static str, a: &ComplexTensor, b: &ComplexTensor, factor: f64) -> Result<ComplexTensor> {
    square_pair(op, &a.shape, &b.shape)?;
    let ab = ComplexProduct::new(op, a, b).compute()?;
    ComplexProduct { alpha: (factor, 0.0), c: Some((&ab, (1.0, 0.0))), ..ComplexProduct::new(op, b, a) }.compute()
}

/// Returns C_ij = sum_k A_ik B_kj e^(-k^2 / phi), k from 0.
///
/// # Errors
/// `Error::Shape` for factors that do not fit.
pub fn complex_mm_golden_weighted(a: &ComplexTensor, b: &ComplexTensor) -> Result<ComplexTensor> {
    let weighted = ComplexTensor::new(&golden_columns(&a.part(0)?)?, Some(&golden_columns(&a.part(1)?)?))?;
    ComplexProduct::new("mm_golden_weighted", &weighted, b).compute()
}

/// Returns Psi + sum_k alpha_k P_k Psi, as one product with sum_k alpha_k P_k.
///
/// # Errors
/// `Error::Shape` unless Psi is (n, m) and each P_k is (n, n), or for another number of alphas.
pub fn complex_projection_sum(
    psi: &ComplexTensor,
    projectors: &[&ComplexTensor],
    alphas: &[Complex],
) -> Result<ComplexTensor> {
    let op = "projection_sum";
    let shapes: Vec<&Shape> = projectors.iter().map(|p| &p.shape).collect();
    let square = check_projection(&psi.shape, &shapes, alphas.len())?;
    let zero = Tensor::full(square, DType::F64, 0.0)?;
    let start = ComplexTensor::new(&zero, None)?;
    let add =
        |sum: ComplexTensor, (p, &alpha): (&&ComplexTensor, &Complex)| p.combined(alpha, Some((&sum, (1.0, 0.0))));
    let sum = projectors.iter().zip(alphas).try_fold(start, add)?;
    ComplexProduct { c: Some((psi, (1.0, 0.0))), ..ComplexProduct::new(op, &sum, psi) }.compute()
}
