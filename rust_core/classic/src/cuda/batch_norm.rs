//! Golden batch norm of (batch, channels, ..) or (.., channels): kernels/classic/golden_batch_norm.cu.

use easy_ext::ext;
use syntonic_core::cuda::{Arg, DeviceTensor, Format, Grid, Kernel, at_least, maybe, size};
use syntonic_core::tensor::{DType, Shape};
use syntonic_core::{Error, Result};

/// Where the statistics of a batch norm come from.
#[derive(Clone, Copy, Debug)]
pub enum Statistics<'a> {
    /// The batch itself.
    Batch,
    /// Given mean and variance, one number per channel.
    Given(&'a DeviceTensor, &'a DeviceTensor),
}

const OP: &str = "batch_norm";

/// Blocks of a cluster that keeps a channel on the chip, best first.
const CLUSTERS: [usize; 2] = [8, 16];

/// Threads of such a block.
const THREADS: usize = 512;

/// Accesses that such a thread holds in registers; the others lie in shared memory.
const HELD: usize = 11;

/// How a tensor is divided into channels.
#[derive(Clone, Copy)]
struct Layout {
    outer: usize,
    channels: usize,
    inner: usize,
}

impl Layout {
    fn of(shape: &Shape, last: bool) -> Result<Self> {
        match shape.dims() {
            [rows @ .., channels] if last && !rows.is_empty() => {
                Ok(Self { outer: rows.iter().product(), channels: *channels, inner: 1 })
            }
            [outer, channels, inner @ ..] if !last => {
                Ok(Self { outer: *outer, channels: *channels, inner: inner.iter().product() })
            }
            _ => {
                let expected = "at least two axes: (batch, channels, ..), or (.., channels) with channels last".into();
                Err(Error::Shape { op: OP, expected, got: format!("shape {shape}") })
            }
        }
    }

    fn count(self) -> usize {
        self.outer * self.inner
    }
}

/// The golden batch norm.
#[ext(GoldenNorms)]
impl DeviceTensor {
    /// Returns (y, mean, variance): gamma sqrt(target) (x - mean) / sqrt(variance + eps) + beta for each channel.
    ///
    /// `last` says that channels are the last axis instead of axis 1. The variance is that of the population.
    ///
    /// # Errors
    /// `Error::Shape` for too few axes, no elements, or parameters that are not one number per channel.
    pub fn batch_norm(
        &self,
        statistics: Statistics<'_>,
        gamma: Option<&DeviceTensor>,
        beta: Option<&DeviceTensor>,
        (target, eps): (f64, f64),
        last: bool,
    ) -> Result<(DeviceTensor, DeviceTensor, DeviceTensor)> {
        let dtype = self.format().real(OP)?;
        let layout = Layout::of(self.shape(), last)?;
        at_least(OP, "variance", target, 0.0)?;
        at_least(OP, "eps", eps, 0.0)?;
        if self.numel() == 0 {
            let expected = "at least one number per channel".into();
            return Err(Error::Shape { op: OP, expected, got: format!("shape {}", self.shape()) });
        }
        for parameter in [gamma, beta].into_iter().flatten() {
            self.matches(OP, parameter, &[layout.channels])?;
        }
        let out = self.like(OP, self.shape().clone())?;
        let lines = [maybe(gamma), maybe(beta), Arg::Real(target), Arg::Real(eps)];
        let (mean, variance) = match statistics {
            Statistics::Given(mean, variance) => {
                self.matches(OP, mean, &[layout.channels])?;
                self.matches(OP, variance, &[layout.channels])?;
                (mean.clone(), variance.clone())
            }
            Statistics::Batch => {
                let mean = self.like(OP, [layout.channels].into())?;
                let variance = self.like(OP, [layout.channels].into())?;
                if !last && self.cluster(layout, dtype, [&out, &mean, &variance], lines)? {
                    return Ok((out, mean, variance));
                }
                self.moments(layout, dtype, [&mean, &variance])?;
                (mean, variance)
            }
        };
        self.normalize(layout, dtype, [&out, &mean, &variance], lines)?;
        Ok((out, mean, variance))
    }
}

/// The steps of the golden batch norm.
#[ext(Steps)]
impl DeviceTensor {
    /// Normalises in one read and one write, if this card and these sizes allow it.
    fn cluster(&self, layout: Layout, dtype: DType, outs: [&DeviceTensor; 3], lines: [Arg; 4]) -> Result<bool> {
        let device = self.device();
        let lanes = 16 / dtype.size();
        let aligned = self.address().is_multiple_of(16) && layout.inner.is_multiple_of(lanes);
        let packs = layout.count() / lanes;
        if device.arch() / 10 != 9 || !aligned || packs > u32::MAX as usize || packs < 8 * 1024 {
            return Ok(false);
        }
        // Two blocks on a multiprocessor hide one another's waits; where they do not fit, one is still the fewest bytes.
        let shared = |cluster: usize| 16 * packs.div_ceil(cluster).saturating_sub(THREADS * HELD);
        let limits = [device.shared_limit() / 2, device.shared_limit()];
        let mut choices = limits.iter().flat_map(|limit| CLUSTERS.map(|cluster| (cluster, limit)));
        let Some((cluster, _)) = choices.find(|&(cluster, limit)| shared(cluster) <= *limit) else { return Ok(false) };
        let chunk = packs.div_ceil(cluster);
        let [out, mean, variance] = outs.map(DeviceTensor::pointer);
        let [gamma, beta, target, eps] = lines;
        let args = [
            out,
            mean,
            variance,
            self.pointer(),
            gamma,
            beta,
            target,
            eps,
            size(layout.channels),
            size(layout.inner),
            size(packs),
            size(chunk),
        ];
        let number = |n: usize| n.cast_signed() as i64;
        let defines = [("BN_CLUSTER", number(cluster)), ("BN_THREADS", number(THREADS)), ("BN_HELD", number(HELD))];
        let kernel = Kernel {
            op: OP,
            unit: "golden_batch_norm".into(),
            entry: "channel_first_cluster",
            dtype,
            defines: &defines,
        };
        let side = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let threads = (side(THREADS), 1);
        let grid = Grid { threads, shared: side(shared(cluster)), ..Grid::blocks(layout.channels * cluster) };
        device.launch(&kernel, grid, &args)?;
        Ok(true)
    }

    fn moments(&self, layout: Layout, dtype: DType, [mean, variance]: [&DeviceTensor; 2]) -> Result<()> {
        let Layout { outer, channels, inner } = layout;
        let device = self.device();
        let kernel = |entry| Kernel::plain(OP, "golden_batch_norm", entry, dtype);
        let wanted = 8 * device.multiprocessors();
        let columns = inner == 1;
        let lanes = if self.address().is_multiple_of(16) && inner.is_multiple_of(16 / dtype.size()) {
            16 / dtype.size()
        } else {
            1
        };
        let (work, least) = if columns { (outer, 64) } else { (layout.count() / lanes, 1024) };
        let groups = if columns { channels.div_ceil(32) } else { channels };
        let parts = wanted.div_ceil(groups).min(work.div_ceil(least)).clamp(1, 4096);
        let chunk = work.div_ceil(parts);
        let partial = DeviceTensor::empty(OP, device, [channels, parts, 2].into(), Format::Real(DType::F64))?;
        let head = [partial.pointer(), self.pointer()];
        if columns {
            let side = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
            let grid = Grid { blocks: (side(groups), side(parts)), threads: (32, 8), shared: 0 };
            let args = [&head[..], &[size(outer), size(channels), size(chunk), size(parts)]].concat();
            device.launch(&kernel("channel_last_part"), grid, &args)?;
        } else {
            let tail = [size(channels), size(inner), size(work), size(chunk), size(parts), size(lanes)];
            device.launch(
                &kernel("channel_first_part"),
                Grid::blocks(channels * parts),
                &[&head[..], &tail].concat(),
            )?;
        }
        let args = [
            mean.pointer(),
            variance.pointer(),
            partial.pointer(),
            self.pointer(),
            size(channels),
            size(inner),
            size(parts),
            Arg::Real(layout.count() as f64),
        ];
        device.launch(&kernel("channel_moments"), Grid::flat(channels), &args)
    }

    fn normalize(&self, layout: Layout, dtype: DType, tensors: [&DeviceTensor; 3], lines: [Arg; 4]) -> Result<()> {
        let Layout { outer, channels, inner } = layout;
        let [out, mean, variance] = tensors.map(DeviceTensor::pointer);
        let head = [out, self.pointer(), mean, variance];
        let kernel = |entry| Kernel::plain(OP, "golden_batch_norm", entry, dtype);
        if inner == 1 {
            let side = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
            let grid = Grid {
                blocks: (side(channels.div_ceil(32)), side(outer.div_ceil(32).min(65_535))),
                threads: (32, 8),
                shared: 0,
            };
            let args = [&head[..], &lines, &[size(outer), size(channels)]].concat();
            return self.device().launch(&kernel("channel_last_normalize"), grid, &args);
        }
        let lanes = 16 / dtype.size();
        let aligned = self.address().is_multiple_of(16) && inner.is_multiple_of(lanes);
        let items = if aligned { inner / lanes } else { inner };
        let blocks = items.div_ceil(1024);
        let tail = [size(channels), size(inner), size(blocks), size(usize::from(aligned))];
        let grid = Grid::blocks(outer * channels * blocks);
        self.device().launch(&kernel("channel_first_normalize"), grid, &[&head[..], &lines, &tail].concat())
    }
}
