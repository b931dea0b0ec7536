//! The means over the batch that a program ends in.

use super::layout::{At, refused};
use super::memory::padded;
use super::{NodeId, Writer};
use crate::Result;
use crate::ops::Op;

/// Logits of a row that are seen at once.
const PART: usize = 32;

/// What is written around a product whose outputs are read tile by tile: before it, for each tile, and behind it.
type Around = (String, String, String);

impl Writer<'_> {
    /// A mean of a value that lies in shared memory.
    pub fn mean(&self, id: NodeId) -> Result<String> {
        let x = self.program.nodes()[id].inputs[0];
        let layout = self.layout(x)?;
        if !layout.each {
            return Err(refused("a mean of something that samples share"));
        }
        let (rows, width) = (self.rows(layout), layout.width());
        let left = self.left(x)?;
        let text = match self.program.nodes()[id].op {
            Some(Op::CrossEntropy(_) | Op::Accuracy(_)) => {
                let step = padded(rows);
                let (kind, add) = self.labelled(id, "own")?;
                let (place, label) = (self.place(x)?, self.target(id, 1, "0")?);
                let see = |first: usize, count: usize| {
                    format!("own.see<{count}>({place} + {first} * {step} + r, {step}, {first}, {count}, {label});")
                };
                let parts = (0..width).step_by(PART).map(|first| see(first, PART.min(width - first)));
                format!("{kind} own; {} {add}", parts.collect::<String>())
            }
            Some(Op::MeanSquaredError(_)) => self.pairs(id, width, "(x - y) * (x - y)")?,
            Some(Op::BinaryCrossEntropy(_)) => self.pairs(id, width, "softplus_of(x) - x * y")?,
            Some(Op::BinaryAccuracy(_)) => {
                self.pairs(id, width, "(y > (real)0.5 ? x > 0 : x <= 0) ? (real)1 : (real)0")?
            }
            _ => return Err(refused("a mean of another kind")),
        };
        let whom = self.whom(id);
        Ok(format!("{whom}own_rows<{rows}>([&](int r, int) {{ if (r < {left}) {{ {text} }} }});"))
    }

    /// Of whom a mean is wanted.
    fn whom(&self, id: NodeId) -> &'static str {
        if self.of_members[id] { "" } else { "if (is_centre) " }
    }

    /// Rows that are left of the batch.
    fn left(&self, x: NodeId) -> Result<String> {
        Ok(format!("({} - first) * {}", self.batch, self.layout(x)?.rows()))
    }

    /// A target of row `r`, or the weight of the row.
    fn target(&self, id: NodeId, number: usize, feature: &str) -> Result<String> {
        let inputs = &self.program.nodes()[id].inputs;
        let (x, target) = (self.layout(inputs[0])?, self.layout(inputs[number])?);
        if !target.each || self.program.nodes()[inputs[number]].varies {
            return Err(refused("targets that are no part of the batch"));
        }
        // The target of a row of logits, or of each of its numbers.
        let at = At { row: "r".into(), feature: feature.into() };
        let place = match target.dims == x.dims {
            true => at,
            false => {
                let (sample, mut indices) = x.split(&at);
                indices.pop();
                target.place(&sample, &indices)
            }
        };
        self.element(inputs[number], &place, &mut super::expressions::Scope::default())
    }

    fn pairs(&self, id: NodeId, width: usize, value: &str) -> Result<String> {
        let x =
            self.element(self.program.nodes()[id].inputs[0], &At::own(), &mut super::expressions::Scope::default())?;
        let y = self.target(id, 1, "f")?;
        Ok(format!(
            "for (int f = 0; f < {width}; f++) {{ const real x = {x}, y = {y}; @m{id}@.add({value}, (real)1); }}"
        ))
    }

    /// What sees the logits of a row, and the statement that adds what it found.
    fn labelled(&self, id: NodeId, name: &str) -> Result<(String, String)> {
        let node = &self.program.nodes()[id];
        let weight = if node.inputs.len() > 2 { self.target(id, 2, "0")? } else { "(real)1".into() };
        let classes = self.layout(node.inputs[0])?.width();
        Ok(match &node.op {
            Some(Op::CrossEntropy(entropy)) => {
                let kind = format!("Entropy<{}>", entropy.smoothing > 0.0);
                (kind, format!("@m{id}@.add({name}.value({:?}, {classes}), {weight});", entropy.smoothing))
            }
            _ => ("Best".into(), format!("@m{id}@.add({name}.value({}), {weight});", self.target(id, 1, "0")?)),
        })
    }

    /// Whether a value is written whole, and what else is written around the product that makes it.
    pub fn tiles(&self, id: NodeId, rows: usize, tile: usize) -> Result<(bool, Option<Around>)> {
        let means = &self.groups.tiled[id];
        if means.is_empty() {
            return Ok((true, None));
        }
        let (each, step, place) = (rows.div_ceil(super::THREADS), padded(rows), self.place(id)?);
        let left = self.left(id)?;
        let (mut before, mut see, mut after) = (String::new(), String::new(), String::new());
        for (number, &mean) in means.iter().enumerate() {
            let (kind, add) = self.labelled(mean, &format!("own{number}[n]"))?;
            let label = self.target(mean, 1, "0")?;
            before += &format!("{kind} own{number}[{each}];");
            see += self.whom(mean);
            see += &format!("own{number}[n].see<{tile}>({place} + r, {step}, tile, count, {label});");
            after += self.whom(mean);
            after += &add;
        }
        let for_rows = |text: &str| format!("own_rows<{rows}>([&](int r, int n) {{ if (r < {left}) {{ {text} }} }});");
        let see = format!("[&](int tile, int count) {{ __syncthreads(); {} }}", for_rows(&see));
        Ok((false, Some((before, see, for_rows(&after)))))
    }
}
