//! Chosen entries of one axis.

use pulp::Simd;

use crate::cuda::DeviceTensor;
use crate::describe::{Places, methods};
use crate::loops::{Call, Operation, Side, expect_inputs};
use crate::tensor::{Real, Shape};
use crate::{Error, Result};

/// The given entries of one axis, in the given order; one may be chosen more than once.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexSelect {
    /// The axis.
    pub axis: usize,
    /// The numbers of the entries.
    pub indices: Vec<usize>,
}

methods! {
    IndexSelect {
        /// The entries `indices`, counted from 0, of the axis `dim`, in that order.
        ///
        /// >>> Tensor([1.0, 2.0, 3.0]).index_select(0, [2, 0]).tolist()
        /// [3.0, 1.0]
        fn index_select(x, dim: isize, indices: Places) => {
            Ok(Self { axis: x.axis(Self::NAME, dim)?, indices: indices.0 })
        };
    }
}

impl Operation for IndexSelect {
    const NAME: &'static str = "index_select";

    fn shape(&self, inputs: &[&Shape], _: &[Shape]) -> Result<Shape> {
        expect_inputs(Self::NAME, inputs, 1)?;
        let size = inputs[0].size_of_axis(Self::NAME, self.axis)?;
        if let Some(index) = self.indices.iter().find(|&&index| index >= size) {
            return Err(Error::Value {
                op: Self::NAME,
                expected: format!("indices below {size}, the size of axis {} of {}", self.axis, inputs[0]),
                got: index.to_string(),
            });
        }
        Ok(inputs[0].with_axis(self.axis, self.indices.len()))
    }

    fn cost(&self, _: &[&Shape], output: &Shape) -> usize {
        2 * output.numel()
    }

    fn device(&self, inputs: &[&DeviceTensor], _: &[DeviceTensor], _: &Shape) -> Result<DeviceTensor> {
        inputs[0].select(Self::NAME, self.axis, &self.indices)
    }

    fn on_members(&self, side: &Side<'_>) -> Result<DeviceTensor> {
        side.whole(Self::NAME, 0)?.select(Self::NAME, self.axis + 1, &self.indices)
    }

    #[inline(always)]
    fn run<S: Simd, T: Real, const L: usize>(&self, _: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        let Some(x) = call.inputs[0].lanes() else { return };
        select(&self.indices, x, call.shapes[0], self.axis, out);
    }
}

#[inline(never)]
fn select<E: Copy>(indices: &[usize], x: &[E], shape: &Shape, axis: usize, out: &mut [E]) {
    let inner: usize = shape.dims()[axis + 1..].iter().product();
    let block = shape.dims()[axis] * inner;
    if out.is_empty() {
        return;
    }
    for (out, x) in out.chunks_exact_mut(indices.len() * inner).zip(x.chunks_exact(block)) {
        for (out, &index) in out.chunks_exact_mut(inner).zip(indices) {
            out.copy_from_slice(&x[index * inner..][..inner]);
        }
    }
}
