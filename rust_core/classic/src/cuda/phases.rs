//! The theory's functions of states: whole cycles, damping, projection, masks, diffusion: kernels/phases.cu.

use easy_ext::ext;
use syntonic_core::cuda::{Arg, DeviceTensor, Format, Grid, Kernel, at_least, maybe, packs, rows_of, size};
use syntonic_core::tensor::{DType, Shape};
use syntonic_core::{Error, Result};

use super::resonant::ResonantPhasesParts;
use super::winding::WindingFields;

const UNIT: &str = "phases";

/// D and H phases of fields.
#[ext(Phases)]
impl DeviceTensor {
    /// Returns the states after some cycles of D and H without noise, and the syntony of each row then.
    ///
    /// A cycle is x (1 + (1 - S)/phi^2 |n|) (1 - strength S/phi (1 - w)) of each row, S that of the row before it; `tables` are
    /// |n| and w of each feature.
    ///
    /// # Errors
    /// `Error::Shape` when a table does not fit, `Error::Value` for a negative strength.
    pub fn dhsr_cycles(
        &self,
        tables: (&DeviceTensor, &DeviceTensor),
        strength: f64,
        cycles: usize,
    ) -> Result<(DeviceTensor, DeviceTensor)> {
        const OP: &str = "dhsr_cycle";
        let (rows, dim) = rows_of(OP, self.shape())?;
        at_least(OP, "strength", strength, 0.0)?;
        let mut state = self.reshape([rows, dim].into())?;
        let mut syntony = state.batch_syntony(tables.1)?;
        for _ in 0..cycles {
            state = state.stepped(OP, &[], &[tables.0, tables.1], &syntony, &[Arg::Real(strength)])?;
            syntony = state.batch_syntony(tables.1)?;
        }
        let rest = self.shape().dims().split_last().map_or(Vec::new(), |(_, rest)| rest.to_vec());
        Ok((state.reshape(self.shape().clone())?, syntony.reshape(Shape::from(rest))?))
    }

    /// Returns x max(0, 1 - beta S (1 + delta) sum_l phi^-l max(0, n^2 - t_l^2)), t_l = (l + 1) phi, for l below `levels`.
    ///
    /// # Errors
    /// `Error::Shape` when a shape does not fit, `Error::Value` for a negative beta or delta.
    pub fn damping_cascade(
        &self,
        norms: &DeviceTensor,
        syntony: &DeviceTensor,
        (beta, delta): (f64, f64),
        levels: usize,
    ) -> Result<DeviceTensor> {
        const OP: &str = "damping_cascade";
        at_least(OP, "beta", beta, 0.0)?;
        at_least(OP, "delta", delta, 0.0)?;
        // phi^-l is below the smallest float long before that.
        let scalars = [Arg::Real(beta), Arg::Real(delta), size(levels.min(2048))];
        self.stepped(OP, &[], &[norms], syntony, &scalars)
    }

    /// Returns (1 - gain S) x + gain S target.
    ///
    /// # Errors
    /// `Error::Shape` when a shape does not fit, `Error::Value` for a negative gain.
    pub fn syntony_projection(&self, target: &DeviceTensor, syntony: &DeviceTensor, gain: f64) -> Result<DeviceTensor> {
        const OP: &str = "syntony_projection";
        at_least(OP, "gain", gain, 0.0)?;
        self.stepped(OP, &[target], &[], syntony, &[Arg::Real(gain)])
    }

    /// Returns the gradient where the angle of (phi x, gradient) is at most `threshold`, 0 elsewhere; this tensor holds x.
    ///
    /// # Errors
    /// `Error::Shape` and `Error::DType` when the operands do not match.
    pub fn archonic_filter(&self, gradient: &DeviceTensor, threshold: f64) -> Result<DeviceTensor> {
        self.mapped("archonic_filter", Some(gradient), &[Arg::Real(threshold)])
    }

    /// Returns (low + (high - low) tanh |r|) z of residuals r, which this tensor holds, and noise z.
    ///
    /// # Errors
    /// `Error::Shape` and `Error::DType` when the operands do not match.
    pub fn modulated_noise(&self, noise: &DeviceTensor, low: f64, high: f64) -> Result<DeviceTensor> {
        self.mapped("modulated_noise", Some(noise), &[Arg::Real(low), Arg::Real(high)])
    }

    /// Returns sqrt(-2 ln max(u, 1e-10)) cos(2 pi v) of two uniforms; this tensor holds u.
    ///
    /// # Errors
    /// `Error::Shape` and `Error::DType` when the operands do not match.
    pub fn box_muller(&self, other: &DeviceTensor) -> Result<DeviceTensor> {
        self.mapped("box_muller", Some(other), &[])
    }

    /// Returns base phi^S of each syntony S.
    ///
    /// # Errors
    /// `Error::DType` for integers.
    pub fn dwell(&self, base: f64) -> Result<DeviceTensor> {
        self.mapped("dwell", None, &[Arg::Real(base)])
    }

    /// Returns x decay, and 0 where that is below `least`.
    ///
    /// # Errors
    /// `Error::DType` for integers.
    pub fn memory_decay(&self, decay: f64, least: f64) -> Result<DeviceTensor> {
        self.mapped("memory_decay", None, &[Arg::Real(decay), Arg::Real(least)])
    }

    /// Returns the second differences along the last `axes` (1 or 2) axes, which are rings; with `complex`, along those before
    /// the pairs.
    ///
    /// # Errors
    /// `Error::Shape` for too few axes, `Error::Value` for another number of them.
    pub fn laplacian(&self, axes: usize, complex: bool) -> Result<DeviceTensor> {
        self.diffused("laplacian", None, [0.0, 0.0, 1.0], axes, complex)
    }

    /// Returns x + alpha (1 - S) F + zeta (1 - S) Lap x, `factors` being alpha and zeta.
    ///
    /// # Errors
    /// As [`DeviceTensor::laplacian`].
    pub fn differentiation_full(
        &self,
        force: Option<&DeviceTensor>,
        syntony: f64,
        factors: (f64, f64),
        axes: usize,
        complex: bool,
    ) -> Result<DeviceTensor> {
        let missing = 1.0 - syntony;
        self.diffused("differentiation_full", force, [1.0, factors.0 * missing, factors.1 * missing], axes, complex)
    }

    /// Returns the sum over i and j != i of phi^(x_i x_j / (n - 1)) / n; waits for the device.
    ///
    /// # Errors
    /// `Error::Shape` for fewer than two numbers.
    pub fn pair_syntony(&self) -> Result<f64> {
        const OP: &str = "pair_syntony";
        let dtype = self.format().real(OP)?;
        let n = self.numel();
        if n < 2 {
            let expected = "at least two numbers".into();
            return Err(Error::Shape { op: OP, expected, got: format!("shape {}", self.shape()) });
        }
        let blocks = n.min(8 * self.device().multiprocessors());
        let partial = DeviceTensor::empty(OP, self.device(), [blocks].into(), Format::Real(DType::F64))?;
        let args = [partial.pointer(), self.pointer(), size(n)];
        self.device().launch(&Kernel::plain(OP, UNIT, OP, dtype), Grid::blocks(blocks), &args)?;
        Ok(partial.values::<f64>(OP)?.iter().sum())
    }
}

#[ext(PhasesParts)]
impl DeviceTensor {
    /// Starts a kernel of (out, x, others, tables, syntony, scalars, packs, n, dim if there are tables, group).
    fn stepped(
        &self,
        op: &'static str,
        others: &[&DeviceTensor],
        tables: &[&DeviceTensor],
        syntony: &DeviceTensor,
        scalars: &[Arg],
    ) -> Result<DeviceTensor> {
        let dtype = self.format().real(op)?;
        let groups = self.groups(op, syntony)?;
        for other in others {
            self.matches(op, other, self.shape().dims())?;
        }
        for table in tables {
            self.matches(op, table, &[groups.dim])?;
        }
        let out = self.like(op, self.shape().clone())?;
        if groups.n > 0 {
            let packs = packs(&[&[self, &out], others].concat());
            let mut args = vec![out.pointer(), self.pointer()];
            args.extend(others.iter().chain(tables).map(|tensor| tensor.pointer()));
            args.push(syntony.pointer());
            args.extend_from_slice(scalars);
            args.extend([size(packs), size(groups.n)]);
            args.extend((!tables.is_empty()).then(|| size(groups.dim)));
            args.push(size(groups.group));
            let grid = Grid::flat(if packs > 0 { packs } else { groups.n });
            self.device().launch(&Kernel::plain(op, UNIT, op, dtype), grid, &args)?;
        }
        Ok(out)
    }

    fn mapped(&self, op: &'static str, other: Option<&DeviceTensor>, scalars: &[Arg]) -> Result<DeviceTensor> {
        let dtype = self.format().real(op)?;
        if let Some(other) = other {
            self.matches(op, other, self.shape().dims())?;
        }
        let out = self.like(op, self.shape().clone())?;
        let n = self.numel();
        if n > 0 {
            let mut tensors = vec![self, &out];
            tensors.extend(other);
            let packs = packs(&tensors);
            let mut args = vec![out.pointer(), self.pointer()];
            args.extend(other.map(DeviceTensor::pointer));
            args.extend_from_slice(scalars);
            args.extend([size(packs), size(n)]);
            let grid = Grid::flat(if packs > 0 { packs } else { n });
            self.device().launch(&Kernel::plain(op, UNIT, op, dtype), grid, &args)?;
        }
        Ok(out)
    }

    fn diffused(
        &self,
        op: &'static str,
        force: Option<&DeviceTensor>,
        factors: [f64; 3],
        axes: usize,
        complex: bool,
    ) -> Result<DeviceTensor> {
        let dtype = self.format().real(op)?;
        if !(1..=2).contains(&axes) {
            return Err(Error::Value { op, expected: "1 or 2 axes".into(), got: axes.to_string() });
        }
        let (height, width, parts) = match (self.shape().dims(), complex, axes) {
            (&[.., width], false, 1) => (1, width, 1),
            (&[.., height, width], false, _) => (height, width, 1),
            (&[.., width, 2], true, 1) => (1, width, 2),
            (&[.., height, width, 2], true, _) => (height, width, 2),
            _ => {
                let expected = format!("{axes} axes{}", if complex { " and pairs in a last one" } else { "" });
                return Err(Error::Shape { op, expected, got: format!("shape {}", self.shape()) });
            }
        };
        if let Some(force) = force {
            self.matches(op, force, self.shape().dims())?;
        }
        let out = self.like(op, self.shape().clone())?;
        let n = self.numel();
        if n > 0 {
            let mut args = vec![out.pointer(), self.pointer(), maybe(force)];
            args.extend(factors.map(Arg::Real));
            args.extend([height, width, parts, n].map(size));
            self.device().launch(&Kernel::plain(op, UNIT, "differentiation_full", dtype), Grid::flat(n), &args)?;
        }
        Ok(out)
    }
}
