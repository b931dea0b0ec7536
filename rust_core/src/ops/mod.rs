//! Operations: each file holds one, as the shape it gives and the loop that computes it.
//!
//! A loop is written over *lanes*: `[T; L]` holds one element for `L` members of the population, so that a vector
//! instruction works on `L` members at once and no operation ever adds across a vector. With `L = 1` the same loop
//! computes for the centre alone. Either way an element is the result of the same IEEE operations in the same order.

pub(crate) mod channels;
pub(crate) mod columns;
mod eager;
mod elementwise;
pub(crate) mod gemm;
mod lanes;
mod lines;
#[cfg(test)]
mod members;
mod memory;
mod normalise;
mod packed;
mod products;
mod sizes;
mod strided;
mod sums;
mod windows;

use pulp::{Arch, Simd, WithSimd};

pub use eager::Element;
pub(crate) use eager::Split;
pub use lanes::{Call, Draw, LANES, Noise, Operand, Parameter};
pub(crate) use linear::shared_base;
pub use memory::Memory;
pub use phi_residual::{Activation, ResidualMode};
pub use reduce::How;
pub use softmax::SoftmaxWeight;
pub use windows::Windows;

use crate::tensor::{Real, Shape, Tensor};
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

    /// Returns how the work falls into rows that threads may compute; into none unless the operation says so.
    fn split(&self, inputs: &[&Shape]) -> Split {
        let _ = inputs;
        Split::WHOLE
    }

    /// Computes a large result with threads in a way of its own; returns false if it has none.
    fn threaded<T: Real>(&self, call: &Call<'_, T, 1>, out: &mut [T]) -> bool {
        let _ = (call, out);
        false
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

            /// Returns how the work falls into rows that threads may compute.
            fn split(&self, inputs: &[&Shape]) -> Split {
                match self { $(Self::$name(op) => op.split(inputs)),* }
            }

            /// Computes a large result with threads, if the operation has a way of its own.
            fn threaded<T: Real>(&self, call: &Call<'_, T, 1>, out: &mut [T]) -> bool {
                match self { $(Self::$name(op) => op.threaded(call, out)),* }
            }

            /// Returns the numbers of the parameters that this operation reads.
            pub fn parameters(&self) -> Vec<usize> {
                match self { $(Self::$name(op) => op.parameters()),* }
            }

            #[inline(always)]
            fn dispatch<T: Real, const L: usize>(&self, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
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
    attention::Attention,
    avg_pool::AvgPool,
    batch_norm::BatchNorm,
    binary_accuracy::BinaryAccuracy,
    binary_cross_entropy::BinaryCrossEntropy,
    clamp::Clamp,
    concat::Concat,
    cos::Cos,
    conv::Conv,
    cross_entropy::CrossEntropy,
    dropout::Dropout,
    embedding::Embedding,
    exp::Exp,
    expand::Expand,
    gelu::Gelu,
    index_select::IndexSelect,
    layer_norm::LayerNorm,
    linear::Linear,
    log::Log,
    mat_mul::MatMul,
    max_pool::MaxPool,
    mse::MeanSquaredError,
    narrow::Narrow,
    neg::Neg,
    permute::Permute,
    phi_residual::PhiResidual,
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
    /// Computes the result with the widest vector instructions of this processor.
    pub(crate) fn run<T: Compute<L>, const L: usize>(&self, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        T::compute(self, call, out);
    }
}

/// A float format that operations compute with for `L` members. Its methods are not generic, so that the operations are
/// compiled once, in this crate, and not again by every crate that runs a program.
pub trait Compute<const L: usize>: Real {
    /// Computes the result of an operation.
    fn compute(op: &Op, call: &Call<'_, Self, L>, out: &mut [[Self; L]]);
}

macro_rules! compute {
    ($($t:ty, $lanes:expr);*) => {
        $(impl Compute<{ $lanes }> for $t {
            fn compute(op: &Op, call: &Call<'_, Self, { $lanes }>, out: &mut [[Self; $lanes]]) {
                op.dispatch(call, out);
            }
        })*
    };
}

compute!(f32, 1; f32, LANES; f64, 1; f64, LANES);

/// Returns an error that names the operation, unless there are `count` inputs.
fn expect_inputs(op: &'static str, inputs: &[&Shape], count: usize) -> Result<()> {
    if inputs.len() == count {
        return Ok(());
    }
    Err(Error::Shape { op, expected: format!("{count} inputs"), got: inputs.len().to_string() })
}
