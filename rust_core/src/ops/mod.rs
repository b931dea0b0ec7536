//! Operations: each file holds one, as the shape it gives and the loop that computes it.
//!
//! A loop is written over *lanes*: `[T; L]` holds one element for `L` members of the population, so that a vector
//! instruction works on `L` members at once and no operation ever adds across a vector. With `L = 1` the same loop
//! computes for the centre alone. Either way an element is the result of the same IEEE operations in the same order.

mod abs;
mod accuracy;
mod affine;
mod arithmetic;
mod attention;
mod avg_pool;
mod batch_norm;
mod binary_accuracy;
mod binary_cross_entropy;
mod clamp;
mod concat;
mod conv;
mod cos;
mod cross_entropy;
mod dropout;
mod embedding;
mod exp;
mod expand;
mod gelu;
mod index_select;
mod layer_norm;
mod linear;
mod log;
mod mat_mul;
mod max_pool;
#[cfg(test)]
mod members;
mod mse;
mod narrow;
mod neg;
mod permute;
mod phi_residual;
mod reduce;
mod relu;
mod reshape;
mod sigmoid;
mod sin;
mod softmax;
mod sqrt;
mod square;
mod tanh;
mod weight;

use std::sync::Arc;

use pulp::Arch;

pub use phi_residual::{Activation, ResidualMode};
pub use reduce::How;
pub use softmax::SoftmaxWeight;

use crate::Result;
use crate::cuda::{DeviceTensor, Unit, units};
use crate::describe::Method;
pub use crate::loops::Windows;

use crate::loops::operation::Run;
use crate::loops::{Call, LANES, Operation, Side, Split};
use crate::tensor::{Buffer, Real, Shape, Storage, Tensor};

macro_rules! operations {
    ($($module:ident :: $name:ident),* $(,)?) => {
        $(pub use $module::$name;)*

        /// Any operation of a program.
        #[derive(Clone, Debug, PartialEq)]
        #[expect(missing_docs, reason = "each variant is documented at its struct")]
        pub enum Op { $($name($name)),* }

        $(impl From<$name> for Op {
            fn from(op: $name) -> Self { Self::$name(op) }
        })*

        /// Returns all methods of tensors and symbols that apply an operation, and the formula of those that map each
        /// element by itself.
        pub fn methods() -> Vec<(&'static Method, Option<&'static str>)> {
            [$(($name::METHODS, $name::FORMULA)),*]
                .into_iter()
                .flat_map(|(methods, formula)| methods.iter().map(move |method| (method, formula)))
                .collect()
        }

        /// Returns every unit of kernels with its text, by name.
        pub fn kernels() -> Vec<(&'static Unit, String)> {
            let rows = [$(($name::NAME, $name::FORMULA)),*].map(|(name, formula)| {
                formula.map_or_else(String::new, |formula| format!("UNARY({name}, {formula})\n"))
            });
            let own = [$($name::UNIT),*];
            let mut all: Vec<_> = units().chain(own.into_iter().flatten()).map(|unit| (unit, unit.text())).collect();
            for (_, text) in all.iter_mut().filter(|(unit, _)| unit.name == "unary") {
                text.push_str(&rows.concat());
            }
            all.sort_by_key(|(unit, _)| unit.name);
            all
        }

        /// Returns the operations that map each element by itself.
        pub fn elementwise() -> Vec<Op> {
            [$($name::EACH.map(Op::from)),*].into_iter().flatten().collect()
        }

        /// Writes every method by the macro `bind_method` that stands where this one is called.
        #[macro_export]
        #[doc(hidden)]
        macro_rules! bind_operations {
            () => { $($crate::$name!();)* };
        }

        impl Op {
            /// Returns what becomes of each element x, as an expression of CUDA, if the operation maps each by itself.
            pub fn formula(&self) -> Option<&'static str> {
                match self { $(Self::$name(_) => $name::FORMULA),* }
            }

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
            pub(crate) fn check(&self, inputs: &[&Tensor], parameters: &[Tensor]) -> Result<()> {
                match self { $(Self::$name(op) => op.check(inputs, parameters)),* }
            }

            /// Returns about how many vector instructions sixteen members take.
            pub(crate) fn cost(&self, inputs: &[&Shape], output: &Shape) -> usize {
                match self { $(Self::$name(op) => op.cost(inputs, output)),* }
            }

            /// Returns how many numbers it takes at most to compute at once, the result included.
            pub(crate) fn memory(&self, inputs: &[&Shape], parameters: &[&Shape], output: &Shape) -> usize {
                match self { $(Self::$name(op) => op.memory(inputs, parameters, output)),* }
            }

            /// Returns how the work falls into rows that threads may compute.
            pub(crate) fn split(&self, inputs: &[&Shape]) -> Split {
                match self { $(Self::$name(op) => op.split(inputs)),* }
            }

            /// Computes a large result with threads, if the operation has a way of its own.
            pub(crate) fn threaded<T: Real>(&self, call: &Call<'_, T, 1>, out: &mut [T]) -> bool {
                match self { $(Self::$name(op) => op.threaded(call, out)),* }
            }

            /// Computes the result on a device; the inputs were checked.
            pub(crate) fn device(
                &self,
                inputs: &[&DeviceTensor],
                parameters: &[DeviceTensor],
                shape: &Shape,
            ) -> Result<DeviceTensor> {
                match self { $(Self::$name(op) => op.device(inputs, parameters, shape)),* }
            }

            /// Computes the result for many members side by side on a device: (members, ..shape).
            pub(crate) fn on_members(&self, side: &Side<'_>) -> Result<DeviceTensor> {
                match self { $(Self::$name(op) => op.on_members(side)),* }
            }

            /// Returns about how many numbers of a member a device needs while it computes this.
            pub(crate) fn device_numbers(&self, inputs: &[&Shape], parameters: &[Shape], output: &Shape) -> usize {
                match self { $(Self::$name(op) => op.device_numbers(inputs, parameters, output)),* }
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

/// A float format whose tensors can be read as slices.
pub trait Element: Real + Compute<1> + Compute<LANES> {
    /// Returns the values of a tensor of this format; of another format, nothing.
    fn slice(tensor: &Tensor) -> &[Self];
    /// Wraps values as the memory of a tensor.
    fn storage(values: impl Into<Buffer<Self>>) -> Storage;
    /// Returns the memory of a tensor of this format if nobody else has it, or a copy; of another format, nothing.
    fn owned(tensor: Tensor) -> Buffer<Self>;
}

impl Element for f32 {
    fn slice(tensor: &Tensor) -> &[Self] {
        match tensor.storage() {
            Storage::F32(v) => v,
            Storage::F64(_) => &[],
        }
    }

    fn storage(values: impl Into<Buffer<Self>>) -> Storage {
        values.into().into()
    }

    fn owned(tensor: Tensor) -> Buffer<Self> {
        match tensor.into_storage() {
            Storage::F32(v) => Arc::try_unwrap(v).unwrap_or_else(|shared| Buffer::from(shared.to_vec())),
            Storage::F64(_) => Buffer::from(Vec::new()),
        }
    }
}

impl Element for f64 {
    fn slice(tensor: &Tensor) -> &[Self] {
        match tensor.storage() {
            Storage::F64(v) => v,
            Storage::F32(_) => &[],
        }
    }

    fn storage(values: impl Into<Buffer<Self>>) -> Storage {
        values.into().into()
    }

    fn owned(tensor: Tensor) -> Buffer<Self> {
        match tensor.into_storage() {
            Storage::F64(v) => Arc::try_unwrap(v).unwrap_or_else(|shared| Buffer::from(shared.to_vec())),
            Storage::F32(_) => Buffer::from(Vec::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_file_of_kernels_is_a_unit_and_none_is_twice() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/kernels");
        let mut files: Vec<String> =
            std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap()).collect();
        files.retain(|file| file.ends_with(".cu"));
        files.sort();
        let units: Vec<String> = super::kernels().into_iter().map(|(unit, _)| format!("{}.cu", unit.name)).collect();
        assert_eq!(files, units);
    }
}
