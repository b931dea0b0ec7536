//! Moving the elements of a resonant tensor; nothing is computed, and both states stay what they are.

use pyo3::prelude::*;
use pyo3::types::PyInt;
use syntonic_classic::resonant::Moves;
use syntonic_core::tensor::Resonant;

use super::select::numbers_of;
use crate::door::quick;
use crate::either::either;
use crate::list::List;
use crate::resonant::ResonantTensor;

/// One integer or several.
enum Sizes {
    One(i64),
    Many(List<i64>),
}

either!(Sizes: One | Many, "a size or a sequence of sizes");

impl Sizes {
    fn list(self) -> Vec<i64> {
        match self {
            Self::One(size) => vec![size],
            Self::Many(sizes) => sizes.0,
        }
    }
}

#[pymethods]
impl ResonantTensor {
    /// The same elements, row-major, under another shape, of which one size may be -1.
    fn reshape(&self, shape: Sizes) -> PyResult<Self> {
        let sizes = shape.list();
        self.read(|x| x.reshape(&sizes)).map(Self::wrap)
    }

    /// The same as `reshape`: a copy, since a tensor changes in place.
    fn view(&self, shape: Sizes) -> PyResult<Self> {
        self.reshape(shape)
    }

    /// Two axes exchanged.
    fn transpose(&self, dim0: i64, dim1: i64) -> PyResult<Self> {
        self.read(|x| x.transpose(dim0, dim1)).map(Self::wrap)
    }

    /// The axes in another order: axis i of the result is axis dims[i].
    fn permute(&self, dims: crate::list::List<i64>) -> PyResult<Self> {
        self.read(|x| x.permute(&dims)).map(Self::wrap)
    }

    /// The entries `indices` of the axis `dim`, in that order; without `dim` of the first.
    ///
    /// A number and a list may be given in either order: `index_select(dim, indices)`, as of a Tensor, or `(indices, dim)`.
    #[pyo3(signature = (indices, dim=None), text_signature = "($self, indices, dim=0)")]
    fn index_select(&self, indices: &Bound<'_, PyAny>, dim: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let (axis, indices) = match dim {
            Some(list) if indices.is_instance_of::<PyInt>() && !list.is_instance_of::<PyInt>() => (Some(indices), list),
            dim => (dim, indices),
        };
        let axis: i64 = axis.map(|axis| axis.extract()).transpose()?.unwrap_or(0);
        let (_, indices) = numbers_of(indices)?;
        self.read(|x| x.index_select(axis, &indices)).map(Self::wrap)
    }

    /// Tensors joined along an axis; in flux if one of them is.
    #[staticmethod]
    #[pyo3(signature = (tensors, dim=-1), text_signature = "(tensors, dim=-1)")]
    fn concat(tensors: List<PyRef<'_, Self>>, dim: i64) -> PyResult<Self> {
        let tensors = tensors.iter().map(|tensor| tensor.copy()).collect::<PyResult<Vec<_>>>()?;
        quick(|| Resonant::concat(&tensors, dim)).map(Self::wrap)
    }
}
