//! The operations with parameters: what is written for them.

use super::{Node, NodeId, Writer, refused};
use crate::Result;
use crate::cuda::SharedProduct;
use crate::ops::{Affine, Linear};

/// Inputs from which on x W^T is computed once for all members that share x.
const WORTH_A_PRODUCT: usize = 8;

impl Writer<'_> {
    /// y = x W^T + b. Where all members share x, its product with the centre is made once, and members add their noise.
    pub(super) fn linear(&mut self, id: NodeId, node: &Node, op: Linear) -> Result<String> {
        let x = node.inputs[0];
        let shape = &self.program.nodes[x].shape;
        if shape.rank() != 2 {
            return Err(refused("linear over (batch, features); use device=cpu", &format!("linear over {shape}")));
        }
        let inputs = self.program.width(x, self.batch)?;
        let outputs = self.program.width(id, self.batch)?;
        let at = |parameter: usize| self.perturbation.offsets()[parameter];
        let (weight, bias) = (at(op.weight), op.bias.map(at));
        let number = |n: Option<usize>| n.map_or("-1".into(), |n| n.to_string());
        let parameters = format!("{}, {weight}, {}, {}", op.weight, number(op.bias), number(bias));
        let values = format!("Values<{outputs}> v{id}; ");
        if self.program.nodes[x].varies {
            return Ok(format!("{values}linear<{inputs}, {outputs}>(group, v{id}, v{x}, {parameters});"));
        }
        let given = self.place(x);
        if inputs < WORTH_A_PRODUCT || inputs % WORTH_A_PRODUCT != 0 {
            let shared = format!("Shared{{given + {given}}}");
            return Ok(format!("{values}linear<{inputs}, {outputs}>(group, v{id}, {shared}, {parameters});"));
        }
        let rows = self.batch;
        let turned = self.derive(rows * inputs);
        let base = self.derive(rows * outputs);
        // The rows that a group takes at a time, also where the batch ends before.
        let whole = rows.next_multiple_of(self.geometry.group * self.geometry.rows);
        let tiles = if self.geometry.tensor_cores(inputs, outputs) { whole / 16 } else { 0 };
        let parts = self.derive(16 * tiles * inputs);
        self.products.push(SharedProduct { x: given, turned, parts, tiles, base, rows, inputs, outputs, weight });
        let plain = format!(
            "{values}linear_of_shared<{inputs}, {outputs}>(group, v{id}, derived + {turned}, derived + {base}, {parameters});"
        );
        if tiles == 0 {
            return Ok(plain);
        }
        let call = format!(
            "linear_by_tensor_cores<{inputs}, {outputs}>(group, derived + {parts}, derived + {base}, {parameters})"
        );
        let tensor = match self.feeds_one_layer(id) {
            true => format!("const auto v{id} = {call};"),
            false => format!("{values}copy(group, v{id}, {call});"),
        };
        Ok(format!("\n#if SYNTONIC_ARCH >= 80\n        {tensor}\n#else\n        {plain}\n#endif"))
    }

    /// Returns the place of `count` numbers that are computed once for all members.
    fn derive(&mut self, count: usize) -> usize {
        let place = self.derived;
        self.derived = place + count.next_multiple_of(super::ALIGNED);
        place
    }

    /// y = x * scale + shift.
    pub(super) fn affine(&mut self, id: NodeId, node: &Node, op: Affine) -> Result<String> {
        let x = node.inputs[0];
        if !self.program.nodes[x].varies || node.shape.rank() != 2 {
            let got = format!("affine over {}", node.shape);
            return Err(refused("affine over members' values (batch, features); use device=cpu", &got));
        }
        let at = |parameter: usize| self.perturbation.offsets()[parameter];
        let (scale, shift) = (at(op.scale), at(op.shift));
        Ok(format!("affine(group, v{id}, v{x}, {}, {scale}, {}, {shift});", op.scale, op.shift))
    }
}
