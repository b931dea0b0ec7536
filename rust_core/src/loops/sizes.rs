//! The sizes of a product x W^T, where the factors of a row lie in x, and the tiles that it is computed in.

use std::ops::Range;

pub(crate) use crate::gemm::{CHAIN, block};

/// Outputs that one inner loop works on, and rows where 32 registers hold the sums of both.
pub(crate) const TILE: usize = 4;
/// Rows whose factors wait in the second cache for the next outputs.
pub(crate) const ROWS: usize = 48;
/// Factors of a tile's outputs that fit into the first cache beside those of its rows; longer sums are cut.
pub(crate) const FACTORS: usize = 96;

/// Where the factors of each row lie in x: `parts` runs of `length` numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    /// Rows in one line.
    pub across: usize,
    /// From a line to the next.
    pub down: usize,
    /// From a row to the next in its line.
    pub step: usize,
    /// Runs of numbers in one row.
    pub parts: usize,
    /// From a run to the next.
    pub part: usize,
    /// Numbers in one run.
    pub length: usize,
}

impl Window {
    /// Rows of `length` numbers, `step` from one to the next.
    pub fn rows(step: usize, length: usize) -> Self {
        Self { across: usize::MAX, down: 0, step, parts: 1, part: 0, length }
    }

    /// Returns how many factors a row has.
    pub fn depth(self) -> usize {
        self.parts * self.length
    }

    /// Returns where row `row` starts.
    #[inline(always)]
    pub fn start(self, row: usize) -> usize {
        if row < self.across {
            return row * self.step;
        }
        (row / self.across) * self.down + (row % self.across) * self.step
    }
}

/// The sizes of x W^T.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// Rows of the result.
    pub rows: usize,
    /// Columns of the result: rows of W.
    pub outputs: usize,
    /// Where a row's factors lie in x.
    pub window: Window,
    /// From a row of W to the next.
    pub step: usize,
}

impl Size {
    /// x is (rows, inputs), W is (outputs, inputs). Long rows fall into runs that divide them.
    pub fn new(rows: usize, inputs: usize, outputs: usize) -> Self {
        let run = (FACTORS / 3..=FACTORS).rev().find(|&run| inputs > FACTORS && inputs.is_multiple_of(run));
        let length = run.unwrap_or(inputs);
        let window = Window { parts: inputs / length.max(1), part: length, length, ..Window::rows(inputs, inputs) };
        Self { rows, outputs, window: if inputs == 0 { Window::rows(0, 0) } else { window }, step: inputs }
    }
}

/// Returns the tile (first, count) that goes on at `from` in `range`: a whole one of `size`; for the rest single numbers or,
/// where one may be computed twice, a tile that overlaps the one before.
#[inline(always)]
pub(crate) fn tile(from: usize, range: &Range<usize>, size: usize, twice: bool) -> (usize, usize) {
    if range.end - from >= size {
        (from, size)
    } else if twice && range.end - range.start >= size {
        (range.end - size, size)
    } else {
        (from, 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_cover_a_range_and_overlap_only_if_they_may() {
        for (start, end) in [(0, 0), (0, 1), (5, 8), (5, 9), (5, 10), (0, 16), (3, 22)] {
            for twice in [false, true] {
                let (mut found, mut singles, mut from) = (Vec::new(), 0, start);
                while from < end {
                    let (first, count) = tile(from, &(start..end), TILE, twice);
                    found.extend(first..first + count);
                    singles += usize::from(count == 1);
                    from = first + count;
                }
                let mut each = found.clone();
                each.sort_unstable();
                each.dedup();
                assert_eq!(each, (start..end).collect::<Vec<_>>());
                assert!(twice || found.len() == each.len());
                assert!(singles < TILE && (!twice || end - start < TILE || singles == 0));
            }
        }
    }

    #[test]
    fn long_rows_fall_into_runs() {
        for (inputs, parts) in [(0, 1), (1, 1), (96, 1), (97, 1), (130, 2), (256, 4), (784, 14)] {
            let window = Size::new(3, inputs, 5).window;
            assert_eq!((window.parts, window.depth()), (parts, inputs), "{inputs}");
        }
    }
}
