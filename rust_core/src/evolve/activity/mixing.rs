//! Which positions an operation mixes: for each axis of its result, the axis of an input that it follows.
//!
//! From these links the reach of every value is derived (`reach`); no model and no layer states it by hand. An axis
//! without a link is mixed: an element of the input may be felt anywhere along it.

use crate::ops::{Activation, Op};
use crate::tensor::Shape;

/// An axis of the result that follows an axis of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link {
    /// The axis of the input.
    pub axis: usize,
    /// Index of the result minus index of the input.
    pub shift: isize,
    /// Whether later indices of the result feel the element too.
    pub later: bool,
}

impl Link {
    fn same(axis: usize) -> Option<Self> {
        Some(Self { axis, shift: 0, later: false })
    }
}

/// For each axis of a result, what it follows.
pub(super) type Links = Vec<Option<Link>>;

/// Returns what each axis of the result of `op` follows in its input number `input`.
pub(super) fn links(op: &Op, input: usize, shapes: &[&Shape], output: &Shape) -> Links {
    let x = shapes[input];
    let rank = output.rank();
    let all = || (0..rank).map(Link::same);
    let but = |mixed: &dyn Fn(usize) -> bool| all().enumerate().map(|(i, l)| l.filter(|_| !mixed(i))).collect();
    match op {
        Op::Linear(_) | Op::LayerNorm(_) => but(&|axis| axis + 1 == rank),
        Op::PhiResidual(residual) if matches!(residual.activation, Activation::LayerNorm(_)) => {
            but(&|axis| axis + 1 == rank)
        }
        Op::BatchNorm(_) => but(&|axis| axis + 1 != rank),
        Op::Softmax(softmax) => but(&|axis| axis + softmax.axis == rank),
        Op::Conv(_) => but(&|axis| axis != 0),
        Op::AvgPool(_) | Op::MaxPool(_) => but(&|axis| axis != 0 && axis + 1 != rank),
        Op::IndexSelect(select) => but(&|axis| axis == select.axis),
        Op::Embedding(_) => but(&|axis| axis + 1 == rank),
        Op::Arithmetic(_) | Op::Expand(_) => broadcast(x, output),
        Op::Attention(attention) => {
            let positions = match input {
                0 => Link::same(1),
                _ if attention.causal => Some(Link { axis: 1, shift: 0, later: true }),
                _ => None,
            };
            vec![Link::same(0), positions, None]
        }
        Op::MatMul(_) => product(input, x, shapes, output),
        Op::Concat(concat) => {
            let before: usize = shapes[..input].iter().map(|shape| shape.dims()[concat.axis]).sum();
            all()
                .map(|link| link.map(|l| if l.axis == concat.axis { shifted(l, before as isize) } else { l }))
                .collect()
        }
        Op::Narrow(narrow) => {
            let start = -(narrow.start as isize);
            all().map(|link| link.map(|l| if l.axis == narrow.axis { shifted(l, start) } else { l })).collect()
        }
        Op::Permute(permute) => permute.axes.iter().map(|&axis| Link::same(axis)).collect(),
        Op::Reshape(_) => regrouped(x, output),
        Op::Reduce(reduce) => {
            let taken = |axis: &usize| reduce.axes.as_ref().is_none_or(|axes| axes.contains(axis));
            match reduce.keep {
                true => but(&|axis| taken(&axis)),
                false => (0..x.rank()).filter(|axis| !taken(axis)).map(Link::same).collect(),
            }
        }
        Op::Abs(_)
        | Op::Affine(_)
        | Op::Clamp(_)
        | Op::Cos(_)
        | Op::Dropout(_)
        | Op::Exp(_)
        | Op::Gelu(_)
        | Op::Log(_)
        | Op::Neg(_)
        | Op::PhiResidual(_)
        | Op::Relu(_)
        | Op::Sigmoid(_)
        | Op::Sin(_)
        | Op::Sqrt(_)
        | Op::Square(_)
        | Op::Tanh(_) => all().collect(),
        // Whatever says nothing of itself may mix all that it reads: credit is then noisier, and right.
        _ => vec![None; rank],
    }
}

fn shifted(link: Link, by: isize) -> Link {
    Link { shift: link.shift + by, ..link }
}

/// Axes aligned at the end; one that repeats is felt everywhere along it.
fn broadcast(x: &Shape, output: &Shape) -> Links {
    let missing = output.rank() - x.rank();
    let link = |axis: usize| {
        let own = axis.checked_sub(missing)?;
        Link::same(own).filter(|_| x.dims()[own] == output.dims()[axis])
    };
    (0..output.rank()).map(link).collect()
}

/// Of a (.., n, k) the rows stay, of b (.., k, m) the columns; batch axes are broadcast.
fn product(input: usize, x: &Shape, shapes: &[&Shape], output: &Shape) -> Links {
    let (vector_a, vector_b) = (shapes[0].rank() == 1, shapes[1].rank() == 1);
    // The axes of the result as if neither factor were a vector, which makes them those of the batch and two more.
    let whole = output.rank() + usize::from(vector_a) + usize::from(vector_b);
    let vector = [vector_a, vector_b][input];
    let mut links: Links = (0..whole)
        .map(|axis| {
            let last = whole - axis;
            match (input, last) {
                _ if vector => None,
                (0, 1) | (1, 2) => None,
                _ => {
                    let own = (x.rank() + axis).checked_sub(whole)?;
                    let size = if last <= 2 { x.dims()[own] } else { output.dims()[axis] };
                    Link::same(own).filter(|_| x.dims()[own] == size)
                }
            }
        })
        .collect();
    if vector_b {
        links.pop();
    }
    if vector_a {
        links.remove(whole - 2);
    }
    links
}

/// An axis of the same size stays where as many elements lie before it under either shape.
fn regrouped(x: &Shape, output: &Shape) -> Links {
    let before = |shape: &Shape, axis: usize| shape.dims()[..axis].iter().product::<usize>();
    let link = |axis: usize| {
        let size = output.dims()[axis];
        let own = (0..x.rank()).find(|&i| x.dims()[i] == size && before(x, i) == before(output, axis) && size > 0)?;
        Link::same(own)
    };
    (0..output.rank()).map(link).collect()
}
