//! Where the memory of dropped tensors waits for the next ones.

use std::sync::{Mutex, PoisonError};

/// Bytes that may wait in each format.
const KEPT: usize = 1 << 27;

/// Memory that waits for its next tensor, oldest first.
#[derive(Debug)]
pub struct Shelf<T>(Mutex<Vec<Vec<T>>>);

impl<T> Shelf<T> {
    /// Returns an empty shelf.
    pub(super) const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// Takes the smallest memory for `len` values, unless all of it is too small or much too large.
    pub(super) fn take(&self, len: usize) -> Option<Vec<T>> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |v: &Vec<T>| (len..=2 * len).contains(&v.len());
        let best = (0..waiting.len()).filter(|&i| fits(&waiting[i])).min_by_key(|&i| waiting[i].len())?;
        Some(waiting.remove(best))
    }

    /// Keeps memory and returns what has to go for it.
    pub(super) fn put(&self, values: Vec<T>) -> Vec<Vec<T>> {
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
}
