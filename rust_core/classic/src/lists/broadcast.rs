//! Broadcasting of flat lists with shapes: axes are aligned at the last one, and an axis of size 1 repeats.

use super::same_length;
use syntonic_core::tensor::Shape;
use syntonic_core::{Error, Result};

/// An operation on two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    /// x + y.
    Add,
    /// x - y.
    Sub,
    /// x * y.
    Mul,
    /// x / y, by IEEE rules also for y = 0.
    Div,
}

impl Binary {
    fn of(self, x: f64, y: f64) -> f64 {
        match self {
            Self::Add => x + y,
            Self::Sub => x - y,
            Self::Mul => x * y,
            Self::Div => x / y,
        }
    }
}

/// Returns (data, shape) of an operation on two broadcast lists; nothing if their shapes do not fit.
///
/// # Errors
/// `Error::Shape` if a list is not the product of its shape's sizes, or the result is too large for memory.
pub fn broadcast(
    op: Binary,
    (a, a_shape): (&[f64], &[usize]),
    (b, b_shape): (&[f64], &[usize]),
) -> Result<Option<(Vec<f64>, Vec<usize>)>> {
    let shapes = [a_shape, b_shape].map(|shape| Shape::from(shape.to_vec()));
    for (data, shape) in [a, b].into_iter().zip(&shapes) {
        shape.check("broadcast")?;
        same_length("broadcast", shape.numel(), data.len())?;
    }
    let Some(shape) = shapes[0].broadcast(&shapes[1]) else { return Ok(None) };
    shape.check("broadcast")?;
    let dims = shape.dims().to_vec();
    let count = shape.numel();
    let mut data = super::elementwise::filled("broadcast", count, 0.0)?;
    let (steps_a, steps_b) = (steps(a_shape, dims.len()), steps(b_shape, dims.len()));
    let mut index = vec![0; dims.len()];
    let (mut i, mut j) = (0, 0);
    for value in &mut data {
        *value = op.of(a[i], b[j]);
        // Counts up like the digits of a number, the last axis first.
        for axis in (0..dims.len()).rev() {
            index[axis] += 1;
            i += steps_a[axis];
            j += steps_b[axis];
            if index[axis] < dims[axis] {
                break;
            }
            i -= steps_a[axis] * dims[axis];
            j -= steps_b[axis] * dims[axis];
            index[axis] = 0;
        }
    }
    Ok(Some((data, dims)))
}

/// Returns the strides of a shape under `rank` axes, 0 where it repeats.
fn steps(dims: &[usize], rank: usize) -> Vec<usize> {
    let strides = Shape::from(dims.to_vec()).strides();
    let own = dims.iter().zip(strides).map(|(&size, stride)| if size == 1 { 0 } else { stride });
    std::iter::repeat_n(0, rank - dims.len()).chain(own).collect()
}

/// Returns the sum of index * stride over the axes.
///
/// # Errors
/// `Error::Shape` for different numbers of axes, `Error::Overflow`.
pub fn linear_index(indices: &[usize], strides: &[usize]) -> Result<usize> {
    let op = "linear_index";
    if indices.len() != strides.len() {
        let got = strides.len().to_string();
        return Err(Error::Shape { op, expected: format!("{} strides", indices.len()), got });
    }
    let add = |sum: usize, (i, s): (&usize, &usize)| sum.checked_add(i.checked_mul(*s)?);
    indices.iter().zip(strides).try_fold(0, add).ok_or(Error::Overflow { op })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_of_size_one_repeat() {
        let (data, shape) =
            broadcast(Binary::Sub, (&[1.0, 2.0], &[2, 1]), (&[10.0, 20.0, 30.0], &[3])).unwrap().unwrap();
        assert_eq!((data, shape), (vec![-9.0, -19.0, -29.0, -8.0, -18.0, -28.0], vec![2, 3]));
        let (data, shape) = broadcast(Binary::Div, (&[1.0], &[]), (&[0.0], &[1, 1])).unwrap().unwrap();
        assert_eq!((data, shape), (vec![f64::INFINITY], vec![1, 1]));
        let (data, shape) = broadcast(Binary::Add, (&[], &[0, 1]), (&[1.0, 2.0], &[2])).unwrap().unwrap();
        assert_eq!((data, shape), (vec![], vec![0, 2]));
    }

    #[test]
    fn what_does_not_fit() {
        assert_eq!(broadcast(Binary::Mul, (&[1.0; 2], &[2]), (&[1.0; 3], &[3])), Ok(None));
        assert_eq!(Shape::from([0]).broadcast(&[2].into()), None);
        assert!(broadcast(Binary::Mul, (&[1.0], &[2]), (&[1.0], &[1])).is_err());
        assert!(broadcast(Binary::Mul, (&[], &[0, usize::MAX, 3]), (&[1.0], &[1])).is_err());
        assert_eq!(linear_index(&[1, 2, 3], &[12, 4, 1]), Ok(23));
        assert!(linear_index(&[1], &[]).is_err() && linear_index(&[2], &[usize::MAX]).is_err());
    }
}
