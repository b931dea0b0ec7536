//! Elements as expressions of CUDA: what a map or a move makes of others, down to what lies in memory.

use std::fmt::Write;

use super::Writer;
use super::groups::Kind;
use super::layout::{At, refused};
use super::memory::padded;
use crate::Result;
use crate::ops::{Arithmetic, Op, ResidualMode};
use crate::program::NodeId;

/// Statements before a value, and the value that is known already.
#[derive(Default)]
pub(super) struct Scope {
    pub lines: String,
    count: usize,
    pub known: Option<NodeId>,
}

impl Scope {
    /// Names a value.
    fn bind(&mut self, value: &str) -> String {
        let name = format!("t{}", self.count);
        self.count += 1;
        write!(self.lines, "const real {name} = {value}; ").ok();
        name
    }
}

fn combined(op: Arithmetic, x: &str, y: &str) -> String {
    match op {
        Arithmetic::Add => format!("{x} + {y}"),
        Arithmetic::Sub => format!("{x} - {y}"),
        Arithmetic::Mul => format!("{x} * {y}"),
        Arithmetic::Div => format!("{x} / {y}"),
        Arithmetic::Maximum => format!("Larger()({x}, {y})"),
        Arithmetic::Minimum => format!("Smaller()({x}, {y})"),
    }
}

fn applied(formula: &str, x: &str) -> String {
    format!("[](real x) -> real {{ return {formula}; }}({x})")
}

impl Writer<'_> {
    /// Returns a number that is made of means.
    pub fn scalar(&self, id: NodeId) -> Result<String> {
        let node = &self.program.nodes()[id];
        let of = |number: usize| {
            let input = node.inputs[number];
            match self.groups.kinds[input] {
                Some(Kind::Given) if self.program.nodes()[input].shape.numel() == 1 => Ok(format!("s{input}[0]")),
                Some(Kind::Mean | Kind::Scalar) => Ok(format!("v{input}")),
                _ => Err(refused("a mean beside something that is none")),
            }
        };
        match &node.op {
            Some(Op::Arithmetic(op)) => Ok(combined(*op, &of(0)?, &of(1)?)),
            Some(op) => match op.formula() {
                Some(formula) => Ok(applied(formula, &of(0)?)),
                None => Err(refused(op.name())),
            },
            None => Err(refused("a number that nothing computes")),
        }
    }

    /// Returns an element of a value.
    pub fn element(&self, id: NodeId, at: &At, scope: &mut Scope) -> Result<String> {
        if scope.known == Some(id) {
            return Ok("y".into());
        }
        match self.in_memory(id, at)? {
            Some(text) => Ok(text),
            None => self.computed(id, at, scope),
        }
    }

    /// Returns the body of a lambda that gives element (r, f) of a value.
    pub fn body(&self, id: NodeId, known: Option<NodeId>) -> Result<String> {
        let mut scope = Scope { known, ..Scope::default() };
        let value = match known == Some(id) {
            true => "y".into(),
            false => self.computed(id, &At::own(), &mut scope)?,
        };
        Ok(format!("{}return {value};", scope.lines))
    }

    /// Returns the body of a lambda that gives element (r, f) of a value, computed there or read from memory.
    pub fn read(&self, id: NodeId) -> Result<String> {
        let mut scope = Scope::default();
        let value = self.element(id, &At::own(), &mut scope)?;
        Ok(format!("{}return {value};", scope.lines))
    }

    /// Returns an element of a value that lies in memory.
    fn in_memory(&self, id: NodeId, At { row, feature }: &At) -> Result<Option<String>> {
        let layout = self.layout(id)?;
        let step = padded(self.rows(layout));
        if let Some(place) = self.pool.places[id] {
            return Ok(Some(format!("pool[@p{place}@ + ({feature}) * {step} + ({row})]")));
        }
        let flat = |what: String| {
            let by = if layout.width() == 1 { String::new() } else { format!(" * {}", layout.width()) };
            format!("{what}[({row}){by} + ({feature})]")
        };
        Ok(match (self.groups.kinds[id], &self.program.nodes()[id].op) {
            (Some(Kind::Parameter), Some(Op::Weight(weight))) => Some(flat(format!("@w{}@", weight.parameter))),
            (Some(Kind::Given), _) if !layout.each => Some(flat(format!("@s{id}@"))),
            (Some(Kind::Given), _) => {
                let (rows, width) = (layout.rows(), layout.width());
                Some(format!("@s{id}@[((size)first * {rows} + ({row})) * {width} + ({feature})]"))
            }
            _ => None,
        })
    }

    /// Returns an input of a value, at the place that a place of the value stands for.
    fn operand(&self, id: NodeId, number: usize, at: &At, scope: &mut Scope) -> Result<String> {
        let input = self.program.nodes()[id].inputs[number];
        let place = self.layout(input)?.repeated(self.layout(id)?, at)?;
        let value = self.element(input, &place, scope)?;
        Ok(scope.bind(&value))
    }

    /// Returns an element of a value that is computed from others.
    fn computed(&self, id: NodeId, at: &At, scope: &mut Scope) -> Result<String> {
        let node = &self.program.nodes()[id];
        let Some(op) = &node.op else { return Err(refused("a value that nothing computes")) };
        let real = |x: f64| format!("(real){x:?}");
        Ok(match op {
            Op::Arithmetic(arithmetic) => {
                let (x, y) = (self.operand(id, 0, at, scope)?, self.operand(id, 1, at, scope)?);
                scope.bind(&combined(*arithmetic, &x, &y))
            }
            Op::Affine(affine) => {
                let x = self.operand(id, 0, at, scope)?;
                let (scale, shift, f) = (affine.scale, affine.shift, &at.feature);
                scope.bind(&format!("fma({x}, @w{scale}@[{f}], @w{shift}@[{f}])"))
            }
            Op::Clamp(clamp) => {
                let mut x = self.operand(id, 0, at, scope)?;
                for (sign, limit) in [("<", clamp.low), (">", clamp.high)] {
                    if limit.is_finite() {
                        x = scope.bind(&format!("{x} {sign} {limit} ? {limit} : {x}", limit = real(limit)));
                    }
                }
                x
            }
            Op::Expand(_) => self.operand(id, 0, at, scope)?,
            Op::PhiResidual(residual) => {
                let (x, r) = (self.operand(id, 0, at, scope)?, self.operand(id, 1, at, scope)?);
                let y = scope.bind(&match residual.mode {
                    ResidualMode::Phi => format!("fma({r}, (real)PHI_INVERSE, {x})"),
                    ResidualMode::Symmetric => format!("({x} + {r}) * (real)PHI_INVERSE"),
                    ResidualMode::Standard => format!("{x} + {r}"),
                });
                match residual.activation {
                    crate::ops::Activation::Relu => scope.bind(&format!("relu({y})")),
                    crate::ops::Activation::Gelu => scope.bind(&format!("gelu({y})")),
                    _ => y,
                }
            }
            Op::Embedding(embedding) => {
                let input = node.inputs[0];
                let (own, of) = (self.layout(input)?, self.layout(id)?);
                let (sample, mut indices) = of.split(at);
                indices.pop();
                let token = self.element(input, &own.place(&sample, &indices), scope)?;
                let token = scope.bind(&token);
                let shape = &self.program.parameter_shapes()[embedding.table];
                let (rows, width, table) = (shape.dims()[0], shape.last(), embedding.table);
                let picked = format!("@w{table}@[(int){token} * {width} + ({})]", at.feature);
                scope.bind(&format!("{token} >= 0 && {token} < {rows} ? {picked} : (real)0 / (real)0"))
            }
            op => match op.formula() {
                Some(formula) => {
                    let x = self.operand(id, 0, at, scope)?;
                    scope.bind(&applied(formula, &x))
                }
                None => return self.moved(id, op, at, scope),
            },
        })
    }

    /// Returns an element that stands elsewhere in an input.
    fn moved(&self, id: NodeId, op: &Op, at: &At, scope: &mut Scope) -> Result<String> {
        let inputs = &self.program.nodes()[id].inputs;
        let of = self.layout(id)?;
        if let Op::Reshape(_) = op {
            let place = self.layout(inputs[0])?.reshaped(of, at);
            return self.element(inputs[0], &place, scope);
        }
        let (sample, mut indices) = of.split(at);
        match op {
            Op::Narrow(narrow) => {
                let axis = of.axis(narrow.axis)?;
                indices[axis] = format!("{} + {}", indices[axis], narrow.start);
            }
            Op::IndexSelect(select) => {
                let axis = of.axis(select.axis)?;
                let all: Vec<String> = select.indices.iter().map(ToString::to_string).collect();
                let list = all.join(", ");
                let name = format!("t{}", scope.count);
                scope.count += 1;
                write!(scope.lines, "const int {name}[] = {{{list}}}; ").ok();
                indices[axis] = format!("{name}[{}]", indices[axis]);
            }
            Op::Permute(permute) => {
                let mut own = indices.clone();
                for (to, &from) in permute.axes.iter().enumerate() {
                    match (of.each, to) {
                        (true, 0) if from == 0 && !of.merged => {}
                        _ => own[of.axis(from)?] = indices[of.axis(to)?].clone(),
                    }
                }
                indices = own;
            }
            Op::Concat(concat) => {
                let axis = of.axis(concat.axis)?;
                let (mut text, mut start) = (String::new(), 0);
                for (number, &input) in inputs.iter().enumerate() {
                    let own = self.layout(input)?;
                    let mut place = indices.clone();
                    place[axis] = format!("{} - {start}", place[axis]);
                    let value = self.in_memory(input, &own.place(&sample, &place))?;
                    let value = value.ok_or_else(|| refused("a part that is not in memory"))?;
                    start += own.dims[axis];
                    let last = number + 1 == inputs.len();
                    let part = if last { value } else { format!("({}) < {start} ? {value} : ", indices[axis]) };
                    text.push_str(&part);
                }
                return Ok(scope.bind(&text));
            }
            other => return Err(refused(other.name())),
        }
        let place = self.layout(inputs[0])?.place(&sample, &indices);
        self.element(inputs[0], &place, scope)
    }
}
