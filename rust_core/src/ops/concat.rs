//! Values one after the other along an axis.

use pulp::Simd;

use super::elementwise::load;
use super::{Call, Operation};
use crate::tensor::{Real, Shape};
use crate::{Error, Result};

/// The inputs one after the other along an axis; all other sizes are equal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Concat {
    /// The axis.
    pub axis: usize,
}

impl Operation for Concat {
    const NAME: &'static str = "concat";

    fn shape(&self, inputs: &[&Shape], _: &[Shape]) -> Result<Shape> {
        let Some(first) = inputs.first() else {
            return Err(Error::Shape { op: Self::NAME, expected: "at least one input".into(), got: "none".into() });
        };
        let mut total = 0_usize;
        for shape in inputs {
            let size = if shape.rank() == first.rank() { shape.size_of_axis(Self::NAME, self.axis)? } else { 0 };
            if shape.rank() != first.rank() || shape.with_axis(self.axis, 0) != first.with_axis(self.axis, 0) {
                return Err(Error::Shape {
                    op: Self::NAME,
                    expected: format!("shapes that differ from {first} in axis {} alone", self.axis),
                    got: shape.to_string(),
                });
            }
            total = total.saturating_add(size);
        }
        let shape = first.with_axis(self.axis, total);
        shape.check(Self::NAME)?;
        Ok(shape)
    }

    fn cost(&self, _: &[&Shape], output: &Shape) -> usize {
        2 * output.numel()
    }

    #[inline(always)]
    fn run<S: Simd, T: Real, const L: usize>(&self, _: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        join(self.axis, call, out);
    }
}

/// Only data moves, so that one build serves every instruction set.
#[inline(never)]
fn join<T: Real, const L: usize>(axis: usize, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
    let blocks = |shape: &Shape| shape.dims()[axis..].iter().product::<usize>();
    let whole: usize = call.shapes.iter().map(|shape| blocks(shape)).sum();
    if out.is_empty() {
        return;
    }
    let mut start = 0;
    for (input, shape) in call.inputs.iter().zip(call.shapes) {
        let block = blocks(shape);
        if block == 0 {
            continue;
        }
        for (i, out) in out.chunks_exact_mut(whole).enumerate() {
            let out = &mut out[start..start + block];
            load(input, i * block, out);
        }
        start += block;
    }
}
