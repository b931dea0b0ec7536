//! The loops of operations that work element by element.

use super::lanes::{Call, Operand};
use crate::tensor::Real;

/// Writes f(x) for each element of the only input.
#[inline(always)]
pub(super) fn unary<T: Real, const L: usize>(call: &Call<'_, T, L>, out: &mut [[T; L]], f: impl Fn(T) -> T) {
    match call.inputs[0] {
        Operand::Shared(x) => {
            for (o, &x) in out.iter_mut().zip(x) {
                *o = [f(x); L];
            }
        }
        Operand::Members(x) => {
            for (o, &x) in out.as_flattened_mut().iter_mut().zip(x.as_flattened()) {
                *o = f(x);
            }
        }
        Operand::InPlace => {
            for o in out.as_flattened_mut() {
                *o = f(*o);
            }
        }
    }
}

/// Writes f(x, y) for each element of the first input; the second repeats along the leading axes.
#[inline(always)]
pub(super) fn binary<T: Real, const L: usize>(call: &Call<'_, T, L>, out: &mut [[T; L]], f: impl Fn(T, T) -> T) {
    match call.inputs[0] {
        Operand::Shared(x) => {
            for (o, &x) in out.iter_mut().zip(x) {
                *o = [x; L];
            }
        }
        Operand::Members(x) => out.copy_from_slice(x),
        Operand::InPlace => {}
    }
    match call.inputs[1] {
        Operand::Shared(y) => {
            for row in out.chunks_mut(y.len().max(1)) {
                for (o, &y) in row.iter_mut().zip(y) {
                    for o in o {
                        *o = f(*o, y);
                    }
                }
            }
        }
        Operand::Members(y) => {
            for row in out.chunks_mut(y.len().max(1)) {
                for (o, &y) in row.as_flattened_mut().iter_mut().zip(y.as_flattened()) {
                    *o = f(*o, y);
                }
            }
        }
        Operand::InPlace => {}
    }
}
