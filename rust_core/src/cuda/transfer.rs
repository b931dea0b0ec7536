//! Large copies between the CPU and a device, through two pieces of pinned memory that take turns.
//!
//! The device reads and writes pinned memory by itself, so that one piece is on its way while the other is filled or emptied.

use std::sync::Arc;

use cudarc::driver::{CudaContext, CudaEvent, CudaStream, DriverError};

use super::format::Plain;
use super::launch::{self, Pinned};
/// What the driver returns.
pub(super) type Driven<T> = std::result::Result<T, DriverError>;

/// Bytes of a piece.
const PIECE: usize = 4 << 20;

/// Fewer bytes are not worth the turns: the driver copies them as they are.
pub(super) const LARGE: usize = 1 << 20;

/// Two pieces of pinned memory, and when the device is done with what was last sent from each.
pub(super) struct Staging {
    pieces: [Pinned; 2],
    sent: [Option<CudaEvent>; 2],
}

impl Staging {
    /// Allocates the pieces.
    pub(super) fn new(context: &Arc<CudaContext>) -> Driven<Self> {
        Ok(Self { pieces: [launch::pin(context, PIECE)?, launch::pin(context, PIECE)?], sent: [None, None] })
    }

    /// Waits until piece `turn` may be used again.
    fn free(&mut self, turn: usize) -> Driven<&mut Pinned> {
        if let Some(event) = self.sent[turn].take() {
            event.synchronize()?;
        }
        Ok(&mut self.pieces[turn])
    }

    /// Copies numbers to device memory, which must have room for them. The last pieces may still be on their way afterwards.
    pub(super) fn upload<T: Plain>(&mut self, stream: &CudaStream, to: u64, from: &[T]) -> Driven<()> {
        let mut at = to;
        for (i, part) in from.chunks(PIECE / size_of::<T>()).enumerate() {
            let piece = self.free(i % 2)?;
            piece.write(0, part);
            piece.send(stream, at, 0..size_of_val(part))?;
            self.sent[i % 2] = Some(stream.record_event(None)?);
            at += size_of_val(part) as u64;
        }
        Ok(())
    }

    /// Copies numbers from device memory, which must hold as many, and waits for them.
    pub(super) fn download<T: Plain>(&mut self, stream: &CudaStream, to: &mut [T], from: u64) -> Driven<()> {
        let (mut at, length) = (from, PIECE / size_of::<T>());
        let last = (to.len().div_ceil(length) + 1) % 2;
        let mut before: Option<&mut [T]> = None;
        for (i, part) in to.chunks_mut(length).enumerate() {
            self.free(i % 2)?.receive(stream, at, size_of_val(part))?;
            self.sent[i % 2] = Some(stream.record_event(None)?);
            at += size_of_val(part) as u64;
            if let Some(part) = before.replace(part) {
                self.free(1 - i % 2)?.copy_to(part);
            }
        }
        if let Some(part) = before {
            self.free(last)?.copy_to(part);
        }
        Ok(())
    }
}
