//! Moving the elements of a resonant tensor: other shapes, other orders of axes, parts, and several put together.
//!
//! Nothing is computed, so that both states stay what they are. The mode norms follow the last axis where it is kept.

use easy_ext::ext;
use syntonic_core::tensor::afford::afford;
use syntonic_core::tensor::{Resonant, Shape};
use syntonic_core::{Error, Result};

use super::derive::{Derive, TakeValues};

/// Returns the axis that `dim` names, counted from the end if negative.
///
/// # Errors
/// `Error::Value` if there is no such axis.
pub fn axis(op: &'static str, rank: usize, dim: i64) -> Result<usize> {
    let found = if dim < 0 { dim.checked_add(rank as i64) } else { Some(dim) };
    found.and_then(|i| usize::try_from(i).ok()).filter(|&i| i < rank).ok_or_else(|| Error::Value {
        op,
        expected: if rank == 0 { "no dim for a scalar".into() } else { format!("a dim from -{rank} to {}", rank - 1) },
        got: dim.to_string(),
    })
}

/// Returns (product of the sizes before an axis, its size, product of the sizes after it).
pub(super) fn around(shape: &Shape, axis: usize) -> (usize, usize, usize) {
    let dims = shape.dims();
    (dims[..axis].iter().product(), dims[axis], dims[axis + 1..].iter().product())
}

/// Moves of elements.
#[ext(Moves)]
impl Resonant {
    /// Returns the same elements, row-major, under another shape, of which one size may be -1: whatever fits.
    ///
    /// # Errors
    /// `Error::Shape` when the number of elements differs.
    pub fn reshape(&self, sizes: &[i64]) -> Result<Resonant> {
        let refused = || Error::Shape {
            op: "reshape",
            expected: format!("sizes with a product of {}, one of them may be -1", self.shape().numel()),
            got: format!("{sizes:?}"),
        };
        let known: Option<usize> = sizes
            .iter()
            .filter(|&&size| size != -1)
            .try_fold(1_usize, |n, &size| n.checked_mul(usize::try_from(size).ok()?));
        let known = known.ok_or_else(refused)?;
        let open = sizes.iter().filter(|&&size| size == -1).count();
        let rest = self.shape().numel().checked_div(known);
        let fits = match (open, rest) {
            (0, _) => known == self.shape().numel(),
            (1, Some(rest)) => rest * known == self.shape().numel(),
            _ => false,
        };
        if !fits {
            return Err(refused());
        }
        let dims: Vec<usize> =
            sizes.iter().map(|&size| usize::try_from(size).or(rest.ok_or(())).unwrap_or(0)).collect();
        self.with_values(dims.into(), self.state().clone(), true)
    }

    /// Returns the axes in another order: axis i of the result is axis `dims[i]` of this tensor.
    ///
    /// # Errors
    /// `Error::Value` unless `dims` names every axis once.
    pub fn permute(&self, dims: &[i64]) -> Result<Resonant> {
        let rank = self.shape().rank();
        let order = dims.iter().map(|&dim| axis("permute", rank, dim)).collect::<Result<Vec<_>>>()?;
        let mut sorted = order.clone();
        sorted.sort_unstable();
        if sorted != (0..rank).collect::<Vec<_>>() {
            let expected = format!("each of the {rank} axes once");
            return Err(Error::Value { op: "permute", expected, got: format!("{dims:?}") });
        }
        let strides = self.shape().strides();
        let sizes: Vec<usize> = order.iter().map(|&i| self.shape().dims()[i]).collect();
        let mut numbers = vec![0];
        for (&i, &size) in order.iter().zip(&sizes) {
            numbers =
                numbers.iter().flat_map(|&n| (0..size).map(move |k| (n, k))).map(|(n, k)| n + k * strides[i]).collect();
        }
        let same = order.last().is_none_or(|&last| last + 1 == rank);
        self.with_values(sizes.into(), self.state().take(&numbers)?, same)
    }

    /// Returns two axes exchanged.
    ///
    /// # Errors
    /// `Error::Value` for an axis that does not exist.
    pub fn transpose(&self, first: i64, second: i64) -> Result<Resonant> {
        let rank = self.shape().rank();
        let (first, second) = (axis("transpose", rank, first)?, axis("transpose", rank, second)?);
        let mut order: Vec<i64> = (0..rank as i64).collect();
        order.swap(first, second);
        self.permute(&order)
    }

    /// Returns the entries of an axis with these numbers, in this order; one may be taken more than once.
    ///
    /// # Errors
    /// `Error::Value` for an axis or a number that does not exist.
    pub fn index_select(&self, dim: i64, indices: &[usize]) -> Result<Resonant> {
        let op = "index_select";
        let axis = axis(op, self.shape().rank(), dim)?;
        let (outer, size, inner) = around(self.shape(), axis);
        if let Some(bad) = indices.iter().find(|&&i| i >= size) {
            return Err(Error::Value { op, expected: format!("indices below {size}"), got: bad.to_string() });
        }
        afford::<[i64; 4]>(op, outer.saturating_mul(indices.len()).saturating_mul(inner))?;
        let numbers: Vec<usize> = (0..outer)
            .flat_map(|o| indices.iter().flat_map(move |&i| (0..inner).map(move |k| (o * size + i) * inner + k)))
            .collect();
        let mut dims = self.shape().dims().to_vec();
        dims[axis] = indices.len();
        let is_last = axis + 1 == dims.len();
        let selected = self.with_values(dims.into(), self.state().take(&numbers)?, !is_last)?;
        if is_last { selected.with_norms(indices.iter().map(|&i| self.norms()[i]).collect()) } else { Ok(selected) }
    }

    /// Returns tensors joined along an axis, in which alone their sizes may differ; precision is that of the first.
    ///
    /// Crystallized tensors give a crystallized one; if one is in flux, so is the result.
    ///
    /// # Errors
    /// `Error::Shape` for no tensors, or other sizes that differ; `Error::Value` for an axis that does not exist.
    pub fn concat(tensors: &[Resonant], dim: i64) -> Result<Resonant> {
        let op = "concat";
        let Some(first) = tensors.first() else {
            return Err(Error::Shape { op, expected: "at least one tensor".into(), got: "none".into() });
        };
        let axis = axis(op, first.shape().rank(), dim)?;
        let others = |shape: &Shape| {
            let mut dims = shape.dims().to_vec();
            (axis < dims.len()).then(|| dims.remove(axis));
            (shape.rank(), dims)
        };
        if let Some(odd) = tensors.iter().find(|t| others(t.shape()) != others(first.shape())) {
            let expected = format!("shapes like {} but for axis {axis}", first.shape());
            return Err(Error::Shape { op, expected, got: odd.shape().to_string() });
        }
        let mut dims = first.shape().dims().to_vec();
        dims[axis] = tensors.iter().map(|t| t.shape().dims()[axis]).sum();
        let is_last = axis + 1 == dims.len();
        let joined = Resonant::chain(tensors);
        // Where each block of each tensor begins in the chain, in the order of the result.
        let (outer, ..) = around(first.shape(), axis);
        let widths: Vec<usize> =
            tensors.iter().map(|t| around(t.shape(), axis)).map(|(_, n, inner)| n * inner).collect();
        let mut starts = vec![0];
        starts.extend(widths.iter().scan(0, |end, width| {
            *end += width * outer;
            Some(*end)
        }));
        let numbers: Vec<usize> = (0..outer)
            .flat_map(|o| widths.iter().zip(&starts).flat_map(move |(&w, &s)| s + o * w..s + (o + 1) * w))
            .collect();
        let result = first.with_values(dims.into(), joined.take(&numbers)?, !is_last)?;
        if is_last { result.with_norms(tensors.iter().flat_map(|t| t.norms().to_vec()).collect()) } else { Ok(result) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syntonic_core::tensor::ModeNorms;

    fn counting(dims: &[usize]) -> Resonant {
        let shape = Shape::from(dims.to_vec());
        let values = (0..shape.numel()).map(|i| i as f64).collect();
        Resonant::new(shape, values, &ModeNorms::Raw, 50).unwrap()
    }

    #[test]
    fn axes_count_from_both_ends() {
        assert_eq!((axis("t", 3, -1), axis("t", 3, 0)), (Ok(2), Ok(0)));
        assert!([3, -4, i64::MIN, i64::MAX].into_iter().all(|dim| axis("t", 3, dim).is_err()));
        assert!(axis("t", 0, 0).is_err());
    }

    #[test]
    fn norms_follow_their_axis() {
        let x = counting(&[2, 3]);
        assert_eq!(x.transpose(0, 1).unwrap().norms(), [0.0, 2.25]);
        assert_eq!(x.index_select(-1, &[2, 0]).unwrap().norms(), [4.0, 0.0]);
        assert_eq!(x.index_select(0, &[1]).unwrap().norms(), [0.0, 1.0, 4.0]);
        assert_eq!(Resonant::concat(&[x.clone(), x.clone()], 1).unwrap().norms(), [0.0, 1.0, 4.0, 0.0, 1.0, 4.0]);
        assert_eq!(x.reshape(&[1, -1, 3]).unwrap().norms(), [0.0, 1.0, 4.0]);
        assert_eq!(x.reshape(&[-1]).unwrap().precision(), 50);
    }

    #[test]
    fn elements_move_as_told() {
        let x = counting(&[2, 3]);
        assert_eq!(x.transpose(0, -1).unwrap().values(), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
        assert_eq!(x.index_select(1, &[1, 1]).unwrap().values(), [1.0, 1.0, 4.0, 4.0]);
        let joined = Resonant::concat(&[x.clone(), counting(&[2, 1])], 1).unwrap();
        assert_eq!(joined.values(), [0.0, 1.0, 2.0, 0.0, 3.0, 4.0, 5.0, 1.0]);
        let empty = counting(&[0, 3]);
        assert_eq!(empty.transpose(0, 1).unwrap().shape().dims(), [3, 0]);
        assert_eq!(empty.reshape(&[3, -1]).unwrap().shape().dims(), [3, 0]);
        assert!(empty.reshape(&[0, -1]).is_err());
    }

    #[test]
    fn a_lattice_stays_a_lattice() {
        let mut x = counting(&[2, 2]);
        x.crystallize(None).unwrap();
        let y = x.permute(&[1, 0]).unwrap();
        assert_eq!(y.lattice().unwrap().a(), [0, 2, 1, 3]);
        assert_eq!(Resonant::concat(&[x.clone(), y], 0).unwrap().phase(), "crystallized");
        assert_eq!(Resonant::concat(&[x, counting(&[1, 2])], 0).unwrap().phase(), "flux");
    }

    #[test]
    fn misfits_are_refused() {
        let x = counting(&[2, 3]);
        assert!(x.permute(&[0, 0]).is_err() && x.permute(&[0]).is_err());
        assert!(x.reshape(&[-1, -1]).is_err() && x.reshape(&[4]).is_err() && x.reshape(&[-2, -3]).is_err());
        assert!(x.reshape(&[i64::MAX, i64::MAX]).is_err());
        assert!(x.index_select(1, &[3]).is_err());
        assert!(Resonant::concat(&[], 0).is_err());
        assert!(Resonant::concat(&[x.clone(), counting(&[3, 2])], 0).is_err());
        assert!(Resonant::concat(&[x, counting(&[3])], 0).is_err());
    }
}
