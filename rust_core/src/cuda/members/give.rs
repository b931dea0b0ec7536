//! What the device is given for a generation, and marks behind what it was given to do.

use super::{Members, OP, STEP, Step};
use crate::Result;
use crate::tensor::Real;

impl Members {
    /// Starts to copy the values that all members share and that the blueprint asks for. A generation that is under way still
    /// reads the ones before.
    ///
    /// # Errors
    /// `Error::Shape` when a length is not the blueprint's, `Error::Device`.
    pub fn share<T: Real>(&mut self, shared: &[&[T]]) -> Result<()> {
        let Self { blueprint, staging, device, memories, stream, .. } = self;
        blueprint.check_shared(shared)?;
        // The last ones may still be on their way.
        device.try_on(OP, 0, || self.shared.synchronize())?;
        let place = |at: usize| STEP + at * size_of::<T>();
        for (&at, values) in blueprint.places.iter().zip(shared) {
            staging.write(place(at), values);
        }
        if let [first, .., last] = blueprint.places[..] {
            device.try_on(OP, 0, || staging.send(stream, memories.given.address(), place(first)..place(last)))?;
        }
        device.try_on(OP, 0, || self.shared.record(stream))
    }

    /// Writes what the device will be given.
    pub(super) fn give<T: Real>(&mut self, step: &Step, centre: &[T]) -> Result<()> {
        // What was begun before may still be reading.
        self.wait()?;
        let Self { blueprint, staging, .. } = self;
        blueprint.check_centre(T::DTYPE, centre.len())?;
        let last = (blueprint.population - 1).max(1) as f64;
        staging.write(0, &[step.sigma, 1.0 / (2.0 * last * blueprint.population as f64 * step.sigma)]);
        staging.write(16, &[step.seed, step.generation]);
        let mut rest = centre;
        for (&offset, &length) in blueprint.offsets.iter().zip(&blueprint.lengths) {
            let (these, others) = rest.split_at(length);
            staging.write(STEP + offset * size_of::<T>(), these);
            rest = others;
        }
        Ok(())
    }

    /// Marks the end of what was started.
    pub(super) fn mark(&mut self) -> Result<()> {
        self.busy = true;
        self.device.try_on(OP, 0, || self.done.record(&self.stream))
    }

    /// Waits for what was started, though not for a copy behind it.
    pub(super) fn wait(&mut self) -> Result<()> {
        if self.busy {
            self.device.try_on(OP, 0, || self.done.synchronize())?;
            self.busy = false;
        }
        Ok(())
    }
}
