//! Cross-entropy of class labels under softmax, mean over rows: ln sum_j e^(x_j) - x_label, by a shifted log-sum-exp.
//!
//! Smoothed labels spread a share s over all classes: s (x_label - mean_j x_j) is added.
//!
//! With weights the mean is sum w x / sum w over the rows whose weight is not 0: such a row may hold anything.

use pulp::Simd;

use crate::cuda::{Arg, Binary, DeviceTensor, Grid, Kernel, Reduction};
use crate::describe::{Given, methods};
use crate::loops::chain::{self, Chain};
use crate::loops::lanes::{div, mul, reserve, sub};
use crate::loops::lines::shift;
use crate::loops::normalise::largest;
use crate::loops::{Call, Operand, Operation, Side, expect_inputs};
use crate::tensor::{Real, Shape, Tensor};
use crate::{Error, Result};

/// Classes from which on a warp takes a row.
const WIDE: usize = 32;

/// Mean cross-entropy of logits (.., classes) against labels (..), which are class numbers written as floats; a third
/// input (..) weighs the rows. A label that is no class number makes the result NaN.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CrossEntropy {
    /// Share of each label that is spread over all classes.
    pub smoothing: f64,
}

/// Checks that logits (.., classes) go with labels (..) and, if they are given, with weights (..).
pub(super) fn check_labels(op: &'static str, inputs: &[&Shape]) -> Result<()> {
    expect_inputs(op, inputs, inputs.len().clamp(2, 3))?;
    let (logits, labels) = (inputs[0], inputs[1]);
    if let Some(weights) = inputs.get(2).filter(|weights| **weights != labels) {
        return Err(Error::Shape {
            op,
            expected: format!("weights of the labels' shape {labels}"),
            got: weights.to_string(),
        });
    }
    if logits.rank() > 0 && logits.dims()[..logits.rank() - 1] == *labels.dims() && logits.numel() > 0 {
        return Ok(());
    }
    Err(Error::Shape {
        op,
        expected: "logits (.., classes) and labels (..) with at least one row".into(),
        got: format!("logits {logits} and labels {labels}"),
    })
}

/// Checks that no weight is negative.
pub(super) fn check_weights(op: &'static str, inputs: &[&Tensor]) -> Result<()> {
    let weights = inputs.get(2).map(|weights| weights.to_f64()).unwrap_or_default();
    match weights.into_iter().find(|weight| weight.is_nan() || *weight < 0.0) {
        None => Ok(()),
        Some(weight) => Err(Error::Value { op, expected: "weights >= 0".into(), got: weight.to_string() }),
    }
}

/// Returns the mean over rows of what kernel `op` gives for each, on a device.
pub(super) fn rows(op: &'static str, inputs: &[&DeviceTensor], further: &[Arg]) -> Result<DeviceTensor> {
    let [logits, labels, rest @ ..] = inputs else { return Err(Error::Internal { what: format!("{op} of nothing") }) };
    let weights = rest.first().copied();
    let values = each_row(op, logits, labels, weights, labels.shape().clone(), further)?;
    match weights {
        None => values.reduce(Reduction::Mean, None, false),
        Some(weights) => {
            let total = |x: &DeviceTensor| x.reduce(Reduction::Sum, None, false);
            total(&values)?.binary(Binary::Div, &total(weights)?)
        }
    }
}

/// Returns what kernel `op` gives for each row of the logits; labels and weights repeat.
fn each_row(
    op: &'static str,
    logits: &DeviceTensor,
    labels: &DeviceTensor,
    weights: Option<&DeviceTensor>,
    shape: Shape,
    further: &[Arg],
) -> Result<DeviceTensor> {
    let sizes = [logits.shape().last(), labels.numel()].map(Arg::size);
    let args = [&[logits.pointer(), labels.pointer(), Arg::maybe(weights)], &sizes[..], further].concat();
    logits.fill(op, "losses", op, shape, &args)
}

/// As `rows`, for each member by itself.
pub(super) fn rows_of_members(op: &'static str, side: &Side<'_>, further: &[Arg]) -> Result<DeviceTensor> {
    let own = (1..side.inputs.len()).any(|number| side.input(number).1);
    // Labels and weights repeat, both or neither.
    let target = |number: usize| if own { side.whole(op, number) } else { Ok(side.input(number).0.clone()) };
    let (logits, labels) = (side.whole(op, 0)?, target(1)?);
    let weights = if side.inputs.len() > 2 { Some(target(2)?) } else { None };
    let rows = logits.shape().rows() / side.members.max(1);
    let shape: Shape = [side.members, rows].into();
    let values = if op == CrossEntropy::NAME && logits.shape().last() >= WIDE {
        let values = logits.like(op, shape)?;
        let [classes, own, n] = [logits.shape().last(), labels.numel(), values.numel()].map(Arg::size);
        let pointers = [values.pointer(), logits.pointer(), labels.pointer(), Arg::maybe(weights.as_ref())];
        let args = [&pointers[..], &[classes, own], further, &[n]].concat();
        let kernel = Kernel::plain(op, "losses", "cross_entropy_wide", logits.format().real(op)?);
        logits.device().launch(&kernel, Grid::flat(32 * values.numel()), &args)?;
        values
    } else {
        each_row(op, &logits, &labels, weights.as_ref(), shape, further)?
    };
    let total = |x: &DeviceTensor| x.reduce(Reduction::Sum, Some(1), false);
    match weights {
        None => values.reduce(Reduction::Mean, Some(1), false),
        Some(weights) => {
            let stacks = if own { side.members } else { 1 };
            total(&values)?.binary(Binary::Div, &total(&weights.reshape([stacks, rows].into())?)?)
        }
    }
}

/// A mean over rows; a row of weight 0 is left out whatever it holds.
pub(super) struct RowMean<'a, T, const L: usize> {
    weights: Option<&'a Operand<'a, T, L>>,
    total: Chain<T, L>,
    weight: Chain<T, L>,
}

impl<'a, T: Real, const L: usize> RowMean<'a, T, L> {
    /// Starts the mean over the rows of a call.
    #[inline(always)]
    pub fn new(call: &'a Call<'_, T, L>) -> Self {
        let rows = call.shapes[1].numel();
        Self { weights: call.inputs.get(2), total: Chain::of(rows), weight: Chain::of(rows) }
    }

    /// Adds what one row gave.
    #[inline(always)]
    pub fn add<S: Simd>(&mut self, simd: S, row: usize, value: &[T; L]) {
        let weight = self.weights.map_or([T::ONE; L], |weights| weights.at(row));
        let mut value = mul(simd, value, &weight);
        for l in 0..L {
            value[l] = if weight[l] == T::ZERO { T::ZERO } else { value[l] };
        }
        self.total.add(simd, &value);
        self.weight.add(simd, &weight);
    }

    /// Returns the mean; NaN if all weights are 0.
    #[inline(always)]
    pub fn mean<S: Simd>(&self, simd: S) -> [T; L] {
        div(simd, &self.total.total(simd), &self.weight.total(simd))
    }
}

methods! {
    CrossEntropy {
        /// The mean of -ln softmax(x)[label]: logits (..., classes), labels (...) as whole numbers.
        ///
        /// `weights` (...) >= 0 make it sum w x / sum w; a row of weight 0, such as padding, may hold anything. A label that
        /// names no class makes the result NaN, and so do weights that are all 0.
        ///
        /// Raises:
        ///     ValueError: shapes that do not fit, nothing at all, or (where it computes at once) a negative weight.
        ///
        /// >>> Tensor([[0.0, 0.0]]).cross_entropy(Tensor([1.0])).item() - 0.6931472 < 1e-6
        /// True
        fn cross_entropy(logits, labels: Given, weights: Option<Given> = None) => Ok(Self::default());
    }
}

impl Operation for CrossEntropy {
    const NAME: &'static str = "cross_entropy";

    fn shape(&self, inputs: &[&Shape], _: &[Shape]) -> Result<Shape> {
        check_labels(Self::NAME, inputs)?;
        Ok(Shape::default())
    }

    fn check(&self, inputs: &[&Tensor], _: &[Tensor]) -> Result<()> {
        check_weights(Self::NAME, inputs)
    }

    fn cost(&self, inputs: &[&Shape], _: &Shape) -> usize {
        20 * inputs[0].numel()
    }

    fn device(&self, inputs: &[&DeviceTensor], _: &[DeviceTensor], _: &Shape) -> Result<DeviceTensor> {
        rows(Self::NAME, inputs, &[Arg::Real(self.smoothing)])
    }

    fn on_members(&self, side: &Side<'_>) -> Result<DeviceTensor> {
        rows_of_members(Self::NAME, side, &[Arg::Real(self.smoothing)])
    }

    #[inline(always)]
    fn run<S: Simd, T: Real, const L: usize>(&self, simd: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        let labels = call.inputs[1];
        out[0] = match call.inputs[0] {
            Operand::Members(x) => mean_loss(simd, call, x, |&x| x, labels, self.smoothing),
            Operand::Shared(x) => mean_loss(simd, call, x, |&x| [x; L], labels, self.smoothing),
            Operand::InPlace => return,
        };
    }
}

/// The exponentials and the logarithms are taken in flat passes, which compilers turn into vector code.
#[inline(always)]
fn mean_loss<S: Simd, E, T: Real, const L: usize>(
    simd: S,
    call: &Call<'_, T, L>,
    logits: &[E],
    read: impl Fn(&E) -> [T; L],
    labels: Operand<'_, T, L>,
    smoothing: f64,
) -> [T; L] {
    let classes = call.shapes[0].last();
    let (smoothing, share) = (T::from_f64(smoothing), T::from_f64(smoothing / classes as f64));
    let rows = logits.len() / classes;
    let group = if L == 1 { chain::LINES } else { 1 };
    let mut scratch = call.scratch.borrow_mut();
    let sizes = 2 * rows + group * (classes + 1);
    reserve(&mut scratch, sizes);
    let (sums, rest) = scratch[..sizes].split_at_mut(rows);
    let (spreads, rest) = rest.split_at_mut(rows);
    let (exponentials, plain) = rest.split_at_mut(group * classes);
    let groups = sums.chunks_mut(group).zip(spreads.chunks_mut(group)).zip(logits.chunks(group * classes));
    for (first, ((sums, spreads), logits)) in groups.enumerate() {
        let exponentials = &mut exponentials[..logits.len()];
        for (e, x) in exponentials.iter_mut().zip(logits) {
            *e = read(x);
        }
        if smoothing > T::ZERO {
            chain::sums(simd, classes, exponentials, &mut plain[..sums.len()]);
        }
        for (i, (line, spread)) in exponentials.chunks_exact_mut(classes).zip(spreads.iter_mut()).enumerate() {
            let largest = largest(simd, line);
            let picked = picked(line, labels, first * group + i);
            *spread = sub(simd, &largest, &picked);
            if smoothing > T::ZERO {
                for l in 0..L {
                    spread[l] = spread[l] + (smoothing * picked[l] - share * plain[i][l]);
                }
            }
            shift(simd, line, &largest);
        }
        for e in exponentials.as_flattened_mut() {
            // The sum is 1 at least and the same for any smaller number; NaN stays.
            let x = if *e < T::LEAST_EXPONENT { T::LEAST_EXPONENT } else { *e };
            *e = x.exp();
        }
        chain::sums(simd, classes, exponentials, sums);
    }
    for (s, &d) in sums.as_flattened_mut().iter_mut().zip(spreads.as_flattened()) {
        *s = s.ln() + d;
    }
    let mut mean = RowMean::new(call);
    for (row, loss) in sums.iter().enumerate() {
        mean.add(simd, row, loss);
    }
    mean.mean(simd)
}

/// Returns, for each member, what the label of a row names in its line of logits; NaN if that is no class.
#[inline(always)]
fn picked<T: Real, const L: usize>(line: &[[T; L]], labels: Operand<'_, T, L>, row: usize) -> [T; L] {
    if let Operand::Shared(labels) = labels {
        return pick(line, labels[row]).copied().unwrap_or([T::NAN; L]);
    }
    let mut picked = [T::NAN; L];
    for (l, label) in labels.at(row).into_iter().enumerate() {
        picked[l] = pick(line, label).map_or(T::NAN, |x| x[l]);
    }
    picked
}

/// Returns the class that a label names, if it names one.
#[inline(always)]
fn pick<E, T: Real>(classes: &[E], label: T) -> Option<&E> {
    let label = label.to_f64();
    if label.fract() == 0.0 && label >= 0.0 { classes.get(label as usize) } else { None }
}
