//! How the threads of a GPU share the members: how many work on a mirrored pair, and how many rows each of them takes.

use super::{Node, NodeId, Program, refused};
use crate::Result;
use crate::ops::Op;
use crate::tensor::DType;

/// Threads of a block where several pairs share one.
const BLOCK: usize = 128;
/// Threads of a warp: a larger group is a block of its own.
const WARP: usize = 32;
/// Threads of a pair at most.
const MOST: usize = 128;
/// Bytes of shared memory of a block: what a kernel may declare on every card, less what sums take.
const SHARED: usize = 47 * 1024;
/// Threads that keep a card busy: with fewer, more threads for each pair make its noise sooner.
const BUSY: usize = 1 << 14;
/// Outputs whose sums for the rows of a warp fit its registers.
const MOST_COLUMNS: usize = 32;
/// Numbers of a row that still fit the registers of a thread twice.
const NARROW: usize = 64;

/// The shape of the threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Threads of a mirrored pair.
    pub group: usize,
    /// Rows of the batch that a thread takes at a time.
    pub rows: usize,
    /// Threads of a block.
    pub threads: usize,
    /// Numbers of shared memory of a group.
    pub pool: usize,
    /// The format of numbers.
    dtype: DType,
}

impl Geometry {
    /// Chooses the shape for a program and a number of pairs.
    pub(super) fn new(program: &Program, needed: &[bool], batch: usize, pairs: usize, dtype: DType) -> Result<Self> {
        let nodes = || program.nodes.iter().enumerate().filter(|(id, node)| needed[*id] && node.varies);
        let widest = nodes().map(|(_, node)| node.shape.numel() / batch.max(1)).max().unwrap_or(1);
        let rows = if batch > WARP && widest <= NARROW { 2 } else { 1 };
        let mut group = batch.div_ceil(rows).next_power_of_two().clamp(4, MOST);
        while group < WARP && group * pairs < BUSY {
            group *= 2;
        }
        let layers: Vec<Layer> = nodes().filter_map(|(_, node)| Layer::of(program, node)).collect();
        let tensor = |group: usize, most: usize| {
            let sizes = nodes().filter_map(|(_, node)| shared_sizes(program, node));
            let fits = |(inputs, outputs)| dtype == DType::F32 && by_tensor_cores(group, rows, inputs, outputs) <= most;
            sizes.filter(|&sizes| fits(sizes)).map(|(i, o)| by_tensor_cores(group, rows, i, o)).max().unwrap_or(0)
        };
        loop {
            let threads = if group <= WARP { BLOCK } else { group };
            let groups = threads / group;
            let most = SHARED / groups / dtype.size() / 32 * 32 - if groups > 1 { 32 } else { 0 };
            let least = layers.iter().map(|layer| layer.least).max().unwrap_or(0);
            let whole = layers.iter().map(|layer| layer.whole).max().unwrap_or(0).max(tensor(group, most));
            if least <= most {
                // Groups of a warp begin 4 banks apart, so that they read different ones.
                let pool = whole.min(most).next_multiple_of(32) + if groups > 1 { 4 } else { 0 };
                return Ok(Self { group, rows, threads, pool, dtype });
            }
            if group == MOST {
                let got = "a layer with more inputs than fit".to_owned();
                return Err(refused("layers of at most some thousand inputs; use device=cpu", &got));
            }
            group *= 2;
        }
    }

    /// Returns whether a layer whose input all members share goes to the tensor cores.
    pub(super) fn tensor_cores(&self, inputs: usize, outputs: usize) -> bool {
        self.dtype == DType::F32 && by_tensor_cores(self.group, self.rows, inputs, outputs) <= self.pool
    }

    /// Returns the definitions that the kernel's parts are compiled with.
    pub(super) fn text(&self, batch: usize, syntony: bool) -> String {
        let Self { group, rows, threads, pool, .. } = self;
        format!(
            "constexpr int GROUP = {group}, ROWS = {rows}, THREADS = {threads}, POOL = {pool}, BATCH = {batch};\n\
             constexpr bool SYNTONY = {syntony};\n"
        )
    }
}

/// Returns the inputs and outputs of a layer whose input all members share.
fn shared_sizes(program: &Program, node: &Node) -> Option<(usize, usize)> {
    match &node.op {
        Some(Op::Linear(linear)) if !program.nodes[node.inputs[0]].varies => {
            let &[outputs, inputs] = program.parameters[linear.weight].dims() else { return None };
            Some((inputs, outputs))
        }
        _ => None,
    }
}

/// Returns the numbers of the pool that a layer takes on the tensor cores; more than any pool has where it does not fit them.
fn by_tensor_cores(group: usize, rows: usize, inputs: usize, outputs: usize) -> usize {
    let fits = group >= WARP
        && inputs >= 8
        && inputs.is_multiple_of(8)
        && (8..=MOST_COLUMNS).contains(&outputs)
        && outputs.is_multiple_of(8);
    if fits { outputs * (inputs + 8) + 2 * outputs + outputs * (rows * group + 4) } else { usize::MAX }
}

/// What an operation needs of the pool: for one output at a time, and at once.
struct Layer {
    least: usize,
    whole: usize,
}

impl Layer {
    fn of(program: &Program, node: &Node) -> Option<Self> {
        let varies = |id: NodeId| program.nodes[id].varies;
        match &node.op {
            Some(Op::Linear(linear)) => {
                let &[outputs, inputs] = program.parameters[linear.weight].dims() else { return None };
                Some(if varies(node.inputs[0]) || inputs % 8 != 0 {
                    Self { least: 2 * (inputs + 9), whole: 2 * (outputs * (inputs + 1) + 8) }
                } else {
                    let tile = outputs.min(32);
                    Self { least: 10 * tile + 8, whole: tile * (inputs + 2) + 8 }
                })
            }
            Some(Op::Affine(_)) => {
                let all = 4 * node.shape.last().next_multiple_of(4);
                Some(Self { least: all, whole: all })
            }
            _ => None,
        }
    }
}
