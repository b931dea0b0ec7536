//! The memory of a tensor. A large one is kept when its tensor is dropped, and serves the next large result.
//!
//! Fresh memory of some megabytes costs more than most operations that fill it: the system maps it page by page, and
//! clears each page. At most 256 MiB are kept; the memory that has waited longest goes first.

use std::ops::Deref;
use std::sync::{Mutex, PoisonError};

use super::Real;

/// Memory of fewer bytes is left to the allocator.
const LARGE: usize = 1 << 18;
/// Bytes that may wait in each format.
const KEPT: usize = 1 << 27;

/// The values of a tensor.
#[derive(Debug)]
pub struct Buffer<T: Real> {
    /// At least `len` of them: what was recycled may be longer.
    values: Vec<T>,
    len: usize,
}

/// Memory that waits for its next tensor, oldest first.
#[derive(Debug)]
pub struct Shelf<T>(Mutex<Vec<Vec<T>>>);

impl<T> Shelf<T> {
    /// Returns an empty shelf.
    pub(super) const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// Takes the smallest memory for `len` values, unless all of it is too small or much too large.
    fn take(&self, len: usize) -> Option<Vec<T>> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |v: &Vec<T>| (len..=2 * len).contains(&v.len());
        let best = (0..waiting.len()).filter(|&i| fits(&waiting[i])).min_by_key(|&i| waiting[i].len())?;
        Some(waiting.remove(best))
    }

    /// Keeps memory and returns what has to go for it.
    fn put(&self, values: Vec<T>) -> Vec<Vec<T>> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push(values);
        let bytes = |v: &Vec<T>| v.capacity() * size_of::<T>();
        let mut total: usize = waiting.iter().map(bytes).sum();
        let mut gone = 0;
        while total > KEPT {
            total -= bytes(&waiting[gone]);
            gone += 1;
        }
        waiting.drain(..gone).collect()
    }
}

impl<T: Real> Buffer<T> {
    /// Returns memory for `len` values, which are left over from another tensor or zero: it is to be overwritten.
    pub(crate) fn stale(len: usize) -> Self {
        let large = len * size_of::<T>() >= LARGE;
        let values = if large { T::shelf().take(len) } else { None };
        Self { values: values.unwrap_or_else(|| vec![T::ZERO; len]), len }
    }

    /// Returns memory as [`Buffer::stale`] does, to work in for a moment: recycled unless it is small.
    pub(crate) fn scratch(len: usize) -> Self {
        let large = LARGE / size_of::<T>();
        Self::stale(if len > large / 8 { len.max(large) } else { len })
    }

    /// Returns the values, to be written.
    pub(crate) fn values_mut(&mut self) -> &mut [T] {
        &mut self.values[..self.len]
    }
}

impl<T: Real> From<Vec<T>> for Buffer<T> {
    fn from(values: Vec<T>) -> Self {
        Self { len: values.len(), values }
    }
}

impl<T: Real> Deref for Buffer<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.values[..self.len]
    }
}

impl<T: Real> Drop for Buffer<T> {
    fn drop(&mut self) {
        let values = std::mem::take(&mut self.values);
        if values.len() * size_of::<T>() >= LARGE {
            // What has to go is freed here, after the shelf was unlocked.
            drop(T::shelf().put(values));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shelf_gives_what_fits_and_forgets_the_oldest() {
        let shelf = Shelf::new();
        assert!(shelf.put(vec![1.0_f64; 100]).is_empty());
        assert!(shelf.put(vec![2.0; 60]).is_empty());
        assert!(shelf.take(101).is_none() && shelf.take(29).is_none());
        assert_eq!(shelf.take(50).unwrap(), vec![2.0; 60]);
        let half = KEPT / 16;
        assert!(shelf.put(vec![3.0; half]).len() <= 1);
        let gone = shelf.put(vec![4.0; half + 1]);
        assert_eq!(gone.last().map(|v| v[0]), Some(3.0));
        assert_eq!(shelf.take(half).unwrap()[0], 4.0);
    }

    #[test]
    fn a_recycled_buffer_has_the_length_that_was_asked_for() {
        drop(Buffer::from(vec![7.0_f32; LARGE]));
        let mut next = Buffer::<f32>::stale(LARGE - 5);
        assert_eq!((next.len(), next.values_mut().len()), (LARGE - 5, LARGE - 5));
    }
}
