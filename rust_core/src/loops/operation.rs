//! What an operation is: its name, the shape it gives, and the loop that computes it.

use pulp::{Simd, WithSimd};

use super::Side;
use super::lanes::Call;
use crate::cuda::{DeviceTensor, Unit};
use crate::tensor::{Real, Shape, Tensor};
use crate::{Error, Result};

/// What every operation tells of itself.
pub(crate) trait Operation: Sized {
    /// The name used in errors and in `Display`.
    const NAME: &'static str;
    /// Whether the result may be written over the first input.
    const IN_PLACE: bool = false;
    /// What becomes of each element x of the only input, as an expression of CUDA; nothing if it is no such operation.
    const FORMULA: Option<&'static str> = None;
    /// The operation itself, where there is such a formula.
    const EACH: Option<Self> = None;
    /// Kernels that this operation alone needs.
    const UNIT: Option<&'static Unit> = None;

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

    /// Returns how many numbers it takes at most to compute at once, the result included: that, and a copy of what is read.
    fn memory(&self, inputs: &[&Shape], parameters: &[&Shape], output: &Shape) -> usize {
        let read = inputs.iter().chain(parameters).map(|shape| shape.numel());
        read.fold(output.numel(), usize::saturating_add)
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

    /// Computes the result, of this shape, on a device. Shapes were checked, and all tensors are of one format on one device.
    fn device(&self, inputs: &[&DeviceTensor], parameters: &[DeviceTensor], shape: &Shape) -> Result<DeviceTensor>;

    /// Computes the result for many members side by side on a device: (members, ..shape). Unless the operation says otherwise, what
    /// it does with leading axes is right for members too.
    fn on_members(&self, side: &Side<'_>) -> Result<DeviceTensor> {
        let inputs = side.all(Self::NAME)?;
        self.device(&inputs.iter().collect::<Vec<_>>(), &[], &side.lifted())
    }

    /// Returns about how many numbers of a member a device needs while it computes this, the result and inputs that members
    /// share, repeated, among them.
    fn device_numbers(&self, inputs: &[&Shape], parameters: &[Shape], output: &Shape) -> usize {
        let _ = parameters;
        let inputs = inputs.iter().map(|shape| shape.numel()).fold(0_usize, usize::saturating_add);
        output.numel().saturating_mul(2).saturating_add(inputs)
    }

    /// Returns the numbers of the parameters that this operation reads.
    fn parameters(&self) -> Vec<usize> {
        Vec::new()
    }
}

/// How an operation's work falls into rows that do not depend on each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Split {
    /// Leading axes of the first input whose every index is a row of the result; 0 if it does not fall into rows.
    pub axes: usize,
    /// Inputs, the first ones, that have these axes too. The others are read whole by every row.
    pub inputs: usize,
}

impl Split {
    /// The work is one piece.
    pub const WHOLE: Self = Self { axes: 0, inputs: 0 };

    /// Every element of the first `inputs`, which have one shape, is for itself.
    pub fn elements(shapes: &[&Shape], inputs: usize) -> Self {
        Self { axes: shapes[0].rank(), inputs }
    }
}

/// One run of an operation, as a value that `pulp` compiles for each instruction set: each operation for itself, since a
/// compiler would be long over one function that holds them all.
pub(crate) struct Run<'r, 'c, O, T: Real, const L: usize> {
    pub op: &'r O,
    pub call: &'r Call<'c, T, L>,
    pub out: &'r mut [[T; L]],
}

impl<O: Operation, T: Real, const L: usize> WithSimd for Run<'_, '_, O, T, L> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.op.run(simd, self.call, self.out);
    }
}

/// Returns an error that names the operation, unless there are `count` inputs.
pub(crate) fn expect_inputs(op: &'static str, inputs: &[&Shape], count: usize) -> Result<()> {
    if inputs.len() == count {
        return Ok(());
    }
    Err(Error::Shape { op, expected: format!("{count} inputs"), got: inputs.len().to_string() })
}
