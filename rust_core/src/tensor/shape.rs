//! Sizes of a tensor's axes, outermost first; memory is row-major.

use std::fmt;

use smallvec::SmallVec;

use crate::{Error, Result};

/// Axes that a tensor may have: what Python's buffer protocol can describe.
const MAX_RANK: usize = 64;

/// The sizes of a tensor's axes, outermost first. A scalar has none. Up to four need no memory of their own: making them is
/// a good part of a small operation's time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Shape(SmallVec<[usize; 4]>);

impl Shape {
    /// Returns the sizes of the axes.
    pub fn dims(&self) -> &[usize] {
        &self.0
    }

    /// Returns the number of axes.
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// Returns the number of elements: the product of the sizes, 1 for a scalar.
    ///
    /// A shape that `check` refuses saturates, so that it can never match the length of real memory by wrapping.
    pub fn numel(&self) -> usize {
        if self.0.contains(&0) { 0 } else { self.0.iter().fold(1, |n, &d| n.saturating_mul(d)) }
    }

    /// Checks that memory of this shape could exist and be described by its strides.
    ///
    /// # Errors
    /// `Error::Shape` for more than 64 axes, or when the sizes other than 0 multiply to more bytes than memory can hold.
    pub fn check(&self, op: &'static str) -> Result<()> {
        let limit = isize::MAX.unsigned_abs() / size_of::<f64>();
        let elements = self.0.iter().try_fold(1_usize, |n, &d| n.checked_mul(d.max(1)));
        if self.rank() > MAX_RANK || elements.is_none_or(|n| n > limit) {
            return Err(Error::Shape {
                op,
                expected: format!("at most {MAX_RANK} axes and {limit} elements"),
                got: if self.rank() > MAX_RANK { format!("{} axes", self.rank()) } else { format!("shape {self}") },
            });
        }
        Ok(())
    }

    /// Returns the size of the last axis, 1 for a scalar.
    pub fn last(&self) -> usize {
        self.0.last().copied().unwrap_or(1)
    }

    /// Returns the distance, in elements, between neighbours on each axis.
    pub fn strides(&self) -> Vec<usize> {
        let mut strides = vec![1_usize; self.rank()];
        for axis in (1..self.rank()).rev() {
            strides[axis - 1] = strides[axis].saturating_mul(self.0[axis].max(1));
        }
        strides
    }

    /// Returns the product of all sizes but the last: the number of rows.
    pub fn rows(&self) -> usize {
        self.0.split_last().map_or(1, |(_, rest)| rest.iter().product())
    }

    /// Returns the number of an axis that is counted from the end where it is negative.
    ///
    /// # Errors
    /// `Error::Value` for an axis that does not exist.
    pub fn axis(&self, op: &'static str, axis: isize) -> Result<usize> {
        let rank = self.rank();
        let from_start = if axis < 0 { axis.checked_add_unsigned(rank) } else { Some(axis) };
        from_start.and_then(|axis| usize::try_from(axis).ok()).filter(|&axis| axis < rank).ok_or_else(|| Error::Value {
            op,
            expected: match rank {
                0 => "no axis, as a scalar has none".into(),
                _ => format!("an axis of {self}, from -{rank} to {}", rank - 1),
            },
            got: axis.to_string(),
        })
    }

    /// Returns the size of an axis.
    ///
    /// # Errors
    /// `Error::Value` for an axis that does not exist.
    pub fn size_of_axis(&self, op: &'static str, axis: usize) -> Result<usize> {
        self.0.get(axis).copied().ok_or_else(|| Error::Value {
            op,
            expected: format!("an axis below {} for {self}", self.rank()),
            got: axis.to_string(),
        })
    }

    /// Returns this shape with one axis, which must exist, replaced by `size`.
    #[must_use]
    pub fn with_axis(&self, axis: usize, size: usize) -> Self {
        let mut dims = self.0.clone();
        if let Some(old) = dims.get_mut(axis) {
            *old = size;
        }
        Self(dims)
    }

    /// Returns the shape that `sizes` name for as many elements as this one has; one of them may be -1: what is left.
    ///
    /// # Errors
    /// `Error::Shape` when nothing fits in place of -1, or a size is less.
    pub fn resolve(&self, op: &'static str, sizes: &[isize]) -> Result<Self> {
        let known = sizes.iter().filter(|&&n| n != -1).try_fold(1_usize, |all, &n| all.checked_mul(n.try_into().ok()?));
        let open = sizes.iter().filter(|&&n| n == -1).count();
        let left = match (open, known) {
            (0, Some(_)) => Some(0),
            (1, Some(known)) if known > 0 && self.numel().is_multiple_of(known) => Some(self.numel() / known),
            _ => None,
        };
        let left = left.ok_or_else(|| Error::Shape {
            op,
            expected: format!(
                "sizes of at least 0 for the {} elements of {self}; one may be -1 if the others divide them",
                self.numel()
            ),
            got: format!("{sizes:?}"),
        })?;
        Ok(Self(sizes.iter().map(|&n| usize::try_from(n).unwrap_or(left)).collect()))
    }

    /// Returns the shape that two shapes give by NumPy's rule: aligned at the last axis, an axis of size 1 repeats;
    /// nothing if they do not fit.
    ///
    /// ```
    /// use syntonic_core::tensor::Shape;
    /// assert_eq!(Shape::from([3, 1]).broadcast(&[2, 1, 4].into()), Some([2, 3, 4].into()));
    /// assert_eq!(Shape::from([3]).broadcast(&[4].into()), None);
    /// ```
    pub fn broadcast(&self, other: &Self) -> Option<Self> {
        let rank = self.rank().max(other.rank());
        let size = |shape: &Self, axis: usize| (axis + shape.rank()).checked_sub(rank).map_or(1, |own| shape.0[own]);
        let sizes = (0..rank).map(|axis| match (size(self, axis), size(other, axis)) {
            (a, b) if a == b || b == 1 => Some(a),
            (1, b) => Some(b),
            _ => None,
        });
        sizes.collect::<Option<_>>().map(Self)
    }

    /// Returns this shape with the last axis replaced by `size`.
    pub fn with_last(&self, size: usize) -> Self {
        let mut dims = self.0.clone();
        if let Some(last) = dims.last_mut() {
            *last = size;
        }
        Self(dims)
    }
}

impl From<Vec<usize>> for Shape {
    fn from(dims: Vec<usize>) -> Self {
        Self(dims.into())
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    fn from(dims: [usize; N]) -> Self {
        Self(SmallVec::from_slice(&dims))
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner: Vec<String> = self.0.iter().map(usize::to_string).collect();
        match inner.as_slice() {
            [one] => write!(f, "({one},)"),
            many => write!(f, "({})", many.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Shape;

    #[test]
    fn impossible_shapes_are_refused_and_never_wrap() {
        let wraps = Shape::from([1 << 32, 1 << 32]);
        assert_eq!(wraps.numel(), usize::MAX);
        assert!(wraps.check("test").is_err());
        assert!(Shape::from([0, 1 << 40, 1 << 40]).check("test").is_err());
        assert!(Shape::from(vec![1; 65]).check("test").is_err());
        assert!(Shape::from([0, 1 << 20]).check("test").is_ok());
        assert_eq!(Shape::from([0, usize::MAX, 2]).numel(), 0);
    }

    #[test]
    fn strides_are_row_major() {
        assert_eq!(Shape::from([2, 3, 4]).strides(), [12, 4, 1]);
        assert_eq!(Shape::from([2, 0, 4]).strides(), [4, 4, 1]);
        assert!(Shape::default().strides().is_empty());
    }
}
