//! Cross-entropy of class labels under softmax, mean over rows: ln sum_j e^(x_j) - x_label, by a shifted log-sum-exp.

use super::lanes::zip;
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
    fn run<T: Real, const L: usize>(&self, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        let classes = call.shapes[0].last();
        let labels = |row: usize| call.inputs[1].at(row);
        out[0] = match call.inputs[0] {
            Operand::Members(x) => mean_loss(classes, x, |&x| x, labels),
            Operand::Shared(x) => mean_loss(classes, x, |&x| [x; L], labels),
            Operand::InPlace => return,
        };
    }
}

/// The exponentials and the logarithms are taken in flat passes, which compilers turn into vector code.
#[inline(always)]
fn mean_loss<E, T: Real, const L: usize>(
    classes: usize,
    logits: &[E],
    read: impl Fn(&E) -> [T; L],
    labels: impl Fn(usize) -> [T; L],
) -> [T; L] {
    let rows = logits.len() / classes;
    let mut sums = vec![[T::ZERO; L]; rows];
    let mut spreads = vec![[T::ZERO; L]; rows];
    let mut exponentials = vec![[T::ZERO; L]; classes];
    for (row, logits) in logits.chunks_exact(classes).enumerate() {
        let label = labels(row);
        let mut picked = [T::NAN; L];
        let mut largest = read(&logits[0]);
        for (class, x) in logits.iter().enumerate() {
            let (class, x) = (T::from_f64(class as f64), read(x));
            largest = zip(largest, x, T::maximum);
            for l in 0..L {
                picked[l] = if label[l] == class { x[l] } else { picked[l] };
            }
        }
        for (e, x) in exponentials.iter_mut().zip(logits) {
            *e = zip(read(x), largest, |x, m| x - m);
        }
        for e in exponentials.as_flattened_mut() {
            *e = e.exp();
        }
        let mut sum = [T::ZERO; L];
        for e in &exponentials {
            sum = zip(sum, *e, |s, e| s + e);
        }
        sums[row] = sum;
        spreads[row] = zip(largest, picked, |m, x| m - x);
    }
    for (s, &d) in sums.as_flattened_mut().iter_mut().zip(spreads.as_flattened()) {
        *s = s.ln() + d;
    }
    let mut total = [T::ZERO; L];
    for loss in &sums {
        total = zip(total, *loss, |t, loss| t + loss);
    }
    total.map(|t| t / T::from_f64(rows as f64))
}
