//! Products of crystallized matrices, exact: no rounding, no snap, overflow always an error.

use super::products::{Form, sizes, square_pair};
use syntonic_core::exact::LatticeArray;
use syntonic_core::tensor::afford::afford;
use syntonic_core::tensor::{ModeNorms, Resonant};
use syntonic_core::{Error, Result};

use crate::exact::LatticeArithmetic;
use crate::resonant::ExactArithmetic;

/// Returns op(A) op(B), with default norms over the columns and the precision of A.
///
/// # Errors
/// `Error::Value` in flux, `Error::Shape` for factors that do not fit, `Error::Overflow`.
pub fn lattice_product(op: &'static str, a: (&Resonant, Form), b: (&Resonant, Form)) -> Result<Resonant> {
    let (rows, inner, columns) = sizes(op, (a.0.shape().dims(), a.1), (b.0.shape().dims(), b.1))?;
    let (x, y) = (points(op, a.0)?, points(op, b.0)?);
    afford::<[i64; 4]>(op, rows.saturating_mul(columns).saturating_add(inner))?;
    let x = if a.1 == Form::Plain { x.clone() } else { transposed(x, inner, rows)? };
    // The exact product takes its second factor by columns.
    let y = if b.1 == Form::Plain { transposed(y, inner, columns)? } else { y.clone() };
    let product = x.matmul_transposed(&y, rows, inner, columns)?;
    Resonant::from_points([rows, columns], product, &ModeNorms::default(), a.0.precision())
}

/// Returns phi^n A B.
///
/// # Errors
/// As [`lattice_product`].
pub fn lattice_mm_phi(a: &Resonant, b: &Resonant, n: i32) -> Result<Resonant> {
    let mut product = lattice_product("mm_phi", (a, Form::Plain), (b, Form::Plain))?;
    for _ in 0..n.unsigned_abs() {
        product = if n > 0 { product.apply_recursion()? } else { product.apply_inverse_recursion()? };
    }
    Ok(product)
}

/// Returns A B - B A / phi, or the sum of the two for `plus`.
///
/// # Errors
/// As [`lattice_product`]; `Error::Shape` unless both are square and of one size.
pub fn lattice_bracket(op: &'static str, a: &Resonant, b: &Resonant, plus: bool) -> Result<Resonant> {
    square_pair(op, a.shape(), b.shape())?;
    let ab = lattice_product(op, (a, Form::Plain), (b, Form::Plain))?;
    let ba = lattice_product(op, (b, Form::Plain), (a, Form::Plain))?.apply_inverse_recursion()?;
    if plus { ab.add(&ba) } else { ab.sub(&ba) }
}

fn points<'a>(op: &'static str, x: &'a Resonant) -> Result<&'a LatticeArray> {
    x.lattice().ok_or_else(|| Error::Value {
        op,
        expected: "crystallized tensors: call crystallize() first, or to_tensor() for floats".into(),
        got: "one in flux".into(),
    })
}

/// Returns a matrix of so many rows and columns by its columns.
fn transposed(x: &LatticeArray, rows: usize, columns: usize) -> Result<LatticeArray> {
    let turn = |values: &[i64]| -> Vec<i64> {
        (0..columns).flat_map(|j| (0..rows).map(move |i| values[i * columns + j])).collect()
    };
    LatticeArray::new(turn(x.a()), turn(x.b()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(dims: [usize; 2], points: &[(i64, i64)]) -> Resonant {
        Resonant::from_points(dims, points.iter().copied().collect(), &ModeNorms::Raw, 50).unwrap()
    }

    fn read(x: &Resonant) -> Vec<(i64, i64)> {
        let points = x.lattice().unwrap();
        points.a().iter().copied().zip(points.b().iter().copied()).collect()
    }

    #[test]
    fn forms_and_brackets_are_exact() {
        let a = matrix([1, 2], &[(1, 1), (0, 2)]);
        let b = matrix([2, 1], &[(3, 0), (1, -1)]);
        // (1 + phi) 3 + 2 phi (1 - phi) = 3 + 3 phi + 2 phi - 2 phi^2 = 1 + 3 phi
        let plain = lattice_product("mm", (&a, Form::Plain), (&b, Form::Plain)).unwrap();
        assert_eq!(read(&plain), [(1, 3)]);
        let both = lattice_product("mm_tt", (&b, Form::Transposed), (&a, Form::Transposed)).unwrap();
        assert_eq!(read(&both), [(1, 3)]);
        let outer = lattice_product("mm_tn", (&a, Form::Transposed), (&b, Form::Transposed)).unwrap();
        assert_eq!(read(&outer), [(3, 3), (0, -1), (0, 6), (-2, 0)]);
        assert_eq!(read(&lattice_mm_phi(&a, &b, 2).unwrap()), [(4, 7)]);
        assert_eq!(read(&lattice_mm_phi(&a, &b, -1).unwrap()), [(2, 1)]);
        let (x, y) = (matrix([1, 1], &[(2, 0)]), matrix([1, 1], &[(0, 3)]));
        // 6 phi - 6 phi / phi = -6 + 6 phi
        assert_eq!(read(&lattice_bracket("phi_bracket", &x, &y, false).unwrap()), [(-6, 6)]);
        assert_eq!(read(&lattice_bracket("phi_antibracket", &x, &y, true).unwrap()), [(6, 6)]);
        assert!(lattice_bracket("phi_bracket", &a, &b, false).is_err());
        let mut flux = a.clone();
        flux.wake_flux();
        assert!(lattice_product("mm", (&flux, Form::Plain), (&b, Form::Plain)).is_err());
    }
}
