//! The members of a generation on a device: evaluated, ranked, and summed up to the direction that they favour.
//!
//! Everything of a generation is put on the stream at once and waited for once. kernels/generation.cu has what does not
//! depend on the model; the kernel of the model itself is a `Blueprint`.

mod give;
mod queue;

use std::sync::Arc;
use std::thread;

use cudarc::driver::{CudaEvent, CudaFunction, CudaStream};

use super::kernel::{Kernel, THREADS};
use super::launch::{self, Graph, Memory, Pinned};
use super::{Blueprint, Device};
use crate::tensor::philox::NORMALS_PER_BLOCK;
use crate::tensor::{DType, Real};
use crate::{Error, Result};

const OP: &str = "population";
/// Bytes in front of the centre that hold what changes with each generation.
const STEP: usize = 32;
/// Scores that a block sorts: `CHUNK` of generation.cu.
const CHUNK: usize = 1024;
/// Scores up to which each is compared with each: `FEW` of generation.cu.
const FEW: usize = 4096;
/// Numbers of a chunk's summary.
const SUMMARY: usize = 3;
/// Blocks that the sum over the pairs is cut into, about; no property of the device, so that all give the same bits.
const SUM_BLOCKS: usize = 1056;

/// What one generation differs in from the others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Standard deviation of the noise.
    pub sigma: f64,
    /// The run's seed.
    pub seed: u32,
    /// The generation.
    pub generation: u32,
    /// Weight of a member's syntony in its score.
    pub lambda: f64,
}

/// What a generation found.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The least loss that is a number; infinite if there is none.
    pub least: f64,
    /// The sum of the losses that are numbers.
    pub sum: f64,
    /// How many are.
    pub count: usize,
    /// The direction that the ranks favour: sum over pairs of utility times noise, for each number of the centre.
    pub direction: Vec<f64>,
}

/// The kernels of a generation.
struct Kernels {
    product: CudaFunction,
    members: CudaFunction,
    /// Ranks of a few scores at once; of more, sorted in chunks first.
    ranks: Ranks,
    direction: CudaFunction,
    sum: CudaFunction,
}

/// What ranks the scores.
enum Ranks {
    Count(CudaFunction),
    Sort { sort: CudaFunction, rank: CudaFunction },
}

/// Memory of a generation on the device.
struct Memories {
    given: Memory,
    derived: Memory,
    weights: Memory,
    losses: Memory,
    syntonies: Memory,
    keys: Memory,
    owners: Memory,
    ranks: Memory,
    partial: Memory,
    blocks: Memory,
}

/// The members of one run, generation after generation, on one device.
pub struct Members {
    device: Arc<Device>,
    /// Theirs alone, so that nobody else's work is taken for a part of a generation.
    stream: Arc<CudaStream>,
    /// A whole generation, once there was one, and the lambda that is a part of it.
    whole: Option<(f64, Graph)>,
    /// Whether there may be a generation under way, and the mark behind it.
    busy: bool,
    done: CudaEvent,
    /// The mark behind the copy of what all members share.
    shared: CudaEvent,
    blueprint: Blueprint,
    kernels: Kernels,
    memories: Memories,
    staging: Pinned,
    /// The chunks' summaries, then the direction: the kernels write here, with no copy behind them.
    results: Pinned,
    /// Pairs that a thread sums up, and the slices of the pairs that this makes.
    each: usize,
    slices: usize,
    chunks: usize,
}

impl std::fmt::Debug for Members {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} members on {:?}", self.blueprint.population, self.device)
    }
}

impl Members {
    /// Compiles the kernels and reserves memory. `weights` has w(n) of each number of the centre.
    ///
    /// # Errors
    /// `Error::DeviceUnavailable` without NVRTC, `Error::OutOfDeviceMemory`, `Error::Device`.
    pub fn new(device: &Arc<Device>, blueprint: Blueprint, weights: &[f64]) -> Result<Self> {
        let dtype = blueprint.dtype;
        let unit = |entry| device.function(&Kernel::plain(OP, "generation", entry, dtype), 0);
        let ranks = || {
            Ok(match blueprint.population <= FEW {
                true => Ranks::Count(unit("count_scores")?),
                false => Ranks::Sort { sort: unit("sort_scores")?, rank: unit("rank_scores")? },
            })
        };
        let compile = || blueprint.compile(device.arch());
        let kernels = thread::scope(|scope| {
            // The model's own kernel takes as long as all others, which are compiled meanwhile.
            let image = thread::Builder::new().spawn_scoped(scope, compile);
            let (product, ranks) = (unit("shared_linear")?, ranks()?);
            let (direction, sum) = (unit("direction")?, unit("direction_sum")?);
            let image = match image {
                Ok(thread) => thread.join().unwrap_or_else(|_| compile()),
                Err(_) => compile(),
            };
            let entry = format!("members_{}", super::format::suffix(dtype));
            Ok(Kernels { product, members: device.load(OP, image?, &entry, 0)?, ranks, direction, sum })
        })?;
        let real = dtype.size();
        let numbers = blueprint.numbers();
        let pairs = blueprint.population / 2;
        let chunks = blueprint.population.div_ceil(CHUNK);
        let noise_blocks = numbers / NORMALS_PER_BLOCK;
        let wanted = SUM_BLOCKS.div_ceil(noise_blocks.max(1)).clamp(1, pairs.div_ceil(THREADS as usize).max(1));
        let each = pairs.div_ceil(THREADS as usize * wanted).max(1);
        let slices = pairs.div_ceil(THREADS as usize * each).max(1);
        let given = STEP + real * blueprint.places.last().copied().unwrap_or(numbers);
        let memory = |bytes: usize| device.allocate(OP, bytes);
        let memories = Memories {
            given: memory(given)?,
            derived: memory(real * blueprint.derived)?,
            weights: memory(real * numbers)?,
            losses: memory(8 * blueprint.population)?,
            syntonies: memory(8 * blueprint.population)?,
            keys: memory(8 * CHUNK * chunks)?,
            owners: memory(4 * CHUNK * chunks)?,
            ranks: memory(4 * blueprint.population)?,
            partial: memory(8 * numbers * slices)?,
            blocks: memory(8 * noise_blocks)?,
        };
        let staging = device.pinned(OP, given)?;
        let results = device.pinned(OP, 8 * (SUMMARY * chunks + numbers))?;
        let members = Self {
            device: Arc::clone(device),
            stream: device.new_stream(OP)?,
            whole: None,
            busy: false,
            done: device.new_event(OP)?,
            shared: device.new_event(OP)?,
            blueprint,
            kernels,
            memories,
            staging,
            results,
            each,
            slices,
            chunks,
        };
        // Memory comes and goes in the order of the device's own stream.
        members.device.synchronize()?;
        members.prepare(weights)?;
        Ok(members)
    }

    /// Returns what the members are evaluated by.
    pub fn blueprint(&self) -> &Blueprint {
        &self.blueprint
    }

    /// Copies what never changes to the device: the places of the noise, and w(n).
    fn prepare(&self, weights: &[f64]) -> Result<()> {
        let parameters = self.blueprint.offsets.windows(2).enumerate();
        let blocks: Vec<[i32; 2]> = parameters
            .flat_map(|(parameter, ends)| {
                let count = (ends[1] - ends[0]) / NORMALS_PER_BLOCK;
                (0..count).map(move |block| [parameter, block].map(|n| i32::try_from(n).unwrap_or(i32::MAX)))
            })
            .collect();
        self.upload(&self.memories.blocks, &blocks)?;
        let weights = self.blueprint.spread(weights)?;
        match self.blueprint.dtype {
            DType::F32 => self.upload(&self.memories.weights, &weights.iter().map(|&w| w as f32).collect::<Vec<_>>()),
            DType::F64 => self.upload(&self.memories.weights, &weights),
        }
    }

    fn upload<T: Copy>(&self, to: &Memory, values: &[T]) -> Result<()> {
        self.device.try_on(OP, 0, || launch::upload(&self.stream, to.address(), values))
    }

    /// Starts the evaluation of all members. `centre` holds the parameters one behind the other.
    ///
    /// # Errors
    /// `Error::Shape` when its length is not the blueprint's, `Error::Device`.
    pub fn evaluate<T: Real>(&mut self, step: &Step, centre: &[T]) -> Result<()> {
        self.give(step, centre)?;
        self.queue_evaluation()?;
        self.mark()
    }

    /// As [`Self::evaluate`], and starts all that follows: ranks, direction, and their way back.
    ///
    /// # Errors
    /// As those of `evaluate`.
    pub fn generation<T: Real>(&mut self, step: &Step, centre: &[T]) -> Result<()> {
        self.give(step, centre)?;
        let mut whole = self.whole.take().filter(|(lambda, _)| lambda.to_bits() == step.lambda.to_bits());
        if whole.is_none() {
            let (device, stream) = (Arc::clone(&self.device), Arc::clone(&self.stream));
            let graph = device.record(OP, &stream, || self.queue(step))?;
            whole = graph.map(|graph| (step.lambda, graph));
        }
        match &mut whole {
            Some((_, graph)) => self.device.try_on(OP, 0, || graph.launch())?,
            None => self.queue(step)?,
        }
        self.whole = whole;
        self.mark()
    }

    fn queue(&self, step: &Step) -> Result<()> {
        self.queue_evaluation()?;
        self.queue_ranks(step.lambda)?;
        self.queue_direction()
    }

    /// Starts all that follows the evaluation, with the centred rank of each member given, of which `competing` take part. The
    /// direction must be multiplied by what is returned.
    ///
    /// # Errors
    /// `Error::Device`.
    pub fn weigh(&mut self, ranks: &[f64], competing: usize) -> Result<f64> {
        let last = |count: usize| count.saturating_sub(1).max(1) as f64;
        let units: Vec<i32> = ranks.iter().map(|rank| (rank * 2.0 * last(competing)).round() as i32).collect();
        self.upload(&self.memories.ranks, &units)?;
        self.queue_direction()?;
        self.mark()?;
        Ok(last(self.blueprint.population) / last(competing))
    }

    /// Waits for the generation and returns what it found.
    ///
    /// # Errors
    /// `Error::Device`.
    pub fn outcome(&mut self) -> Result<Outcome> {
        self.wait()?;
        let found: Vec<f64> = self.results.read(0, SUMMARY * self.chunks + self.blueprint.numbers());
        let (summary, direction) = found.split_at(SUMMARY * self.chunks);
        let mut outcome = Outcome { least: f64::INFINITY, sum: 0.0, count: 0, direction: Vec::new() };
        for chunk in summary.chunks_exact(SUMMARY) {
            outcome.least = outcome.least.min(chunk[0]);
            outcome.sum += chunk[1];
            outcome.count += chunk[2] as usize;
        }
        outcome.direction = self.blueprint.gathered(direction);
        Ok(outcome)
    }

    /// Waits for the evaluation and returns each member's loss and syntony, mirror images side by side; no syntonies if
    /// they are not wanted.
    ///
    /// # Errors
    /// `Error::Device`.
    pub fn found(&self) -> Result<(Vec<f64>, Vec<f64>)> {
        let read = |memory: &Memory, count: usize| {
            let mut values = vec![0.0; count];
            self.device.try_on(OP, 0, || launch::download(&self.stream, &mut values, memory.address()))?;
            Ok::<Vec<f64>, Error>(values)
        };
        let population = self.blueprint.population;
        let syntonies = if self.blueprint.syntony { population } else { 0 };
        Ok((read(&self.memories.losses, population)?, read(&self.memories.syntonies, syntonies)?))
    }
}

impl Drop for Members {
    fn drop(&mut self) {
        // Their memory goes back in the order of another stream.
        self.device.settle();
    }
}
