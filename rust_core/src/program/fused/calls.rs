//! The steps of a fused kernel as text: what calls the parts of kernels/fused.cuh.

use super::groups::Kind;
use super::layout::{Layout, refused};
use super::{NodeId, Writer};
use crate::Result;
use crate::loops::windows::{kind, with_axes};
use crate::ops::{Attention, Conv, How, Linear, Op, Reduce, Windows};

impl Writer<'_> {
    /// Returns the statements of one step; places are marked, `@p0@` for a place in shared memory, `@w0@` for a parameter, `@s0@` for
    /// a value that members share and `@m0@` for a mean.
    pub fn step(&mut self, id: NodeId) -> Result<String> {
        self.note_given(id);
        let node = &self.program.nodes()[id];
        let (Some(op), Some(step)) = (&node.op, self.groups.kinds[id]) else { return self.loaded(id) };
        let text = match step {
            Kind::Given => return self.loaded(id),
            Kind::Parameter | Kind::Scalar => return Err(refused("a parameter in the place of a value")),
            Kind::Mean => self.mean(id)?,
            Kind::Map | Kind::Move => match self.groups.begins[id] {
                Some(begin) => self.product(begin, id)?,
                None => {
                    let (layout, body) = (self.layout(id)?, self.body(id, None)?);
                    let (rows, width) = (self.rows(layout), layout.width());
                    format!("each<{rows}, {width}>({}, [&](int r, int f) -> real {{ {body} }});", self.place(id)?)
                }
            },
            Kind::Call => match op {
                Op::Linear(_) | Op::Conv(_) => self.product(id, id)?,
                Op::Attention(attention) => self.attention(id, *attention)?,
                Op::LayerNorm(norm) => {
                    self.rows_of(id, &format!("normalise(x, {:?}, {:?});", norm.variance, norm.eps))?
                }
                Op::Softmax(_) => self.rows_of(id, "softmax(x);")?,
                Op::MaxPool(pool) => self.windows(id, pool.0, "x > best || x != x ? x : best", "x")?,
                Op::AvgPool(pool) => self.windows(id, pool.0, "best + x", &format!("x / {}", pool.0.area()))?,
                Op::Reduce(reduce) => self.reduced(id, reduce)?,
                other => return Err(refused(other.name())),
            },
        };
        Ok(text)
    }

    /// Adds the values that all members share and that a step reads from the device's memory.
    pub fn note_given(&mut self, id: NodeId) {
        let mut within = vec![id];
        while let Some(at) = within.pop() {
            let inputs = if at == id && self.groups.kinds[id] == Some(Kind::Given) { vec![id] } else { Vec::new() };
            for &input in self.program.nodes()[at].inputs.iter().chain(&inputs) {
                let loaded = self.pool.places[input].is_some() && input != id;
                if self.groups.kinds[input] == Some(Kind::Given) {
                    if !loaded && !self.given.contains(&input) {
                        self.given.push(input);
                    }
                } else if !self.groups.steps.contains(&input) {
                    within.push(input);
                }
            }
            if at == id {
                within.extend(self.groups.tiled[id].iter().copied());
            }
        }
    }

    /// The address of a value in shared memory.
    pub fn place(&self, id: NodeId) -> Result<String> {
        let place = self.pool.places[id].ok_or_else(|| refused("a value that is not in shared memory"))?;
        Ok(format!("pool + @p{place}@"))
    }

    fn loaded(&self, id: NodeId) -> Result<String> {
        let layout = self.layout(id)?;
        let (each, rows, width) = (layout.rows(), self.rows(layout), layout.width());
        let text = match layout.each {
            true => {
                let (samples, batch) = (self.samples, self.batch);
                let from = format!("@s{id}@ + (size)first * {}", each * width);
                format!("load<{samples}, {rows}, {width}>({}, {from}, {batch} - first);", self.place(id)?)
            }
            false => format!("load<1, {rows}, {width}>({}, @s{id}@, 1);", self.place(id)?),
        };
        Ok(text)
    }

    /// A product with weights, whose outputs become the value `end` on their way.
    fn product(&self, id: NodeId, end: NodeId) -> Result<String> {
        let node = &self.program.nodes()[id];
        let x = node.inputs[0];
        let (own, of_x) = (self.layout(id)?, self.layout(x)?);
        let Some((inputs, tile)) = self.pool.tiles[end] else { return Err(refused("a product without room")) };
        let (rows, out, from) = (self.rows(own), self.place(end)?, self.place(x)?);
        let number = |bias: Option<usize>| bias.map_or("(const real*)nullptr".into(), |bias| format!("@w{bias}@"));
        let value = format!("[&](int r, int f, real y) -> real {{ {} }}", self.body(end, Some(id))?);
        let outputs = own.width();
        let next = self.next(end);
        match &node.op {
            Some(Op::Linear(Linear { weight, bias })) => {
                let (tiled, done) = self.tiles(end, rows, tile)?;
                let call = format!(
                    "linear<{inputs}, {outputs}, {rows}, {tile}, {tiled}>({out}, {from}, @w{weight}@, {}, staging, {next}, {value}",
                    number(*bias)
                );
                Ok(match done {
                    None => format!("{call});"),
                    Some((before, see, after)) => format!("{{ {before} {call}, {see}); {after} }}"),
                })
            }
            Some(Op::Conv(conv)) => {
                let Conv { weight, bias, axes, stride, padding } = *conv;
                let [_, kh, kw, _] = with_axes(self.program.parameter_shapes()[weight].dims(), axes);
                let windows = self.window(of_x, axes, [kh, kw], kind(axes, stride, 1), kind(axes, padding, 0))?;
                let (samples, x_rows, bias) = (self.samples_of(of_x), self.rows(of_x), number(bias));
                Ok(format!(
                    "convolution<{windows}, {outputs}, {samples}, {x_rows}, {tile}>({out}, {from}, @w{weight}@, {bias}, staging, \
                     {next}, {value});"
                ))
            }
            _ => Err(refused("a product")),
        }
    }

    /// The weight that a step reads, if it does.
    fn weight_of(&self, step: NodeId) -> Option<usize> {
        match &self.program.nodes()[self.groups.begins[step].unwrap_or(step)].op {
            Some(Op::Linear(linear)) => Some(linear.weight),
            Some(Op::Conv(conv)) => Some(conv.weight),
            _ => None,
        }
    }

    /// The weights that follow those of a step, or come first; none behind the last.
    fn following(&self, step: Option<NodeId>) -> Option<(NodeId, bool)> {
        let each = |&id: &NodeId| self.layouts[id].as_ref().is_some_and(|layout| layout.each);
        let products = self.groups.steps.iter().copied().filter(|&id| self.pool.tiles[id].is_some());
        let (within, before): (Vec<NodeId>, Vec<NodeId>) = products.partition(|id| each(id));
        let all = [before, within.clone()].concat();
        let at = step.map_or(0, |step| all.iter().position(|&id| id == step).map_or(0, |at| at + 1));
        // Behind the last one comes the first one of the next chunk.
        all.get(at).map(|&id| (id, false)).or_else(|| within.first().map(|&id| (id, true)))
    }

    /// The weights that come after a step's, as text.
    fn next(&self, step: NodeId) -> String {
        self.first_weights(self.following(Some(step)))
    }

    /// The weights that come first of all, as text.
    pub fn first(&self) -> Option<String> {
        self.following(None).map(|first| self.first_weights(Some(first)))
    }

    fn first_weights(&self, following: Option<(NodeId, bool)>) -> String {
        let found = following.and_then(|(id, again)| Some((self.weight_of(id)?, self.pool.tiles[id]?, again)));
        let Some((weight, (inputs, tile), again)) = found else { return "Next{nullptr, 0, 0}".into() };
        let rows = match again {
            true => format!("(first + {} < {} ? {tile} : 0)", self.samples, self.batch),
            false => tile.to_string(),
        };
        format!("Next{{@w{weight}@, @i{inputs}@, @i{rows}@}}")
    }

    /// Samples of a value that are computed at once.
    fn samples_of(&self, layout: &Layout) -> usize {
        if layout.each { self.samples } else { 1 }
    }

    /// The windows over (height, width, channels) of a value.
    fn window(
        &self,
        x: &Layout,
        axes: usize,
        [kh, kw]: [usize; 2],
        [sh, sw]: [usize; 2],
        [ph, pw]: [usize; 2],
    ) -> Result<String> {
        if !x.each || x.merged || x.dims.len() != axes + 1 {
            return Err(refused("windows over something else than samples"));
        }
        let [_, height, width, channels] = with_axes(&[&[1], x.dims.as_slice()].concat(), axes);
        Ok(format!("Window<{height}, {width}, {channels}, {kh}, {kw}, {sh}, {sw}, {ph}, {pw}>"))
    }

    fn windows(&self, id: NodeId, windows: Windows, fold: &str, end: &str) -> Result<String> {
        let x = self.program.nodes()[id].inputs[0];
        let layout = self.layout(x)?;
        let [kh, kw] = kind(windows.axes, windows.size, 1);
        let window = self.window(layout, windows.axes, [kh, kw], kind(windows.axes, windows.stride, 1), [0, 0])?;
        let (channels, samples, rows) = (layout.width(), self.samples_of(layout), self.rows(layout));
        Ok(format!(
            "pool_windows<{window}, {kh}, {kw}, {channels}, {samples}, {rows}>({}, {}, [](real best, real x) -> real {{ return \
             {fold}; }}, [](real x) -> real {{ return {end}; }});",
            self.place(id)?,
            self.place(x)?
        ))
    }

    fn attention(&self, id: NodeId, attention: Attention) -> Result<String> {
        let inputs = &self.program.nodes()[id].inputs;
        let [query, key, value] = [0, 1, 2].map(|number| self.layout(inputs[number]));
        let (query, key, value) = (query?, key?, value?);
        if [query, key, value].iter().any(|layout| !layout.each || layout.merged) {
            return Err(refused("attention over something else than samples"));
        }
        let (queries, keys, heads) = (query.dims[0], key.dims[0], attention.heads);
        let (d, dv) = (query.width() / heads, value.width() / heads);
        if d.max(dv) > super::groups::HELD || d * dv == 0 {
            return Err(refused("heads wider than a thread holds"));
        }
        let run = if keys.is_multiple_of(4) {
            4
        } else if keys.is_multiple_of(2) {
            2
        } else {
            1
        };
        let scale = attention.scale.unwrap_or(1.0 / (d as f64).sqrt());
        let seen = match inputs.get(3) {
            Some(&mask) => {
                let at = self.layout(mask)?.place("sample", &["key".into()]);
                let value = self.element(mask, &at, &mut super::expressions::Scope::default())?;
                format!("[&](int sample, int key) {{ return {value} != 0; }}")
            }
            None => "[](int, int) { return true; }".into(),
        };
        let [out, q, k, v] = [self.place(id)?, self.place(inputs[0])?, self.place(inputs[1])?, self.place(inputs[2])?];
        Ok(format!(
            "attention<{}, {queries}, {keys}, {heads}, {d}, {dv}, {}, {}, {run}>({out}, {q}, {k}, {v}, {scale:?}, {seen});",
            self.samples,
            attention.causal,
            inputs.len() > 3
        ))
    }

    /// Something that a thread makes of a row.
    fn rows_of(&self, id: NodeId, call: &str) -> Result<String> {
        let layout = self.layout(id)?;
        let (rows, width) = (self.rows(layout), layout.width());
        let read = self.read(self.program.nodes()[id].inputs[0])?;
        Ok(format!(
            "each_row<{rows}, {width}>({}, [&](int r, int f) -> real {{ {read} }}, [](real (&x)[{width}]) {{ {call} }});",
            self.place(id)?
        ))
    }

    /// One number of all elements along some axes.
    fn reduced(&self, id: NodeId, reduce: &Reduce) -> Result<String> {
        let input = self.program.nodes()[id].inputs[0];
        let (of, x) = (self.layout(id)?, self.layout(input)?);
        let axes: Vec<usize> = reduce.axes.iter().flatten().map(|&axis| x.axis(axis)).collect::<Result<_>>()?;
        let count: usize = axes.iter().map(|&axis| x.dims[axis]).product();
        let (sample, kept) = of.split(&super::layout::At::own());
        let (mut kept, mut behind) = (kept.into_iter(), count);
        let mut indices = Vec::new();
        for (axis, &size) in x.dims.iter().enumerate() {
            let taken = axes.contains(&axis);
            if !taken || reduce.keep {
                let own = kept.next();
                if !taken {
                    indices.push(own.ok_or_else(|| refused("an axis too few"))?);
                    continue;
                }
            }
            behind /= size.max(1);
            indices.push(format!("j / {behind} % {size}"));
        }
        let mut scope = super::expressions::Scope::default();
        let value = self.element(input, &x.place(&sample, &indices), &mut scope)?;
        let read = format!("[&](int j) -> real {{ {}return {value}; }}", scope.lines);
        let (rows, width, place) = (self.rows(of), of.width(), self.place(id)?);
        let how = match reduce.how {
            How::Sum => "sum_of",
            How::Mean => "mean_of",
            How::Var => "variance_of",
            How::Max => "largest_of",
            How::Min => "smallest_of",
        };
        Ok(format!("each<{rows}, {width}>({place}, [&](int r, int f) -> real {{ return {how}<{count}>({read}); }});"))
    }
}
