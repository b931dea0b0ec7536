//! The loops of operations that work element by element.

use super::lanes::{Call, Operand, zip};
use crate::tensor::Real;

/// Writes f(x) for each element of the only input.
#[inline(always)]
pub(super) fn unary<T: Real, const L: usize>(call: &Call<'_, T, L>, out: &mut [[T; L]], f: impl Fn(T) -> T) {
    match call.inputs[0] {
        Operand::Shared(x) => out.iter_mut().zip(x).for_each(|(o, &x)| *o = [f(x); L]),
        Operand::Members(x) => out.iter_mut().zip(x).for_each(|(o, x)| *o = each(*x, &f)),
        Operand::InPlace => out.iter_mut().for_each(|o| *o = each(*o, &f)),
    }
}

#[inline(always)]
fn each<T: Real, const L: usize>(mut x: [T; L], f: &impl Fn(T) -> T) -> [T; L] {
    for v in &mut x {
        *v = f(*v);
    }
    x
}

/// Writes f(x, y) for each element of the first input; the second repeats along the leading axes.
#[inline(always)]
pub(super) fn binary<T: Real, const L: usize>(call: &Call<'_, T, L>, out: &mut [[T; L]], f: impl Fn(T, T) -> T) {
    match call.inputs[0] {
        Operand::Shared(x) => out.iter_mut().zip(x).for_each(|(o, &x)| *o = [x; L]),
        Operand::Members(x) => out.copy_from_slice(x),
        Operand::InPlace => {}
    }
    match call.inputs[1] {
        Operand::Shared(y) => {
            for row in out.chunks_mut(y.len().max(1)) {
                row.iter_mut().zip(y).for_each(|(o, &y)| *o = zip(*o, [y; L], &f));
            }
        }
        Operand::Members(y) => {
            for row in out.chunks_mut(y.len().max(1)) {
                row.iter_mut().zip(y).for_each(|(o, y)| *o = zip(*o, *y, &f));
            }
        }
        Operand::InPlace => {}
    }
}
