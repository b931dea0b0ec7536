//! What an operation reads when it is computed for many members side by side on a device: tensors with a leading axis of
//! members, or without one where all share them.

use super::Draw;
use crate::cuda::DeviceTensor;
use crate::tensor::Shape;
use crate::{Error, Result};

/// A value of a program.
#[derive(Clone, Debug)]
pub enum Value {
    /// The same for every member, of the value's shape.
    Shared(DeviceTensor),
    /// (members, ..shape).
    Members(DeviceTensor),
}

/// A parameter as the members see it.
#[derive(Clone, Debug)]
pub enum Weights {
    /// (members, ..shape).
    Whole(DeviceTensor),
    /// The centre, (rows, columns), plus for each member the product of its factors.
    Factors {
        /// The centre.
        centre: DeviceTensor,
        /// (members, rank, rows), the deviation and the member's sign in it.
        left: DeviceTensor,
        /// (members, rank, columns).
        right: DeviceTensor,
    },
}

/// One run of an operation.
#[derive(Debug)]
pub struct Side<'a> {
    /// How many members there are.
    pub members: usize,
    /// The inputs.
    pub inputs: &'a [&'a Value],
    /// All parameters of the program.
    pub parameters: &'a [Weights],
    /// The shape of the result for one member.
    pub shape: &'a Shape,
    /// Whose random numbers they draw: `pair` is the first one's.
    pub draw: Draw,
}

impl Side<'_> {
    /// Returns a shape with the axis of members in front.
    pub fn with_members(&self, dims: &[usize]) -> Shape {
        [&[self.members], dims].concat().into()
    }

    /// Returns the shape of the result.
    pub fn lifted(&self) -> Shape {
        self.with_members(self.shape.dims())
    }

    /// Returns an input as it is, and whether members have one each.
    pub fn input(&self, number: usize) -> (&DeviceTensor, bool) {
        match self.inputs[number] {
            Value::Shared(x) => (x, false),
            Value::Members(x) => (x, true),
        }
    }

    /// Returns the shape of an input for one member.
    pub fn shape_of(&self, number: usize) -> &[usize] {
        let (x, each) = self.input(number);
        &x.shape().dims()[usize::from(each)..]
    }

    /// Returns an input with the axis of members, repeated where they share it.
    ///
    /// # Errors
    /// What the device reports.
    pub fn whole(&self, op: &'static str, number: usize) -> Result<DeviceTensor> {
        match self.input(number) {
            (x, true) => Ok(x.clone()),
            (x, false) => {
                let one = x.reshape([&[1], x.shape().dims()].concat().into())?;
                one.expand(op, &self.with_members(x.shape().dims()))
            }
        }
    }

    /// Returns all inputs so.
    ///
    /// # Errors
    /// What the device reports.
    pub fn all(&self, op: &'static str) -> Result<Vec<DeviceTensor>> {
        (0..self.inputs.len()).map(|number| self.whole(op, number)).collect()
    }

    /// Returns an input with members and the first axis as one: more examples of a batch.
    ///
    /// # Errors
    /// What the device reports.
    pub fn folded(&self, op: &'static str, number: usize) -> Result<DeviceTensor> {
        let x = self.whole(op, number)?;
        let (dims, count) = (x.shape().dims(), x.shape().dims()[..2].iter().product::<usize>());
        x.reshape([&[count], &dims[2..]].concat().into())
    }

    /// Returns an input whose own axes are `rank`, those in front of size 1: ready to be broadcast.
    ///
    /// # Errors
    /// What the device reports.
    pub fn padded(&self, number: usize, rank: usize) -> Result<DeviceTensor> {
        let (x, each) = self.input(number);
        let own = &x.shape().dims()[usize::from(each)..];
        let ones = vec![1; rank.saturating_sub(own.len())];
        let members = if each { &[self.members][..] } else { &[1] };
        x.reshape([members, &ones, own].concat().into())
    }

    /// Returns a parameter of each member.
    ///
    /// # Errors
    /// `Error::Internal` for one that is in factors.
    pub fn weights(&self, number: usize) -> Result<&DeviceTensor> {
        match &self.parameters[number] {
            Weights::Whole(weights) => Ok(weights),
            Weights::Factors { .. } => {
                Err(Error::Internal { what: "a parameter in factors where it is wanted whole".into() })
            }
        }
    }

    /// Returns a vector of each member's parameters, (members, 1, length): ready to be broadcast over rows.
    ///
    /// # Errors
    /// As those of `weights`.
    pub fn vector(&self, number: usize) -> Result<DeviceTensor> {
        let vector = self.weights(number)?;
        vector.reshape([self.members, 1, vector.shape().last()].into())
    }
}
