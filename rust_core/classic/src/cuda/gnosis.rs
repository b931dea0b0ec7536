//! The gnosis mask and its adaptive, fractal and temporal forms: kernels/phases.cu.

use easy_ext::ext;
use syntonic_core::Result;
use syntonic_core::cuda::{Arg, DeviceTensor, Grid, Kernel, at_least, maybe, packs, size};

use super::resonant::ResonantPhasesParts;

/// From where on a gnosis mask strengthens.
#[derive(Clone, Copy, Debug)]
pub enum Threshold<'a> {
    /// One number.
    All(f64),
    /// One for each feature: the adaptive mask.
    Each(&'a DeviceTensor),
}

/// What a gnosis mask does beside the syntony that it looks at.
#[derive(Clone, Copy, Debug)]
pub struct GnosisMask<'a> {
    /// From where on it strengthens.
    pub threshold: Threshold<'a>,
    /// How much it strengthens and weakens.
    pub strength: f64,
    /// How often it is applied, each time with threshold and strength 1/phi of those before: more than 1 is the fractal mask.
    pub levels: usize,
    /// The syntony of before and its share in what counts, 0 to 1: the temporal mask.
    pub past: Option<(&'a DeviceTensor, f64)>,
}

/// The gnosis mask.
#[ext(Gnosis)]
impl DeviceTensor {
    /// Returns x (1 + strength (S - t)) where S is at least the threshold t, x (S / t) (1 - strength) elsewhere; once more for
    /// each further level, with t and strength 1/phi of those before.
    ///
    /// # Errors
    /// `Error::Shape` when syntonies or thresholds do not fit, `Error::Value` unless a threshold that is a number is positive,
    /// strength is not negative and a memory is in [0, 1].
    pub fn gnosis_mask(&self, syntony: &DeviceTensor, mask: &GnosisMask<'_>) -> Result<DeviceTensor> {
        const OP: &str = "gnosis_mask";
        let dtype = self.format().real(OP)?;
        let groups = self.groups(OP, syntony)?;
        let (thresholds, threshold) = match mask.threshold {
            Threshold::All(threshold) => (None, threshold),
            Threshold::Each(thresholds) => (Some(thresholds), 1.0),
        };
        at_least(OP, "threshold", threshold, f64::MIN_POSITIVE)?;
        at_least(OP, "strength", mask.strength, 0.0)?;
        if let Some(thresholds) = thresholds {
            self.matches(OP, thresholds, &[groups.dim])?;
        }
        let (past, memory) = mask.past.map_or((None, 0.0), |(past, memory)| (Some(past), memory));
        if let Some(past) = past {
            self.matches(OP, past, syntony.shape().dims())?;
            at_least(OP, "memory", memory, 0.0)?;
            at_least(OP, "remainder 1 - memory", 1.0 - memory, 0.0)?;
        }
        let out = self.like(OP, self.shape().clone())?;
        if groups.n > 0 {
            let packs = packs(&[self, &out]);
            let mut args = vec![out.pointer(), self.pointer(), maybe(thresholds), syntony.pointer(), maybe(past)];
            args.extend([threshold, mask.strength, memory].map(Arg::Real));
            // phi^-l is below the smallest float long before that.
            args.extend([mask.levels.min(2048), packs, groups.n, groups.dim, groups.group].map(size));
            let grid = Grid::flat(if packs > 0 { packs } else { groups.n });
            self.device().launch(&Kernel::plain(OP, "phases", OP, dtype), grid, &args)?;
        }
        Ok(out)
    }
}
