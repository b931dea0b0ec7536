//! A model traced once: the list of operations from a batch to a number, run for the centre or for any members.
//!
//! Tracing replaces one call for each operation in each generation by one call for the whole generation; the values of a
//! group of members then stay in the cache from the first operation to the last.

mod fused;
mod kernel;
mod perturbation;
mod run;
mod side_by_side;
mod slots;

pub use kernel::Geometry;
pub use perturbation::{Perturbation, Rank};
pub use run::{Evaluator, Half, Workspace, Workspaces};
pub use side_by_side::{SideBySide, Values};

use crate::ops::Op;
use crate::tensor::{Shape, Tensor};
use crate::{Error, Result};

/// The number of a value within a program.
pub type NodeId = usize;

/// One value of a program.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// What computes it; nothing for an input or a constant.
    pub op: Option<Op>,
    /// What it is computed from.
    pub inputs: Vec<NodeId>,
    /// Its shape for one member.
    pub shape: Shape,
    /// Whether it differs between members.
    pub varies: bool,
    /// The last value computed from it, itself if none.
    pub last_use: NodeId,
}

/// A list of operations over inputs and parameters, in the order in which they were recorded.
///
/// ```
/// use syntonic_core::ops::{BinaryCrossEntropy, Linear};
/// use syntonic_core::program::Program;
/// let mut program = Program::new(vec![[1, 2].into()]);
/// let (x, y) = (program.input([4, 2]), program.input([4]));
/// let logits = program.apply(Linear { weight: 0, bias: None }, &[x])?;
/// let loss = program.apply(BinaryCrossEntropy, &[logits, y])?;
/// assert_eq!(program.shape(loss)?.rank(), 0);
/// # Ok::<(), syntonic_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Program {
    nodes: Vec<Node>,
    inputs: Vec<NodeId>,
    constants: Vec<(NodeId, Tensor)>,
    parameters: Vec<Shape>,
}

impl Program {
    /// Starts a program over parameters of these shapes.
    pub fn new(parameters: Vec<Shape>) -> Self {
        Self { nodes: Vec::new(), inputs: Vec::new(), constants: Vec::new(), parameters }
    }

    /// Adds an input and returns its number.
    pub fn input(&mut self, shape: impl Into<Shape>) -> NodeId {
        let id = self.given(shape.into());
        self.inputs.push(id);
        id
    }

    /// Adds a value that is the same in every generation and returns its number. It is rounded to the format in which
    /// the program runs.
    pub fn constant(&mut self, value: Tensor) -> NodeId {
        let id = self.given(value.shape().clone());
        self.constants.push((id, value));
        id
    }

    fn given(&mut self, shape: Shape) -> NodeId {
        let id = self.nodes.len();
        self.nodes.push(Node { op: None, inputs: Vec::new(), shape, varies: false, last_use: id });
        id
    }

    /// Adds an operation on earlier values and returns the number of its result.
    ///
    /// # Errors
    /// `Error::Shape` when the inputs do not fit, `Error::Value` for a number that names nothing.
    pub fn apply(&mut self, op: impl Into<Op>, inputs: &[NodeId]) -> Result<NodeId> {
        let op = op.into();
        let shapes: Vec<&Shape> = inputs.iter().map(|&i| self.shape(i)).collect::<Result<_>>()?;
        let parameters = op.parameters();
        if let Some(missing) = parameters.iter().find(|&&p| p >= self.parameters.len()) {
            return Err(Error::Value {
                op: op.name(),
                expected: format!("a parameter below {}", self.parameters.len()),
                got: missing.to_string(),
            });
        }
        let shape = op.shape(&shapes, &self.parameters)?;
        let varies = !parameters.is_empty() || inputs.iter().any(|&i| self.nodes[i].varies);
        let id = self.nodes.len();
        for &input in inputs {
            self.nodes[input].last_use = id;
        }
        self.nodes.push(Node { op: Some(op), inputs: inputs.to_vec(), shape, varies, last_use: id });
        Ok(id)
    }

    /// Returns the shape of a value.
    ///
    /// # Errors
    /// `Error::Value` for a number that names nothing.
    pub fn shape(&self, id: NodeId) -> Result<&Shape> {
        self.nodes.get(id).map(|node| &node.shape).ok_or_else(|| Error::Value {
            op: "program",
            expected: format!("a value below {}", self.nodes.len()),
            got: id.to_string(),
        })
    }

    /// Returns the shapes of the inputs, in the order in which they were added.
    pub fn input_shapes(&self) -> Vec<&Shape> {
        self.inputs.iter().map(|&i| &self.nodes[i].shape).collect()
    }

    /// Returns the shapes of the parameters.
    pub fn parameter_shapes(&self) -> &[Shape] {
        &self.parameters
    }

    /// Checks that these are the program's inputs.
    ///
    /// # Errors
    /// `Error::Shape` when their shapes are others.
    pub(crate) fn check_inputs(&self, inputs: &[Tensor]) -> Result<()> {
        let expected = self.input_shapes();
        if inputs.iter().map(Tensor::shape).eq(expected.iter().copied()) {
            return Ok(());
        }
        let shapes = |s: Vec<&Shape>| s.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let got = shapes(inputs.iter().map(Tensor::shape).collect());
        Err(Error::Shape { op: "program", expected: shapes(expected), got })
    }

    /// Returns for each value whether `output` is computed from it.
    pub(crate) fn ancestors(&self, output: NodeId) -> Vec<bool> {
        let mut needed = vec![false; self.nodes.len()];
        needed[output] = true;
        for id in (0..=output).rev() {
            if needed[id] {
                for &input in &self.nodes[id].inputs {
                    needed[input] = true;
                }
            }
        }
        needed
    }

    /// Spreads a share of each label over all classes, in every cross-entropy that `loss` is made of.
    ///
    /// # Errors
    /// `Error::Value` when there is none, or for a share out of range.
    pub fn smooth(&mut self, loss: NodeId, smoothing: f64) -> Result<()> {
        if !(0.0..1.0).contains(&smoothing) {
            let expected = "0 <= label_smoothing < 1".into();
            return Err(Error::Value { op: "trainer", expected, got: smoothing.to_string() });
        }
        let needed = self.ancestors(loss);
        let mut found = false;
        for (node, _) in self.nodes.iter_mut().zip(needed).filter(|(_, needed)| *needed) {
            if let Some(Op::CrossEntropy(op)) = &mut node.op {
                op.smoothing = smoothing;
                found = true;
            }
        }
        if found {
            return Ok(());
        }
        Err(Error::Value {
            op: "trainer",
            expected:
                "a loss that is a cross-entropy over classes with label_smoothing > 0; set trainer.label_smoothing=0"
                    .into(),
            got: "a loss without one".into(),
        })
    }

    pub(crate) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub(crate) fn inputs(&self) -> &[NodeId] {
        &self.inputs
    }

    pub(crate) fn constants(&self) -> &[(NodeId, Tensor)] {
        &self.constants
    }
}
