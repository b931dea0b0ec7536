//! Which losses a value can reach, derived from the traced program: from the losses back through every operation.
//!
//! For each axis of the losses' rows, a value either has an axis that it follows, so that an element is felt at its own
//! index alone (or, behind a causal mixture, at later ones too), or has none, so that an element is felt all along it.

use super::loss::RowLoss;
use super::mixing::{Link, Links, links};
use crate::program::{NodeId, Program};
use crate::tensor::Shape;

/// For each axis of the rows, what decides the index of the losses that an element reaches.
pub(super) type Reach = Links;

/// Returns the reach of each value; nothing for a value that reaches no loss.
pub(super) fn reaches(program: &Program, loss: &RowLoss) -> Vec<Option<Reach>> {
    let nodes = program.nodes();
    let mut reaches: Vec<Option<Reach>> = vec![None; nodes.len()];
    let rows = loss.rows.rank();
    reaches[loss.outputs] = Some((0..rows).map(|axis| Some(Link { axis, shift: 0, later: false })).collect());
    for id in (0..=loss.outputs).rev() {
        let (Some(reach), Some(op)) = (reaches[id].clone(), &nodes[id].op) else { continue };
        let shapes: Vec<&Shape> = nodes[id].inputs.iter().map(|&i| &nodes[i].shape).collect();
        for (number, &input) in nodes[id].inputs.iter().enumerate() {
            let links = links(op, number, &shapes, &nodes[id].shape);
            let through = reach.iter().map(|link| link.and_then(|link| behind(link, &links))).collect();
            reaches[input] = Some(match reaches[input].take() {
                None => through,
                Some(other) => other.into_iter().zip::<Reach>(through).map(|(a, b)| either(a, b)).collect(),
            });
        }
    }
    reaches
}

/// What an axis of the rows follows in an input, given what it follows in the result.
fn behind(link: Link, links: &Links) -> Option<Link> {
    let through = links[link.axis]?;
    Some(Link { axis: through.axis, shift: link.shift + through.shift, later: link.later || through.later })
}

/// What an axis of the rows follows where a value is felt on two ways.
fn either(a: Option<Link>, b: Option<Link>) -> Option<Link> {
    let (a, b) = (a?, b?);
    match a.axis == b.axis && (a == b || a.later || b.later) {
        true => Some(Link { axis: a.axis, shift: a.shift.min(b.shift), later: a.later || b.later }),
        false => None,
    }
}

/// How a value has to do with the examples of the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Examples {
    /// It is the same whatever they are.
    None,
    /// Its first axis counts them: entry i is made of example i alone.
    First,
    /// They are mixed, or lie along another axis.
    Mixed,
}

/// Returns how each value has to do with the examples: a part of the batch can be computed for itself where none is mixed.
pub(super) fn examples(program: &Program, batch: usize) -> Vec<Examples> {
    let nodes = program.nodes();
    let mut found = vec![Examples::None; nodes.len()];
    for (id, node) in nodes.iter().enumerate() {
        let Some(op) = &node.op else {
            let counts = program.inputs().contains(&id) && node.shape.dims().first() == Some(&batch);
            found[id] = if counts { Examples::First } else { Examples::None };
            continue;
        };
        if node.inputs.iter().all(|&input| found[input] == Examples::None) {
            continue;
        }
        let shapes: Vec<&Shape> = node.inputs.iter().map(|&i| &nodes[i].shape).collect();
        let keeps = |(number, &input): (usize, &NodeId)| {
            let follows = links(op, number, &shapes, &node.shape).first().copied().flatten();
            match found[input] {
                Examples::First => follows == Some(Link { axis: 0, shift: 0, later: false }),
                // Something as long as the batch that is not made of it could not be cut with it.
                Examples::None => follows.is_none() || node.shape.dims()[0] != batch,
                Examples::Mixed => false,
            }
        };
        let kept = node.inputs.iter().enumerate().all(keeps);
        found[id] = if kept { Examples::First } else { Examples::Mixed };
    }
    found
}

/// Returns whether a value's first axis counts the examples whose losses alone it reaches.
pub(super) fn own_example(reach: &Reach) -> bool {
    reach.first().copied().flatten() == Some(Link { axis: 0, shift: 0, later: false })
}
