//! Where an element of a value is: rows of the last axis, and how a place in one value becomes a place in another.

use crate::tensor::Shape;
use crate::{Error, Result};

/// The shape of a value for one sample of the batch, or of a value without the batch's axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// Whether each sample has its own.
    pub each: bool,
    /// The axes of one sample's, or all.
    pub dims: Vec<usize>,
    /// Whether the batch's axis and the next are one axis of the value.
    pub merged: bool,
}

/// A place: a row and a number within it, as expressions of CUDA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct At {
    pub row: String,
    pub feature: String,
}

impl At {
    /// The place (r, f).
    pub fn own() -> Self {
        Self { row: "r".into(), feature: "f".into() }
    }
}

/// What is refused.
pub(super) fn refused(what: impl Into<String>) -> Error {
    Error::Value { op: "device=cuda", expected: "a program with a fused kernel".into(), got: what.into() }
}

impl Layout {
    /// Reads the shape of a value; `each` says whether samples have their own.
    pub fn of(shape: &Shape, each: bool, batch: usize) -> Result<Self> {
        let dims = shape.dims();
        if !each {
            return Ok(Self { each, dims: dims.to_vec(), merged: false });
        }
        match dims {
            [first, rest @ ..] if *first == batch => Ok(Self { each, dims: rest.to_vec(), merged: false }),
            [first, rest @ ..] if first % batch == 0 && *first > 0 => {
                Ok(Self { each, dims: [&[first / batch], rest].concat(), merged: true })
            }
            _ => Err(refused(format!("a value of shape {shape} for {batch} samples"))),
        }
    }

    /// The axes of rows.
    pub fn positions(&self) -> &[usize] {
        &self.dims[..self.dims.len().saturating_sub(1)]
    }

    /// Rows of one sample.
    pub fn rows(&self) -> usize {
        self.positions().iter().product()
    }

    /// Numbers of a row.
    pub fn width(&self) -> usize {
        self.dims.last().copied().unwrap_or(1)
    }

    /// The axis of a sample's value that is this axis of the value; nothing for the batch's.
    pub fn axis(&self, axis: usize) -> Result<usize> {
        match (self.each, self.merged) {
            (false, _) => Ok(axis),
            (true, false) if axis > 0 => Ok(axis - 1),
            _ => Err(refused("an operation along the batch")),
        }
    }

    /// Returns the sample and the index along each axis at a place.
    pub fn split(&self, at: &At) -> (String, Vec<String>) {
        let (rows, positions) = (self.rows(), self.positions());
        let sample = if self.each { divided(&at.row, rows) } else { "0".into() };
        let mut behind = rows;
        let mut indices: Vec<String> = Vec::new();
        for (number, &size) in positions.iter().enumerate() {
            behind /= size.max(1);
            let index = divided(&at.row, behind);
            let first = number == 0 && !self.each;
            indices.push(if first { index } else { remainder(&index, size) });
        }
        if !self.dims.is_empty() {
            indices.push(at.feature.clone());
        }
        (sample, indices)
    }

    /// Returns the place of an index along each axis.
    pub fn place(&self, sample: &str, indices: &[String]) -> At {
        let mut row = if self.each { sample.to_owned() } else { "0".into() };
        for (index, &size) in indices.iter().zip(self.positions()) {
            row = sum(&times(&row, size), index);
        }
        At { row, feature: if self.dims.is_empty() { "0".into() } else { indices[indices.len() - 1].clone() } }
    }

    /// Returns where the element is that stands at a place of a value with this layout where axes of size 1 are repeated.
    pub fn repeated(&self, of: &Self, at: &At) -> Result<At> {
        if self == of {
            return Ok(at.clone());
        }
        let (rank, other) = (self.dims.len(), of.dims.len());
        let leading = rank.saturating_sub(other);
        // An axis of size 1 in the batch's place is repeated for all samples.
        let fits = !(self.merged || of.merged)
            && (!self.each || (of.each && rank == other))
            && self.dims[..leading].iter().all(|&size| size == 1)
            && (self.each || leading <= usize::from(of.each));
        if !fits {
            return Err(refused("values whose batch is not their first axis"));
        }
        let (sample, indices) = of.split(at);
        let own: Vec<String> = (0..rank)
            .map(|axis| match (self.dims[axis], (axis + other).checked_sub(rank)) {
                (1, _) | (_, None) => "0".into(),
                (_, Some(theirs)) => indices[theirs].clone(),
            })
            .collect();
        if of.each && !self.each && self.positions() == of.positions() && self.rows() > 1 {
            return Ok(At { row: remainder(&at.row, self.rows()), feature: self.place("0", &own).feature });
        }
        if self.each && self.positions() == of.positions() {
            return Ok(At { row: at.row.clone(), feature: self.place(&sample, &own).feature });
        }
        Ok(self.place(&sample, &own))
    }

    /// Returns where the element is that stands at a place of a value of another shape with the same elements.
    pub fn reshaped(&self, of: &Self, at: &At) -> At {
        if self.width() == of.width() {
            return at.clone();
        }
        let sample = if self.each { divided(&at.row, of.rows()) } else { "0".into() };
        let row = if self.each { remainder(&at.row, of.rows()) } else { at.row.clone() };
        let flat = sum(&times(&row, of.width()), &at.feature);
        let row = sum(&times(&sample, self.rows()), &divided(&flat, self.width()));
        At { row, feature: remainder(&flat, self.width()) }
    }
}

fn divided(x: &str, by: usize) -> String {
    match by {
        1 => x.into(),
        _ if x == "0" => "0".into(),
        _ => format!("({x}) / {by}"),
    }
}

fn remainder(x: &str, by: usize) -> String {
    match by {
        1 => "0".into(),
        _ if x == "0" => "0".into(),
        _ => format!("({x}) % {by}"),
    }
}

fn times(x: &str, by: usize) -> String {
    match by {
        1 => x.into(),
        _ if x == "0" => "0".into(),
        _ => format!("({x}) * {by}"),
    }
}

fn sum(x: &str, y: &str) -> String {
    match (x, y) {
        ("0", _) => y.into(),
        (_, "0") => x.into(),
        _ => format!("{x} + {y}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(each: bool, dims: &[usize]) -> Layout {
        Layout { each, dims: dims.to_vec(), merged: false }
    }

    #[test]
    fn a_value_is_repeated_along_its_axes_of_size_1() {
        let at = At::own();
        let of = layout(true, &[6, 32]);
        let found = |own: &Layout| own.repeated(&of, &at).map(|at| (at.row, at.feature));
        let place = |row: &str, feature: &str| Ok((row.to_owned(), feature.to_owned()));
        assert_eq!(found(&of), place("r", "f"));
        assert_eq!(found(&layout(true, &[6, 1])), place("r", "0"));
        assert_eq!(found(&layout(true, &[1, 32])), place("(r) / 6", "f"));
        assert_eq!(found(&layout(false, &[6, 32])), place("(r) % 6", "f"));
        assert_eq!(found(&layout(false, &[1, 6, 32])), place("(r) % 6", "f"));
        assert_eq!(found(&layout(false, &[32])), place("0", "f"));
        assert_eq!(found(&layout(false, &[])), place("0", "0"));
        assert!(found(&layout(true, &[32])).is_err());
        assert!(found(&layout(false, &[4, 1, 6, 32])).is_err());
    }

    #[test]
    fn the_same_elements_stand_elsewhere_under_another_shape() {
        let (of, own) = (layout(true, &[64]), layout(true, &[2, 2, 16]));
        let At { row, feature } = own.reshaped(&of, &At::own());
        assert_eq!((row.as_str(), feature.as_str()), ("(r) * 4 + (f) / 16", "(f) % 16"));
    }
}
