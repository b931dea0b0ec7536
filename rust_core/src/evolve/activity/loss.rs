//! The loss taken apart: one number for each row of the outputs, of which the loss is a weighted mean.
//!
//! loss = scale * sum_r w_r l_r / sum_r w_r, where l_r is the cross-entropy of a row of logits, the binary cross-entropy or
//! the square of a single output, or any value whose mean or sum is the loss.

use pulp::{Arch, NullaryFnOnce};

use crate::ops::{Arithmetic, How, Op};
use crate::program::{NodeId, Program};
use crate::tensor::{Real, Shape, Tensor};
use crate::{Error, Result};

/// What a row's loss is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// ln sum_j e^(x_j) - x_label.
    CrossEntropy,
    /// softplus(x) - x y.
    BinaryCrossEntropy,
    /// (x - y)^2.
    Square,
    /// The value itself.
    Value,
}

/// A loss for each row.
#[derive(Clone, Debug)]
pub(super) struct RowLoss {
    pub kind: Kind,
    /// What the losses are made of.
    pub outputs: NodeId,
    /// Labels or targets, one for each row.
    pub targets: Option<NodeId>,
    /// What a row counts; 1 without.
    pub weights: Option<NodeId>,
    /// The axes of the rows; the first one counts the examples.
    pub rows: Shape,
    /// What multiplies the mean.
    pub scale: f64,
    /// Share of each label that is spread over all classes.
    smoothing: f64,
}

impl RowLoss {
    /// Takes the scalar `loss` apart.
    ///
    /// # Errors
    /// `Error::Value` when it is no mean of losses of examples.
    pub fn of(program: &Program, loss: NodeId) -> Result<Self> {
        let nodes = program.nodes();
        let batch = batch(program)?;
        let (mut at, mut scale) = (loss, 1.0);
        loop {
            let node = &nodes[at];
            let constant = |input: usize| {
                let held = program.constants().iter().find(|(id, _)| *id == node.inputs[input]);
                held.filter(|(_, value)| value.shape().numel() == 1).map(|(_, value)| value.to_f64()[0])
            };
            let found = |kind, targets: Option<NodeId>, weights: Option<NodeId>, scale| {
                Self::new(program, batch, kind, (node.inputs[0], targets, weights), scale)
            };
            match &node.op {
                Some(Op::Arithmetic(Arithmetic::Mul)) if constant(1).is_some() => {
                    scale *= constant(1).unwrap_or(1.0);
                    at = node.inputs[0];
                }
                Some(Op::Arithmetic(Arithmetic::Mul)) if constant(0).is_some() => {
                    scale *= constant(0).unwrap_or(1.0);
                    at = node.inputs[1];
                }
                Some(Op::Arithmetic(Arithmetic::Div)) if constant(1).is_some() => {
                    scale /= constant(1).unwrap_or(1.0);
                    at = node.inputs[0];
                }
                Some(Op::Neg(_)) => {
                    scale = -scale;
                    at = node.inputs[0];
                }
                Some(Op::Reshape(_)) => at = node.inputs[0],
                Some(Op::CrossEntropy(op)) => {
                    let found = found(Kind::CrossEntropy, Some(node.inputs[1]), node.inputs.get(2).copied(), scale)?;
                    return Ok(Self { smoothing: op.smoothing, ..found });
                }
                Some(Op::BinaryCrossEntropy(_)) => {
                    return found(Kind::BinaryCrossEntropy, Some(node.inputs[1]), None, scale);
                }
                Some(Op::MeanSquaredError(_)) => return found(Kind::Square, Some(node.inputs[1]), None, scale),
                Some(Op::Reduce(reduce)) if matches!(reduce.how, How::Mean | How::Sum) && node.shape.numel() == 1 => {
                    let count = nodes[node.inputs[0]].shape.numel() as f64;
                    let all = if reduce.how == How::Sum { count } else { 1.0 };
                    return found(Kind::Value, None, None, scale * all);
                }
                _ => return Err(no_rows(format!("{}, which ends in {}", node.shape, name(node.op.as_ref())))),
            }
        }
    }

    fn new(
        program: &Program,
        batch: usize,
        kind: Kind,
        (mut outputs, targets, weights): (NodeId, Option<NodeId>, Option<NodeId>),
        scale: f64,
    ) -> Result<Self> {
        let nodes = program.nodes();
        let last = usize::from(kind == Kind::CrossEntropy);
        let rows = |id: NodeId| Shape::from(nodes[id].shape.dims()[..nodes[id].shape.rank() - last].to_vec());
        // Rows that were laid one below the other are read where each example still had its own.
        while rows(outputs).dims().first() != Some(&batch) {
            let node = &nodes[outputs];
            let before = node.inputs.first().map(|&id| &nodes[id].shape);
            match (&node.op, before) {
                (Some(Op::Reshape(_)), Some(x)) if x.rank() > last && (last == 0 || x.last() == node.shape.last()) => {
                    outputs = node.inputs[0];
                }
                _ => {
                    let got = format!("losses of shape {} for a batch of {batch}", rows(outputs));
                    return Err(no_rows(got));
                }
            }
        }
        if targets.into_iter().chain(weights).any(|id| nodes[id].varies) {
            return Err(no_rows("targets or weights that depend on the model".into()));
        }
        Ok(Self { kind, outputs, targets, weights, rows: rows(outputs), scale, smoothing: 0.0 })
    }

    /// Computes the loss of each row of `outputs`, given their targets.
    pub fn losses<T: Real>(&self, outputs: &[T], targets: &[T], losses: &mut [T]) {
        Arch::new().dispatch(Losses { kind: self.kind, smoothing: self.smoothing, outputs, targets, losses });
    }

    /// Computes the derivative of each row's loss by the row's outputs: the loss's own closed form.
    pub fn errors<T: Real>(&self, outputs: &[T], targets: &[T], errors: &mut [T]) {
        Arch::new().dispatch(Errors { kind: self.kind, smoothing: self.smoothing, outputs, targets, errors });
    }

    /// Returns what each row counts, summing to 1 over the rows whose loss `counts`, times the scale.
    pub fn shares(&self, weights: Option<&Tensor>, counts: impl Fn(usize) -> bool) -> Vec<f64> {
        let held = weights.map(Tensor::to_f64);
        let weight = |row: usize| match &held {
            _ if !counts(row) => 0.0,
            Some(weights) => weights[row],
            None => 1.0,
        };
        let weights: Vec<f64> = (0..self.rows.numel()).map(weight).collect();
        let total: f64 = weights.iter().sum();
        weights.iter().map(|w| if *w == 0.0 { 0.0 } else { self.scale * w / total }).collect()
    }
}

/// Returns the number of examples of the program's first input.
pub(super) fn batch(program: &Program) -> Result<usize> {
    let first = program.input_shapes().first().and_then(|shape| shape.dims().first().copied());
    match first {
        Some(batch) if batch >= 2 => Ok(batch),
        other => Err(Error::Value {
            op: "trainer",
            expected: "a batch of at least 2 examples with estimator=activations; raise benchmark.batch_size".into(),
            got: other.map_or_else(|| "none".into(), |batch| batch.to_string()),
        }),
    }
}

fn name(op: Option<&Op>) -> &'static str {
    op.map_or("an input", Op::name)
}

fn no_rows(got: String) -> Error {
    Error::Value {
        op: "trainer",
        expected: "a loss that is the mean of one loss for each example, which estimator=activations learns from \
                   (cross_entropy, binary_cross_entropy, mse or a mean over rows); trainer.estimator=weights needs none"
            .into(),
        got,
    }
}

/// Returns the class that a label names, if it names one.
fn class<T: Real>(label: T, classes: usize) -> Option<usize> {
    let label = label.to_f64();
    (label.fract() == 0.0 && label >= 0.0 && label < classes as f64).then_some(label as usize)
}

#[inline(always)]
fn exponential<T: Real>(x: T) -> T {
    (if x < T::LEAST_EXPONENT { T::LEAST_EXPONENT } else { x }).exp()
}

/// Rows whose exponentials are taken in one pass.
const TOGETHER: usize = 64;
/// Partial sums side by side, which compilers turn into vectors.
const SUMS: usize = 16;

/// Folds values in a fixed order: sixteen of them side by side, then these one after the other.
#[inline(always)]
fn folded<T: Real>(x: &[T], start: T, join: impl Fn(T, T) -> T) -> T {
    let mut all = [start; SUMS];
    let (whole, rest) = x.as_chunks::<SUMS>();
    for x in whole {
        for l in 0..SUMS {
            all[l] = join(all[l], x[l]);
        }
    }
    for (all, &x) in all.iter_mut().zip(rest) {
        *all = join(*all, x);
    }
    all.into_iter().fold(start, join)
}

/// Writes e^(x - m) of some rows, m each row's largest, which is returned row by row to `then`.
#[inline(always)]
fn exponentials<T: Real>(x: &[T], classes: usize, out: &mut [T], mut then: impl FnMut(usize, T)) {
    for (row, (x, out)) in x.chunks_exact(classes).zip(out.chunks_exact_mut(classes)).enumerate() {
        let largest = folded(x, -T::INFINITY, |m, x| if x > m { x } else { m });
        out.iter_mut().zip(x).for_each(|(out, &x)| *out = x - largest);
        then(row, largest);
    }
    out.iter_mut().for_each(|x| *x = exponential(*x));
}

struct Errors<'a, T> {
    kind: Kind,
    smoothing: f64,
    outputs: &'a [T],
    targets: &'a [T],
    errors: &'a mut [T],
}

impl<T: Real> NullaryFnOnce for Errors<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { kind, smoothing, outputs, targets, errors } = self;
        match kind {
            Kind::CrossEntropy => {
                let classes = outputs.len() / targets.len().max(1);
                let share = T::from_f64(smoothing / classes as f64);
                let own = T::from_f64(1.0 - smoothing);
                exponentials(outputs, classes, errors, |_, _| ());
                for (e, &label) in errors.chunks_exact_mut(classes).zip(targets) {
                    let scale = T::ONE / folded(e, T::ZERO, |sum, e| sum + e);
                    e.iter_mut().for_each(|e| *e = *e * scale - share);
                    match class(label, classes) {
                        Some(label) => e[label] = e[label] - own,
                        None => e.fill(T::NAN),
                    }
                }
            }
            Kind::BinaryCrossEntropy => {
                for ((e, &x), &y) in errors.iter_mut().zip(outputs).zip(targets) {
                    *e = T::ONE / (T::ONE + (-x).exp()) - y;
                }
            }
            Kind::Square => {
                for ((e, &x), &y) in errors.iter_mut().zip(outputs).zip(targets) {
                    *e = T::from_f64(2.0) * (x - y);
                }
            }
            Kind::Value => errors.fill(T::ONE),
        }
    }
}

struct Losses<'a, T> {
    kind: Kind,
    smoothing: f64,
    outputs: &'a [T],
    targets: &'a [T],
    losses: &'a mut [T],
}

impl<T: Real> NullaryFnOnce for Losses<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { kind, smoothing, outputs, targets, losses } = self;
        match kind {
            Kind::CrossEntropy => {
                let classes = outputs.len() / losses.len().max(1);
                let mut made = vec![T::ZERO; classes * TOGETHER.min(losses.len())];
                // The sums first, then the logarithms in one pass, which compilers turn into vector code.
                let mut spreads = vec![T::NAN; losses.len()];
                let (smoothing, share) = (T::from_f64(smoothing), T::from_f64(smoothing / classes as f64));
                for (first, x) in outputs.chunks(classes * TOGETHER).enumerate() {
                    let (first, made) = (first * TOGETHER, &mut made[..x.len()]);
                    exponentials(x, classes, made, |row, largest| {
                        let own = &x[row * classes..(row + 1) * classes];
                        if let Some(label) = class(targets[first + row], classes) {
                            spreads[first + row] = largest - own[label];
                            if smoothing > T::ZERO {
                                let sum = folded(own, T::ZERO, |sum, x| sum + x);
                                spreads[first + row] = spreads[first + row] + (smoothing * own[label] - share * sum);
                            }
                        }
                    });
                    for (loss, made) in losses[first..].iter_mut().zip(made.chunks_exact(classes)) {
                        *loss = folded(made, T::ZERO, |sum, e| sum + e);
                    }
                }
                for (loss, &spread) in losses.iter_mut().zip(&spreads) {
                    *loss = loss.ln() + spread;
                }
            }
            Kind::BinaryCrossEntropy => {
                for ((loss, &x), &y) in losses.iter_mut().zip(outputs).zip(targets) {
                    *loss = x.softplus() - x * y;
                }
            }
            Kind::Square => {
                for ((loss, &x), &y) in losses.iter_mut().zip(outputs).zip(targets) {
                    *loss = (x - y) * (x - y);
                }
            }
            Kind::Value => losses.copy_from_slice(outputs),
        }
    }
}
