//! Where values lie in a block's shared memory: one takes the place of another as soon as nothing reads that any more.

use super::groups::{Groups, Kind};
use super::layout::Layout;
use crate::ops::Op;
use crate::program::{NodeId, Program};

/// Numbers of staged weights, about.
const STAGED: usize = 4608;
/// Outputs of a tile that nothing but means read.
const TILE: usize = 32;

/// The places.
#[derive(Clone, Debug, Default)]
pub(super) struct Pool {
    /// Where each value that is a step begins.
    pub places: Vec<Option<usize>>,
    /// Of a step that reads weights: its inputs, and how many outputs it makes at once.
    pub tiles: Vec<Option<(usize, usize)>>,
    /// Where weights are staged, and numbers of either half.
    pub staging: (usize, usize),
    /// Numbers in all.
    pub numbers: usize,
}

/// Numbers from one feature of a value to the next; `padded` of fused.cuh.
pub(super) fn padded(rows: usize) -> usize {
    let eights = rows.div_ceil(8);
    8 * (eights + usize::from(eights.is_multiple_of(2)))
}

/// Numbers from one row of staged weights to the next; `stride_of` of fused.cuh.
fn stride(inputs: usize) -> usize {
    let quads = inputs.div_ceil(4);
    4 * (quads + usize::from(quads.is_multiple_of(2)))
}

/// Inputs and outputs of what begins a step, if it reads weights.
fn sizes(program: &Program, id: NodeId) -> Option<(usize, usize)> {
    let weight = match &program.nodes()[id].op {
        Some(Op::Linear(linear)) => linear.weight,
        Some(Op::Conv(conv)) => conv.weight,
        _ => return None,
    };
    let shape = &program.parameter_shapes()[weight];
    let outputs = shape.dims()[0];
    Some((shape.numel() / outputs.max(1), outputs))
}

impl Pool {
    /// Lays out all values for chunks of so many samples.
    pub fn new(program: &Program, groups: &Groups, layouts: &[Option<Layout>], samples: usize) -> Self {
        let count = program.nodes().len();
        let tiles: Vec<Option<(usize, usize)>> = (0..count)
            .map(|step| {
                let begin = groups.begins[step].unwrap_or(step);
                let (inputs, outputs) = sizes(program, begin).filter(|_| groups.steps.contains(&step))?;
                let most = (STAGED / stride(inputs)).max(8).min(outputs);
                let whole = if most >= 32 && most < outputs { most / 32 * 32 } else { most };
                Some((inputs, if groups.tiled[step].is_empty() { whole } else { outputs.min(TILE) }))
            })
            .collect();
        // As many rows as the warps' last group of outputs would have.
        let room =
            |&(inputs, tile): &(usize, usize)| stride(inputs) * tile.next_multiple_of(if tile > 24 { 32 } else { 8 });
        let size = tiles.iter().flatten().map(room).max().unwrap_or(0);
        let mut pool = Self { places: vec![None; count], tiles, staging: (0, size), numbers: 2 * size };
        // What is taken: where it begins, where it ends, and the step after which it is free; before the loop over the batch
        // nothing becomes free.
        let mut taken: Vec<(usize, usize, NodeId)> = vec![(0, 2 * size, NodeId::MAX)];
        let rows = |layout: &Layout| if layout.each { samples * layout.rows() } else { layout.rows() };
        let is_before = |id: NodeId| layouts[id].as_ref().is_some_and(|layout| !layout.each);
        let (before, within): (Vec<NodeId>, Vec<NodeId>) = groups.steps.iter().partition(|&&id| is_before(id));
        for step in before.into_iter().chain(within) {
            let Some(layout) = &layouts[step] else { continue };
            taken.retain(|&(.., last)| last >= step);
            let width = match (groups.tiled[step].is_empty(), pool.tiles[step]) {
                (false, Some((_, tile))) => tile,
                _ => layout.width(),
            };
            let size = padded(rows(layout)) * width;
            let last = if is_before(step) { NodeId::MAX } else { groups.last[step].max(step) };
            let over = overwritten(program, groups, layouts, step).and_then(|input| pool.places[input]);
            let place = over.unwrap_or_else(|| take(&taken, size));
            taken.retain(|&(start, ..)| Some(start) != over);
            taken.push((place, place + size, last));
            pool.places[step] = Some(place);
            pool.numbers = pool.numbers.max(place + size);
        }
        pool
    }
}

/// Returns the first place that nothing of what is taken overlaps, a multiple of 4.
fn take(taken: &[(usize, usize, NodeId)], size: usize) -> usize {
    let mut sorted: Vec<(usize, usize)> = taken.iter().map(|&(start, end, _)| (start, end)).collect();
    sorted.sort_unstable();
    let mut place = 0;
    for (start, end) in sorted {
        if place + size <= start {
            break;
        }
        place = place.max(end.next_multiple_of(4));
    }
    place
}

/// Returns the input that a step may overwrite: nothing reads it later, and within the step no thread reads what another writes.
fn overwritten(program: &Program, groups: &Groups, layouts: &[Option<Layout>], step: NodeId) -> Option<NodeId> {
    let node = &program.nodes()[step];
    let candidates = match (&node.op, groups.kinds[step]) {
        (_, Some(Kind::Map)) => &node.inputs[..],
        (Some(Op::Attention(_) | Op::LayerNorm(_) | Op::Softmax(_)), _) => &node.inputs[..1],
        _ => return None,
    };
    let others = |id: NodeId| {
        // All that is computed within this step.
        let mut within = vec![step];
        let mut reads = 0;
        while let Some(at) = within.pop() {
            for &input in &program.nodes()[at].inputs {
                reads += usize::from(input == id);
                if !groups.steps.contains(&input) && program.nodes()[input].varies {
                    within.push(input);
                }
            }
        }
        reads
    };
    let may = |&&input: &&NodeId| {
        groups.steps.contains(&input)
            && groups.last[input] == step
            && layouts[input] == layouts[step]
            && groups.tiled[step].is_empty()
            && others(input) == 1
    };
    candidates.iter().find(may).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_and_staged_rows_begin_in_different_banks() {
        for n in 1..300 {
            let (rows, inputs) = (padded(n), stride(n));
            assert!(rows >= n && rows < n + 16 && rows / 8 % 2 == 1 && rows.is_multiple_of(8), "{n} rows take {rows}");
            assert!(inputs >= n && inputs < n + 8 && inputs / 4 % 2 == 1 && inputs.is_multiple_of(4), "{n}: {inputs}");
        }
    }

    #[test]
    fn the_first_place_that_is_free_is_taken() {
        let taken = [(0, 8, 1), (20, 30, 1), (8, 12, 2)];
        assert_eq!(take(&taken, 8), 12);
        assert_eq!(take(&taken, 9), 32);
        assert_eq!(take(&[], 9), 0);
    }
}
