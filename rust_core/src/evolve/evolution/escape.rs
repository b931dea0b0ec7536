//! Ways out of a dead end act on the state between two generations.

use super::super::{Displacement, Shock};
use super::Evolution;
use crate::{Error, Result};

impl Evolution {
    /// Multiplies sigma for the next `duration` generations, ever less: the factor falls back to 1 in a straight line.
    ///
    /// # Errors
    /// `Error::Value` unless the multiplier is positive and finite.
    pub fn shock(&mut self, multiplier: f64, duration: u64) -> Result<()> {
        if !(multiplier > 0.0 && multiplier.is_finite()) {
            return Err(Error::Value {
                op: "shock",
                expected: "a multiplier > 0, finite".into(),
                got: multiplier.to_string(),
            });
        }
        self.forget();
        self.state.shock = Shock { multiplier, start: self.state.generation, duration };
        Ok(())
    }

    /// Moves the centre by noise that differs from that of every generation. After an error the state is as before.
    ///
    /// # Errors
    /// `Error::Value` when the centre would not stay finite.
    pub fn displace(&mut self, displacement: &Displacement) -> Result<()> {
        let generation = self.generation()?;
        let mut flux = self.state.centre.clone();
        displacement.apply(self.config.seed, generation, &self.shapes, &mut flux);
        (self.state.centre, self.state.lattice, self.state.residual) = self.crystallized(flux)?;
        self.harmony = None;
        self.forget();
        Ok(())
    }
}
