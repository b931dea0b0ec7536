//! Forward passes on a CUDA device in the place of the threads': the clean one and the draws. Losses and credits stay with the CPU.
//!
//! The plain version: one operation after the other, with the CPU's noise behind each site.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::forward::{Draws, Forward, Values, missing};
use super::reach::Examples;
use super::sites::for_examples;
use crate::Result;
use crate::cuda::{Binary, Device, DeviceTensor};
use crate::ops::{Element, Op};
use crate::program::NodeId;
use crate::tensor::Tensor;

/// Values on the device by number.
type Held = Vec<Option<DeviceTensor>>;

/// One generation on a device.
#[derive(Debug)]
pub(in crate::evolve) struct Card {
    device: Arc<Device>,
    /// The centre's parameters.
    parameters: Vec<DeviceTensor>,
    /// The values of the clean pass.
    clean: OnceLock<Held>,
}

impl Card {
    /// Copies the centre's parameters to a device.
    ///
    /// # Errors
    /// `Error::OutOfDeviceMemory`, `Error::Device`.
    pub fn new(device: &Arc<Device>, parameters: &[Tensor]) -> Result<Self> {
        let parameters = parameters.iter().map(|p| DeviceTensor::upload(device, p)).collect::<Result<_>>()?;
        Ok(Self { device: Arc::clone(device), parameters, clean: OnceLock::new() })
    }

    /// Runs the model once on the whole batch and returns the values that are read again.
    pub(super) fn clean<T: Element>(&self, forward: &Forward<T>) -> Result<Values> {
        let plan = &forward.plan;
        let nodes = plan.program.nodes();
        let mut values: Held = vec![None; nodes.len()];
        for id in (0..=plan.loss.outputs).filter(|&id| plan.needed[id]) {
            let is_mask = matches!(nodes[id].op, Some(Op::Dropout(_))) && nodes[id].varies;
            let given = forward.whole(id).ok().filter(|_| !is_mask);
            values[id] = Some(match given {
                Some(given) => DeviceTensor::upload(&self.device, given)?,
                None => self.compute(forward, id, 1, &values)?,
            });
            for &input in nodes[id].inputs.iter().filter(|&&input| nodes[input].last_use == id && !plan.kept[input]) {
                values[input] = None;
            }
        }
        let read = values.iter().map(|value| value.as_ref().map(DeviceTensor::download).transpose());
        let read = read.collect::<Result<Values>>()?;
        self.clean.set(values).ok();
        Ok(read)
    }

    /// Runs what lies behind the noise of some draws, and returns the outputs of one draw after the other.
    pub(super) fn draws<T: Element>(
        &self,
        forward: &Forward<T>,
        draws: &Draws,
        examples: &Range<usize>,
        clean: &Values,
    ) -> Result<Tensor> {
        let plan = &forward.plan;
        let (dirty, nodes, times) = (plan.dirty(draws.only), plan.program.nodes(), draws.which.len());
        let mut values: Held = vec![None; nodes.len()];
        for id in (0..=plan.loss.outputs).filter(|&id| dirty[id]) {
            let is_behind = nodes[id].inputs.iter().any(|&input| dirty[input]);
            for &input in nodes[id].inputs.iter().filter(|_| is_behind) {
                if values[input].is_none() {
                    values[input] = Some(self.repeated(forward, input, times)?);
                }
            }
            let mut value = match is_behind {
                true => self.compute(forward, id, times, &values)?,
                false => self.repeated(forward, id, times)?,
            };
            let meant = |&point: &usize| plan.is_perturbed(point) && draws.only.is_none_or(|only| only == point);
            if let Some(point) = plan.point_of[id].filter(meant) {
                let nothing = vec![T::ZERO; value.numel()];
                let nothing = Tensor::new(value.shape().clone(), T::storage(nothing))?;
                let noise = forward.perturbed(point, nothing, draws, examples, clean)?;
                value = value.binary(Binary::Add, &DeviceTensor::upload(&self.device, &noise)?)?;
            }
            values[id] = Some(value);
            for &input in nodes[id].inputs.iter().filter(|&&input| nodes[input].last_use == id) {
                values[input] = None;
            }
        }
        values[plan.loss.outputs].take().ok_or_else(|| missing(plan.loss.outputs))?.download()
    }

    /// Computes a value of the whole batch, so many times below each other.
    fn compute<T: Element>(
        &self,
        forward: &Forward<T>,
        id: NodeId,
        times: usize,
        values: &Held,
    ) -> Result<DeviceTensor> {
        let plan = &forward.plan;
        let node = &plan.program.nodes()[id];
        let op = node.op.as_ref().ok_or_else(|| missing(id))?;
        let inputs = node.inputs.iter().map(|&input| values[input].as_ref().ok_or_else(|| missing(input)));
        let inputs = inputs.collect::<Result<Vec<&DeviceTensor>>>()?;
        match op {
            Op::Weight(weight) => Ok(self.parameters[weight.parameter].clone()),
            Op::Dropout(_) if node.varies => {
                let factors = DeviceTensor::upload(&self.device, forward.whole(id)?)?;
                inputs[0].binary(Binary::Mul, &stacked(plan.examples[id], &factors, times)?)
            }
            op if plan.examples[id] == Examples::First && times > 1 => {
                for_examples(op, &node.shape, plan.batch * times).eager_on_device(&inputs, &self.parameters)
            }
            op => op.eager_on_device(&inputs, &self.parameters),
        }
    }

    /// Returns a value of the clean pass, once for each draw if it belongs to examples.
    fn repeated<T: Element>(&self, forward: &Forward<T>, id: NodeId, times: usize) -> Result<DeviceTensor> {
        let value = self.clean.get().and_then(|clean| clean[id].as_ref()).ok_or_else(|| missing(id))?;
        stacked(forward.plan.examples[id], value, times)
    }
}

/// Returns the examples of a value so many times, one below the other; a value that belongs to none as it is.
fn stacked(examples: Examples, value: &DeviceTensor, times: usize) -> Result<DeviceTensor> {
    if examples != Examples::First || times == 1 {
        return Ok(value.clone());
    }
    let dims = value.shape().dims();
    let many = value.reshape([&[1], dims].concat().into())?.expand("activations", &[&[times], dims].concat().into())?;
    many.reshape(value.shape().with_axis(0, dims[0] * times))
}
