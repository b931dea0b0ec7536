//! Where a program reads its parameters, and where noise is added to learn how.
//!
//! A *site* is an operation that reads a parameter and turns an error of its output into a direction of that parameter. A
//! *point* is a value that noise is added to. Most sites have a point of their own, their output; sites whose outputs are
//! only added up share the sum, since noise on either is noise on the sum. A parameter that is read as a value is covered
//! where it is added to, multiplied with, or a factor of values of the examples; otherwise it is perturbed itself.

use super::loss::RowLoss;
use super::reach::{Examples, Reach, own_example};
use crate::ops::{Arithmetic, Op, Reshape};
use crate::program::{NodeId, Program};
use crate::tensor::{Shape, Tensor};
use crate::{Error, Result};

/// How an error of a site's output becomes a direction.
#[derive(Clone, Debug)]
pub(super) enum Reading {
    /// e^T x, and the sum of e for the bias; the operation's own fields say how.
    Operation,
    /// The sum of e, times a sign, over what an element of the parameter was added to.
    Added { parameter: usize, sign: f64, elements: Vec<usize> },
    /// The sum of e times the other factor, likewise.
    Multiplied { parameter: usize, other: NodeId, elements: Vec<usize> },
    /// a^T e of a product a P.
    Factor { parameter: usize },
    /// The error itself: the parameter was perturbed.
    Itself { parameter: usize },
}

/// An operation that reads a parameter.
#[derive(Clone, Debug)]
pub(super) struct Site {
    pub node: NodeId,
    pub reading: Reading,
    /// The number of its point.
    pub point: usize,
}

/// A value that noise is added to.
#[derive(Clone, Debug)]
pub(super) struct Point {
    pub node: NodeId,
    pub reach: Reach,
    /// Whether its first axis counts the examples, whose own losses alone it reaches.
    pub by_example: bool,
    /// Whether nothing but rectifiers reads it.
    pub is_rectified: bool,
    /// How many noisy elements of an example lie before this point's.
    pub offset: usize,
}

/// From the error of the outputs to that of the last site: the loss's own closed form needs no perturbation there.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub point: usize,
    /// Which element of the point each element of the outputs is.
    pub elements: Vec<usize>,
    /// Whether each is the one of the same number.
    pub in_order: bool,
    pub scale: f64,
}

/// All sites and points of a program.
#[derive(Clone, Debug)]
pub(super) struct Sites {
    pub sites: Vec<Site>,
    pub points: Vec<Point>,
}

impl Sites {
    /// Finds the sites among the values that the losses are made of.
    ///
    /// # Errors
    /// `Error::Value` for a parameter that no loss is made of.
    pub fn find(program: &Program, loss: &RowLoss, reaches: &[Option<Reach>], examples: &[Examples]) -> Result<Self> {
        let graph = Graph { program, readers: readers(program, loss.outputs), examples };
        let mut found: Vec<(NodeId, Reading, NodeId)> = Vec::new();
        for (id, node) in program.nodes().iter().enumerate().filter(|(id, _)| reaches[*id].is_some()) {
            match &node.op {
                Some(Op::Weight(weight)) => match graph.uses(id, id, &mut Vec::new())? {
                    Some(uses) => found.extend(uses.into_iter().map(|(at, reading)| (at, reading, at))),
                    None => found.push((id, Reading::Itself { parameter: weight.parameter }, id)),
                },
                Some(op) if !op.parameters().is_empty() => found.push((id, Reading::Operation, id)),
                _ => {}
            }
        }
        let read = |p: &usize| found.iter().any(|(id, reading, _)| reading.parameters(program, *id).contains(p));
        let all = 0..program.parameter_shapes().len();
        let unread: Vec<usize> = all.filter(|p| !read(p) && program.parameter_shapes()[*p].numel() > 0).collect();
        if let Some(first) = unread.first() {
            return Err(Error::Value {
                op: "trainer",
                expected: "a loss that is made of every parameter; remove those that the forward pass never reads"
                    .into(),
                got: format!(
                    "{} that it does not read, the first of shape {} (number {first})",
                    unread.len(),
                    program.parameter_shapes()[*first]
                ),
            });
        }
        graph.share(&mut found);
        let mut points: Vec<Point> = Vec::new();
        let mut sites = Vec::new();
        for (node, reading, at) in found {
            let point = points.iter().position(|point| point.node == at).unwrap_or_else(|| {
                let reach = reaches[at].clone().unwrap_or_default();
                let by_example = own_example(&reach) && examples[at] == Examples::First;
                let readers = &graph.readers[at];
                let is_rectified = !readers.is_empty()
                    && at != loss.outputs
                    && readers.iter().all(|&(reader, _)| matches!(program.nodes()[reader].op, Some(Op::Relu(_))));
                points.push(Point { node: at, reach, by_example, is_rectified, offset: 0 });
                points.len() - 1
            });
            sites.push(Site { node, reading, point });
        }
        Ok(Self { sites, points })
    }

    /// Numbers the elements of an example over the perturbed points and returns how many there are. A point that
    /// is not by example has all of its own. With points in turn each begins anew.
    pub fn number(&mut self, program: &Program, batch: usize, in_turn: bool, perturbed: &[usize]) -> usize {
        let (mut next, mut most) = (0, 0);
        for &point in perturbed {
            let point = &mut self.points[point];
            let count = program.nodes()[point.node].shape.numel() / if point.by_example { batch } else { 1 };
            point.offset = next;
            most = most.max(next + count);
            next = if in_turn { 0 } else { next + count };
        }
        most
    }

    /// Returns how the error of the outputs becomes that of the last site.
    ///
    /// # Errors
    /// `Error::Value` if the model does not end in a site.
    pub fn head(&self, program: &Program, loss: &RowLoss) -> Result<Head> {
        let readers = readers(program, loss.outputs);
        let constant = |id: NodeId| {
            let held = program.constants().iter().find(|(held, _)| *held == id);
            held.filter(|(_, value)| value.shape().numel() == 1).map(|(_, value)| value.to_f64()[0])
        };
        let (mut at, mut scale, mut moves) = (loss.outputs, 1.0, Vec::new());
        let point = loop {
            if let Some(point) = self.points.iter().position(|point| point.node == at) {
                break point;
            }
            let node = &program.nodes()[at];
            let next = match &node.op {
                Some(op @ (Op::Reshape(_) | Op::Narrow(_) | Op::Permute(_))) => {
                    moves.push(op.clone());
                    Some(node.inputs[0])
                }
                Some(Op::Arithmetic(Arithmetic::Mul)) => match (constant(node.inputs[0]), constant(node.inputs[1])) {
                    (_, Some(factor)) if program.nodes()[node.inputs[0]].shape == node.shape => {
                        scale *= factor;
                        Some(node.inputs[0])
                    }
                    (Some(factor), _) if program.nodes()[node.inputs[1]].shape == node.shape => {
                        scale *= factor;
                        Some(node.inputs[1])
                    }
                    _ => None,
                },
                _ => None,
            };
            match next.filter(|&next| readers[next].len() == 1) {
                Some(next) => at = next,
                None => {
                    return Err(Error::Value {
                        op: "trainer",
                        expected: "head=perturbed, or outputs that come straight from an operation with parameters"
                            .into(),
                        got: format!(
                            "head=exact and outputs that come from {}",
                            node.op.as_ref().map_or("an input", Op::name)
                        ),
                    });
                }
            }
        };
        let elements = moved(&program.nodes()[at].shape, moves.iter().rev())?;
        let in_order = elements.iter().enumerate().all(|(i, &element)| i == element);
        Ok(Head { point, elements, in_order, scale })
    }
}

impl Reading {
    /// Returns the parameters that the site gives a direction to.
    pub fn parameters(&self, program: &Program, node: NodeId) -> Vec<usize> {
        match self {
            Self::Operation => program.nodes()[node].op.as_ref().map(Op::parameters).unwrap_or_default(),
            Self::Added { parameter, .. }
            | Self::Multiplied { parameter, .. }
            | Self::Factor { parameter }
            | Self::Itself { parameter } => vec![*parameter],
        }
    }
}

/// Who reads each value on the way to the outputs, and as which input.
type Readers = Vec<Vec<(NodeId, usize)>>;

fn readers(program: &Program, outputs: NodeId) -> Readers {
    let nodes = program.nodes();
    let needed = program.ancestors(outputs);
    let mut readers: Readers = vec![Vec::new(); nodes.len()];
    for (id, node) in nodes.iter().enumerate().filter(|(id, _)| needed[*id]) {
        node.inputs.iter().enumerate().for_each(|(number, &input)| readers[input].push((id, number)));
    }
    readers
}

/// Returns, for each element of what `moves` make of a value of this shape, which element of the value it is.
fn moved<'a>(shape: &Shape, moves: impl Iterator<Item = &'a Op>) -> Result<Vec<usize>> {
    let mut at = Tensor::new(shape.clone(), (0..shape.numel()).map(|i| i as f64).collect::<Vec<_>>())?;
    for op in moves {
        at = op.eager(&[&at], &[])?;
    }
    Ok(at.to_f64().into_iter().map(|i| i as usize).collect())
}

struct Graph<'a> {
    program: &'a Program,
    readers: Readers,
    examples: &'a [Examples],
}

impl Graph<'_> {
    /// Returns where a parameter that is read as value `weight` meets values of the examples; nothing unless all that
    /// read `at`, what `moves` made of it, are such places.
    fn uses(&self, weight: NodeId, at: NodeId, moves: &mut Vec<Op>) -> Result<Option<Vec<(NodeId, Reading)>>> {
        let nodes = self.program.nodes();
        let Some(Op::Weight(read)) = &nodes[weight].op else { return Ok(None) };
        let mut uses = Vec::new();
        for &(reader, number) in &self.readers[at] {
            let node = &nodes[reader];
            match &node.op {
                Some(op @ (Op::Reshape(_) | Op::Narrow(_) | Op::Permute(_) | Op::Expand(_) | Op::IndexSelect(_))) => {
                    moves.push(op.clone());
                    let found = self.uses(weight, reader, moves)?;
                    moves.pop();
                    let Some(found) = found else { return Ok(None) };
                    uses.extend(found);
                }
                Some(Op::Arithmetic(how @ (Arithmetic::Add | Arithmetic::Sub | Arithmetic::Mul))) => {
                    let other = node.inputs[1 - number];
                    let small = &nodes[at].shape;
                    let repeats = small.rank() < node.shape.rank() || small.dims().first() == Some(&1);
                    let fits = self.examples[reader] == Examples::First && nodes[other].shape == node.shape;
                    if !(fits && repeats) {
                        return Ok(None);
                    }
                    let one = Op::from(crate::ops::Expand(node.shape.with_axis(0, 1)));
                    let elements = moved(&nodes[weight].shape, moves.iter().chain([&one]))?;
                    let parameter = read.parameter;
                    let sign = if *how == Arithmetic::Sub && number == 1 { -1.0 } else { 1.0 };
                    uses.push((
                        reader,
                        match how {
                            Arithmetic::Mul => Reading::Multiplied { parameter, other, elements },
                            _ => Reading::Added { parameter, sign, elements },
                        },
                    ));
                }
                Some(Op::MatMul(_))
                    if number == 1
                        && at == weight
                        && nodes[at].shape.rank() == 2
                        && nodes[node.inputs[0]].shape.rank() >= 2
                        && self.examples[reader] == Examples::First =>
                {
                    uses.push((reader, Reading::Factor { parameter: read.parameter }));
                }
                _ => return Ok(None),
            }
        }
        Ok((!uses.is_empty()).then_some(uses))
    }

    /// Moves points that are only added up to their sum.
    fn share(&self, found: &mut [(NodeId, Reading, NodeId)]) {
        let nodes = self.program.nodes();
        let sum = |at: NodeId| match self.readers[at].as_slice() {
            [(reader, _)] if matches!(nodes[*reader].op, Some(Op::Arithmetic(Arithmetic::Add))) => {
                Some(*reader).filter(|&reader| nodes[reader].shape == nodes[at].shape)
            }
            _ => None,
        };
        let ways: Vec<Vec<NodeId>> =
            found.iter().map(|(_, _, at)| std::iter::successors(Some(*at), |&at| sum(at)).collect()).collect();
        for ((_, _, at), way) in found.iter_mut().zip(&ways) {
            let is_shared = |place: &&NodeId| ways.iter().filter(|way| way.contains(place)).count() > 1;
            if let Some(&last) = way.iter().rev().find(is_shared) {
                *at = last;
            }
        }
    }
}

/// Returns an operation as it is computed for `count` examples of a batch.
pub(super) fn for_examples(op: &Op, shape: &Shape, count: usize) -> Op {
    match op {
        Op::Reshape(_) => Op::from(Reshape(shape.with_axis(0, count))),
        Op::Expand(_) => Op::from(crate::ops::Expand(shape.with_axis(0, count))),
        other => other.clone(),
    }
}
