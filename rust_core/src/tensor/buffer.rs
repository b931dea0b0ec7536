//! The memory of a tensor. A large one is kept when its tensor is dropped, and serves the next large result.
//!
//! Fresh memory of some megabytes costs more than most operations that fill it: the system maps it page by page, and
//! clears each page. At most 256 MiB are kept; the memory that has waited longest goes first.

use std::ops::Deref;

use super::Real;

/// Memory of fewer bytes is left to the allocator.
const LARGE: usize = 1 << 18;

/// The values of a tensor.
#[derive(Debug)]
pub struct Buffer<T: Real> {
    /// At least `len` of them: what was recycled may be longer.
    values: Vec<T>,
    len: usize,
}

impl<T: Real> Buffer<T> {
    /// Returns memory for `len` values, which are left over from another tensor or zero: it is to be overwritten.
    pub fn stale(len: usize) -> Self {
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
    pub fn values_mut(&mut self) -> &mut [T] {
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
    fn a_recycled_buffer_has_the_length_that_was_asked_for() {
        drop(Buffer::from(vec![7.0_f32; LARGE]));
        let mut next = Buffer::<f32>::stale(LARGE - 5);
        assert_eq!((next.len(), next.values_mut().len()), (LARGE - 5, LARGE - 5));
    }
}
