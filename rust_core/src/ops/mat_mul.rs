//! Products of matrices that are values: y = a b over the last two axes, the others broadcast as NumPy does.

use pulp::Simd;

use crate::cuda::DeviceTensor;
use crate::describe::{Given, methods};
use crate::gemm::{Matrix, batched};
use crate::loops::lanes::reserve;
use crate::loops::packed::{filled, groups, place, product, wide, wide_mut};
use crate::loops::sizes::{Size, Window};
use crate::loops::{Call, Operand, Operation, Side, expect_inputs};
use crate::tensor::{Real, Shape};
use crate::{Error, Result};

/// a (.., n, k) times b (.., k, m) is (.., n, m); a vector a is a row and a vector b a column, and the result loses that axis.
///
/// Each sum goes over k in rising order with one fused multiply-add each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MatMul;

/// The sizes of one matrix and where those of a batch lie.
struct Plan {
    n: usize,
    k: usize,
    m: usize,
    /// Sizes of the batch axes of the result.
    batch: Vec<usize>,
    /// For each of them, from an index to the next in a and in b, in matrices.
    strides: Vec<[usize; 2]>,
}

fn fault<R>(expected: &str, a: &Shape, b: &Shape) -> Result<R> {
    Err(Error::Shape { op: MatMul::NAME, expected: expected.into(), got: format!("{a} and {b}") })
}

fn plan(a: &Shape, b: &Shape) -> Result<Plan> {
    let ((left, n, k), (right, inner, m)) = match (a.dims(), b.dims()) {
        ([], _) | (_, []) => return fault("two values of at least one axis", a, b),
        ([k], [inner]) => ((&[][..], 1, *k), (&[][..], *inner, 1)),
        ([k], [right @ .., inner, m]) => ((&[][..], 1, *k), (right, *inner, *m)),
        ([left @ .., n, k], [inner]) => ((left, *n, *k), (&[][..], *inner, 1)),
        ([left @ .., n, k], [right @ .., inner, m]) => ((left, *n, *k), (right, *inner, *m)),
    };
    if inner != k {
        return fault("(.., n, k) and (.., k, m) of the same k", a, b);
    }
    let rank = left.len().max(right.len());
    let mut plan = Plan { n, k, m, batch: vec![0; rank], strides: vec![[0; 2]; rank] };
    let mut matrices = [1, 1];
    for axis in (0..rank).rev() {
        // A missing axis is one of size 1.
        let size = |dims: &[usize]| (axis + dims.len()).checked_sub(rank).map_or(1, |i| dims[i]);
        let sizes = [size(left), size(right)];
        plan.batch[axis] = match sizes {
            [x, y] if x == y => x,
            [1, y] => y,
            [x, 1] => x,
            _ => return fault("batch axes that are equal or 1", a, b),
        };
        for i in 0..2 {
            plan.strides[axis][i] = if sizes[i] == 1 { 0 } else { matrices[i] };
            matrices[i] *= sizes[i];
        }
    }
    Ok(plan)
}

methods! {
    MatMul {
        /// The product of matrices (..., n, k) and (..., k, m), the leading axes broadcast as NumPy does.
        ///
        /// >>> Tensor([[1.0, 2.0]]).matmul(Tensor([[3.0], [4.0]])).tolist()
        /// [[11.0]]
        fn matmul(x, other: Given) => Ok(Self);
    }
}

impl Operation for MatMul {
    const NAME: &'static str = "matmul";

    fn shape(&self, inputs: &[&Shape], _: &[Shape]) -> Result<Shape> {
        expect_inputs(Self::NAME, inputs, 2)?;
        let Plan { n, m, batch: mut dims, .. } = plan(inputs[0], inputs[1])?;
        dims.extend(Some(n).filter(|_| inputs[0].rank() > 1));
        dims.extend(Some(m).filter(|_| inputs[1].rank() > 1));
        let shape = Shape::from(dims);
        shape.check(Self::NAME)?;
        Ok(shape)
    }

    fn cost(&self, inputs: &[&Shape], output: &Shape) -> usize {
        output.numel().saturating_mul(inputs[0].last())
    }

    fn threaded<T: Real>(&self, call: &Call<'_, T, 1>, out: &mut [T]) -> bool {
        let [Operand::Shared(a), Operand::Shared(b)] = call.inputs else { return false };
        let Ok(plan) = plan(call.shapes[0], call.shapes[1]) else { return false };
        plan.alone(a, b, out);
        true
    }

    fn device(&self, inputs: &[&DeviceTensor], _: &[DeviceTensor], shape: &Shape) -> Result<DeviceTensor> {
        let Plan { n, k, m, batch, .. } = plan(inputs[0].shape(), inputs[1].shape())?;
        // A vector is a row, or a column.
        let matrix = |x: &DeviceTensor, sides: [usize; 2]| {
            if x.shape().rank() == 1 { x.reshape(sides.into()) } else { Ok(x.clone()) }
        };
        let whole = |x: &DeviceTensor, sides: [usize; 2]| {
            matrix(x, sides)?.expand(Self::NAME, &[&batch[..], &sides].concat().into())
        };
        let (a, b) = (whole(inputs[0], [n, k])?, whole(inputs[1], [k, m])?);
        a.gemm(&b, (false, false), 1.0, None)?.reshape(shape.clone())
    }

    fn on_members(&self, side: &Side<'_>) -> Result<DeviceTensor> {
        let (left, right) = (side.shape_of(0).to_vec().into(), side.shape_of(1).to_vec().into());
        let Plan { n, k, m, batch, .. } = plan(&left, &right)?;
        let whole = |number: usize, sides: [usize; 2]| {
            let (x, each) = side.input(number);
            // One matrix for all of a member's, or of all members.
            if !each && x.shape().rank() <= 2 {
                return x.reshape(sides.into());
            }
            let own = &side.shape_of(number)[..side.shape_of(number).len().saturating_sub(2)];
            let ones = vec![1; batch.len() - own.len()];
            let members = if each { side.members } else { 1 };
            x.reshape([&[members][..], &ones, own, &sides].concat().into())?
                .expand(Self::NAME, &[&[side.members][..], &batch, &sides].concat().into())
        };
        let (a, b) = (whole(0, [n, k])?, whole(1, [k, m])?);
        let y = match (a.shape().rank(), b.shape().rank()) {
            // Many rows and one matrix: one large product.
            (3.., 2) => a.reshape([a.shape().rows(), k].into())?.gemm(&b, (false, false), 1.0, None)?,
            _ => a.gemm(&b, (false, false), 1.0, None)?,
        };
        match y.shape().numel() == side.lifted().numel() {
            true => y.reshape(side.lifted()),
            // Neither differs between members.
            false => y.reshape([&[1], side.shape.dims()].concat().into())?.expand(Self::NAME, &side.lifted()),
        }
    }

    #[inline(always)]
    fn run<S: Simd, T: Real, const L: usize>(&self, _: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        let Ok(plan) = plan(call.shapes[0], call.shapes[1]) else { return };
        match call.inputs {
            [Operand::Shared(a), Operand::Shared(b)] if L == 1 => plan.alone(a, b, out.as_flattened_mut()),
            _ => plan.run(call, out),
        }
    }
}

impl Plan {
    /// Returns which matrices of a and b make matrix `index` of the result.
    fn matrices(&self, mut index: usize) -> [usize; 2] {
        let mut at = [0; 2];
        for (size, stride) in self.batch.iter().zip(&self.strides).rev() {
            for i in 0..2 {
                at[i] += (index % size) * stride[i];
            }
            index /= size;
        }
        at
    }

    /// Computes the product of values that are the same for all members.
    fn alone<T: Real>(&self, a: &[T], b: &[T], out: &mut [T]) {
        let &Self { mut n, k, m, .. } = self;
        if self.strides.iter().all(|stride| stride[1] == 0) {
            // One b for all: the matrices a lie below each other as one.
            n *= self.batch.iter().product::<usize>();
        }
        let factors = |i: usize| {
            let at = self.matrices(i);
            (Matrix::new(&a[at[0] * n * k..][..n * k], n, k), Matrix::new(&b[at[1] * k * m..][..k * m], k, m))
        };
        batched((n, k, m), factors, out);
    }

    fn run<T: Real, const L: usize>(&self, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        let &Self { n, k, m, .. } = self;
        let width = filled::<L>(m);
        let size = Size { rows: n, outputs: groups::<L>(m), window: Window::rows(k, k), step: k };
        let mut scratch = call.scratch.borrow_mut();
        reserve(&mut scratch, n * k + width * k + n * width);
        let (a, rest) = scratch.split_at_mut(n * k);
        let (b, rest) = rest.split_at_mut(width * k);
        let sums = &mut rest[..n * width];
        let mut last = [usize::MAX; 2];
        for (index, out) in out.chunks_exact_mut((n * m).max(1)).enumerate() {
            let at = self.matrices(index);
            if at[0] != last[0] {
                for (i, a) in a.iter_mut().enumerate() {
                    *a = call.inputs[0].at(at[0] * n * k + i);
                }
            }
            if at[1] != last[1] {
                for row in 0..k {
                    for column in 0..m {
                        b[place::<L>(column, k, row)] = call.inputs[1].at((at[1] * k + row) * m + column);
                    }
                }
            }
            last = at;
            product(size, size.outputs, wide(b), a, wide_mut(sums));
            for (out, sums) in out.chunks_exact_mut(m.max(1)).zip(sums.chunks_exact(width.max(1))) {
                out.copy_from_slice(&sums[..m]);
            }
        }
    }
}
