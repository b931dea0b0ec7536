//! What a generation puts on the stream, one kernel after the other.

use cudarc::driver::CudaFunction;

use super::super::kernel::{Grid, THREADS};
use super::super::launch::{Arg, Memory};
use super::{Members, OP, Ranks, STEP, SUMMARY};
use crate::Result;
use crate::tensor::philox::NORMALS_PER_BLOCK;

impl Members {
    /// Starts the evaluation of what was given.
    pub(super) fn queue_evaluation(&self) -> Result<()> {
        let Self { blueprint, staging, device, memories, kernels, stream, .. } = self;
        let (real, pairs) = (blueprint.dtype.size(), blueprint.population / 2);
        device
            .try_on(OP, 0, || staging.send(stream, memories.given.address(), 0..STEP + blueprint.numbers() * real))?;
        let given = |at: usize| Arg::Pointer(memories.given.address() + (STEP + at * real) as u64);
        let derived = |at: usize| Arg::Pointer(memories.derived.address() + (at * real) as u64);
        for product in &blueprint.products {
            // Older cards have no tensor cores for these numbers: they read x turned.
            let tiles = if device.arch() >= 80 { product.tiles } else { 0 };
            let args = [
                derived(product.base),
                derived(product.turned),
                derived(product.parts),
                given(product.x),
                given(product.weight),
                size(product.rows),
                size(product.inputs),
                size(product.outputs),
                size(tiles),
            ];
            let further = if tiles > 0 { tiles } else { product.inputs };
            self.start(&kernels.product, Grid::blocks(product.outputs + further), &args)?;
        }
        let args = [
            pointer(&memories.losses),
            pointer(&memories.syntonies),
            pointer(&memories.given),
            given(0),
            pointer(&memories.weights),
            pointer(&memories.derived),
            size(pairs),
        ];
        let threads = u32::try_from(blueprint.threads).unwrap_or(THREADS);
        let grid = Grid { threads: (threads, 1), ..Grid::blocks(pairs.div_ceil(blueprint.pairs_of_block)) };
        self.start(&kernels.members, grid, &args)
    }

    /// Starts the ranks of the members' scores.
    pub(super) fn queue_ranks(&self, lambda: f64) -> Result<()> {
        let Self { blueprint, memories, kernels, chunks, .. } = self;
        let syntonies = if blueprint.syntony { pointer(&memories.syntonies) } else { Arg::Pointer(0) };
        let (population, lambda) = (size(blueprint.population), Arg::Real(lambda));
        let found = Arg::Pointer(self.results.address());
        let (ranks, losses) = (pointer(&memories.ranks), pointer(&memories.losses));
        match &kernels.ranks {
            Ranks::Count(count) => {
                let args = [ranks, found, losses, syntonies, lambda, population, size(*chunks)];
                let grid = Grid { threads: (512, 1), ..Grid::blocks(blueprint.population.div_ceil(32) + *chunks) };
                self.start(count, grid, &args)
            }
            Ranks::Sort { sort, rank } => {
                let (keys, owners) = (pointer(&memories.keys), pointer(&memories.owners));
                let args = [keys, owners, ranks, found, losses, syntonies, lambda, population];
                self.start(sort, Grid { threads: (512, 1), ..Grid::blocks(*chunks) }, &args)?;
                let all = Grid::blocks(*chunks).blocks.0;
                let grid = Grid { blocks: (all, all.min(256_u32.div_ceil(all))), threads: (THREADS, 1), shared: 0 };
                self.start(rank, grid, &[ranks, keys, owners, population, size(*chunks)])
            }
        }
    }

    /// Starts the direction that the ranks favour, which goes straight to the CPU's memory.
    pub(super) fn queue_direction(&self) -> Result<()> {
        let Self { blueprint, memories, kernels, each, slices, .. } = self;
        let numbers = blueprint.numbers();
        let args = [
            pointer(&memories.partial),
            pointer(&memories.ranks),
            pointer(&memories.blocks),
            pointer(&memories.given),
            size(blueprint.population / 2),
            size(*each),
        ];
        let count = Grid::blocks(numbers / NORMALS_PER_BLOCK).blocks.0;
        let grid = Grid { blocks: (count, Grid::blocks(*slices).blocks.0), threads: (THREADS, 1), shared: 0 };
        self.start(&kernels.direction, grid, &args)?;
        let out = Arg::Pointer(self.results.address() + (8 * SUMMARY * self.chunks) as u64);
        let args = [out, pointer(&memories.partial), pointer(&memories.given), size(numbers), size(*slices)];
        self.start(&kernels.sum, Grid { threads: (64, 1), ..Grid::blocks(numbers.div_ceil(64)) }, &args)
    }

    fn start(&self, kernel: &CudaFunction, grid: Grid, args: &[Arg]) -> Result<()> {
        self.device.start_on(&self.stream, OP, kernel, grid, args)
    }
}

fn pointer(memory: &Memory) -> Arg {
    Arg::Pointer(memory.address())
}

fn size(n: usize) -> Arg {
    Arg::Size(n.cast_signed() as i64)
}
