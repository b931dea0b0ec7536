//! A program as the text of a CUDA kernel in which one block evaluates one member: kernels/fused.cuh has the parts.
//!
//! So many samples of the batch as fit shared memory go through the whole program before the next ones; weights are read from
//! the device's memory. Operations that map each element by itself, or move elements, are computed where their result is read
//! or written, so that few values take memory. What the program ends in are means over the batch: losses and shares of right
//! answers. The centre is one more member.

mod calls;
mod expressions;
mod functions;
mod groups;
mod layout;
mod means;
mod memory;

use std::fmt::Write;

use self::functions::{Functions, plain};
use self::groups::{Groups, Kind};
use self::layout::{Layout, refused};
use self::memory::Pool;
use super::{NodeId, Program};
use crate::Result;
use crate::cuda::Fused;
use crate::tensor::{DType, Shape};

/// Bytes of shared memory that several blocks of a multiprocessor share.
const MULTIPROCESSOR: usize = 224 << 10;
/// Bytes of a block at most, where it cannot do with fewer.
const MOST: usize = 200 << 10;
/// Bytes of a block that leave room for three others, and for two where a chunk has few rows otherwise.
const GOOD: usize = 55 << 10;
const ROOMY: usize = 74 << 10;
const FEW_ROWS: usize = 64;
/// Rows of a chunk from which on more do not pay.
const ROWS: usize = 1024;
/// Threads of a block.
const THREADS: usize = 128;
/// Pointers that a kernel takes.
const POINTERS: usize = 400;

/// What the text is written from.
struct Writer<'a> {
    program: &'a Program,
    batch: usize,
    samples: usize,
    dtype: DType,
    /// Whether a mean is needed of every member, not of the centre alone.
    of_members: Vec<bool>,
    layouts: Vec<Option<Layout>>,
    groups: Groups,
    pool: Pool,
    given: Vec<NodeId>,
}

impl Program {
    /// Returns the kernel that finds the scalars `wanted`, the first of which is the loss, or that alone.
    ///
    /// # Errors
    /// `Error::Value` that says what has no rule here, or does not fit.
    pub fn fused(&self, wanted: &[NodeId], dtype: DType) -> Result<Fused> {
        match self.fused_kernel(wanted, dtype) {
            Ok(kernel) => Ok(kernel),
            Err(_) if wanted.len() > 1 => self.fused_kernel(&wanted[..1], dtype),
            Err(error) => Err(error),
        }
    }

    fn fused_kernel(&self, wanted: &[NodeId], dtype: DType) -> Result<Fused> {
        let mut needed = vec![false; self.nodes().len()];
        for &id in wanted {
            needed.iter_mut().zip(self.ancestors(id)).for_each(|(all, one)| *all |= one);
        }
        let (batch, layouts) = self.layouts(&needed)?;
        let groups = Groups::new(self, &needed, &layouts, wanted)?;
        let fitting = (1..=batch).rev().filter(|samples| batch % samples == 0).map(|samples| {
            let pool = Pool::new(self, &groups, &layouts, samples);
            (samples, pool)
        });
        let rows = |samples: usize| samples * groups.rows(&layouts);
        let bytes = |pool: &Pool| pool.numbers * dtype.size();
        let mut best = None;
        for (samples, pool) in fitting {
            let room = if rows(samples) <= FEW_ROWS { ROOMY } else { GOOD };
            let good = bytes(&pool) <= room && rows(samples) <= ROWS;
            if good || bytes(&pool) <= MOST {
                best = Some((samples, pool));
            }
            if good {
                break;
            }
        }
        let Some((samples, pool)) = best else { return Err(refused("values of one sample that do not fit")) };
        let writer = Writer {
            program: self,
            batch,
            samples,
            dtype,
            of_members: self.ancestors(wanted[0]),
            layouts,
            groups,
            pool,
            given: Vec::new(),
        };
        writer.kernel(wanted)
    }
}

impl Writer<'_> {
    fn layout(&self, id: NodeId) -> Result<&Layout> {
        self.layouts[id].as_ref().ok_or_else(|| refused("a mean that something is computed from"))
    }

    /// Rows of a value in shared memory.
    fn rows(&self, layout: &Layout) -> usize {
        if layout.each { self.samples * layout.rows() } else { layout.rows() }
    }

    fn kernel(mut self, wanted: &[NodeId]) -> Result<Fused> {
        let (mut before, mut body, mut functions) = (String::new(), String::new(), Functions::default());
        for step in self.groups.steps.clone() {
            let text = self.step(step)?;
            let call = functions.call(&text);
            let each = self.layouts[step].as_ref().is_none_or(|layout| layout.each);
            let to = if each { &mut body } else { &mut before };
            write!(to, "        {call}\n        __syncthreads();\n").ok();
        }
        let (mut means, mut found) = (String::new(), String::new());
        for id in 0..self.program.nodes().len() {
            match self.groups.kinds[id] {
                Some(Kind::Mean) => {
                    writeln!(means, "    Mean m{id};").ok();
                    writeln!(found, "    const real v{id} = m{id}.over_threads(partial);").ok();
                }
                Some(Kind::Scalar) => {
                    self.note_given(id);
                    writeln!(found, "    const real v{id} = {};", self.scalar(id)?).ok();
                }
                _ => {}
            }
        }
        for (number, id) in wanted.iter().enumerate() {
            let to = match number {
                0 => "*(is_centre ? of_centre : losses + member)".to_owned(),
                _ => format!("if (is_centre) of_centre[{number}]"),
            };
            writeln!(found, "    if (threadIdx.x == 0) {{ {to} = (double)v{id}; }}").ok();
        }
        let lengths: Vec<usize> = self.program.parameter_shapes().iter().map(Shape::numel).collect();
        if lengths.len() * 2 + self.given.len() > POINTERS {
            return Err(refused("more parameters than a kernel takes"));
        }
        let (mut arguments, mut weights) = (String::new(), String::new());
        for (number, length) in lengths.iter().enumerate() {
            write!(arguments, ", const real* of_members{number}, const real* of_centre{number}").ok();
            writeln!(
                weights,
                "    const real* w{number} = is_centre ? of_centre{number} : of_members{number} + member * {length};"
            )
            .ok();
        }
        for id in &self.given {
            write!(arguments, ", const real* s{id}").ok();
        }
        let shared = self.pool.numbers * self.dtype.size();
        let blocks = (MULTIPROCESSOR / (shared + 1024)).clamp(1, 512 / THREADS);
        let (batch, samples) = (self.batch, self.samples);
        let (staging, size) = self.pool.staging;
        let start = self
            .first()
            .map_or(String::new(), |first| format!("    POOL;\n    {}.fetch_to(pool + {staging});\n", plain(&first)));
        let text = format!(
            "{}extern \"C\" __global__ void __launch_bounds__(THREADS, BLOCKS) ENTRY(fused)(\n    \
             double* losses, double* of_centre, size members{arguments}) {{\n    \
             __shared__ double partial[32];\n    \
             const size member = blockIdx.x;\n    const bool is_centre = member == members;\n\
             {weights}{means}    Staging staging{{{staging}, {size}, 0}};\n{start}    {{\n        const int first = 0;\n{before}    }}\n    \
             for (int first = 0; first < {batch}; first += {samples}) {{\n{body}    }}\n{found}}}\n",
            functions.text
        );
        let head = format!("constexpr int THREADS = {THREADS}, BLOCKS = {blocks};\n");
        let (dtype, given) = (self.dtype, self.given);
        Ok(Fused { head, text, dtype, threads: THREADS, shared, given, found: wanted.len() })
    }
}
