//! A program as the text of a CUDA kernel that evaluates both members of a mirrored pair: kernels/members.cuh has the parts.
//!
//! Every value that differs between members must be rows of the batch that do not depend on one another: (batch, width). The
//! program must end in a mean over rows. What it reads besides is laid out here, so that the kernel knows every place.

mod geometry;
mod layers;

use std::fmt::Write;

pub use geometry::Geometry;

use super::{Node, NodeId, Perturbation, Program, Rank};
use crate::cuda::{Blueprint, SharedProduct};
use crate::ops::{Arithmetic, Op, Softmax};
use crate::tensor::DType;
use crate::{Error, Result};

/// The name in errors.
const OP: &str = "device=cuda";
/// Numbers that a place in device memory is a multiple of: 32 bytes in binary32.
const ALIGNED: usize = 8;

/// What can be computed for members on a GPU, for messages.
const SUPPORTED: &str = "linear and affine over (batch, features), abs, relu, gelu, tanh, sigmoid, exp, log, sqrt, square, \
     neg, sin, cos, arithmetic with values of the same shape or numbers, softmax of the last axis, reshape of what follows \
     the batch, and a loss cross_entropy, binary_cross_entropy or mse at the end";

impl Program {
    /// Returns the kernel that evaluates `population` members by the scalar `output`, and the values that all members
    /// share which it reads, in the order in which it wants them.
    ///
    /// # Errors
    /// `Error::Value` that names the first operation that has no rule here, or a size that does not fit a GPU.
    pub fn kernel(
        &self,
        output: NodeId,
        perturbation: &Perturbation,
        dtype: DType,
        population: usize,
        syntony: bool,
    ) -> Result<(Blueprint, Vec<NodeId>)> {
        if perturbation.ranks().iter().any(|rank| *rank != Rank::Full) {
            return Err(refused("noise of full rank; set rank=null, or use device=cpu", "noise of low rank"));
        }
        let needed = self.ancestors(output);
        let batch = self.batch(output)?;
        let geometry = Geometry::new(self, &needed, batch, population / 2, dtype)?;
        let mut writer = Writer {
            program: self,
            perturbation,
            geometry,
            batch,
            shared: Vec::new(),
            places: vec![perturbation.scratch_len()],
            products: Vec::new(),
            derived: 0,
            body: String::new(),
        };
        for (id, node) in self.nodes.iter().enumerate().take(output + 1) {
            if needed[id] && node.varies {
                writer.node(id, node, id == output)?;
            }
        }
        Ok(writer.finish(dtype, population, syntony))
    }

    /// Returns the rows of the batch: what the loss is a mean of.
    fn batch(&self, output: NodeId) -> Result<usize> {
        let node = &self.nodes[output];
        let first = node.inputs.first().map(|&x| self.nodes[x].shape.dims());
        match (&node.op, first) {
            (Some(Op::CrossEntropy(_) | Op::BinaryCrossEntropy(_) | Op::MeanSquaredError(_)), Some([batch, ..]))
                if node.varies && self.nodes[node.inputs[0]].varies =>
            {
                Ok(*batch)
            }
            (op, _) => Err(refused(
                "a loss that is cross_entropy, binary_cross_entropy or mse of the members' outputs; use device=cpu",
                op.as_ref().map_or("a loss that does not depend on the parameters", Op::name),
            )),
        }
    }

    /// Returns the numbers of a row of a value.
    fn width(&self, id: NodeId, batch: usize) -> Result<usize> {
        let shape = &self.nodes[id].shape;
        match shape.dims() {
            [rows, ..] if *rows == batch && batch > 0 => Ok(shape.numel() / batch),
            _ => Err(refused(
                &format!("values of shape ({batch}, ..), rows of the batch; use device=cpu"),
                &format!("{} of shape {shape}", self.nodes[id].op.as_ref().map_or("an input", Op::name)),
            )),
        }
    }
}

fn refused(expected: &str, got: &str) -> Error {
    Error::Value { op: OP, expected: expected.into(), got: got.into() }
}

/// What is written so far.
struct Writer<'a> {
    program: &'a Program,
    perturbation: &'a Perturbation,
    geometry: Geometry,
    batch: usize,
    /// Values that all members share, and where each begins behind the centre; the last place is the end.
    shared: Vec<NodeId>,
    places: Vec<usize>,
    /// What is computed from them once for all members, and how many numbers that is.
    products: Vec<SharedProduct>,
    derived: usize,
    body: String,
}

impl Writer<'_> {
    /// Writes one value.
    fn node(&mut self, id: NodeId, node: &Node, last: bool) -> Result<()> {
        let Some(op) = &node.op else { return Ok(()) };
        if last {
            return self.loss(op, node);
        }
        let width = self.program.width(id, self.batch)?;
        let mut line = format!("Values<{width}> v{id}; ");
        let x = node.inputs.first().copied().unwrap_or_default();
        match op {
            Op::Linear(linear) => line = self.linear(id, node, *linear)?,
            Op::Affine(affine) => line += &self.affine(id, node, *affine)?,
            Op::Arithmetic(arithmetic) => line += &self.arithmetic(id, node, *arithmetic)?,
            Op::Softmax(softmax) if *softmax == Softmax::LAST && node.shape.rank() == 2 => {
                write!(line, "softmax(v{id}, v{x});").ok();
            }
            // The same numbers of each row under another shape.
            Op::Reshape(_) if self.program.width(x, self.batch).is_ok() => {
                line = format!("const Values<{width}>& v{id} = v{x};");
            }
            other => match other.formula() {
                Some(formula) => {
                    line = format!("const auto v{id} = map(v{x}, [](real x) {{ return {formula}; }});");
                }
                None => {
                    return Err(refused(&format!("{SUPPORTED}; use device=cpu for other models"), other.name()));
                }
            },
        }
        self.line(&line);
        Ok(())
    }

    fn loss(&mut self, op: &Op, node: &Node) -> Result<()> {
        let x = node.inputs[0];
        let shared = |id: NodeId| {
            if self.program.nodes[id].varies {
                Err(refused("targets that all members share; use device=cpu", "targets that depend on the parameters"))
            } else {
                Ok(())
            }
        };
        node.inputs[1..].iter().try_for_each(|&id| shared(id))?;
        let y = self.place(node.inputs[1]);
        let line = match op {
            Op::CrossEntropy(entropy) if entropy.smoothing > 0.0 => {
                return Err(refused("label_smoothing=0; use device=cpu", "labels that are smoothed"));
            }
            Op::CrossEntropy(_) if self.program.nodes[x].shape.rank() == 2 => {
                let weights = node.inputs.get(2).map_or("nullptr".into(), |&w| format!("given + {}", self.place(w)));
                format!("cross_entropy(group, loss, v{x}, Shared{{given + {y}}}, {weights});")
            }
            Op::CrossEntropy(_) => {
                return Err(refused("logits of shape (batch, classes); use device=cpu", "logits with more axes"));
            }
            Op::BinaryCrossEntropy(_) => mean(x, y, "softplus(x) - x * y"),
            _ => mean(x, y, "(x - y) * (x - y)"),
        };
        self.line(&line);
        Ok(())
    }

    fn arithmetic(&mut self, id: NodeId, node: &Node, op: Arithmetic) -> Result<String> {
        let value = match op {
            Arithmetic::Add => "x + y",
            Arithmetic::Sub => "x - y",
            Arithmetic::Mul => "x * y",
            Arithmetic::Div => "x / y",
            Arithmetic::Maximum => "Larger()(x, y)",
            Arithmetic::Minimum => "Smaller()(x, y)",
        };
        let mut operands = Vec::new();
        for &input in &node.inputs {
            let of = &self.program.nodes[input];
            operands.push(match (of.varies, of.shape == node.shape, of.shape.numel()) {
                (true, true, _) => format!("v{input}"),
                (false, true, _) => format!("Shared{{given + {}}}", self.place(input)),
                (false, false, 1) => format!("Number{{given[{}]}}", self.place(input)),
                _ => {
                    let expected = "arithmetic with values of the same shape or numbers; use device=cpu";
                    return Err(refused(expected, &format!("shapes {} and {}", of.shape, node.shape)));
                }
            });
        }
        Ok(format!("combine(group, v{id}, {}, [](real x, real y) {{ return {value}; }});", operands.join(", ")))
    }

    /// Returns whether nothing but one layer reads a value, perhaps after it was mapped element by element.
    fn feeds_one_layer(&self, id: NodeId) -> bool {
        let mut readers = self.program.nodes.iter().enumerate().filter(|(_, node)| node.inputs.contains(&id));
        match (readers.next(), readers.next()) {
            (Some((next, node)), None) => match &node.op {
                Some(Op::Linear(_)) => true,
                Some(op) => op.formula().is_some() && self.feeds_one_layer(next),
                None => false,
            },
            _ => false,
        }
    }

    /// Returns where a value that all members share begins behind the centre's beginning.
    fn place(&mut self, id: NodeId) -> usize {
        if let Some(known) = self.shared.iter().position(|&other| other == id) {
            return self.places[known];
        }
        let place = self.places[self.shared.len()];
        self.shared.push(id);
        self.places.push(place + self.program.nodes[id].shape.numel().next_multiple_of(ALIGNED));
        place
    }

    fn line(&mut self, text: &str) {
        self.body.push_str("        ");
        self.body.push_str(text);
        self.body.push('\n');
    }

    fn finish(self, dtype: DType, population: usize, syntony: bool) -> (Blueprint, Vec<NodeId>) {
        let Self { geometry, batch, body, shared, places, products, derived, perturbation, program } = self;
        let head = geometry.text(batch, syntony);
        let places_of =
            |(&id, at): (&NodeId, &usize)| format!("    // given + {at}: value {id}, {}\n", program.nodes[id].shape);
        let given: String = shared.iter().zip(&places).map(places_of).collect();
        let blueprint = Blueprint {
            head,
            body: format!(
                "{given}    for (group.first = 0; group.first < BATCH; group.first += GROUP * ROWS) {{\n{body}    }}\n"
            ),
            dtype,
            population,
            syntony,
            threads: geometry.threads,
            pairs_of_block: geometry.threads / geometry.group,
            lengths: program.parameters.iter().map(super::Shape::numel).collect(),
            offsets: perturbation.offsets().to_vec(),
            shared: shared.iter().map(|&id| program.nodes[id].shape.numel()).collect(),
            places,
            products,
            derived,
        };
        (blueprint, shared)
    }
}

fn mean(x: NodeId, y: usize, value: &str) -> String {
    format!("mean_of_pairs(group, loss, v{x}, Shared{{given + {y}}}, [](real x, real y) {{ return {value}; }});")
}
