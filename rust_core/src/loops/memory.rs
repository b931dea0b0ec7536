//! Memory for the elements of many members, each of which lies in one line of the cache.
//!
//! An allocator promises a vector of floats no more than 16 bytes; a vector register's load that crosses a line of the
//! cache takes two. In `linear` that costs a quarter of the speed.

use std::fmt;
use std::ops::{Deref, DerefMut};

use crate::tensor::Real;

/// Bytes in a line of the cache.
const LINE: usize = 64;

/// Elements of `L` members, the first of which begins a line of the cache.
#[derive(Clone)]
pub struct Memory<T, const L: usize> {
    numbers: Vec<T>,
    /// Where the first element begins.
    start: usize,
    length: usize,
}

impl<T, const L: usize> Default for Memory<T, L> {
    fn default() -> Self {
        Self { numbers: Vec::new(), start: 0, length: 0 }
    }
}

impl<T: Real, const L: usize> Memory<T, L> {
    /// Makes this many elements: the first ones as before, new ones as given.
    pub fn resize(&mut self, length: usize, value: [T; L]) {
        let slack = LINE / size_of::<T>();
        if self.start + length * L > self.numbers.len() {
            let mut numbers = vec![T::ZERO; length * L + slack];
            let start = numbers.as_ptr().align_offset(LINE).min(slack);
            numbers[start..][..self.length * L].copy_from_slice(&self.numbers[self.start..][..self.length * L]);
            (self.numbers, self.start) = (numbers, start);
        }
        let before = std::mem::replace(&mut self.length, length);
        if let Some(new) = self.get_mut(before..) {
            new.fill(value);
        }
    }
}

impl<T, const L: usize> Deref for Memory<T, L> {
    type Target = [[T; L]];

    fn deref(&self) -> &[[T; L]] {
        self.numbers[self.start..][..self.length * L].as_chunks().0
    }
}

impl<T, const L: usize> DerefMut for Memory<T, L> {
    fn deref_mut(&mut self) -> &mut [[T; L]] {
        self.numbers[self.start..][..self.length * L].as_chunks_mut().0
    }
}

impl<T, const L: usize> fmt::Debug for Memory<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Memory of {} elements", self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_begin_lines_and_stay() {
        let mut memory = Memory::<f32, 16>::default();
        assert!(memory.is_empty());
        for length in [3, 1, 0, 2, 1000, 7, 2000] {
            let kept: Vec<_> = memory.iter().take(length).copied().collect();
            memory.resize(length, [length as f32; 16]);
            assert_eq!(memory.len(), length);
            assert_eq!(memory.as_ptr().align_offset(LINE), 0);
            assert_eq!(memory[..kept.len()], kept);
            assert!(memory[kept.len()..].iter().flatten().all(|&x| x == length as f32));
        }
    }
}
