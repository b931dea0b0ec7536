//! Which values of a program are written to memory, and what is computed on the way: a group is one pass over a value.

use super::layout::{Layout, refused};
use crate::Result;
use crate::ops::{Activation, Op, Softmax};
use crate::program::{NodeId, Program};

/// Numbers of a row up to which a thread holds it.
pub(super) const HELD: usize = 64;
/// Numbers of a row that a thread computes with at most.
const WIDEST: usize = 4 * HELD;
/// Outputs from which on logits that nothing but means read are made tile by tile.
const WIDE: usize = 64;

/// How an operation is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// All members share it: it is read from the device's memory.
    Given,
    /// A parameter as it is, likewise.
    Parameter,
    /// Each element from those at the same place, or repeated there.
    Map,
    /// Each element from one that stands elsewhere.
    Move,
    /// In a way of its own.
    Call,
    /// A mean over the batch.
    Mean,
    /// A number made of means.
    Scalar,
}

/// The passes.
#[derive(Clone, Debug, Default)]
pub(super) struct Groups {
    /// How each value is computed; nothing for those that are not needed.
    pub kinds: Vec<Option<Kind>>,
    /// The values that are written to memory, given ones that are copied there, and means, in their order.
    pub steps: Vec<NodeId>,
    /// The value, computed in a way of its own, that is not written but becomes another by maps: by the other's number.
    pub begins: Vec<Option<NodeId>>,
    /// The values that the means of a step read tile by tile, and these means: by the value's number.
    pub tiled: Vec<Vec<NodeId>>,
    /// The step at which a value is last read.
    pub last: Vec<NodeId>,
}

impl Groups {
    pub fn new(program: &Program, needed: &[bool], layouts: &[Option<Layout>], wanted: &[NodeId]) -> Result<Self> {
        let nodes = program.nodes();
        let count = nodes.len();
        let mut kinds: Vec<Option<Kind>> = Vec::with_capacity(count);
        for (id, node) in nodes.iter().enumerate() {
            let is_of_means = node.inputs.iter().any(|&i| matches!(kinds[i], Some(Kind::Mean | Kind::Scalar)));
            let kind = || match (&node.op, node.varies) {
                (_, false) | (None, _) => Ok(Kind::Given),
                (Some(op), true) if is_of_means => scalar(op),
                (Some(op), true) => kind(op, node.shape.rank()),
            };
            kinds.push(if needed[id] { Some(kind()?) } else { None });
        }
        for &id in wanted {
            if !matches!(kinds[id], Some(Kind::Mean | Kind::Scalar)) {
                return Err(refused("something wanted that is made of no mean of the batch"));
            }
        }
        let is_wide = |id: NodeId| layouts[id].as_ref().is_some_and(|layout| layout.width() > WIDEST);
        for (id, node) in nodes.iter().enumerate().filter(|(id, _)| kinds[*id] == Some(Kind::Call)) {
            if let (Some(op @ (Op::LayerNorm(_) | Op::Softmax(_))), true) = (&node.op, is_wide(id)) {
                return Err(refused(format!("{} of more than {WIDEST} numbers", op.name())));
            }
        }
        let readers: Vec<Vec<NodeId>> = (0..count)
            .map(|id| (0..count).filter(|&reader| needed[reader] && nodes[reader].inputs.contains(&id)).collect())
            .collect();
        let numel = |id: NodeId| layouts[id].as_ref().map(|layout| (layout.each, layout.rows() * layout.width()));
        let computes_row = |id: NodeId| match &nodes[id].op {
            Some(Op::LayerNorm(_) | Op::Softmax(_)) => layouts[id].as_ref().is_some_and(|l| l.width() <= HELD),
            _ => false,
        };
        // Whether a value is computed where its only reader reads it.
        let inline = |id: NodeId| {
            let &[reader] = readers[id].as_slice() else { return false };
            let once = nodes[reader].inputs.iter().filter(|&&input| input == id).count() == 1;
            let reads = match kinds[reader] {
                Some(Kind::Map) => true,
                Some(Kind::Move) => !matches!(nodes[reader].op, Some(Op::Concat(_))),
                Some(Kind::Call) => computes_row(reader),
                _ => false,
            };
            matches!(kinds[id], Some(Kind::Map | Kind::Move)) && once && reads && numel(id) == numel(reader)
        };
        let inlined: Vec<bool> = (0..count).map(inline).collect();
        let mut groups = Self { begins: vec![None; count], tiled: vec![Vec::new(); count], ..Self::default() };
        // The value that an own way ends in, if maps alone lie between.
        let end = |id: NodeId| {
            let mut at = id;
            loop {
                let &[reader] = readers[at].as_slice() else { return None };
                if kinds[reader] != Some(Kind::Map) || layouts[reader] != layouts[id] {
                    return None;
                }
                if nodes[reader].inputs.iter().filter(|&&input| input == at).count() != 1 {
                    return None;
                }
                if !inlined[reader] {
                    return Some(reader);
                }
                at = reader;
            }
        };
        let continues = |id: NodeId| matches!(nodes[id].op, Some(Op::Linear(_) | Op::Conv(_)));
        let mut hidden = vec![false; count];
        for id in (0..count).filter(|&id| kinds[id] == Some(Kind::Call) && continues(id)) {
            if let Some(end) = end(id) {
                // The later of two is made on the way, since the end stands behind both.
                if let Some(other) = groups.begins[end].replace(id) {
                    hidden[other] = false;
                }
                hidden[id] = true;
            }
        }
        for id in 0..count {
            let begin = groups.begins[id].unwrap_or(id);
            let all_means = !readers[id].is_empty() && readers[id].iter().all(|&r| kinds[r] == Some(Kind::Mean));
            let tiles = matches!(nodes[begin].op, Some(Op::Linear(_))) && all_means && needed[id] && !inlined[id];
            let labelled = |&r: &NodeId| matches!(nodes[r].op, Some(Op::CrossEntropy(_) | Op::Accuracy(_)));
            let wide = layouts[id].as_ref().is_some_and(|layout| layout.width() > WIDE);
            if tiles && wide && readers[id].iter().all(labelled) && nodes[id].varies {
                groups.tiled[id] = readers[id].clone();
            }
        }
        let in_tiles: Vec<NodeId> = groups.tiled.iter().flatten().copied().collect();
        for id in (0..count).filter(|&id| needed[id]) {
            let given = kinds[id] == Some(Kind::Given);
            let each = layouts[id].as_ref().is_some_and(|layout| layout.each);
            let reads = |&reader: &NodeId| {
                let from_pool = each || kinds[reader] == Some(Kind::Call);
                nodes[reader].varies && from_pool && reads_pool(program, reader, id)
            };
            let is_loaded = given && readers[id].iter().any(reads);
            let read = matches!(kinds[id], Some(Kind::Parameter | Kind::Scalar));
            let computed = !given && !read && !inlined[id] && !hidden[id];
            if is_loaded || (computed && !in_tiles.contains(&id)) {
                groups.steps.push(id);
            }
        }
        groups.kinds = kinds;
        groups.last = groups.last_reads(program, &readers, &hidden);
        Ok(groups)
    }

    /// Returns for each value the last step that reads it.
    fn last_reads(&self, program: &Program, readers: &[Vec<NodeId>], hidden: &[bool]) -> Vec<NodeId> {
        let is_step = |id: NodeId| self.steps.contains(&id);
        let mut last: Vec<NodeId> = (0..program.nodes().len()).collect();
        // From the end on, so that readers on the way are known.
        for id in (0..last.len()).rev() {
            for &reader in &readers[id] {
                let by_tiles = self.tiled.iter().position(|means| means.contains(&reader));
                let at = match (is_step(reader), by_tiles) {
                    (true, _) => reader,
                    (false, Some(value)) => value,
                    // What is hidden or inline is computed where its own readers are.
                    (false, None) => last[reader],
                };
                last[id] = last[id].max(at);
            }
            debug_assert!(!hidden[id] || last[id] > id, "a hidden value is read");
        }
        last
    }

    /// Returns the most rows of a sample that a value with an own way has.
    pub fn rows(&self, layouts: &[Option<Layout>]) -> usize {
        let rows = |&id: &NodeId| layouts[id].as_ref().filter(|layout| layout.each).map_or(1, Layout::rows);
        let steps = self.steps.iter().filter(|&&id| self.kinds[id] != Some(Kind::Mean));
        steps.map(rows).max().unwrap_or(1)
    }
}

impl Program {
    /// Returns the batch's size, and the layout of each value that is needed.
    pub(super) fn layouts(&self, needed: &[bool]) -> Result<(usize, Vec<Option<Layout>>)> {
        let first = self.inputs().first().map(|&input| self.nodes()[input].shape.dims());
        let Some(&[batch, ..]) = first.filter(|dims| dims.first().is_some_and(|&batch| batch > 0)) else {
            return Err(refused("inputs without a batch"));
        };
        let mut layouts: Vec<Option<Layout>> = Vec::with_capacity(self.nodes().len());
        for (id, node) in self.nodes().iter().enumerate() {
            let is_input = self.inputs().contains(&id);
            let each = is_input || node.inputs.iter().any(|&i| layouts[i].as_ref().is_some_and(|l: &Layout| l.each));
            // What ends the program are numbers of the whole batch.
            let of_ends = node.inputs.iter().any(|&i| needed[i] && layouts[i].is_none());
            let ends = of_ends || node.op.as_ref().is_some_and(is_mean);
            layouts.push(match needed[id] && !ends {
                true => Some(Layout::of(&node.shape, each, batch)?),
                false => None,
            });
        }
        Ok((batch, layouts))
    }
}

/// Whether an operation is a mean over the batch.
pub(super) fn is_mean(op: &Op) -> bool {
    use Op::{Accuracy, BinaryAccuracy, BinaryCrossEntropy, CrossEntropy, MeanSquaredError};
    matches!(op, CrossEntropy(_) | Accuracy(_) | MeanSquaredError(_) | BinaryCrossEntropy(_) | BinaryAccuracy(_))
}

/// Whether an operation reads an input from shared memory: not targets, nor weights of rows.
fn reads_pool(program: &Program, reader: NodeId, id: NodeId) -> bool {
    let node = &program.nodes()[reader];
    !node.op.as_ref().is_some_and(is_mean) || node.inputs.first() == Some(&id)
}

/// What is made of means: numbers alone.
fn scalar(op: &Op) -> Result<Kind> {
    match op {
        Op::Arithmetic(_) => Ok(Kind::Scalar),
        op if op.formula().is_some() => Ok(Kind::Scalar),
        other => Err(refused(format!("{} of a mean", other.name()))),
    }
}

fn kind(op: &Op, rank: usize) -> Result<Kind> {
    Ok(match op {
        Op::Weight(_) => Kind::Parameter,
        op if op.formula().is_some() => Kind::Map,
        Op::Arithmetic(_) | Op::Affine(_) | Op::Clamp(_) | Op::Expand(_) => Kind::Map,
        Op::PhiResidual(residual) if !matches!(residual.activation, Activation::LayerNorm(_)) => Kind::Map,
        Op::Narrow(_) | Op::Permute(_) | Op::Reshape(_) | Op::IndexSelect(_) | Op::Concat(_) | Op::Embedding(_) => {
            Kind::Move
        }
        Op::Softmax(softmax) if *softmax == Softmax::LAST && rank > 0 => Kind::Call,
        Op::Linear(_) | Op::Conv(_) | Op::Attention(_) | Op::LayerNorm(_) | Op::MaxPool(_) | Op::AvgPool(_) => {
            Kind::Call
        }
        Op::Reduce(reduce) if reduce.axes.is_some() => Kind::Call,
        op if is_mean(op) => Kind::Mean,
        other => return Err(refused(other.name())),
    })
}
