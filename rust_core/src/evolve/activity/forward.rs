//! Forward passes over a part of the batch: the clean one, and draws that run again what lies behind their noise.
//!
//! Every row of a result is the same chain of operations whatever part of the batch it is computed with, so that neither
//! the parts nor the number of draws side by side change a bit.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;

use super::noise::{Factors, Place, Source};
use super::plan::Plan;
use super::reach::Examples;
use super::sites::for_examples;
use crate::loops::{Call, Draw, Operand};
use crate::ops::{Arithmetic, Element, Op};
use crate::program::NodeId;
use crate::tensor::{Buffer, Tensor};
use crate::{Error, Result};

/// Values by number; nothing for those that are not there.
pub(super) type Values = Vec<Option<Tensor>>;

/// One generation's parameters and inputs.
pub(super) struct Forward<T> {
    pub plan: Arc<Plan>,
    parameters: Vec<Tensor>,
    /// Of the whole batch: inputs, constants, and what is made of them or of parameters alone. Of a dropout: its factors.
    whole: Values,
    pub noise: Source,
    format: std::marker::PhantomData<T>,
}

/// Draws that are computed side by side on a part of the batch, and the sign of each one's noise.
pub(super) struct Draws {
    pub which: Vec<(usize, f64)>,
    /// The point that they perturb; none is all.
    pub only: Option<usize>,
    /// What multiplies the noise of each point.
    pub sigmas: Arc<Vec<f64>>,
}

impl<T: Element> Forward<T> {
    /// Computes what no example is needed for, and cuts nothing yet.
    ///
    /// # Errors
    /// `Error::Shape` when the inputs are not those of the program.
    pub fn new(
        plan: &Arc<Plan>,
        inputs: &[Tensor],
        parameters: Vec<Tensor>,
        noise: Source,
        draw: Draw,
    ) -> Result<Self> {
        let program = &plan.program;
        let expected = program.input_shapes();
        if !inputs.iter().map(Tensor::shape).eq(expected.iter().copied()) {
            let shapes =
                |s: Vec<&crate::tensor::Shape>| s.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let got = shapes(inputs.iter().map(Tensor::shape).collect());
            return Err(Error::Shape { op: "program", expected: shapes(expected), got });
        }
        let mut whole: Values = vec![None; program.nodes().len()];
        let constants = program.constants().iter().map(|(id, value)| (id, value));
        for (&id, tensor) in program.inputs().iter().zip(inputs).chain(constants) {
            whole[id] = Some(tensor.cast(T::DTYPE));
        }
        let mut forward = Self { plan: Arc::clone(plan), parameters, whole, noise, format: std::marker::PhantomData };
        for (id, node) in program.nodes().iter().enumerate() {
            let Some(op) = &node.op else { continue };
            if let (Op::Dropout(_), true) = (op, node.varies && plan.needed[id]) {
                forward.whole[id] = Some(factors::<T>(op, &node.shape, draw)?);
            } else if !node.varies || (plan.needed[id] && plan.examples[id] == Examples::None) {
                let value = forward
                    .compute(id, plan.batch, |input| forward.whole[input].clone().ok_or_else(|| missing(input)))?;
                forward.whole[id] = Some(value);
            }
        }
        Ok(forward)
    }

    /// Runs the model once on some examples and returns the values that are read again.
    pub fn clean(&self, examples: &Range<usize>) -> Result<Values> {
        let plan = &self.plan;
        let mut values: Values = vec![None; plan.program.nodes().len()];
        for id in 0..=plan.loss.outputs {
            if !plan.needed[id] {
                continue;
            }
            values[id] = Some(match self.given(id, examples)? {
                Some(value) => value,
                None => {
                    let value =
                        self.compute(id, examples.len(), |input| values[input].clone().ok_or_else(|| missing(input)))?;
                    self.dropped(id, value, examples, 1)?
                }
            });
            self.free(id, &mut values, |id| plan.kept[id]);
        }
        Ok(values)
    }

    /// Runs what lies behind the noise of some draws, and returns the outputs of one draw after the other.
    pub fn draws(&self, draws: &Draws, examples: &Range<usize>, clean: &Values) -> Result<Tensor> {
        let plan = &self.plan;
        let dirty = plan.dirty(draws.only);
        let (count, times) = (examples.len(), draws.which.len());
        let mut values: Values = vec![None; clean.len()];
        for id in 0..=plan.loss.outputs {
            if !dirty[id] {
                continue;
            }
            let node = &plan.program.nodes()[id];
            let value = if node.inputs.iter().any(|&input| dirty[input]) {
                for &input in &node.inputs {
                    if values[input].is_none() {
                        values[input] = Some(self.repeated(input, clean, times)?);
                    }
                }
                let value =
                    self.compute(id, count * times, |input| values[input].clone().ok_or_else(|| missing(input)))?;
                self.dropped(id, value, examples, times)?
            } else {
                self.repeated(id, clean, times)?
            };
            let point =
                plan.point_of[id].filter(|&point| plan.is_perturbed(point) && draws.only.is_none_or(|o| o == point));
            values[id] = Some(match point {
                Some(point) => self.perturbed(point, value, draws, examples, clean)?,
                None => value,
            });
            self.free(id, &mut values, |_| false);
        }
        values[plan.loss.outputs].take().ok_or_else(|| missing(plan.loss.outputs))
    }

    /// Returns a value of the whole batch that no parameter is needed for.
    pub fn whole(&self, id: NodeId) -> Result<&Tensor> {
        self.whole[id].as_ref().ok_or_else(|| missing(id))
    }

    /// Adds the noise of a point in one draw over the examples, or of the whole value, times a factor for each `inner`
    /// elements; none on units that are stopped.
    pub fn add_noise(
        &self,
        (point, draw): (usize, usize),
        (values, inner): (&[T], usize),
        examples: &Range<usize>,
        clean: &Values,
        out: &mut [T],
    ) {
        let site = &self.plan.sites.points[point];
        let period = if site.by_example { out.len() / examples.len().max(1) } else { out.len() };
        let first = if site.by_example { examples.start * period } else { 0 };
        let is_gated = self.plan.settings.active_only && site.is_rectified;
        let gate = clean[site.node].as_ref().filter(|_| is_gated).map(|z| T::slice(z));
        self.noise.add(
            Place { point, draw, first, period, column: site.offset },
            Factors { values, inner: inner.max(1), gate },
            out,
        );
    }

    /// Returns a value and the noise of some draws, one below the other.
    pub fn perturbed(
        &self,
        point: usize,
        value: Tensor,
        draws: &Draws,
        examples: &Range<usize>,
        clean: &Values,
    ) -> Result<Tensor> {
        let shape = value.shape().clone();
        // What was just computed is nobody else's, and is changed where it lies.
        let mut out = T::owned(value);
        let size = (out.len() / draws.which.len().max(1)).max(1);
        for (&(draw, sign), out) in draws.which.iter().zip(out.values_mut().chunks_exact_mut(size)) {
            let sigma = [T::from_f64(sign * draws.sigmas[point])];
            self.add_noise((point, draw), (&sigma, size), examples, clean, out);
        }
        Tensor::new(shape, T::storage(out))
    }

    /// Returns a value that is not computed for these examples: what all share, or their part of what is given.
    fn given(&self, id: NodeId, examples: &Range<usize>) -> Result<Option<Tensor>> {
        let (plan, node) = (&self.plan, &self.plan.program.nodes()[id]);
        let Some(whole) = self.whole[id].as_ref().filter(|_| !matches!(node.op, Some(Op::Dropout(_)) if node.varies))
        else {
            return Ok(None);
        };
        Ok(Some(if plan.examples[id] == Examples::First { part::<T>(whole, examples)? } else { whole.clone() }))
    }

    /// Computes a value for `count` examples.
    fn compute(&self, id: NodeId, count: usize, read: impl Fn(NodeId) -> Result<Tensor>) -> Result<Tensor> {
        let plan = &self.plan;
        let node = &plan.program.nodes()[id];
        let op = node.op.as_ref().ok_or_else(|| missing(id))?;
        if let Op::Weight(weight) = op {
            return Ok(self.parameters[weight.parameter].clone());
        }
        let inputs: Vec<Tensor> = node.inputs.iter().map(|&input| read(input)).collect::<Result<_>>()?;
        if matches!(op, Op::Dropout(_)) && node.varies {
            return Ok(inputs[0].clone());
        }
        let inputs: Vec<&Tensor> = inputs.iter().collect();
        match plan.examples[id] == Examples::First && count != plan.batch {
            true => for_examples(op, &node.shape, count).eager(&inputs, &self.parameters),
            false => op.eager(&inputs, &self.parameters),
        }
    }

    /// Multiplies what a dropout reads by its factors, the same for all draws of an example.
    fn dropped(&self, id: NodeId, value: Tensor, examples: &Range<usize>, times: usize) -> Result<Tensor> {
        let (plan, node) = (&self.plan, &self.plan.program.nodes()[id]);
        if !(matches!(node.op, Some(Op::Dropout(_))) && node.varies) {
            return Ok(value);
        }
        let whole = self.whole[id].as_ref().ok_or_else(|| missing(id))?;
        let factors = match plan.examples[id] {
            Examples::First => repeat::<T>(&part::<T>(whole, examples)?, times)?,
            _ => whole.clone(),
        };
        Op::from(Arithmetic::Mul).eager(&[&value, &factors], &[])
    }

    /// Returns a value of the clean pass, once for each draw if it belongs to examples.
    fn repeated(&self, id: NodeId, clean: &Values, times: usize) -> Result<Tensor> {
        let value = clean[id].as_ref().ok_or_else(|| missing(id))?;
        if self.plan.examples[id] == Examples::First { repeat::<T>(value, times) } else { Ok(value.clone()) }
    }

    fn free(&self, id: NodeId, values: &mut Values, kept: impl Fn(NodeId) -> bool) {
        let nodes = self.plan.program.nodes();
        for &input in &nodes[id].inputs {
            if nodes[input].last_use == id && !kept(input) {
                values[input] = None;
            }
        }
    }
}

/// Returns the factors of a dropout over the whole batch: 0, or 1 / (1 - p).
fn factors<T: Element>(op: &Op, shape: &crate::tensor::Shape, draw: Draw) -> Result<Tensor> {
    let ones = vec![T::ONE; shape.numel()];
    let mut out = vec![[T::ZERO]; ones.len()];
    let call = Call {
        inputs: &[Operand::Shared(&ones)],
        shapes: &[shape],
        parameters: &[],
        base: &[],
        draw,
        scratch: &RefCell::default(),
    };
    op.run(&call, &mut out);
    Tensor::new(shape.clone(), T::storage(out.into_flattened()))
}

/// Returns some examples of a value of the whole batch.
pub(super) fn part<T: Element>(whole: &Tensor, examples: &Range<usize>) -> Result<Tensor> {
    let batch = whole.shape().dims()[0];
    if examples.len() == batch {
        return Ok(whole.clone());
    }
    let size = whole.shape().numel() / batch.max(1);
    let values = T::slice(whole)[examples.start * size..examples.end * size].to_vec();
    Tensor::new(whole.shape().with_axis(0, examples.len()), T::storage(values))
}

/// Returns the examples of a value `times` times, one below the other.
fn repeat<T: Element>(value: &Tensor, times: usize) -> Result<Tensor> {
    if times == 1 {
        return Ok(value.clone());
    }
    let x = T::slice(value);
    let mut out = Buffer::<T>::stale(x.len() * times);
    out.values_mut().chunks_exact_mut(x.len().max(1)).for_each(|out| out.copy_from_slice(x));
    Tensor::new(value.shape().with_axis(0, value.shape().dims()[0] * times), T::storage(out))
}

pub(super) fn missing(id: NodeId) -> Error {
    Error::Internal { what: format!("value {id} of a forward pass is not there") }
}
