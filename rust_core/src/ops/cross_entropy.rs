//! Cross-entropy of class labels under softmax, mean over rows: ln sum_j e^(x_j) - x_label, by a shifted log-sum-exp.

use pulp::Simd;

use super::lanes::{add, max, sub};
use super::{Call, Operand, Operation, expect_inputs};
use crate::tensor::{Real, Shape};
use crate::{Error, Result};

/// Mean cross-entropy of logits (.., classes) against labels (..), which are class numbers written as floats.
/// A label that is no class number makes the result NaN.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CrossEntropy;

/// Checks that logits (.., classes) go with labels (..).
pub(super) fn check_labels(op: &'static str, inputs: &[&Shape]) -> Result<()> {
    expect_inputs(op, inputs, 2)?;
    let (logits, labels) = (inputs[0], inputs[1]);
    if logits.rank() > 0 && logits.dims()[..logits.rank() - 1] == *labels.dims() && logits.numel() > 0 {
        return Ok(());
    }
    Err(Error::Shape {
        op,
        expected: "logits (.., classes) and labels (..) with at least one row".into(),
        got: format!("logits {logits} and labels {labels}"),
    })
}

impl Operation for CrossEntropy {
    const NAME: &'static str = "cross_entropy";

    fn shape(&self, inputs: &[&Shape], _: &[Shape]) -> Result<Shape> {
        check_labels(Self::NAME, inputs)?;
        Ok(Shape::default())
    }

    #[inline(always)]
    fn run<S: Simd, T: Real, const L: usize>(&self, simd: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        let labels = call.inputs[1];
        out[0] = match call.inputs[0] {
            Operand::Members(x) => mean_loss(simd, call, x, |&x| x, labels),
            Operand::Shared(x) => mean_loss(simd, call, x, |&x| [x; L], labels),
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
) -> [T; L] {
    let classes = call.shapes[0].last();
    let rows = logits.len() / classes;
    let mut scratch = call.scratch.borrow_mut();
    scratch.resize(2 * rows + classes, [T::ZERO; L]);
    let (sums, rest) = scratch.split_at_mut(rows);
    let (spreads, exponentials) = rest.split_at_mut(rows);
    for (row, logits) in logits.chunks_exact(classes).enumerate() {
        let mut largest = [-T::INFINITY; L];
        for (e, x) in exponentials.iter_mut().zip(logits) {
            *e = read(x);
            largest = max(simd, &largest, e);
        }
        let mut picked = [T::NAN; L];
        match labels {
            Operand::Shared(labels) => {
                if let Some(x) = pick(exponentials, labels[row]) {
                    picked = *x;
                }
            }
            _ => {
                for (l, label) in labels.at(row).into_iter().enumerate() {
                    picked[l] = pick(exponentials, label).map_or(T::NAN, |x| x[l]);
                }
            }
        }
        spreads[row] = sub(simd, &largest, &picked);
        for e in exponentials.iter_mut() {
            *e = sub(simd, e, &largest);
        }
        for e in exponentials.as_flattened_mut() {
            *e = e.exp();
        }
        let mut sum = [T::ZERO; L];
        for e in exponentials.iter() {
            sum = add(simd, &sum, e);
        }
        sums[row] = sum;
    }
    for (s, &d) in sums.as_flattened_mut().iter_mut().zip(spreads.as_flattened()) {
        *s = s.ln() + d;
    }
    let mut total = [T::ZERO; L];
    for loss in sums.iter() {
        total = add(simd, &total, loss);
    }
    total.map(|t| t / T::from_f64(rows as f64))
}

/// Returns the class that a label names, if it names one.
#[inline(always)]
fn pick<E, T: Real>(classes: &[E], label: T) -> Option<&E> {
    let label = label.to_f64();
    if label.fract() == 0.0 && label >= 0.0 { classes.get(label as usize) } else { None }
}
