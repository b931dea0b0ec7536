//! How a row-major pass over one shape moves through the memory of another value: the loops of all that only moves data.

use smallvec::SmallVec;

use super::Operand;
use crate::tensor::{Real, Shape};
use crate::{Error, Result};

/// An axis: its size, and the distance of neighbours on it.
type Axis = (usize, usize);

/// The way of a row-major pass through memory, as runs of equal steps. Axes that memory joins are one axis.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Walk {
    /// The axes around a run, outermost first.
    outer: SmallVec<[Axis; 4]>,
    /// Elements of a run.
    pub count: usize,
    /// The distance of its neighbours.
    pub step: usize,
    /// The number of the first element.
    start: usize,
}

impl Walk {
    /// Returns the way over these axes, outermost first.
    pub fn new(start: usize, axes: impl DoubleEndedIterator<Item = Axis>) -> Self {
        let mut merged: SmallVec<[Axis; 4]> = SmallVec::new();
        for (size, stride) in axes.rev().filter(|&(size, _)| size != 1) {
            match merged.last_mut() {
                Some((inner, step)) if *inner * *step == stride && (*step > 0 || stride == 0) => *inner *= size,
                _ => merged.push((size, stride)),
            }
        }
        merged.reverse();
        let (count, step) = merged.pop().unwrap_or((1, 1));
        Self { outer: merged, count, step, start }
    }

    /// Returns the way of a pass over `output` through a value of shape `input` that repeats as NumPy's rule says.
    pub fn broadcast(input: &Shape, output: &Shape) -> Self {
        let (sizes, strides) = (input.dims(), input.strides());
        let missing = output.rank() - input.rank();
        let stride = |(axis, &size): (usize, &usize)| match axis.checked_sub(missing) {
            Some(own) if sizes[own] == size => (size, strides[own]),
            _ => (size, 0),
        };
        Self::new(0, output.dims().iter().enumerate().map(stride))
    }

    /// Returns the way of a pass over `total` elements through a value of `count` that repeats along the leading axes.
    pub fn repeated(count: usize, total: usize) -> Self {
        Self::new(0, [(total.checked_div(count).unwrap_or(0), 0), (count, 1)].into_iter())
    }

    /// Returns the way through a value of shape `input` whose axes are taken in the order `axes`.
    pub fn permuted(input: &Shape, axes: &[usize]) -> Self {
        let strides = input.strides();
        Self::new(0, axes.iter().map(|&axis| (input.dims()[axis], strides[axis])))
    }

    /// Returns each run of `out` with the number of the element that it begins with.
    #[inline(always)]
    pub fn runs_of<'w, 'o, E>(&'w self, out: &'o mut [E]) -> Runs<'w, 'o, E> {
        Runs { walk: self, rest: out, index: smallvec::smallvec![0; self.outer.len()], next: self.start }
    }
}

/// The runs of a walk.
pub(crate) struct Runs<'w, 'o, E> {
    walk: &'w Walk,
    rest: &'o mut [E],
    index: SmallVec<[usize; 4]>,
    next: usize,
}

impl<'o, E> Iterator for Runs<'_, 'o, E> {
    type Item = (&'o mut [E], usize);

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let (run, rest) = std::mem::take(&mut self.rest).split_at_mut(self.walk.count);
        self.rest = rest;
        let start = self.next;
        for (index, &(size, stride)) in self.index.iter_mut().zip(&self.walk.outer).rev() {
            *index += 1;
            self.next += stride;
            if *index < size {
                break;
            }
            self.next -= size * stride;
            *index = 0;
        }
        Some((run, start))
    }
}

/// Writes the elements of `x` in the order of the walk. Only data moves, so that one build serves every instruction set.
#[inline(never)]
pub(crate) fn gather<T: Real, const L: usize>(x: Operand<'_, T, L>, walk: &Walk, out: &mut [[T; L]]) {
    for (out, start) in walk.runs_of(out) {
        match (x, walk.step) {
            (Operand::Shared(x), 0) => out.fill([x[start]; L]),
            (Operand::Shared(x), step) => {
                for (o, &x) in out.iter_mut().zip(x[start..].iter().step_by(step)) {
                    *o = [x; L];
                }
            }
            (Operand::Members(x), 0) => out.fill(x[start]),
            (Operand::Members(x), 1) => out.copy_from_slice(&x[start..][..out.len()]),
            (Operand::Members(x), step) => {
                for (o, x) in out.iter_mut().zip(x[start..].iter().step_by(step)) {
                    *o = *x;
                }
            }
            (Operand::InPlace, _) => {}
        }
    }
}

/// Returns the shape that two shapes give by NumPy's rule: aligned at the end, and an axis of size 1 repeats.
///
/// # Errors
/// `Error::Shape` when two sizes differ and neither is 1.
pub(crate) fn broadcast_shape(op: &'static str, x: &Shape, y: &Shape) -> Result<Shape> {
    let shape = x.broadcast(y).ok_or_else(|| Error::Shape {
        op,
        expected: "two shapes whose sizes, aligned at the end, are equal or 1".into(),
        got: format!("{x} and {y}"),
    })?;
    shape.check(op)?;
    Ok(shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(walk: &Walk, count: usize) -> Vec<usize> {
        let mut out = vec![(); count];
        walk.runs_of(&mut out).flat_map(|(run, start)| (0..run.len()).map(move |i| start + i * walk.step)).collect()
    }

    #[test]
    fn axes_that_memory_joins_are_one() {
        let walk = Walk::permuted(&[2, 3, 4].into(), &[0, 1, 2]);
        assert_eq!((walk.outer.len(), walk.count, walk.step), (0, 24, 1));
        let walk = Walk::broadcast(&[4].into(), &[2, 3, 4].into());
        assert_eq!((walk.outer.as_slice(), walk.count, walk.step), (&[(6, 0)][..], 4, 1));
        let walk = Walk::broadcast(&[2, 3, 1].into(), &[2, 3, 4].into());
        assert_eq!((walk.outer.as_slice(), walk.count, walk.step), (&[(6, 1)][..], 4, 0));
        let walk = Walk::broadcast(&Shape::default(), &[2, 3].into());
        assert_eq!((walk.outer.len(), walk.count, walk.step), (0, 6, 0));
    }

    #[test]
    fn passes_are_row_major() {
        assert_eq!(passed(&Walk::permuted(&[2, 3].into(), &[1, 0]), 6), [0, 3, 1, 4, 2, 5]);
        assert_eq!(passed(&Walk::broadcast(&[2, 1].into(), &[2, 3].into()), 6), [0, 0, 0, 1, 1, 1]);
        assert_eq!(passed(&Walk::broadcast(&[2, 1, 2].into(), &[2, 2, 2].into()), 8), [0, 1, 0, 1, 2, 3, 2, 3]);
        assert_eq!(passed(&Walk::new(1, [(2, 4), (2, 1)].into_iter()), 4), [1, 2, 5, 6]);
        assert_eq!(passed(&Walk::broadcast(&[0].into(), &[2, 0].into()), 0), [0; 0]);
    }

    #[test]
    fn shapes_broadcast_as_in_numpy() {
        let of = |x: &[usize], y: &[usize]| broadcast_shape("test", &x.to_vec().into(), &y.to_vec().into());
        assert_eq!(of(&[2, 1], &[3]).unwrap().dims(), [2, 3]);
        assert_eq!(of(&[], &[4, 0]).unwrap().dims(), [4, 0]);
        assert_eq!(of(&[1, 5], &[0, 1]).unwrap().dims(), [0, 5]);
        assert!(of(&[2], &[3]).is_err());
        assert!(of(&[1 << 40, 1], &[1, 1 << 40]).is_err());
    }
}
