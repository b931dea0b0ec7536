//! How rows are laid over threads: registers of part of a warp, a warp, a block or a cluster, or a loop for what is longer.

use super::super::Device;
use super::super::kernel::{Grid, Kernel};
use super::super::launch::Arg;
use super::super::tensor::DeviceTensor;
use crate::Result;
use crate::tensor::DType;

/// A way to launch the `_row` or `_loop` kernel of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rows {
    rows: usize,
    dtype: DType,
    /// None: a block for each row that reads it several times.
    held: Option<Held>,
}

/// The macros of kernels/rows.cuh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub threads: usize,
    pub vectors: usize,
    pub lanes: usize,
    pub cluster: usize,
}

/// Accesses that one thread may hold: 32 registers of 32 bits.
const MOST_VECTORS: usize = 8;

impl Rows {
    /// Returns the plan for `rows` rows of `dim` numbers in all these tensors.
    pub(super) fn plan(device: &Device, rows: usize, dim: usize, dtype: DType, tensors: &[&DeviceTensor]) -> Self {
        let held = Held::of(dim, Held::lanes(dim, dtype, tensors), device.arch() / 10 == 9);
        Self { rows, dtype, held }
    }

    /// Returns a plan with several rows to a warp and four accesses to a thread, so that what is done once for a row costs
    /// little; none for rows that do not fit a warp so.
    pub fn short(rows: usize, dim: usize, dtype: DType, tensors: &[&DeviceTensor]) -> Option<Self> {
        let held = Held::short(dim, Held::lanes(dim, dtype, tensors))?;
        Some(Self { rows, dtype, held: Some(held) })
    }

    /// Starts `{entry}_row` or `{entry}_loop`; nothing for no numbers.
    pub fn launch(
        &self,
        device: &Device,
        op: &'static str,
        unit: &'static str,
        entry: &str,
        args: &[Arg],
    ) -> Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        let Some(held) = self.held else {
            let entry = format!("{entry}_loop");
            let grid = Grid { threads: (1024, 1), ..Grid::blocks(self.rows) };
            return device.launch(&Kernel::plain(op, unit, &entry, self.dtype), grid, args);
        };
        let defines = held.defines();
        let entry = format!("{entry}_row");
        let kernel = Kernel { op, unit: unit.into(), entry: &entry, dtype: self.dtype, defines: &defines };
        device.launch(&kernel, held.grid(self.rows), args)
    }
}

impl Held {
    /// Returns how many numbers one access moves: 16 bytes where lengths and addresses allow it.
    pub(super) fn lanes(dim: usize, dtype: DType, tensors: &[&DeviceTensor]) -> usize {
        let lanes = 16 / dtype.size();
        let whole = dim.is_multiple_of(lanes) && tensors.iter().all(|tensor| tensor.address().is_multiple_of(16));
        if whole { lanes } else { 1 }
    }

    /// Returns the macros that specialise a kernel.
    pub(super) fn defines(self) -> [(&'static str, i64); 4] {
        let number = |n: usize| n.cast_signed() as i64;
        [
            ("ROW_THREADS", number(self.threads)),
            ("ROW_VECTORS", number(self.vectors)),
            ("ROW_LANES", number(self.lanes)),
            ("ROW_CLUSTER", number(self.cluster)),
        ]
    }

    fn short(dim: usize, lanes: usize) -> Option<Self> {
        let accesses = dim.div_ceil(lanes).max(1);
        let vectors = accesses.next_power_of_two().min(4);
        let threads = accesses.div_ceil(vectors).next_power_of_two();
        (threads <= 32).then_some(Self { threads, vectors, lanes, cluster: 1 })
    }

    /// Returns the fewest threads that hold a row in registers, if a block or a cluster can.
    fn of(dim: usize, lanes: usize, clusters: bool) -> Option<Self> {
        let accesses = dim.div_ceil(lanes).max(1);
        // Single numbers take fewer registers, and four times the accesses fit.
        let most = if lanes == 1 { 2 * MOST_VECTORS } else { MOST_VECTORS };
        let held = |threads: usize, cluster: usize| {
            let vectors = accesses.div_ceil(threads * cluster).next_power_of_two();
            (vectors <= most).then_some(Self { threads, vectors, lanes, cluster })
        };
        if accesses <= 32 * most {
            let threads = accesses.next_power_of_two().min(32);
            return held(threads, 1);
        }
        // Four accesses a thread, so that several blocks share a multiprocessor and hide one another's waits.
        let block = || held((accesses.div_ceil(most / 2).next_power_of_two()).clamp(64, 1024), 1);
        let cluster = || {
            [2, 4, 8].into_iter().find_map(|size| {
                let threads = accesses.div_ceil(size * most / 2).next_power_of_two();
                (threads <= 512).then(|| held(threads.max(64), size)).flatten()
            })
        };
        let large = || [512, 1024].into_iter().find_map(|threads| held(threads, 8));
        if clusters && accesses > 2048 { cluster().or_else(large) } else { block() }
    }

    /// Returns a launch that has a place for each row.
    pub(super) fn grid(self, rows: usize) -> Grid {
        if self.threads > 32 {
            let threads = u32::try_from(self.threads).unwrap_or(1024);
            return Grid { threads: (threads, 1), ..Grid::blocks(rows * self.cluster) };
        }
        let together = 256 / self.threads;
        let side = |n: usize| u32::try_from(n).unwrap_or(1);
        Grid { threads: (side(self.threads), side(together)), ..Grid::blocks(rows.div_ceil(together)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_fits_its_threads() {
        for lanes in [1, 2, 4] {
            for clusters in [false, true] {
                for dim in (1..300).chain([
                    1000,
                    1024,
                    4095,
                    4096,
                    8192,
                    16384,
                    32768,
                    65536,
                    131_072,
                    262_144,
                    524_288,
                    1 << 22,
                ]) {
                    let dim = dim * lanes;
                    let Some(held) = Held::of(dim, lanes, clusters) else { continue };
                    assert!(held.threads * held.vectors * held.lanes * held.cluster >= dim, "{dim} {held:?}");
                    assert!(held.threads.is_power_of_two() && held.threads <= 1024 && held.vectors <= 16);
                    assert!(held.cluster == 1 || (clusters && held.threads > 32));
                    let grid = held.grid(5);
                    assert_eq!(grid.threads.0 * grid.threads.1 % 32, 0, "{held:?}: whole warps");
                }
            }
        }
    }

    #[test]
    fn the_lengths_of_the_measurements_are_held_in_registers() {
        let of = |dim, lanes, clusters| Held::of(dim, lanes, clusters).unwrap();
        assert_eq!(of(128, 4, true), Held { threads: 32, vectors: 1, lanes: 4, cluster: 1 });
        assert_eq!(of(1024, 4, true), Held { threads: 32, vectors: 8, lanes: 4, cluster: 1 });
        assert_eq!(of(1024, 2, true), Held { threads: 128, vectors: 4, lanes: 2, cluster: 1 });
        assert_eq!(of(32768, 4, true), Held { threads: 512, vectors: 4, lanes: 4, cluster: 4 });
        assert_eq!(of(131_072, 4, true), Held { threads: 512, vectors: 8, lanes: 4, cluster: 8 });
        assert_eq!(of(131_072, 2, true), Held { threads: 1024, vectors: 8, lanes: 2, cluster: 8 });
        assert_eq!(of(32768, 4, false), Held { threads: 1024, vectors: 8, lanes: 4, cluster: 1 });
        assert!(Held::of(1 << 20, 4, true).is_none() && Held::of(131_072, 4, false).is_none());
    }
}
