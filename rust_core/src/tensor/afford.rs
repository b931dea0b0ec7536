//! Whether memory of a size that a caller chose can be had: an ordinary allocation that fails ends the process.

use crate::{Error, Result};

/// Bytes that are not asked about: a process that cannot have these is lost anyway.
const SMALL: usize = 1 << 20;

/// Checks that this many numbers of a type can be had at once, beside what is there already.
///
/// # Errors
/// `Error::OutOfMemory` if not.
pub fn afford<T>(op: &'static str, count: usize) -> Result<()> {
    let bytes = count.saturating_mul(size_of::<T>());
    // The system says no to an address range that it does not have; nothing of it is touched.
    if bytes > SMALL && Vec::<u8>::new().try_reserve_exact(bytes).is_err() {
        return Err(Error::OutOfMemory { op, bytes });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_had_is_an_error() {
        assert!(afford::<f64>("test", 1 << 20).is_ok());
        assert_eq!(afford::<f64>("test", 1 << 50), Err(Error::OutOfMemory { op: "test", bytes: 1 << 53 }));
        assert!(afford::<f64>("test", usize::MAX).is_err());
    }
}
