//! Rows of a Hadamard matrix for any number of columns, as bits: cyclic shifts of a sequence of Legendre symbols.
//!
//! For a prime q = 3 mod 4 let s(0) = 1 and s(i) = 1 or -1 as i is a square mod q or not. Then
//! sum_i s(i + a) s(i + b) = -1 for a != b, so that shifts with one more column of ones are orthogonal rows of length q + 1.
//! Primes lie closer together than powers of two, so that hardly a column is missing.
//! Source: Paley, "On orthogonal matrices", Journal of Mathematics and Physics 12 (1933).

/// Columns beyond which rows begin again.
const LONGEST: usize = 1 << 20;

/// The shifts of one sequence.
#[derive(Debug)]
pub(super) struct Rows {
    /// q: how many rows there are.
    pub count: usize,
    /// Twice the sequence, a set bit for -1, so that every shift is a range; then words to read beyond it.
    bits: Vec<u64>,
}

impl Rows {
    /// Returns the shortest rows of at least so many columns, and at least so many of them.
    pub fn new(columns: usize, rows: usize) -> Self {
        let fits = |q: &usize| q % 4 == 3 && (3..).step_by(2).take_while(|d| d * d <= *q).all(|d| !q.is_multiple_of(d));
        // There is a prime 3 mod 4 between any n > 6 and 2 n.
        let count = (columns.min(LONGEST).saturating_sub(1).max(rows).max(3)..).find(fits).unwrap_or(3);
        let mut is_square = vec![false; count];
        (0..=count / 2).for_each(|i| is_square[i * i % count] = true);
        let mut bits = vec![0; (2 * count).div_ceil(64) + 2];
        for i in (0..2 * count).filter(|i| !is_square[i % count]) {
            bits[i / 64] |= 1 << (i % 64);
        }
        Self { count, bits }
    }

    /// Returns bits of a row from a column on, and how many of them there are: at most 64.
    #[inline(always)]
    pub fn word(&self, row: usize, column: usize) -> (u64, usize) {
        let column = column % (self.count + 1);
        if column == self.count {
            return (0, 1);
        }
        (word(&self.bits, row + column), (self.count - column).min(64))
    }
}

/// Returns 64 bits from bit number `at` on.
#[inline(always)]
pub(super) fn word(bits: &[u64], at: usize) -> u64 {
    let (low, high) = (bits[at / 64] >> (at % 64), bits[at / 64 + 1]);
    // Two shifts: one by 64 would overflow.
    low | (high << 1) << (63 - at % 64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(rows: &Rows, row: usize, columns: usize) -> Vec<i32> {
        let mut found = Vec::new();
        while found.len() < columns {
            let (word, count) = rows.word(row, found.len());
            found.extend((0..count).map(|i| if word >> i & 1 == 0 { 1 } else { -1 }));
        }
        found.truncate(columns);
        found
    }

    #[test]
    fn rows_are_orthogonal() {
        for (columns, count, expected) in
            [(0, 1, 3), (8, 7, 7), (32, 31, 31), (42, 31, 43), (42, 100, 103), (300, 3, 307)]
        {
            let rows = Rows::new(columns, count);
            assert_eq!(rows.count, expected, "{columns} columns");
            let all: Vec<Vec<i32>> = (0..rows.count).map(|i| row(&rows, i, rows.count + 1)).collect();
            for (i, a) in all.iter().enumerate() {
                assert_eq!(a[0], if i == 0 || (1..expected).any(|x| x * x % expected == i) { 1 } else { -1 });
                for b in &all[..i] {
                    assert_eq!(a.iter().zip(b).map(|(a, b)| a * b).sum::<i32>(), 0);
                }
            }
        }
        assert_eq!(Rows::new(LONGEST * 3, 1).count, (1 << 20) + 7);
    }
}
