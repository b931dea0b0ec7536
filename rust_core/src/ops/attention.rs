//! Attention: each head adds up values, weighted by softmax(scale * q . k) over the keys.
//!
//! One head of one sample at a time is packed side by side, its queries already scaled; a few queries' scores are computed,
//! normalised and spent before the next ones. A causal query reads no key after its own, and what a masked key holds,
//! even NaN, goes nowhere. Source: Vaswani et al., "Attention is all you need", arXiv 1706.03762.

use pulp::Simd;

use crate::cuda::{Arg, DeviceTensor, Grid, Kernel, Unit, unit};
use crate::describe::{Count, Given, methods};
use crate::loops::elementwise::load;
use crate::loops::lanes::reserve;
use crate::loops::normalise::{normalise, normalise_filled};
use crate::loops::packed::{add_product, filled, group, groups, product, wide, wide_mut};
use crate::loops::sizes::{Size, TILE, Window};
use crate::loops::{Call, Memory, Operation, Side, Split, expect_inputs};
use crate::tensor::{Real, Shape};
use crate::{Error, Result};

/// Queries whose scores are in memory together.
const BLOCK: usize = 2 * TILE;

/// Multi-head attention of queries (batch, queries, d), keys (batch, keys, d) and values (batch, keys, dv), and, if `masked`,
/// a mask (batch, keys) whose zeros mark keys to be ignored: (batch, queries, dv), head beside head.
/// A query without a key that counts gives 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attention {
    /// Heads that d and dv are divided among.
    pub heads: usize,
    /// Whether query i sees keys 0 to i alone.
    pub causal: bool,
    /// Whether a mask follows the values.
    pub masked: bool,
    /// What multiplies q . k, a positive number; nothing is 1 / sqrt(d / heads).
    pub scale: Option<f64>,
}

/// The sizes of one attention.
#[derive(Clone, Copy)]
struct Plan {
    batch: usize,
    queries: usize,
    keys: usize,
    heads: usize,
    /// Numbers of one query, and of one value, in one head.
    d: usize,
    dv: usize,
    causal: bool,
    scale: f64,
}

impl Attention {
    fn plan(&self, shapes: &[&Shape]) -> Plan {
        let (query, value) = (shapes[0].dims(), shapes[2].dims());
        let (d, dv) = (query[2] / self.heads, value[2] / self.heads);
        let scale = self.scale.unwrap_or(1.0 / (d.max(1) as f64).sqrt());
        let &Self { heads, causal, .. } = self;
        Plan { batch: query[0], queries: query[1], keys: value[1], heads, d, dv, causal, scale }
    }
}

/// Widths of a head that a thread of a device holds in registers.
const HELD: usize = 64;

static KERNELS: Unit = unit!("attention");

methods! {
    Attention {
        /// Attention of these queries (batch, queries, d) to keys (batch, keys, d) with values (batch, keys, dv).
        ///
        /// Each of the heads, which divide d and dv, adds up its values by softmax(scale * q . k) over the keys; scale is
        /// 1 / sqrt(d / heads) unless given. A causal query i sees keys 0 to i. `key_mask` (batch, keys) is 0 where a key is
        /// to be ignored; a query without a key that counts gives 0.
        ///
        /// >>> x = Tensor([[[0.0], [0.0]]])
        /// >>> x.attention(x, Tensor([[[1.0], [3.0]]]), 1, causal=True).tolist()
        /// [[[1.0], [2.0]]]
        fn attention(
            query, key: Given, value: Given, heads: Count, causal: bool = false, key_mask: Option<Given> = None,
            scale: Option<f64> = None
        ) => {
            let [_, heads] = heads.read(Self::NAME, "number of heads", 1)?;
            Ok(Self { heads, causal, masked: key_mask.is_some(), scale })
        };
    }
}

impl Operation for Attention {
    const UNIT: Option<&'static Unit> = Some(&KERNELS);
    const NAME: &'static str = "attention";

    fn shape(&self, inputs: &[&Shape], _: &[Shape]) -> Result<Shape> {
        expect_inputs(Self::NAME, inputs, 3 + usize::from(self.masked))?;
        let shape = |expected: String, got: String| Err(Error::Shape { op: Self::NAME, expected, got });
        let value = |expected: &str, got: String| Err(Error::Value { op: Self::NAME, expected: expected.into(), got });
        let (&[batch, queries, d], &[b1, keys, d1], &[b2, keys2, dv]) =
            (inputs[0].dims(), inputs[1].dims(), inputs[2].dims())
        else {
            let got = format!("{}, {} and {}", inputs[0], inputs[1], inputs[2]);
            return shape("queries, keys and values of shape (batch, length, width)".into(), got);
        };
        if [b1, d1] != [batch, d] {
            return shape(format!("keys ({batch}, keys, {d}) for queries {}", inputs[0]), inputs[1].to_string());
        }
        if [b2, keys2] != [batch, keys] {
            return shape(format!("values ({batch}, {keys}, width) for keys {}", inputs[1]), inputs[2].to_string());
        }
        if let Some(mask) = inputs.get(3).filter(|mask| mask.dims() != [batch, keys]) {
            return shape(format!("a key mask of shape ({batch}, {keys})"), mask.to_string());
        }
        if self.heads == 0 || d % self.heads != 0 || dv % self.heads != 0 {
            return value(&format!("heads that divide the widths {d} and {dv}"), self.heads.to_string());
        }
        match self.scale {
            Some(scale) if !(scale > 0.0 && scale.is_finite()) => {
                value("a positive and finite scale", scale.to_string())
            }
            _ => Ok([batch, queries, dv].into()),
        }
    }

    fn split(&self, inputs: &[&Shape]) -> Split {
        Split { axes: 1, inputs: inputs.len() }
    }

    fn cost(&self, inputs: &[&Shape], output: &Shape) -> usize {
        2 * output.numel() * inputs[1].dims()[1]
    }

    fn device(&self, inputs: &[&DeviceTensor], _: &[DeviceTensor], shape: &Shape) -> Result<DeviceTensor> {
        let shapes: Vec<&Shape> = inputs.iter().map(|x| x.shape()).collect();
        let Plan { batch, queries, keys, heads, d, dv, causal, scale } = self.plan(&shapes);
        let sizes = [heads, queries, keys, d, dv, usize::from(causal)].map(Arg::size);
        let mask = Arg::maybe(inputs.get(3).copied());
        let seen: Shape = [batch * heads, queries, keys].into();
        let args = [&[inputs[0].pointer(), inputs[1].pointer(), mask][..], &sizes, &[Arg::Real(scale)]].concat();
        let scores = inputs[0].fill(Self::NAME, &KERNELS, "attention_scores", seen.clone(), &args)?;
        let args = [&[scores.pointer(), mask][..], &sizes].concat();
        let weights = scores.fill(Self::NAME, &KERNELS, "attention_weights", seen, &args)?;
        let args = [&[weights.pointer(), inputs[2].pointer(), mask][..], &sizes].concat();
        weights.fill(Self::NAME, &KERNELS, "attention_values", shape.clone(), &args)
    }

    fn on_members(&self, side: &Side<'_>) -> Result<DeviceTensor> {
        let inputs = (0..side.inputs.len()).map(|i| side.folded(Self::NAME, i)).collect::<Result<Vec<_>>>()?;
        let shape = side.shape.with_axis(0, side.members * side.shape.dims()[0]);
        let shapes: Vec<&Shape> = inputs.iter().map(DeviceTensor::shape).collect();
        let Plan { batch, queries, keys, heads, d, dv, causal, scale } = self.plan(&shapes);
        if d.max(dv) <= HELD && shape.numel() > 0 {
            let out = inputs[0].like(Self::NAME, shape)?;
            let pointers = [&out, &inputs[0], &inputs[1], &inputs[2]].map(DeviceTensor::pointer);
            let (mask, rows) = (Arg::maybe(inputs.get(3)), batch * heads * queries);
            let sizes = [heads, queries, keys, d, dv, usize::from(causal)].map(Arg::size);
            let args = [&pointers[..], &[mask], &sizes, &[Arg::Real(scale), Arg::size(rows)]].concat();
            let width = |n: usize| n.cast_signed() as i64;
            let defines = [("ATTENTION_D", width(d)), ("ATTENTION_DV", width(dv))];
            let dtype = out.format().real(Self::NAME)?;
            let entry = "attention_whole";
            let kernel = Kernel { op: Self::NAME, unit: (&KERNELS).into(), entry, dtype, defines: &defines };
            out.device().launch(&kernel, Grid::flat(rows), &args)?;
            return out.reshape(side.lifted());
        }
        self.device(&inputs.iter().collect::<Vec<_>>(), &[], &shape)?.reshape(side.lifted())
    }

    fn device_numbers(&self, inputs: &[&Shape], _: &[Shape], output: &Shape) -> usize {
        let Plan { batch, queries, keys, heads, .. } = self.plan(inputs);
        let weights = [2, batch, heads, queries, keys].into_iter().fold(1, usize::saturating_mul);
        inputs.iter().fold(weights.saturating_add(output.numel()), |all, input| all.saturating_add(input.numel()))
    }

    #[inline(always)]
    fn run<S: Simd, T: Real, const L: usize>(&self, simd: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        if out.is_empty() {
            return;
        }
        let plan = self.plan(call.shapes);
        let mut scratch = call.scratch.borrow_mut();
        let mut own = Head::new(plan, self.masked, &mut scratch);
        for sample in 0..plan.batch {
            for (key, keep) in own.keep.iter_mut().enumerate() {
                *keep = call.inputs[3].at(sample * plan.keys + key);
            }
            for head in 0..plan.heads {
                plan.pack(call, sample, head, &mut own);
                for first in (0..plan.queries).step_by(BLOCK) {
                    let count = BLOCK.min(plan.queries - first);
                    plan.weigh(simd, first, count, &mut own);
                    plan.add_up(simd, first, count, &mut own);
                    for (i, sums) in own.sums.chunks_exact(filled::<L>(plan.dv)).take(count).enumerate() {
                        let at = ((sample * plan.queries + first + i) * plan.heads + head) * plan.dv;
                        out[at..at + plan.dv].copy_from_slice(&sums[..plan.dv]);
                    }
                }
            }
        }
    }
}

/// One head of one sample.
struct Head<'m, T, const L: usize> {
    /// Which keys count, (keys,); empty if all do
    keep: &'m mut [[T; L]],
    /// Scaled queries, (queries, d)
    queries: &'m mut [[T; L]],
    /// Packed with keys as outputs
    keys: &'m mut [[T; L]],
    /// Packed with the numbers of a value as outputs
    values: &'m mut [[T; L]],
    /// Weights of a block of queries, (BLOCK, keys), filled
    weights: &'m mut [[T; L]],
    /// Weighted sums of a block of queries, (BLOCK, dv), filled
    sums: &'m mut [[T; L]],
    /// A key or a value, (d,) or (dv,)
    line: &'m mut [[T; L]],
}

impl<'m, T: Real, const L: usize> Head<'m, T, L> {
    fn new(plan: Plan, masked: bool, memory: &'m mut Memory<T, L>) -> Self {
        let (keys, dv) = (filled::<L>(plan.keys), filled::<L>(plan.dv));
        let keep = if masked { plan.keys } else { 0 };
        let line = plan.d.max(plan.dv);
        let sizes = [keep, plan.queries * plan.d, keys * plan.d, dv * plan.apart(), BLOCK * keys, BLOCK * dv, line];
        reserve(memory, sizes.iter().sum());
        let mut rest = &mut memory[..];
        let [keep, queries, keys, values, weights, sums, line] = sizes.map(|size| {
            let (these, others) = std::mem::take(&mut rest).split_at_mut(size);
            rest = others;
            these
        });
        Self { keep, queries, keys, values, weights, sums, line }
    }
}

/// Makes 0 of what a key or a value holds for members that mask it.
#[inline(always)]
fn drop_masked<T: Real, const L: usize>(keep: Option<&[T; L]>, line: &mut [[T; L]]) {
    let Some(keep) = keep else { return };
    for x in line {
        for l in 0..L {
            x[l] = if keep[l] == T::ZERO { T::ZERO } else { x[l] };
        }
    }
}

impl Plan {
    /// Returns how many keys query `i` sees.
    #[inline(always)]
    fn seen(&self, i: usize) -> usize {
        if self.causal { self.keys.min(i + 1) } else { self.keys }
    }

    /// Packs one head: queries times the scale, keys and values; what a masked key holds becomes 0.
    #[inline(always)]
    fn pack<T: Real, const L: usize>(
        &self,
        call: &Call<'_, T, L>,
        sample: usize,
        head: usize,
        own: &mut Head<'_, T, L>,
    ) {
        let &Self { queries, keys, heads, d, dv, .. } = self;
        for (i, out) in own.queries.chunks_exact_mut(d.max(1)).enumerate() {
            load(&call.inputs[0], ((sample * queries + i) * heads + head) * d, out);
        }
        let scale = T::from_f64(self.scale);
        for x in own.queries.as_flattened_mut() {
            *x = *x * scale;
        }
        let group = group::<L>();
        for j in 0..keys {
            let line = &mut own.line[..d];
            load(&call.inputs[1], ((sample * keys + j) * heads + head) * d, line);
            drop_masked(own.keep.get(j), line);
            let places = own.keys.iter_mut().skip((j / group) * group * d + j % group).step_by(group);
            places.zip(line.iter()).for_each(|(place, x)| *place = *x);
            let line = &mut own.line[..dv];
            load(&call.inputs[2], ((sample * keys + j) * heads + head) * dv, line);
            drop_masked(own.keep.get(j), line);
            for (some, line) in own.values.chunks_exact_mut(self.apart() * group).zip(line.chunks(group)) {
                some[j * group..][..line.len()].copy_from_slice(line);
            }
        }
    }

    /// Returns how far packed values lie apart: a power of two would put all of them into the same part of the cache.
    #[inline(always)]
    fn apart(&self) -> usize {
        self.keys | 1
    }

    /// Computes the weights of `count` queries.
    #[inline(always)]
    fn weigh<S: Simd, T: Real, const L: usize>(&self, simd: S, first: usize, count: usize, own: &mut Head<'_, T, L>) {
        let (d, width) = (self.d, filled::<L>(self.keys));
        // The rows of the weights are as long as if all keys were seen; so are the vectors that the kernel writes.
        let size = Size { rows: count, outputs: groups::<L>(self.keys), window: Window::rows(d, d), step: d };
        let seen = groups::<L>(self.seen(first + count - 1));
        product(size, seen, wide(own.keys), &own.queries[first * d..], wide_mut(own.weights));
        for (i, weights) in own.weights.chunks_exact_mut(width.max(1)).take(count).enumerate() {
            let seen = self.seen(first + i);
            for (weight, keep) in weights[..seen].iter_mut().zip(own.keep.iter()) {
                for l in 0..L {
                    weight[l] = if keep[l] == T::ZERO { -T::INFINITY } else { weight[l] };
                }
            }
            if L == 1 {
                normalise_filled(simd, seen, &mut weights.as_flattened_mut()[..filled::<1>(seen)]);
            } else {
                normalise(simd, seen, &mut weights[..seen]);
            }
        }
    }

    /// Adds up the values of `count` queries by their weights.
    #[inline(always)]
    fn add_up<S: Simd, T: Real, const L: usize>(&self, simd: S, first: usize, count: usize, own: &mut Head<'_, T, L>) {
        let (width, groups) = (filled::<L>(self.keys), groups::<L>(self.dv));
        let (values, sums) = (wide(own.values), wide_mut(own.sums));
        for tile in (0..count).step_by(together::<L>()) {
            let rows = together::<L>().min(count - tile);
            // All rows of the tile see these; each row adds what it alone sees.
            let depth = self.seen(first + tile);
            let size = Size { rows, outputs: groups, window: Window::rows(width, depth), step: self.apart() };
            let weights = &own.weights[tile * width..];
            let sums = &mut sums[tile * groups..][..rows * groups];
            product(size, groups, values, weights, sums);
            for i in 0..rows {
                for j in depth..self.seen(first + tile + i) {
                    let weight = &weights[i * width + j];
                    for (g, sum) in sums[i * groups..][..groups].iter_mut().enumerate() {
                        add_product(simd, weight, &values[g * self.apart() + j], sum);
                    }
                }
            }
        }
    }
}

/// Queries whose sums are made together: a vector of several members is read again for each key that not all of them see.
const fn together<const L: usize>() -> usize {
    if L == 1 { BLOCK } else { TILE }
}
