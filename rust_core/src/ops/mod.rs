//! Operations: each file holds one, as the shape it gives and the loop that computes it.
//!
//! A loop is written over *lanes*: `[T; L]` holds one element for `L` members of the population, so that a vector
//! instruction works on `L` members at once and no operation ever adds across a vector. With `L = 1` the same loop
//! computes for the centre alone. Either way an element is the result of the same IEEE operations in the same order.

mod elementwise;
mod lanes;
mod products;
mod strided;
mod sums;

use std::cell::RefCell;

use pulp::{Arch, Simd, WithSimd};

pub use lanes::{Call, Draw, LANES, Noise, Operand, Parameter};
pub(crate) use linear::shared_base;
pub use reduce::How;

use crate::tensor::{DType, Real, Shape, Storage, Tensor};
use crate::{Error, Result};

/// What every operation tells of itself.
pub(crate) trait Operation {
    /// The name used in errors and in `Display`.
    const NAME: &'static str;
    /// Whether the result may be written over the first input.
    const IN_PLACE: bool = false;

    /// Returns the shape of the result.
    fn shape(&self, inputs: &[&Shape], parameters: &[Shape]) -> Result<Shape>;

    /// Checks values before they are computed with at once; a program, which has none yet, never asks.
    fn check(&self, inputs: &[&Tensor], parameters: &[Tensor]) -> Result<()> {
        let _ = (inputs, parameters);
        Ok(())
    }

    /// Returns about how many vector instructions sixteen members take.
    fn cost(&self, inputs: &[&Shape], output: &Shape) -> usize {
        let _ = inputs;
        20 * output.numel()
    }

    /// Computes the result for `L` members. Shapes were checked by `shape`.
    fn run<S: Simd, T: Real, const L: usize>(&self, simd: S, call: &Call<'_, T, L>, out: &mut [[T; L]]);

    /// Returns the numbers of the parameters that this operation reads.
    fn parameters(&self) -> Vec<usize> {
        Vec::new()
    }
}

macro_rules! operations {
    ($($module:ident :: $name:ident),* $(,)?) => {
        $(mod $module; pub use $module::$name;)*

        /// Any operation of a program.
        #[derive(Clone, Debug, PartialEq)]
        #[expect(missing_docs, reason = "each variant is documented at its struct")]
        pub enum Op { $($name($name)),* }

        $(impl From<$name> for Op {
            fn from(op: $name) -> Self { Self::$name(op) }
        })*

        impl Op {
            /// Returns the operation's name.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$name(_) => $name::NAME),* }
            }

            /// Returns whether the result may be written over the first input.
            pub(crate) fn in_place(&self) -> bool {
                match self { $(Self::$name(_) => $name::IN_PLACE),* }
            }

            /// Returns the shape of the result.
            ///
            /// # Errors
            /// `Error::Shape` when the inputs do not fit.
            pub fn shape(&self, inputs: &[&Shape], parameters: &[Shape]) -> Result<Shape> {
                match self { $(Self::$name(op) => op.shape(inputs, parameters)),* }
            }

            /// Checks values before they are computed with at once.
            fn check(&self, inputs: &[&Tensor], parameters: &[Tensor]) -> Result<()> {
                match self { $(Self::$name(op) => op.check(inputs, parameters)),* }
            }

            /// Returns about how many vector instructions sixteen members take.
            pub(crate) fn cost(&self, inputs: &[&Shape], output: &Shape) -> usize {
                match self { $(Self::$name(op) => op.cost(inputs, output)),* }
            }

            /// Returns the numbers of the parameters that this operation reads.
            pub fn parameters(&self) -> Vec<usize> {
                match self { $(Self::$name(op) => op.parameters()),* }
            }

            /// Computes the result with the widest vector instructions of this processor.
            pub(crate) fn run<T: Real, const L: usize>(&self, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
                let arch = Arch::new();
                match self { $(Self::$name(op) => arch.dispatch(Run { op, call, out })),* }
            }
        }
    };
}

// One line for each operation.
operations! {
    abs::Abs,
    accuracy::Accuracy,
    affine::Affine,
    arithmetic::Arithmetic,
    binary_accuracy::BinaryAccuracy,
    binary_cross_entropy::BinaryCrossEntropy,
    clamp::Clamp,
    concat::Concat,
    cos::Cos,
    cross_entropy::CrossEntropy,
    dropout::Dropout,
    embedding::Embedding,
    exp::Exp,
    expand::Expand,
    gelu::Gelu,
    index_select::IndexSelect,
    linear::Linear,
    log::Log,
    mse::MeanSquaredError,
    narrow::Narrow,
    neg::Neg,
    permute::Permute,
    reduce::Reduce,
    relu::Relu,
    reshape::Reshape,
    sigmoid::Sigmoid,
    sin::Sin,
    softmax::Softmax,
    sqrt::Sqrt,
    square::Square,
    tanh::Tanh,
    weight::Weight,
}

/// One run of an operation, as a value that `pulp` compiles for each instruction set: each operation for itself, since a
/// compiler would be long over one function that holds them all.
struct Run<'r, 'c, O, T: Real, const L: usize> {
    op: &'r O,
    call: &'r Call<'c, T, L>,
    out: &'r mut [[T; L]],
}

impl<O: Operation, T: Real, const L: usize> WithSimd for Run<'_, '_, O, T, L> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.op.run(simd, self.call, self.out);
    }
}

impl Op {
    /// Computes the result at once for concrete tensors and parameters, all of one dtype.
    ///
    /// # Errors
    /// `Error::Shape` or `Error::DType` when the inputs do not fit.
    ///
    /// ```
    /// use syntonic_core::ops::{Op, Relu};
    /// use syntonic_core::tensor::Tensor;
    /// let x = Tensor::new([3], vec![-1.0_f32, 0.0, 2.0])?;
    /// assert_eq!(Op::from(Relu).eager(&[&x], &[])?.to_f64(), [0.0, 0.0, 2.0]);
    /// # Ok::<(), syntonic_core::Error>(())
    /// ```
    pub fn eager(&self, inputs: &[&Tensor], parameters: &[Tensor]) -> Result<Tensor> {
        let dtype = inputs.first().map_or(DType::F32, |x| x.dtype());
        if let Some(other) = inputs.iter().find(|x| x.dtype() != dtype) {
            return Err(Error::DType {
                op: self.name(),
                expected: format!("all inputs of one dtype, here {}", dtype.name()),
                got: format!("{}; convert with astype", other.dtype().name()),
            });
        }
        match dtype {
            DType::F32 => self.eager_as::<f32>(inputs, parameters),
            DType::F64 => self.eager_as::<f64>(inputs, parameters),
        }
    }

    fn eager_as<T: Element>(&self, inputs: &[&Tensor], parameters: &[Tensor]) -> Result<Tensor> {
        let shapes: Vec<&Shape> = inputs.iter().map(|x| x.shape()).collect();
        let parameter_shapes: Vec<Shape> = parameters.iter().map(|p| p.shape().clone()).collect();
        let output = self.shape(&shapes, &parameter_shapes)?;
        self.check(inputs, parameters)?;
        let parameters: Vec<Tensor> = parameters.iter().map(|p| p.cast(T::DTYPE)).collect();
        let views: Vec<Parameter<'_, T, 1>> = (parameters.iter().zip(&parameter_shapes))
            .map(|(p, shape)| Parameter { shape, centre: T::slice(p), noise: Noise::None })
            .collect();
        let operands: Vec<Operand<'_, T, 1>> = inputs.iter().map(|x| Operand::Shared(T::slice(x))).collect();
        let mut out = vec![[T::ZERO]; output.numel()];
        let (draw, scratch) = (Draw::default(), RefCell::default());
        let call = Call { inputs: &operands, shapes: &shapes, parameters: &views, base: &[], draw, scratch: &scratch };
        self.run(&call, &mut out);
        Tensor::new(output, T::storage(out.into_flattened()))
    }
}

/// A float format whose tensors can be read as slices.
pub trait Element: Real {
    /// Returns the values of a tensor of this format; of another format, nothing.
    fn slice(tensor: &Tensor) -> &[Self];
    /// Wraps values as the memory of a tensor.
    fn storage(values: Vec<Self>) -> Storage;
}

impl Element for f32 {
    fn slice(tensor: &Tensor) -> &[Self] {
        match tensor.storage() {
            Storage::F32(v) => v,
            Storage::F64(_) => &[],
        }
    }

    fn storage(values: Vec<Self>) -> Storage {
        values.into()
    }
}

impl Element for f64 {
    fn slice(tensor: &Tensor) -> &[Self] {
        match tensor.storage() {
            Storage::F64(v) => v,
            Storage::F32(_) => &[],
        }
    }

    fn storage(values: Vec<Self>) -> Storage {
        values.into()
    }
}

/// Returns an error that names the operation, unless there are `count` inputs.
fn expect_inputs(op: &'static str, inputs: &[&Shape], count: usize) -> Result<()> {
    if inputs.len() == count {
        return Ok(());
    }
    Err(Error::Shape { op, expected: format!("{count} inputs"), got: inputs.len().to_string() })
}
