//! Where the values of a program lie: a value's memory serves another as soon as nothing reads it any more.
//!
//! So a deep model needs the memory of few layers, and a group of members stays in the cache. Nothing is computed
//! differently: each value is written whole before it is read.

use super::{Node, NodeId, Program};

/// The memory of the values that differ between members.
#[derive(Clone, Debug, Default)]
pub(super) struct Slots {
    /// The slot of each value; of a value that all members share, nothing.
    of: Vec<Option<usize>>,
    /// Elements of each slot.
    pub sizes: Vec<usize>,
}

impl Slots {
    /// Plans the memory: a value overwrites its first input if it may; else it takes the smallest free slot that it fits
    /// into, among equals the one freed last; else the largest free slot grows.
    pub fn new(program: &Program) -> Self {
        let mut slots = Self::default();
        let mut free: Vec<usize> = Vec::new();
        for (id, node) in program.nodes().iter().enumerate() {
            let slot = node.varies.then(|| match slots.overwritten(program, id) {
                Some(slot) => slot,
                None => slots.take(&mut free, node.shape.numel()),
            });
            slots.of.push(slot);
            let read_last = |&&input: &&NodeId| program.nodes()[input].last_use == id;
            let unread = [id];
            for &done in node.inputs.iter().chain(&unread).filter(read_last) {
                match slots.of[done] {
                    Some(old) if (done == id || slot != Some(old)) && !free.contains(&old) => free.push(old),
                    _ => {}
                }
            }
        }
        slots
    }

    /// Returns the slot of a value.
    pub fn of(&self, id: NodeId) -> usize {
        self.of[id].unwrap_or_default()
    }

    /// Returns whether a value lies where its first input lay.
    pub fn in_place(&self, id: NodeId, node: &Node) -> bool {
        node.inputs.first().is_some_and(|&input| self.of[input].is_some() && self.of[input] == self.of[id])
    }

    /// Returns the slot of the first input if the operation may overwrite it: nothing reads that input any more, it has
    /// as many elements as the result, and it is no other input as well.
    fn overwritten(&self, program: &Program, id: NodeId) -> Option<usize> {
        let node = &program.nodes()[id];
        let &input = node.op.as_ref().filter(|op| op.in_place()).and_then(|_| node.inputs.first())?;
        let first = &program.nodes()[input];
        let alone = node.inputs[1..].iter().all(|other| *other != input);
        let fits = first.shape.numel() == node.shape.numel();
        if alone && fits && first.last_use == id { self.of[input] } else { None }
    }

    fn take(&mut self, free: &mut Vec<usize>, size: usize) -> usize {
        let sizes = &self.sizes;
        let fitting = (0..free.len()).rev().filter(|&i| sizes[free[i]] >= size).min_by_key(|&i| sizes[free[i]]);
        let chosen = fitting.or_else(|| (0..free.len()).max_by_key(|&i| sizes[free[i]]));
        let slot = chosen.map_or(sizes.len(), |i| free.remove(i));
        if slot == self.sizes.len() {
            self.sizes.push(0);
        }
        self.sizes[slot] = self.sizes[slot].max(size);
        slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::{Arithmetic, Linear, Reduce, Tanh};

    /// A chain of layers with a skip over each of them.
    fn deep(layers: usize) -> Program {
        let mut program = Program::new(vec![[8, 8].into()]);
        let mut h = program.input([4, 8]);
        for _ in 0..layers {
            let y = program.apply(Linear { weight: 0, bias: None }, &[h]).unwrap();
            let y = program.apply(Tanh, &[y]).unwrap();
            h = program.apply(Arithmetic::Add, &[y, h]).unwrap();
        }
        program.apply(Reduce::all(crate::ops::How::Mean), &[h]).unwrap();
        program
    }

    #[test]
    fn a_deep_model_needs_the_memory_of_a_shallow_one() {
        let size = |layers| Slots::new(&deep(layers)).sizes.iter().sum::<usize>();
        assert_eq!(size(2), 64);
        assert_eq!(size(20), size(2));
    }

    #[test]
    fn values_that_are_needed_at_the_same_time_lie_apart() {
        let program = deep(5);
        let slots = Slots::new(&program);
        for (id, node) in program.nodes().iter().enumerate().filter(|(_, node)| node.varies) {
            assert!(slots.sizes[slots.of(id)] >= node.shape.numel());
            for (other, later) in program.nodes().iter().enumerate().skip(id + 1).filter(|(_, node)| node.varies) {
                let overwrites = slots.in_place(other, later) && later.inputs[0] == id;
                if node.last_use >= other && !overwrites {
                    assert_ne!(slots.of(id), slots.of(other), "{id} is read after {other} is written");
                }
            }
        }
    }
}
