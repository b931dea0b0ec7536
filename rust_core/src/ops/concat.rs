//! Values one after the other along an axis.

use pulp::Simd;

use crate::cuda::DeviceTensor;
use crate::describe::{Given, methods};
use crate::loops::elementwise::load;
use crate::loops::{Call, Operand, Operation, Side};
use crate::tensor::{Real, Shape};
use crate::{Error, Result, threads};

/// The fewest numbers that a thread moves at a time.
const PIECE: usize = 1 << 17;

/// The inputs one after the other along an axis; all other sizes are equal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Concat {
    /// The axis.
    pub axis: usize,
}

methods! {
    Concat {
        /// This value and `others`, one after the other along `dim`; all other sizes are equal.
        ///
        /// >>> Tensor([1.0]).concat([Tensor([2.0, 3.0])]).tolist()
        /// [1.0, 2.0, 3.0]
        fn concat(x, others: Vec<Given>, dim: isize = 0) => Ok(Self { axis: x.axis(Self::NAME, dim)? });
    }
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

    fn threaded<T: Real>(&self, call: &Call<'_, T, 1>, out: &mut [T]) -> bool {
        if self.axis > 0 {
            return false;
        }
        // Nothing but one input after the other, cut wherever it is.
        let inputs: Vec<&[T]> = call.inputs.iter().filter_map(whole).collect();
        // One piece a thread: a copy of many megabytes goes past the caches.
        let piece = out.len().div_ceil(threads::count()).max(PIECE);
        threads::each(out.chunks_mut(piece).enumerate(), |(i, mut out)| {
            let mut skip = i * piece;
            for x in &inputs {
                let before = skip.min(x.len());
                skip -= before;
                let count = (x.len() - before).min(out.len());
                let (here, rest) = out.split_at_mut(count);
                here.copy_from_slice(&x[before..][..count]);
                out = rest;
            }
        });
        true
    }

    fn device(&self, inputs: &[&DeviceTensor], _: &[DeviceTensor], shape: &Shape) -> Result<DeviceTensor> {
        let out = inputs[0].like(Self::NAME, shape.clone())?;
        let inner = |shape: &Shape| shape.dims()[self.axis..].iter().product::<usize>();
        let mut offset = 0;
        for x in inputs {
            x.place(Self::NAME, &out, (inner(x.shape()), inner(shape), offset))?;
            offset += inner(x.shape());
        }
        Ok(out)
    }

    fn on_members(&self, side: &Side<'_>) -> Result<DeviceTensor> {
        let inputs = side.all(Self::NAME)?;
        Self { axis: self.axis + 1 }.device(&inputs.iter().collect::<Vec<_>>(), &[], &side.lifted())
    }

    #[inline(always)]
    fn run<S: Simd, T: Real, const L: usize>(&self, _: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        join(self.axis, call, out);
    }
}

fn whole<'a, T>(input: &Operand<'a, T, 1>) -> Option<&'a [T]> {
    if let Operand::Shared(x) = input { Some(x) } else { None }
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

#[cfg(test)]
mod tests {
    use crate::ops::{Concat, Op};
    use crate::tensor::Tensor;

    #[test]
    fn a_large_copy_by_threads_is_whole() {
        let numbers = |count: usize, from: usize| (from..from + count).map(|i| i as f32).collect::<Vec<_>>();
        let sizes = [1_000_003, 0, 5, 1_400_000];
        let mut from = 0;
        let parts: Vec<Tensor> = (sizes.iter())
            .map(|&count| {
                from += count;
                Tensor::new([count], numbers(count, from - count)).unwrap()
            })
            .collect();
        let whole = Op::from(Concat { axis: 0 }).eager(&parts.iter().collect::<Vec<_>>(), &[]).unwrap();
        assert_eq!(whole.shape().dims(), [from]);
        assert!(whole.to_f64().iter().enumerate().all(|(i, &x)| x == i as f64));
    }
}
