//! Members' weights in device memory, and sums of the noise that they were made with: kernels/perturbation.cu.

use std::sync::Arc;

use super::format::Format;
use super::kernel::{Grid, Kernel};
use super::launch::Arg;
use super::members::Step;
use super::tensor::DeviceTensor;
use super::{Device, ops::size};
use crate::tensor::philox::NORMALS_PER_BLOCK;
use crate::tensor::{DType, Shape, Tensor};
use crate::{Error, Result};

const OP: &str = "population";
/// Blocks that the sum over the pairs is cut into, about; no property of the device, so that all give the same bits.
const SUM_BLOCKS: usize = 4096;
/// Numbers of the factors that are held at once while a direction is summed.
const FACTORS: usize = 1 << 24;

/// One parameter: a matrix of rows and columns, a vector being one row. Noise of rank 0 is of full rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Its first axis, 1 for noise of full rank.
    pub rows: usize,
    /// Its other axes.
    pub columns: usize,
    /// The rank of its noise.
    pub rank: usize,
}

/// Where the numbers of a parameter are; the kernels' `Layout`.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// Normals that a pair draws.
    normals: usize,
    /// How many of them are the left factor's.
    split: usize,
    /// Where a member's own numbers begin, in numbers of a member.
    first: usize,
    /// Where its right factor begins.
    second: usize,
    /// Where the centre begins.
    centre: usize,
    layout: Layout,
}

/// The noise of a run on one device.
pub struct Perturbed {
    device: Arc<Device>,
    dtype: DType,
    places: Vec<Place>,
    /// Numbers of a member, and of the centre, with what lies between parameters.
    numbers: (usize, usize),
    table: DeviceTensor,
    /// The parameter and the block within it of each block of normals, and how many there are.
    blocks: (DeviceTensor, usize),
    /// Those of full rank alone.
    full: (DeviceTensor, usize),
    /// w(n) of each number of the centre.
    weights: DeviceTensor,
}

/// What one generation's members are made of.
#[derive(Debug)]
pub struct Generation {
    step: DeviceTensor,
    centre: DeviceTensor,
    deviations: Option<DeviceTensor>,
}

/// The weights of some members.
#[derive(Debug)]
pub struct Chunk {
    values: DeviceTensor,
    members: usize,
}

/// A parameter of the members of a chunk.
#[derive(Debug)]
pub enum Held {
    /// (members, rows * columns).
    Whole(DeviceTensor),
    /// A^T (members, rank, rows), with deviation and sign, and B^T (members, rank, columns).
    Factors(DeviceTensor, DeviceTensor),
}

impl std::fmt::Debug for Perturbed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the noise of {} parameters on {:?}", self.places.len(), self.device)
    }
}

fn padded(count: usize) -> usize {
    count.next_multiple_of(NORMALS_PER_BLOCK)
}

impl Perturbed {
    /// Copies what never changes to the device. `weights` has w(n) of each weight.
    ///
    /// # Errors
    /// `Error::OutOfDeviceMemory`, `Error::Device`.
    pub fn new(device: &Arc<Device>, dtype: DType, layouts: &[Layout], weights: &[f64]) -> Result<Self> {
        let (mut places, mut own, mut centre) = (Vec::with_capacity(layouts.len()), 0, 0);
        for &layout in layouts {
            let Layout { rows, columns, rank } = layout;
            let (split, rest) = if rank == 0 { (rows * columns, 0) } else { (rank * rows, rank * columns) };
            let second = own + padded(split);
            places.push(Place { normals: split + rest, split, first: own, second, centre, layout });
            (own, centre) = (second + padded(rest), centre + padded(rows * columns));
        }
        let rows: Vec<i64> = places
            .iter()
            .flat_map(|p| {
                let Layout { rows, columns, rank } = p.layout;
                [p.normals, p.split, p.first, p.second, p.centre, rows, columns, rank].map(|n| n.cast_signed() as i64)
            })
            .collect();
        let blocks = |wanted: &dyn Fn(&Place) -> bool| -> Result<(DeviceTensor, usize)> {
            let all = places.iter().enumerate().filter(|(_, place)| wanted(place)).flat_map(|(parameter, place)| {
                let pair = move |block: usize| [parameter, block].map(|n| i32::try_from(n).unwrap_or(i32::MAX));
                (0..place.normals.div_ceil(NORMALS_PER_BLOCK)).flat_map(pair)
            });
            let all: Vec<i32> = all.collect();
            let count = all.len() / 2;
            Ok((DeviceTensor::from_values(device, [count, 2].into(), Format::I32, &all)?, count))
        };
        let numbers = (own, centre);
        Ok(Self {
            device: Arc::clone(device),
            dtype,
            table: DeviceTensor::from_integers(device, [places.len(), 8].into(), &rows)?,
            blocks: blocks(&|_| true)?,
            full: blocks(&|place| place.layout.rank == 0)?,
            weights: doubles(device, &spread(&places, numbers.1, weights)?)?,
            places,
            numbers,
        })
    }

    /// Returns the numbers that a member takes.
    pub fn numbers(&self) -> usize {
        self.numbers.0
    }

    /// Copies what a generation's members are made of: the centre, and a deviation of each weight if they have their own.
    ///
    /// # Errors
    /// `Error::Shape` for other lengths, `Error::Device`.
    pub fn begin(&self, step: &Step, centre: &[f64], deviations: Option<&[f64]>) -> Result<Generation> {
        let counters = f64::from_bits(u64::from(step.generation) << 32 | u64::from(step.seed));
        let reals = |values: &[f64]| {
            let values = spread(&self.places, self.numbers.1, values)?;
            let shape: Shape = [values.len()].into();
            DeviceTensor::upload(&self.device, &Tensor::new(shape, values)?.cast(self.dtype))
        };
        Ok(Generation {
            step: doubles(&self.device, &[step.sigma, 1.0, counters])?,
            centre: reals(centre)?,
            deviations: deviations.map(reals).transpose()?,
        })
    }

    /// Returns the centre's values of a parameter, flat.
    ///
    /// # Errors
    /// None that can be reached.
    pub fn centre(&self, generation: &Generation, parameter: usize) -> Result<DeviceTensor> {
        let Place { centre, layout, .. } = self.places[parameter];
        generation.centre.part(centre, [layout.rows * layout.columns].into())
    }

    /// Starts to write the weights of both members of `pairs` pairs, from `pair` on.
    ///
    /// # Errors
    /// `Error::OutOfDeviceMemory`, `Error::Device`.
    pub fn members(&self, generation: &Generation, pair: usize, pairs: usize) -> Result<Chunk> {
        let members = 2 * pairs;
        let shape: Shape = [members * self.numbers.0].into();
        let values = DeviceTensor::empty(OP, &self.device, shape, Format::Real(self.dtype))?;
        let args = [
            values.pointer(),
            generation.centre.pointer(),
            Arg::maybe(generation.deviations.as_ref()),
            self.blocks.0.pointer(),
            self.table.pointer(),
            generation.step.pointer(),
            size(pair),
            size(pairs),
            size(self.blocks.1),
        ];
        self.start("perturb", self.dtype, Grid::flat(pairs * self.blocks.1), &args)?;
        Ok(Chunk { values, members })
    }

    /// Returns a parameter of the members of a chunk.
    ///
    /// # Errors
    /// None that can be reached.
    pub fn parameter(&self, chunk: &Chunk, parameter: usize) -> Result<Held> {
        let Place { split, first, second, layout, .. } = self.places[parameter];
        let (members, Layout { rows, columns, rank }) = (chunk.members, layout);
        if rank == 0 {
            return Ok(Held::Whole(chunk.values.part(members * first, [members, split].into())?));
        }
        let left = chunk.values.part(members * first, [members, rank, rows].into())?;
        Ok(Held::Factors(left, chunk.values.part(members * second, [members, rank, columns].into())?))
    }

    /// Returns a parameter of the members of a chunk, (members, rows * columns), its factors multiplied.
    ///
    /// # Errors
    /// `Error::OutOfDeviceMemory`, `Error::Device`.
    pub fn joined(&self, generation: &Generation, chunk: &Chunk, parameter: usize) -> Result<DeviceTensor> {
        let (left, right) = match self.parameter(chunk, parameter)? {
            Held::Whole(weights) => return Ok(weights),
            Held::Factors(left, right) => (left, right),
        };
        let Layout { rows, columns, rank } = self.places[parameter].layout;
        let (n, centre) = (chunk.members * rows * columns, self.centre(generation, parameter)?);
        let out = left.like(OP, [chunk.members, rows * columns].into())?;
        let pointers = [out.pointer(), centre.pointer(), left.pointer(), right.pointer()];
        let args = [&pointers[..], &[rows, columns, rank, n].map(size)].concat();
        self.start("join_factors", self.dtype, Grid::flat(n), &args)?;
        Ok(out)
    }

    /// Returns the sum of w x^2 and then that of x^2 over the weights of each member, (2, members) in binary64.
    ///
    /// # Errors
    /// `Error::OutOfDeviceMemory`, `Error::Device`.
    pub fn energies(&self, generation: &Generation, chunk: &Chunk) -> Result<DeviceTensor> {
        let shape: Shape = [2, chunk.members].into();
        let out = DeviceTensor::empty(OP, &self.device, shape, Format::Real(DType::F64))?;
        let args = [
            out.pointer(),
            chunk.values.pointer(),
            generation.centre.pointer(),
            self.table.pointer(),
            self.weights.pointer(),
            size(self.places.len()),
            size(chunk.members),
        ];
        self.start("energies", self.dtype, Grid::blocks(chunk.members), &args)?;
        Ok(out)
    }

    /// Returns, for each weight, the sum over all pairs of `weights[p]` z_p, or of z_p^2 for noise of full rank.
    ///
    /// # Errors
    /// `Error::Value` for squares of noise of low rank; `Error::OutOfDeviceMemory`, `Error::Device`.
    pub fn sum(&self, generation: &Generation, weights: &[f64], squared: bool) -> Result<Vec<f64>> {
        if squared && self.full.1 < self.blocks.1 {
            let got = "noise of low rank".into();
            return Err(Error::Value { op: OP, expected: "noise of full rank; set rank=null".into(), got });
        }
        let given = doubles(&self.device, weights)?;
        let full = self.full_sum(generation, &given, squared)?;
        let mut low = Vec::new();
        for (parameter, place) in self.places.iter().enumerate().filter(|(_, place)| place.layout.rank > 0) {
            low.push(self.low_sum(generation, &given, parameter, place)?);
        }
        let full: Vec<f64> = if self.full.1 > 0 { full.values(OP)? } else { Vec::new() };
        let (mut blocks, mut low) = (full.as_slice(), low.into_iter());
        let mut sum = Vec::new();
        for Place { normals, layout, .. } in &self.places {
            if layout.rank > 0 {
                let factor = 1.0 / (layout.rank as f64).sqrt();
                let values: Vec<f64> = low.next().map_or(Ok(Vec::new()), |x| x.values(OP))?;
                sum.extend(values.into_iter().map(|x| factor * x));
            } else {
                let (these, others) = blocks.split_at(padded(*normals));
                sum.extend_from_slice(&these[..*normals]);
                blocks = others;
            }
        }
        Ok(sum)
    }

    /// Starts the sums of all blocks of full rank.
    fn full_sum(&self, generation: &Generation, weights: &DeviceTensor, squared: bool) -> Result<DeviceTensor> {
        let (pairs, blocks) = (weights.numel(), self.full.1);
        let threads = Grid::flat(0).threads.0 as usize;
        let wanted = SUM_BLOCKS.div_ceil(blocks.max(1)).clamp(1, pairs.div_ceil(threads).max(1));
        let each = pairs.div_ceil(threads * wanted).max(1);
        let slices = pairs.div_ceil(threads * each).max(1);
        let n = blocks * NORMALS_PER_BLOCK;
        let partial = weights.like(OP, [slices, n].into())?;
        let out = weights.like(OP, [n].into())?;
        if n > 0 {
            let pointers = [&partial, weights, &self.full.0, &generation.step].map(DeviceTensor::pointer);
            let args = [&pointers[..], &[pairs, each, usize::from(squared)].map(size)].concat();
            let grid = Grid { blocks: (Grid::blocks(blocks).blocks.0, Grid::blocks(slices).blocks.0), ..Grid::flat(0) };
            self.start("noise_sum", self.dtype, grid, &args)?;
            let args = [out.pointer(), partial.pointer(), size(slices), size(n)];
            self.start("noise_total", self.dtype, Grid::flat(n), &args)?;
        }
        Ok(out)
    }

    /// Starts the sum over the pairs of A^T B, (rows, columns) in binary64.
    fn low_sum(
        &self,
        generation: &Generation,
        weights: &DeviceTensor,
        parameter: usize,
        place: &Place,
    ) -> Result<DeviceTensor> {
        let Place { normals, split, layout: Layout { rows, columns, rank }, .. } = *place;
        let pairs = weights.numel();
        let each = (FACTORS / normals.max(1)).clamp(1, pairs);
        let mut sum: Option<DeviceTensor> = None;
        for pair in (0..pairs).step_by(each) {
            let count = each.min(pairs - pair);
            let left = weights.like(OP, [count * rank, rows].into())?;
            let right = weights.like(OP, [count * rank, columns].into())?;
            let pointers = [&left, &right, weights, &generation.step].map(DeviceTensor::pointer);
            let sizes = [parameter, pair, normals, split, count * normals].map(size);
            let args = [&pointers[..], &sizes].concat();
            self.start("weighted_factors", DType::F64, Grid::flat(count * normals), &args)?;
            sum = Some(left.gemm(&right, (true, false), 1.0, sum.as_ref().map(|sum| (1.0, sum)))?);
        }
        sum.ok_or_else(|| Error::Internal { what: "a sum over no pairs".into() })
    }

    fn start(&self, entry: &str, dtype: DType, grid: Grid, args: &[Arg]) -> Result<()> {
        self.device.launch(&Kernel::plain(OP, "perturbation", entry, dtype), grid, args)
    }
}

/// Returns the numbers of all parameters with each at its place and zeros between.
fn spread(places: &[Place], length: usize, values: &[f64]) -> Result<Vec<f64>> {
    let (mut spread, mut rest) = (vec![0.0; length], values);
    for Place { centre, layout, .. } in places {
        let count = layout.rows * layout.columns;
        let Some((these, others)) = rest.split_at_checked(count) else { break };
        spread[*centre..centre + count].copy_from_slice(these);
        rest = others;
    }
    let expected: usize = places.iter().map(|place| place.layout.rows * place.layout.columns).sum();
    if expected == values.len() {
        return Ok(spread);
    }
    Err(Error::Shape { op: OP, expected: format!("{expected} numbers"), got: values.len().to_string() })
}

fn doubles(device: &Arc<Device>, values: &[f64]) -> Result<DeviceTensor> {
    DeviceTensor::from_values(device, [values.len()].into(), Format::Real(DType::F64), values)
}
