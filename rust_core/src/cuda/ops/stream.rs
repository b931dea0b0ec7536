//! Rows too long for a block: clusters that stay on the card take one row after another (Hopper, kernels/rows.cuh).

use super::super::Device;
use super::super::kernel::Kernel;
use super::super::launch::Arg;
use super::super::tensor::DeviceTensor;
use super::row::Held;
use crate::Result;
use crate::tensor::DType;

/// A way to launch the `_stream` kernel of a family.
pub(super) struct Stream {
    rows: usize,
    dtype: DType,
    held: Held,
}

impl Stream {
    /// Returns the plan for `rows` rows of `dim` numbers in all these tensors; none where a block is enough, or a cluster
    /// is not, or the card has no clusters.
    pub(super) fn plan(
        device: &Device,
        rows: usize,
        dim: usize,
        dtype: DType,
        tensors: &[&DeviceTensor],
    ) -> Option<Self> {
        if device.arch() / 10 != 9 {
            return None;
        }
        let held = held(dim, Held::lanes(dim, dtype, tensors))?;
        Some(Self { rows, dtype, held })
    }

    /// Starts `{entry}_stream`, with shared memory for one row more if the kernel `keeps` one. Returns false if this card has no
    /// room for such a cluster.
    pub(super) fn launch(
        &self,
        device: &Device,
        (op, unit, entry): (&'static str, &'static str, &str),
        keeps: bool,
        args: &[Arg],
    ) -> Result<bool> {
        let Self { rows, dtype, held } = *self;
        let entry = format!("{entry}_stream");
        let [threads, vectors, lanes, cluster] = held.defines();
        let defines = [threads, vectors, lanes, cluster, ("ROW_STREAM", 1)];
        let kernel = Kernel { op, unit, entry: &entry, dtype, defines: &defines };
        let mut grid = held.grid(rows);
        // ROW_TIGHT of rows.cuh.
        let tight = dtype == DType::F64 && held.threads <= 256;
        let numbers = held.threads * held.vectors * held.lanes * (1 + usize::from(keeps && !tight));
        grid.shared = u32::try_from(numbers * dtype.size()).unwrap_or(u32::MAX);
        let clusters = device.resident_clusters(&kernel, grid)?.min(rows);
        grid.blocks.0 = u32::try_from(clusters * held.cluster).unwrap_or(u32::MAX);
        if clusters > 0 {
            device.launch(&kernel, grid, args)?;
        }
        Ok(clusters > 0)
    }
}

/// Returns the smallest cluster whose threads hold a row in registers, 256 to a block if that is enough: three such blocks
/// share a multiprocessor and hide one another's waits.
fn held(dim: usize, lanes: usize) -> Option<Held> {
    let vectors = if lanes == 1 { 16 } else { 8 };
    let accesses = dim.div_ceil(lanes);
    if accesses <= 2048 {
        return None;
    }
    [256, 512].into_iter().find_map(|threads| {
        let cluster = accesses.div_ceil(threads * vectors).next_power_of_two().max(2);
        (cluster <= 16).then_some(Held { threads, vectors, lanes, cluster })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_fits_its_cluster() {
        for lanes in [1, 2, 4] {
            for dim in [2049, 4097, 8192, 32768, 40_000, 65536] {
                let held = held(dim * lanes, lanes).unwrap();
                assert!(held.threads * held.vectors * held.lanes * held.cluster >= dim * lanes, "{held:?}");
                assert!(held.cluster.is_power_of_two() && (2..=16).contains(&held.cluster), "{held:?}");
            }
            assert!(held(2048 * lanes, lanes).is_none());
            assert!(held((if lanes == 1 { 131_072 } else { 65536 }) * lanes + 1, lanes).is_none());
        }
    }

    #[test]
    fn the_lengths_of_the_measurements() {
        assert_eq!(held(32768, 4), Some(Held { threads: 256, vectors: 8, lanes: 4, cluster: 4 }));
        assert_eq!(held(131_072, 4), Some(Held { threads: 256, vectors: 8, lanes: 4, cluster: 16 }));
        assert_eq!(held(32768, 2), Some(Held { threads: 256, vectors: 8, lanes: 2, cluster: 8 }));
        assert_eq!(held(131_072, 2), Some(Held { threads: 512, vectors: 8, lanes: 2, cluster: 16 }));
    }
}
