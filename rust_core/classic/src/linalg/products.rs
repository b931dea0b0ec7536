//! The products of float matrices by name: each is alpha op(A) op(B) + beta C, or a sum of two such.

use syntonic_core::exact::constants::{PHI, PHI_INVERSE};
use syntonic_core::gemm::{Matrix, batched, gemm};
use syntonic_core::ops::Element;
use syntonic_core::tensor::afford::afford;
use syntonic_core::tensor::{Buffer, DType, Shape, Tensor, golden_weight};
use syntonic_core::{Error, Result};

/// What is done with a factor before the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Nothing.
    Plain,
    /// Its transpose; of real numbers also the conjugate transpose.
    Transposed,
    /// Its conjugate transpose.
    Adjoint,
}

impl Form {
    /// Returns the form called N, T or H.
    ///
    /// # Errors
    /// `Error::Value` for any other name.
    pub fn from_name(name: &str) -> Result<Self> {
        match name {
            "N" => Ok(Self::Plain),
            "T" => Ok(Self::Transposed),
            "H" => Ok(Self::Adjoint),
            _ => Err(Error::Value { op: "mm_gemm", expected: "a form of N, T, H".into(), got: format!("{name:?}") }),
        }
    }
}

/// Returns (rows, inner, columns) of a product of matrices in these forms.
pub(super) fn sizes(op: &'static str, a: (&[usize], Form), b: (&[usize], Form)) -> Result<(usize, usize, usize)> {
    let turned = |(dims, form): (&[usize], Form)| match (dims, form) {
        (&[rows, columns], Form::Plain) => Some((rows, columns)),
        (&[rows, columns], _) => Some((columns, rows)),
        _ => None,
    };
    match (turned(a), turned(b)) {
        (Some((rows, inner)), Some((other, columns))) if inner == other => Ok((rows, inner, columns)),
        (a_sizes, b_sizes) => {
            let expected = match (a_sizes, b_sizes) {
                (Some((rows, inner)), Some(_)) => {
                    format!("factors (m, k) and (k, n); the first counts as ({rows}, {inner})")
                }
                _ => "two matrices".into(),
            };
            let got = format!("{} and {}", Shape::from(a.0.to_vec()), Shape::from(b.0.to_vec()));
            Err(Error::Shape { op, expected, got })
        }
    }
}

/// One product: alpha op(A) op(B) + beta C.
#[derive(Clone, Copy, Debug)]
pub struct Product<'a> {
    /// The name in errors.
    pub op: &'static str,
    /// A and its form.
    pub a: (&'a Tensor, Form),
    /// B and its form.
    pub b: (&'a Tensor, Form),
    /// The factor of the product.
    pub alpha: f64,
    /// C and beta.
    pub c: Option<(&'a Tensor, f64)>,
}

impl<'a> Product<'a> {
    /// A B
    pub fn new(op: &'static str, a: &'a Tensor, b: &'a Tensor) -> Self {
        Self { op, a: (a, Form::Plain), b: (b, Form::Plain), alpha: 1.0, c: None }
    }

    /// Computes it.
    ///
    /// ```
    /// use syntonic_classic::linalg::Product;
    /// use syntonic_core::tensor::Tensor;
    /// let a = Tensor::new([1, 2], vec![1.0_f64, 2.0])?;
    /// let b = Tensor::new([2, 1], vec![3.0_f64, 4.0])?;
    /// assert_eq!(Product::new("mm", &a, &b).compute()?.to_f64(), [11.0]);
    /// # Ok::<(), syntonic_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Error::Shape` for factors that do not fit, `Error::DType` for several dtypes.
    pub fn compute(&self) -> Result<Tensor> {
        let c = self.c.map(|(c, _)| c);
        one_dtype(self.op, [self.a.0, self.b.0].into_iter().chain(c))?;
        match self.a.0.dtype() {
            DType::F32 => self.compute_as::<f32>(),
            DType::F64 => self.compute_as::<f64>(),
        }
    }

    fn compute_as<T: Element>(&self) -> Result<Tensor> {
        let (a, b) = (self.a.0.shape().dims(), self.b.0.shape().dims());
        let (rows, inner, columns) = sizes(self.op, (a, self.a.1), (b, self.b.1))?;
        let shape = Shape::from([rows, columns]);
        shape.check(self.op)?;
        afford::<[T; 2]>(self.op, shape.numel())?;
        let mut out = Buffer::stale(shape.numel());
        if let Some((c, beta)) = self.c {
            if *c.shape() != shape {
                let expected = format!("a C of shape {shape}");
                return Err(Error::Shape { op: self.op, expected, got: c.shape().to_string() });
            }
            let beta = T::from_f64(beta);
            for (out, &c) in out.values_mut().iter_mut().zip(T::slice(c)) {
                *out = beta * c;
            }
        }
        let matrix = |(x, form): (&'a Tensor, Form), rows, columns| match form {
            Form::Plain => Matrix::new(T::slice(x), rows, columns),
            _ => Matrix::new(T::slice(x), columns, rows).transposed(),
        };
        let (a, b) = (matrix(self.a, rows, inner), matrix(self.b, inner, columns));
        gemm(a, b, T::from_f64(self.alpha), self.c.is_some(), out.values_mut());
        Tensor::new(shape, T::storage(out))
    }
}

pub(super) fn one_dtype<'a>(op: &'static str, mut all: impl Iterator<Item = &'a Tensor>) -> Result<()> {
    let Some(first) = all.next() else { return Ok(()) };
    match all.find(|x| x.dtype() != first.dtype()) {
        None => Ok(()),
        Some(other) => Err(Error::DType {
            op,
            expected: format!("all matrices of one dtype, here {}", first.dtype().name()),
            got: format!("{}; convert with astype", other.dtype().name()),
        }),
    }
}

/// Returns C_i = A_i B_i for A (batch, m, k) and B (batch, k, n).
///
/// # Errors
/// As [`Product::compute`].
pub fn bmm(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    one_dtype("bmm", [a, b].into_iter())?;
    match a.dtype() {
        DType::F32 => bmm_as::<f32>(a, b),
        DType::F64 => bmm_as::<f64>(a, b),
    }
}

fn bmm_as<T: Element>(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let (&[batch, m, k], &[other, inner, n]) = (a.shape().dims(), b.shape().dims()) else {
        return Err(bmm_misfit(a, b));
    };
    if batch != other || k != inner {
        return Err(bmm_misfit(a, b));
    }
    let shape = Shape::from([batch, m, n]);
    shape.check("bmm")?;
    afford::<[T; 2]>("bmm", shape.numel())?;
    let mut out = Buffer::stale(shape.numel());
    let (x, y) = (T::slice(a), T::slice(b));
    let factors = |i: usize| (Matrix::new(&x[i * m * k..][..m * k], m, k), Matrix::new(&y[i * k * n..][..k * n], k, n));
    batched((m, k, n), factors, out.values_mut());
    Tensor::new(shape, T::storage(out))
}

fn bmm_misfit(a: &Tensor, b: &Tensor) -> Error {
    let expected = "factors (batch, m, k) and (batch, k, n)".into();
    Error::Shape { op: "bmm", expected, got: format!("{} and {}", a.shape(), b.shape()) }
}

/// Returns A B + factor B A: the golden bracket for factor -1/phi, the antibracket for 1/phi.
///
/// # Errors
/// `Error::Shape` unless both are square and of one size: only then do both products have one shape.
pub fn bracket(op: &'static str, a: &Tensor, b: &Tensor, factor: f64) -> Result<Tensor> {
    square_pair(op, a.shape(), b.shape())?;
    let ab = Product::new(op, a, b).compute()?;
    Product { alpha: factor, c: Some((&ab, 1.0)), ..Product::new(op, b, a) }.compute()
}

pub(super) fn square_pair(op: &'static str, a: &Shape, b: &Shape) -> Result<()> {
    let size = a.dims().first().copied().unwrap_or(0);
    if a.dims() == [size, size] && a == b {
        return Ok(());
    }
    Err(Error::Shape { op, expected: "two square matrices of one size".into(), got: format!("{a} and {b}") })
}

/// The size of the factor of the golden bracket's second product.
pub const BRACKET: f64 = PHI_INVERSE;

/// Returns phi^n A B.
///
/// # Errors
/// As [`Product::compute`].
pub fn mm_phi(a: &Tensor, b: &Tensor, n: i32) -> Result<Tensor> {
    Product { alpha: PHI.powi(n), ..Product::new("mm_phi", a, b) }.compute()
}

/// Returns C_ij = sum_k A_ik B_kj e^(-k^2 / phi), k from 0.
///
/// # Errors
/// As [`Product::compute`].
pub fn mm_golden_weighted(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let op = "mm_golden_weighted";
    sizes(op, (a.shape().dims(), Form::Plain), (b.shape().dims(), Form::Plain))?;
    Product::new(op, &golden_columns(a)?, b).compute()
}

/// Returns a matrix with column k times e^(-k^2 / phi).
pub(super) fn golden_columns(a: &Tensor) -> Result<Tensor> {
    match a.dtype() {
        DType::F32 => golden_columns_as::<f32>(a),
        DType::F64 => golden_columns_as::<f64>(a),
    }
}

fn golden_columns_as<T: Element>(a: &Tensor) -> Result<Tensor> {
    let weight = |k: usize| T::from_f64(golden_weight((k as f64) * (k as f64)));
    let weights: Vec<T> = (0..a.shape().last()).map(weight).collect();
    let values: Vec<T> = T::slice(a).iter().zip(weights.iter().cycle()).map(|(&x, &w)| x * w).collect();
    Tensor::new(a.shape().clone(), T::storage(values))
}

/// Returns Psi + sum_k alpha_k P_k Psi, as one product with sum_k alpha_k P_k.
///
/// # Errors
/// `Error::Shape` unless Psi is (n, m) and each P_k is (n, n), or for another number of alphas; `Error::DType`.
pub fn projection_sum(psi: &Tensor, projectors: &[&Tensor], alphas: &[f64]) -> Result<Tensor> {
    let op = "projection_sum";
    one_dtype(op, [psi].into_iter().chain(projectors.iter().copied()))?;
    let shapes: Vec<&Shape> = projectors.iter().map(|p| p.shape()).collect();
    let square = check_projection(psi.shape(), &shapes, alphas.len())?;
    let sum = match psi.dtype() {
        DType::F32 => weighted_sum::<f32>(square, projectors, alphas)?,
        DType::F64 => weighted_sum::<f64>(square, projectors, alphas)?,
    };
    Product { c: Some((psi, 1.0)), ..Product::new(op, &sum, psi) }.compute()
}

/// Checks the shapes of a projection sum and returns that of the projectors.
pub(super) fn check_projection(psi: &Shape, projectors: &[&Shape], alphas: usize) -> Result<Shape> {
    let fault = |expected: String, got: String| Err(Error::Shape { op: "projection_sum", expected, got });
    if projectors.len() != alphas {
        return fault(format!("an alpha for each of {} projectors", projectors.len()), alphas.to_string());
    }
    let &[size, _] = psi.dims() else { return fault("a matrix Psi".into(), psi.to_string()) };
    let square = Shape::from([size, size]);
    match projectors.iter().find(|p| ***p != square) {
        Some(other) => fault(format!("projectors of shape {square}"), other.to_string()),
        None => Ok(square),
    }
}

fn weighted_sum<T: Element>(shape: Shape, all: &[&Tensor], factors: &[f64]) -> Result<Tensor> {
    let mut sum = vec![T::ZERO; shape.numel()];
    for (x, &factor) in all.iter().zip(factors) {
        for (sum, &x) in sum.iter_mut().zip(T::slice(x)) {
            *sum = *sum + T::from_f64(factor) * x;
        }
    }
    Tensor::new(shape, T::storage(sum))
}
