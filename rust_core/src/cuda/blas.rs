//! cuBLAS behind safe functions. Its default mode is kept: binary32 is not replaced by TF32.
#![allow(unsafe_code)]

use cudarc::cublas::result;
use cudarc::cublas::sys;
use cudarc::driver::CudaStream;

use super::fault::meaning;
use crate::tensor::DType;

/// A cuBLAS handle.
#[derive(Debug)]
pub struct Blas(sys::cublasHandle_t);

// SAFETY: a handle may be used by any thread, by one at a time; it lives in a mutex.
unsafe impl Send for Blas {}

/// One product C = alpha op(A) op(B) + beta C of row-major matrices, `batch` times.
#[derive(Clone, Copy, Debug)]
pub(super) struct Product {
    pub m: i32,
    pub n: i32,
    pub k: i32,
    pub transpose_a: bool,
    pub transpose_b: bool,
    pub alpha: f64,
    pub beta: f64,
    pub batch: i32,
    /// Whether the first factor, or the second, is the same matrix each time.
    pub shared: (bool, bool),
}

/// What a factor of a complex product is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A itself.
    Plain,
    /// Its transpose.
    Transposed,
    /// Its conjugate transpose.
    Adjoint,
}

/// As [`Product`], of complex matrices; factors are (real, imaginary).
#[derive(Clone, Copy, Debug)]
pub struct ComplexProduct {
    /// Rows of the result.
    pub m: i32,
    /// Columns of the result.
    pub n: i32,
    /// The inner size.
    pub k: i32,
    /// What is done with the factors.
    pub forms: (Form, Form),
    /// The factor of the product.
    pub alpha: (f64, f64),
    /// The factor of what is there.
    pub beta: (f64, f64),
    /// How many there are, one after another.
    pub batch: i32,
}

impl Blas {
    /// Starts cuBLAS on a stream. Its library must have been opened.
    pub(super) fn new(stream: &CudaStream) -> Result<Self, String> {
        stream.context().bind_to_thread().map_err(|error| meaning(error.0 as u32))?;
        let handle = result::create_handle().map_err(|error| format!("{error:?}"))?;
        // SAFETY: the handle was just made, and the stream lives as long as the process. The types differ in name only.
        unsafe { result::set_stream(handle, stream.cu_stream().cast()) }.map_err(|e| format!("{e:?}"))?;
        Ok(Self(handle))
    }

    /// Multiplies; `a`, `b` and `c` are addresses of matrices of the sizes that `product` says.
    pub(super) fn multiply(&self, dtype: DType, product: Product, a: u64, b: u64, c: u64) -> Result<(), String> {
        use sys::cublasOperation_t::{CUBLAS_OP_N as PLAIN, CUBLAS_OP_T as TURNED};
        let Product { m, n, k, alpha, beta, batch, shared, .. } = product;
        // Row-major C = A B is column-major C^T = B^T A^T: operands change places, not layout.
        let op = |transpose| if transpose { TURNED } else { PLAIN };
        let (of_a, of_b) = (op(product.transpose_a), op(product.transpose_b));
        let row_a = if product.transpose_a { m } else { k };
        let row_b = if product.transpose_b { k } else { n };
        let step = |once, r, s| if once { 0 } else { i64::from(r) * i64::from(s) };
        let (step_a, step_b, step_c) = (step(shared.0, m, k), step(shared.1, k, n), step(false, m, n));
        // SAFETY: the addresses hold `batch` matrices of these sizes, as the caller has checked; alpha and beta are read
        // before the call returns.
        let status = unsafe {
            match dtype {
                DType::F32 => {
                    let (alpha, beta) = (alpha as f32, beta as f32);
                    sys::cublasSgemmStridedBatched(
                        self.0,
                        of_b,
                        of_a,
                        n,
                        m,
                        k,
                        &raw const alpha,
                        b as *const f32,
                        row_b,
                        step_b,
                        a as *const f32,
                        row_a,
                        step_a,
                        &raw const beta,
                        c as *mut f32,
                        n,
                        step_c,
                        batch,
                    )
                }
                DType::F64 => sys::cublasDgemmStridedBatched(
                    self.0,
                    of_b,
                    of_a,
                    n,
                    m,
                    k,
                    &raw const alpha,
                    b as *const f64,
                    row_b,
                    step_b,
                    a as *const f64,
                    row_a,
                    step_a,
                    &raw const beta,
                    c as *mut f64,
                    n,
                    step_c,
                    batch,
                ),
            }
        };
        answer(status)
    }

    /// As [`Self::multiply`], of complex matrices whose addresses are multiples of a number's size.
    pub fn multiply_complex(
        &self,
        dtype: DType,
        product: ComplexProduct,
        a: u64,
        b: u64,
        c: u64,
    ) -> Result<(), String> {
        let ComplexProduct { m, n, k, forms, alpha, beta, batch } = product;
        let op = |form| match form {
            Form::Plain => sys::cublasOperation_t::CUBLAS_OP_N,
            Form::Transposed => sys::cublasOperation_t::CUBLAS_OP_T,
            Form::Adjoint => sys::cublasOperation_t::CUBLAS_OP_C,
        };
        let (of_a, of_b) = (op(forms.0), op(forms.1));
        let row_a = if forms.0 == Form::Plain { k } else { m };
        let row_b = if forms.1 == Form::Plain { n } else { k };
        let [step_a, step_b, step_c] = [(m, k), (k, n), (m, n)].map(|(r, s)| i64::from(r) * i64::from(s));
        // The leading dimensions of nothing count as 1.
        let [row_a, row_b, row_c] = [row_a, row_b, n].map(|row| row.max(1));
        // SAFETY: as in `multiply`, with numbers of twice the size.
        let status = unsafe {
            match dtype {
                DType::F32 => {
                    let [alpha, beta] = [alpha, beta].map(|(re, im)| sys::float2 { x: re as f32, y: im as f32 });
                    sys::cublasCgemmStridedBatched(
                        self.0,
                        of_b,
                        of_a,
                        n,
                        m,
                        k,
                        &raw const alpha,
                        b as *const sys::cuComplex,
                        row_b,
                        step_b,
                        a as *const sys::cuComplex,
                        row_a,
                        step_a,
                        &raw const beta,
                        c as *mut sys::cuComplex,
                        row_c,
                        step_c,
                        batch,
                    )
                }
                DType::F64 => {
                    let [alpha, beta] = [alpha, beta].map(|(re, im)| sys::double2 { x: re, y: im });
                    sys::cublasZgemmStridedBatched(
                        self.0,
                        of_b,
                        of_a,
                        n,
                        m,
                        k,
                        &raw const alpha,
                        b as *const sys::cuDoubleComplex,
                        row_b,
                        step_b,
                        a as *const sys::cuDoubleComplex,
                        row_a,
                        step_a,
                        &raw const beta,
                        c as *mut sys::cuDoubleComplex,
                        row_c,
                        step_c,
                        batch,
                    )
                }
            }
        };
        answer(status)
    }
}

fn answer(status: sys::cublasStatus_t) -> Result<(), String> {
    if status == sys::cublasStatus_t::CUBLAS_STATUS_SUCCESS { Ok(()) } else { Err(format!("{status:?}")) }
}
