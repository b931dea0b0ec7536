//! How many members are evaluated at once on a CUDA device.

use crate::{Error, Result};

/// Bytes that the members of a chunk take, about: enough to keep a card busy. No property of the card, so that the same
/// products are made on all that have room.
const CHUNK: usize = 4 << 30;
/// The most members of a chunk: what cuBLAS takes at once.
const MOST: usize = 1 << 15;

/// Returns how many members of so many bytes a chunk has, an even number.
pub(super) fn fitting(bytes: usize, free: usize) -> Result<usize> {
    // A part of what is free may be in pieces.
    let room = free / 5 * 4;
    let gib = |bytes: usize| bytes as f64 / 2_f64.powi(30);
    if bytes.saturating_mul(2) > room {
        return Err(Error::Value {
            op: "device=cuda",
            expected: format!(
                "a model and a batch with which two members take at most {:.1} GiB, what is free on the GPU; take a smaller \
                 batch, rank=1, or device=cpu",
                gib(room)
            ),
            got: format!("{:.1} GiB", gib(bytes.saturating_mul(2))),
        });
    }
    Ok((room.min(CHUNK) / bytes.max(1)).clamp(2, MOST) / 2 * 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_fits_the_memory_or_says_what_would() {
        assert_eq!(fitting(1 << 20, 100 << 30).unwrap(), 4096);
        assert_eq!(fitting(1 << 20, 1 << 30).unwrap(), 818);
        assert_eq!(fitting(10, 100 << 30).unwrap(), MOST);
        assert_eq!(fitting(6 << 30, 100 << 30).unwrap(), 2);
        let refused = fitting(6 << 30, 10 << 30).unwrap_err().to_string();
        assert!(refused.contains("at most 8.0 GiB") && refused.contains("12.0 GiB"), "{refused}");
    }
}
