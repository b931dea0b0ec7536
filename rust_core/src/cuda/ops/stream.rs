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
        let kernel = Kernel { op, unit: unit.into(), entry: &entry, dtype, defines: &defines };
        let mut grid = held.grid(rows);
        // SLOT and SLOTS of kernels/syntonic_softmax.cu.
        let slots = match (held.threads, held.vectors) {
            (1024, _) => 6,
            (_, 16) => 12,
            (_, vectors) => 4 * vectors.min(2),
        };
        let accesses = slots + if keeps { held.vectors } else { 0 };
        grid.shared = u32::try_from(held.threads * accesses * held.lanes * dtype.size()).unwrap_or(u32::MAX);
        let clusters = device.resident_clusters(&kernel, grid)?.min(rows);
        grid.blocks.0 = u32::try_from(clusters * held.cluster).unwrap_or(u32::MAX);
        if clusters > 0 {
            device.launch(&kernel, grid, args)?;
        }
        Ok(clusters > 0)
    }
}

/// Returns the block or the cluster whose threads hold a row in registers: what is fastest on an H100.
///
/// Its groups of 16 and 18 multiprocessors leave more of them idle the larger a cluster is, 20 of 132 with clusters of 16; and what
/// is done once for a row is a smaller part of the time the more of it a block holds.
fn held(dim: usize, lanes: usize) -> Option<Held> {
    let accesses = dim.div_ceil(lanes);
    if accesses <= 2048 {
        return None;
    }
    let held = |threads, vectors, cluster| Held { threads, vectors, lanes, cluster };
    let cluster = |each: usize| accesses.div_ceil(each).next_power_of_two();
    match lanes {
        // Single numbers leave registers for twice as many accesses.
        1 => Some(held(512, 16, cluster(8192))),
        4 if accesses <= 4096 => Some(held(512, 8, 1)),
        // WHOLE in the kernel: rows that fill 1024 threads.
        4 if accesses == 8192 => Some(held(1024, 8, 1)),
        2 if accesses == 65_536 => Some(held(1024, 8, 8)),
        4 if accesses <= 8192 => Some(held(512, 16, 1)),
        4 if accesses <= 16_384 => Some(held(256, 8, 8)),
        4 if accesses <= 32_768 => Some(held(512, 8, 8)),
        2 if accesses <= 32_768 => Some(held(512, 8, cluster(4096))),
        _ => Some(held(512, 16, 8)),
    }
    .filter(|held| held.cluster <= 16 && held.threads * held.vectors * held.cluster >= accesses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_fits_its_cluster() {
        for lanes in [1, 2, 4] {
            for dim in [2049, 4097, 8192, 8193, 16_384, 32768, 40_000, 65536] {
                let held = held(dim * lanes, lanes).unwrap();
                assert!(held.threads * held.vectors * held.lanes * held.cluster >= dim * lanes, "{held:?}");
                assert!(held.cluster.is_power_of_two() && held.cluster <= 16, "{held:?}");
                let numbers = held.threads * held.vectors * lanes * held.cluster;
                assert!(
                    held.threads <= 512 || numbers == dim * lanes,
                    "a kernel of 1024 threads asks for no end of the row: {held:?}"
                );
            }
            assert!(held(2048 * lanes, lanes).is_none());
            assert!(held((if lanes == 1 { 131_072 } else { 65536 }) * lanes + 1, lanes).is_none());
        }
    }

    #[test]
    fn the_lengths_of_the_measurements() {
        let found = |dim, lanes| held(dim, lanes).map(|held| (held.threads, held.vectors, held.cluster));
        assert_eq!(found(32768, 4), Some((1024, 8, 1)));
        assert_eq!(found(131_072, 4), Some((512, 8, 8)));
        assert_eq!(found(32768, 2), Some((512, 8, 4)));
        assert_eq!(found(131_072, 2), Some((1024, 8, 8)));
        assert_eq!(found(131_070, 2), Some((512, 16, 8)));
    }
}
