//! Cross-entropy of two classes from one logit: softplus(x) - x y, mean over elements.

use pulp::Simd;

use crate::cuda::{Arg, DeviceTensor, Reduction};
use crate::describe::{Given, methods};
use crate::loops::chain::Chain;
use crate::loops::{Call, Operation, Side, expect_inputs};
use crate::tensor::{Real, Shape};
use crate::{Error, Result};

/// Mean binary cross-entropy of logits against targets in [0, 1] with as many elements.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BinaryCrossEntropy;

/// Checks that two inputs have the same positive number of elements.
pub(super) fn check_pairs(op: &'static str, inputs: &[&Shape]) -> Result<()> {
    expect_inputs(op, inputs, 2)?;
    if inputs[0].numel() == inputs[1].numel() && inputs[0].numel() > 0 {
        return Ok(());
    }
    Err(Error::Shape {
        op,
        expected: "two inputs with the same number of elements, at least one".into(),
        got: format!("{} and {}", inputs[0], inputs[1]),
    })
}

/// Returns the mean of what kernel `op` gives for each pair, on a device.
pub(super) fn pairs(op: &'static str, inputs: &[&DeviceTensor]) -> Result<DeviceTensor> {
    let [x, y] = inputs else { return Err(Error::Internal { what: format!("{op} of no pairs") }) };
    let args = [x.pointer(), y.pointer(), Arg::size(y.numel())];
    x.fill(op, "losses", op, x.shape().clone(), &args)?.reduce(Reduction::Mean, None, false)
}

/// As `pairs`, for each member by itself.
pub(super) fn pairs_of_members(op: &'static str, side: &Side<'_>) -> Result<DeviceTensor> {
    let (x, (y, _)) = (side.whole(op, 0)?, side.input(1));
    let args = [x.pointer(), y.pointer(), Arg::size(y.numel())];
    let shape = [side.members, x.numel() / side.members.max(1)];
    x.fill(op, "losses", op, shape.into(), &args)?.reduce(Reduction::Mean, Some(1), false)
}

/// Returns the mean of f over pairs of elements.
#[inline(always)]
pub(super) fn mean_of_pairs<S: Simd, T: Real, const L: usize>(
    simd: S,
    call: &Call<'_, T, L>,
    f: impl Fn(T, T) -> T,
) -> [T; L] {
    let count = call.shapes[0].numel();
    let mut total = Chain::of(count);
    for i in 0..count {
        let (x, y) = (call.inputs[0].at(i), call.inputs[1].at(i));
        let mut value = [T::ZERO; L];
        for l in 0..L {
            value[l] = f(x[l], y[l]);
        }
        total.add(simd, &value);
    }
    total.total(simd).map(|t| t / T::from_f64(count as f64))
}

methods! {
    BinaryCrossEntropy {
        /// The mean binary cross-entropy of logits and as many targets in [0, 1].
        ///
        /// >>> Tensor([40.0, -40.0]).binary_cross_entropy(Tensor([1.0, 0.0])).item() < 1e-6
        /// True
        fn binary_cross_entropy(logits, targets: Given) => Ok(Self);
    }
}

impl Operation for BinaryCrossEntropy {
    const NAME: &'static str = "binary_cross_entropy";

    fn shape(&self, inputs: &[&Shape], _: &[Shape]) -> Result<Shape> {
        check_pairs(Self::NAME, inputs)?;
        Ok(Shape::default())
    }

    fn device(&self, inputs: &[&DeviceTensor], _: &[DeviceTensor], _: &Shape) -> Result<DeviceTensor> {
        pairs(Self::NAME, inputs)
    }

    fn on_members(&self, side: &Side<'_>) -> Result<DeviceTensor> {
        pairs_of_members(Self::NAME, side)
    }

    #[inline(always)]
    fn run<S: Simd, T: Real, const L: usize>(&self, simd: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        out[0] = mean_of_pairs(simd, call, |x, y| x.softplus() - x * y);
    }
}
