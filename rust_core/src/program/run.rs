//! Runs a program: once for what all members share, once for the centre, and for sixteen mirrored pairs at a time.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError};

use smallvec::SmallVec;

use super::slots::Slots;
use super::{Node, NodeId, Perturbation, Program};
use crate::loops::{Call, Draw, LANES, Memory, Noise, Operand, Parameter};
use crate::ops::{Compute, Element, Linear, Op};
use crate::tensor::afford::afford;
use crate::tensor::{Shape, Tensor};
use crate::{Error, Result};

/// Which member of each mirrored pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// centre + sigma * noise
    Plus,
    /// centre - sigma * noise
    Minus,
}

/// A program with its inputs and the centre's parameters, ready to be run for any members.
pub struct Evaluator<T> {
    program: Arc<Program>,
    output: NodeId,
    /// The centre's parameters.
    centre: Arc<Vec<Vec<T>>>,
    /// Values that all members share; empty for the others.
    shared: Vec<Shared<T>>,
    /// For each `linear` of low rank whose input is shared: x W^T.
    bases: Vec<Vec<T>>,
    /// Where each value lies in a workspace.
    slots: Slots,
    /// Whether the output depends on a value: members compute no other.
    needed: Vec<bool>,
    draw: Draw,
}

/// A value that all members share.
enum Shared<T> {
    /// Given, as the format of the members has it.
    Given(Tensor),
    /// Computed; empty for a value that differs between members.
    Own(Vec<T>),
}

impl<T: Element> Shared<T> {
    fn values(&self) -> &[T] {
        match self {
            Self::Given(tensor) => T::slice(tensor),
            Self::Own(values) => values,
        }
    }
}

impl<T: Element> Evaluator<T> {
    /// Computes what all members share: everything that depends on the inputs alone, up to the scalar `output`.
    ///
    /// # Errors
    /// `Error::Shape` when inputs or output are not those of the program.
    pub fn new(
        program: Arc<Program>,
        output: NodeId,
        inputs: &[Tensor],
        centre: Arc<Vec<Vec<T>>>,
        draw: Draw,
    ) -> Result<Self> {
        program.check_inputs(inputs)?;
        if program.shape(output)?.numel() != 1 {
            let expected = "a program that ends in one number for each member".into();
            return Err(Error::Shape { op: "program", expected, got: program.shape(output)?.to_string() });
        }
        let mut shared: Vec<Shared<T>> = program.nodes().iter().map(|_| Shared::Own(Vec::new())).collect();
        let constants = program.constants().iter().map(|(id, value)| (id, value));
        for (&id, tensor) in program.inputs().iter().zip(inputs).chain(constants) {
            shared[id] = Shared::Given(tensor.cast(T::DTYPE));
        }
        let bases = vec![Vec::new(); program.nodes().len()];
        let alone = program.nodes().iter().filter(|node| !node.varies).map(|node| node.shape.numel());
        afford::<T>("program", alone.fold(0, usize::saturating_add))?;
        let (slots, needed) = (Slots::new(&program), program.ancestors(output));
        let mut evaluator = Self { program: Arc::clone(&program), output, centre, shared, bases, slots, needed, draw };
        for (id, node) in program.nodes().iter().enumerate() {
            if let (Some(op), false) = (&node.op, node.varies) {
                let mut out = vec![[T::ZERO]; node.shape.numel()];
                evaluator.call(op, id, &[], &[], draw, &RefCell::default(), &mut out);
                evaluator.shared[id] = Shared::Own(out.into_flattened());
            }
        }
        Ok(evaluator)
    }

    /// Returns the numbers of a value that all members share; none for a value that differs between them.
    pub fn shared(&self, id: NodeId) -> &[T] {
        self.shared[id].values()
    }

    /// Computes x W^T once for each `linear` whose input all members share and whose noise is of low rank.
    pub fn prepare(&mut self, perturbation: &Perturbation) {
        for (id, node) in self.program.nodes().iter().enumerate() {
            let Some(Op::Linear(linear)) = &node.op else { continue };
            let x = node.inputs[0];
            if self.program.nodes()[x].varies || perturbation.ranks()[linear.weight] == super::Rank::Full {
                continue;
            }
            let weight = Parameter {
                shape: &self.program.parameter_shapes()[linear.weight],
                centre: &self.centre[linear.weight],
                noise: Noise::None,
            };
            self.bases[id] = shared_base(self.shared(x), &self.program.nodes()[x].shape, &weight);
        }
    }

    /// Returns, for the centre, the first number of each value in `keep`.
    pub fn centre(&self, keep: &[NodeId]) -> Vec<f64> {
        let parameters: Vec<Parameter<'_, T, 1>> = (self.program.parameter_shapes().iter().zip(self.centre.iter()))
            .map(|(shape, centre)| Parameter { shape, centre, noise: Noise::None })
            .collect();
        let (mut values, scratch) = (Vec::new(), RefCell::default());
        let mut numbers = vec![f64::NAN; self.program.nodes().len()];
        for (id, node) in self.program.nodes().iter().enumerate() {
            if node.varies {
                self.compute(id, &mut values, &parameters, self.draw, &scratch);
            }
            let first = if node.varies {
                values[self.slots.of(id)].first().filter(|_| node.shape.numel() > 0).map(|[x]| *x)
            } else {
                self.shared(id).first().copied()
            };
            numbers[id] = first.map_or(f64::NAN, T::to_f64);
        }
        keep.iter().map(|&id| numbers[id]).collect()
    }

    /// Returns the output of one half of the pairs whose normals fill the workspace.
    pub fn members(
        &self,
        perturbation: &Perturbation,
        sigma: T,
        half: Half,
        pair: u32,
        workspace: &mut Workspace<T>,
    ) -> [f64; LANES] {
        let Workspace { noise, values, scratch } = workspace;
        let sigma = if half == Half::Plus { sigma } else { -sigma };
        let parameters: SmallVec<[Parameter<'_, T, LANES>; 8]> =
            (self.program.parameter_shapes().iter().zip(self.centre.iter()).enumerate())
                .map(|(i, (shape, centre))| Parameter { shape, centre, noise: perturbation.noise(i, sigma, noise) })
                .collect();
        let draw = Draw { pair, ..self.draw };
        for (id, node) in self.program.nodes().iter().enumerate().take(self.output + 1) {
            if node.varies && self.needed[id] {
                self.compute(id, values, &parameters, draw, scratch);
            }
        }
        match self.shared(self.output).first() {
            Some(x) => [x.to_f64(); LANES],
            None => values[self.slots.of(self.output)][0].map(T::to_f64),
        }
    }

    /// Computes one value that differs between members into its slot.
    fn compute<const L: usize>(
        &self,
        id: NodeId,
        values: &mut Vec<Memory<T, L>>,
        parameters: &[Parameter<'_, T, L>],
        draw: Draw,
        scratch: &RefCell<Memory<T, L>>,
    ) where
        T: Compute<L>,
    {
        let node = &self.program.nodes()[id];
        let Some(op) = &node.op else { return };
        let slot = self.slots.of(id);
        values.resize_with(values.len().max(self.slots.sizes.len()), Memory::default);
        let mut out = std::mem::take(&mut values[slot]);
        // A slot keeps its largest size, so that nothing is cleared when values of different sizes take turns.
        out.resize(out.len().max(self.slots.sizes[slot]), [T::ZERO; L]);
        self.call(op, id, values, parameters, draw, scratch, &mut out[..node.shape.numel()]);
        values[slot] = out;
    }

    /// Returns about how many vector instructions sixteen members take.
    pub fn cost(&self) -> usize {
        let nodes = self.program.nodes();
        let cost = |node: &Node| {
            let inputs: SmallVec<[&Shape; 2]> = node.inputs.iter().map(|&i| &nodes[i].shape).collect();
            node.op.as_ref().map_or(0, |op| op.cost(&inputs, &node.shape))
        };
        nodes
            .iter()
            .zip(&self.needed)
            .filter(|(node, needed)| node.varies && **needed)
            .map(|(node, _)| cost(node))
            .sum()
    }

    /// Runs one operation: the one place where it meets its data.
    #[expect(clippy::too_many_arguments, reason = "all of them are that data")]
    fn call<const L: usize>(
        &self,
        op: &Op,
        id: NodeId,
        values: &[Memory<T, L>],
        parameters: &[Parameter<'_, T, L>],
        draw: Draw,
        scratch: &RefCell<Memory<T, L>>,
        out: &mut [[T; L]],
    ) where
        T: Compute<L>,
    {
        let nodes = self.program.nodes();
        let operand = |(i, &input): (usize, &NodeId)| match nodes[input].varies {
            true if i == 0 && self.slots.in_place(id, &nodes[id]) => Operand::InPlace,
            true => Operand::Members(&values[self.slots.of(input)][..nodes[input].shape.numel()]),
            false => Operand::Shared(self.shared(input)),
        };
        let inputs: SmallVec<[Operand<'_, T, L>; 2]> = nodes[id].inputs.iter().enumerate().map(operand).collect();
        let shapes: SmallVec<[&Shape; 2]> = nodes[id].inputs.iter().map(|&i| &nodes[i].shape).collect();
        op.run(&Call { inputs: &inputs, shapes: &shapes, parameters, base: &self.bases[id], draw, scratch }, out);
    }
}

/// Memory of one group of members: the normals of its pairs and the values of its program.
#[derive(Debug, Default)]
pub struct Workspace<T> {
    /// The normals of sixteen pairs.
    pub noise: Memory<T, LANES>,
    values: Vec<Memory<T, LANES>>,
    /// What an operation needs while it runs.
    pub scratch: RefCell<Memory<T, LANES>>,
}

/// Workspaces that threads borrow and return, so that a generation allocates nothing.
#[derive(Debug, Default)]
pub struct Workspaces<T>(Mutex<Vec<Workspace<T>>>);

impl<T: Default> Workspaces<T> {
    /// Runs `work` with a workspace of its own.
    pub fn with<R>(&self, work: impl FnOnce(&mut Workspace<T>) -> R) -> R {
        let mut workspace = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        let result = work(&mut workspace);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(workspace);
        result
    }
}

/// Returns x W^T for the centre, which all members share when they share x.
fn shared_base<T: Compute<1>>(x: &[T], shape: &Shape, weight: &Parameter<'_, T, 1>) -> Vec<T> {
    let op = Op::from(Linear { weight: 0, bias: None });
    let mut out = vec![[T::ZERO]; shape.rows() * weight.shape.dims()[0]];
    let call = Call {
        inputs: &[Operand::Shared(x)],
        shapes: &[shape],
        parameters: &[*weight],
        base: &[],
        draw: Draw::default(),
        scratch: &RefCell::default(),
    };
    op.run(&call, &mut out);
    out.into_flattened()
}
