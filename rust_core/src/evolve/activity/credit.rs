//! The credit of an element: the sum of the changes of those losses that it can reach.

use super::mixing::Link;
use super::reach::Reach;
use crate::tensor::Shape;

/// Credits of a value, one for each index of its leading axes; all elements behind such an index have the same.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Credits {
    pub values: Vec<f64>,
    /// Elements that share a credit.
    pub inner: usize,
}

/// Returns the credits of a value of this shape and reach, given what each row's loss changed by. A loss that lies later
/// than the element, behind a causal mixture, counts `discount` for each position between them.
pub(super) fn credits(reach: &Reach, shape: &Shape, rows: &Shape, changes: &[f64], discount: f64) -> Credits {
    // One axis of the rows after the other becomes the axis of the value that it follows, or is summed.
    let mut sizes = rows.dims().to_vec();
    let mut values = changes.to_vec();
    for (axis, link) in reach.iter().enumerate() {
        let size = link.map_or(1, |link| shape.dims()[link.axis]);
        let inner: usize = sizes[axis + 1..].iter().product();
        let mut next = vec![0.0; values.len() / sizes[axis].max(1) * size];
        let blocks =
            next.chunks_exact_mut((size * inner).max(1)).zip(values.chunks_exact((sizes[axis] * inner).max(1)));
        for (next, values) in blocks {
            for i in 0..inner {
                follow(*link, discount, (size, sizes[axis]), |r| values[r * inner + i], |v, x| next[v * inner + i] = x);
            }
        }
        (values, sizes[axis]) = (next, size);
    }
    let last = reach.iter().flatten().map(|link| link.axis + 1).max().unwrap_or(0);
    // Mostly the rows' axes are the value's own first ones.
    if reach[..last].iter().enumerate().all(|(axis, link)| link.is_some_and(|link| link.axis == axis)) {
        return Credits { values, inner: shape.dims()[last..].iter().product() };
    }
    let outer = Shape::from(shape.dims()[..last].to_vec());
    let strides = Shape::from(sizes).strides();
    let place = |index: usize| -> usize {
        let at = |axis: usize| index / outer.dims()[axis + 1..].iter().product::<usize>() % outer.dims()[axis];
        reach.iter().zip(&strides).map(|(link, stride)| link.map_or(0, |link| at(link.axis) * stride)).sum()
    };
    let inner = shape.dims()[last..].iter().product();
    Credits { values: (0..outer.numel()).map(|index| values[place(index)]).collect(), inner }
}

/// Writes for each index of the value the sum over the rows that it reaches.
fn follow(
    link: Option<Link>,
    discount: f64,
    (size, rows): (usize, usize),
    read: impl Fn(usize) -> f64,
    mut write: impl FnMut(usize, f64),
) {
    match link {
        None => write(0, (0..rows).map(read).sum()),
        Some(link) => {
            let (mut sum, mut next) = (0.0, rows as isize);
            for index in (0..size).rev() {
                let row = index as isize + link.shift;
                if link.later {
                    while next > row {
                        next -= 1;
                        sum = discount * sum + if next >= 0 { read(next as usize) } else { 0.0 };
                    }
                    // Beyond the last row nothing is reached; `next` waits there.
                    write(index, if row < rows as isize { sum } else { 0.0 });
                } else {
                    write(index, if (0..rows as isize).contains(&row) { read(row as usize) } else { 0.0 });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(axis: usize, shift: isize, later: bool) -> Option<Link> {
        Some(Link { axis, shift, later })
    }

    #[test]
    fn own_later_and_all() {
        let (rows, changes) = (Shape::from([2, 3]), [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]);
        let of = |reach: Reach, shape: &[usize]| credits(&reach, &shape.to_vec().into(), &rows, &changes, 0.5);
        let own = of(vec![link(0, 0, false), link(1, 0, false)], &[2, 3, 5]);
        assert_eq!(own, Credits { values: changes.to_vec(), inner: 5 });
        let later = of(vec![link(0, 0, false), link(1, 0, true)], &[2, 3, 5]);
        assert_eq!(later.values, [1.0 + 1.0 + 1.0, 4.0, 4.0, 8.0 + 8.0 + 8.0, 32.0, 32.0]);
        assert_eq!(of(vec![link(0, 0, false), None], &[2, 4]).values, [7.0, 56.0]);
        assert_eq!(of(vec![None, None], &[4]), Credits { values: vec![63.0], inner: 4 });
        assert_eq!(of(vec![link(1, 0, false), None], &[3, 2]).values, [7.0, 56.0].repeat(3));
        // The rows are the last three of five positions.
        let last = of(vec![link(0, 0, false), link(1, -2, false)], &[2, 5]);
        assert_eq!(last.values, [0.0, 0.0, 1.0, 2.0, 4.0, 0.0, 0.0, 8.0, 16.0, 32.0]);
        let late = of(vec![link(0, 0, false), link(1, -2, true)], &[2, 5]);
        assert_eq!(late.values[..5], [0.75, 1.5, 3.0, 4.0, 4.0]);
    }
}
