//! Runs a program for many members at once on a device, one operation after the other.

use std::sync::Arc;

use super::{NodeId, Program};
use crate::cuda::{Device, DeviceTensor};
use crate::loops::{Draw, Side, Value, Weights};
use crate::tensor::{DType, Shape, Tensor};
use crate::{Error, Result};

/// Values by number; nothing for those that are not there.
pub type Values = Vec<Option<Value>>;

/// A program on a device.
#[derive(Debug)]
pub struct SideBySide {
    program: Arc<Program>,
    device: Arc<Device>,
    dtype: DType,
    /// Whether a value is needed for one of those that may be asked for.
    needed: Vec<bool>,
    constants: Vec<(NodeId, DeviceTensor)>,
}

impl SideBySide {
    /// Copies the program's constants to the device. `wanted` are the values that will be asked for.
    ///
    /// # Errors
    /// `Error::OutOfDeviceMemory`, `Error::Device`.
    pub fn new(program: &Arc<Program>, wanted: &[NodeId], device: &Arc<Device>, dtype: DType) -> Result<Self> {
        let needed = program.needed(wanted);
        let constants = program.constants().iter().filter(|(id, _)| needed[*id]);
        let constants = constants.map(|(id, value)| Ok((*id, DeviceTensor::upload(device, &value.cast(dtype))?)));
        let constants = constants.collect::<Result<_>>()?;
        Ok(Self { program: Arc::clone(program), device: Arc::clone(device), dtype, needed, constants })
    }

    /// Copies the inputs to the device and computes what depends on them and on constants alone.
    ///
    /// # Errors
    /// `Error::Shape` when the inputs are not those of the program; what the device reports.
    pub fn share(&self, inputs: &[Tensor], draw: Draw) -> Result<Values> {
        self.program.check_inputs(inputs)?;
        let mut values: Values = vec![None; self.program.nodes().len()];
        for (id, constant) in &self.constants {
            values[*id] = Some(Value::Shared(constant.clone()));
        }
        for (&id, input) in self.program.inputs().iter().zip(inputs).filter(|(id, _)| self.needed[**id]) {
            values[id] = Some(Value::Shared(DeviceTensor::upload(&self.device, &input.cast(self.dtype))?));
        }
        for (id, node) in self.program.nodes().iter().enumerate() {
            if node.op.is_some() && !node.varies && self.needed[id] {
                // One member's value is everybody's.
                let one = self.compute(id, &values, &[], 1, Draw { pair: 0, ..draw })?;
                values[id] = Some(Value::Shared(one.reshape(node.shape.clone())?));
            }
        }
        Ok(values)
    }

    /// Returns the values `wanted`, (members, ..shape), of members with these parameters.
    ///
    /// # Errors
    /// What the device reports.
    pub fn run(
        &self,
        shared: &Values,
        parameters: &[Weights],
        members: usize,
        draw: Draw,
        wanted: &[NodeId],
    ) -> Result<Vec<DeviceTensor>> {
        let needed = self.program.needed(wanted);
        let last = self.program.last_uses(&needed, wanted);
        let mut values = shared.clone();
        for (id, node) in self.program.nodes().iter().enumerate().filter(|(id, node)| node.varies && needed[*id]) {
            values[id] = Some(Value::Members(self.compute(id, &values, parameters, members, draw)?));
            for &input in node.inputs.iter().filter(|&&input| last[input] == id) {
                values[input] = None;
            }
        }
        let one = Shape::default();
        wanted
            .iter()
            .map(|&id| {
                let inputs = [values[id].as_ref().ok_or_else(missing)?];
                Side { members, inputs: &inputs, parameters, shape: &one, draw }.whole("program", 0)
            })
            .collect()
    }

    /// Returns about how many numbers of a member are in memory at once, its parameters not counted.
    pub fn numbers(&self, wanted: &[NodeId]) -> usize {
        let (program, needed) = (&self.program, self.program.needed(wanted));
        let last = program.last_uses(&needed, wanted);
        let (mut held, mut most) = (0_usize, 0);
        for (id, node) in program.nodes().iter().enumerate().filter(|(id, node)| node.varies && needed[*id]) {
            let Some(op) = &node.op else { continue };
            let shapes: Vec<&Shape> = node.inputs.iter().map(|&input| &program.nodes()[input].shape).collect();
            let now = op.device_numbers(&shapes, program.parameter_shapes(), &node.shape);
            most = most.max(held.saturating_add(now));
            held = held.saturating_add(node.shape.numel());
            let mut done = node.inputs.clone();
            done.dedup();
            for input in done.into_iter().filter(|&input| last[input] == id && program.nodes()[input].varies) {
                held = held.saturating_sub(program.nodes()[input].shape.numel());
            }
        }
        most
    }

    /// Computes one value for members.
    fn compute(
        &self,
        id: NodeId,
        values: &Values,
        parameters: &[Weights],
        members: usize,
        draw: Draw,
    ) -> Result<DeviceTensor> {
        let node = &self.program.nodes()[id];
        let inputs = node.inputs.iter().map(|&input| values[input].as_ref().ok_or_else(missing));
        let inputs = inputs.collect::<Result<Vec<&Value>>>()?;
        let op = node.op.as_ref().ok_or_else(missing)?;
        op.on_members(&Side { members, inputs: &inputs, parameters, shape: &node.shape, draw })
    }
}

fn missing() -> Error {
    Error::Internal { what: "a value that is wanted was not computed".into() }
}

impl Program {
    /// Returns for each value whether one of `wanted` is computed from it.
    fn needed(&self, wanted: &[NodeId]) -> Vec<bool> {
        let mut needed = vec![false; self.nodes.len()];
        for &id in wanted {
            needed.iter_mut().zip(self.ancestors(id)).for_each(|(all, one)| *all |= one);
        }
        needed
    }

    /// Returns for each value the last of those needed that reads it; one behind all for those wanted.
    fn last_uses(&self, needed: &[bool], wanted: &[NodeId]) -> Vec<NodeId> {
        let mut last: Vec<NodeId> = (0..self.nodes.len()).collect();
        for (id, node) in self.nodes.iter().enumerate().filter(|(id, node)| node.varies && needed[*id]) {
            node.inputs.iter().for_each(|&input| last[input] = id);
        }
        wanted.iter().for_each(|&id| last[id] = self.nodes.len());
        last
    }
}
