//! The D and H phases of rows of features: kernels/resonant.cu.

use easy_ext::ext;
use syntonic_core::cuda::{Arg, DeviceTensor, Grid, Kernel, at_least, maybe, packs, rows_of, size};
use syntonic_core::{Error, Result};

/// Sizes of a tensor whose syntony is one number for all, or one for each entry of axis 0.
pub(super) struct Groups {
    pub n: usize,
    pub dim: usize,
    pub group: usize,
}

/// The phases of a resonant tensor.
#[ext(ResonantPhases)]
impl DeviceTensor {
    /// Returns (|n|, e^(-n^2/(4 phi))) of squared mode norms: what the D phase needs of each feature.
    ///
    /// # Errors
    /// `Error::DType` for integers.
    pub fn mode_tables(&self) -> Result<(DeviceTensor, DeviceTensor)> {
        const OP: &str = "mode_tables";
        let dtype = self.format().real(OP)?;
        let (roots, spreads) = (self.like(OP, self.shape().clone())?, self.like(OP, self.shape().clone())?);
        let args = [roots.pointer(), spreads.pointer(), self.pointer(), size(self.numel())];
        self.device().launch(&Kernel::plain(OP, "winding", OP, dtype), Grid::flat(self.numel()), &args)?;
        Ok((roots, spreads))
    }

    /// Returns x (1 + alpha |n|) + noise_scale (1 - S) g z, alpha = (1 - S)/phi^2, for given normals z of x's shape.
    ///
    /// `tables` is what `mode_tables` returned; the second one is left out for noise without weights.
    ///
    /// # Errors
    /// `Error::Shape` when a shape does not fit, `Error::Value` for a negative noise scale.
    pub fn d_phase(
        &self,
        noise: &DeviceTensor,
        tables: (&DeviceTensor, Option<&DeviceTensor>),
        syntony: &DeviceTensor,
        noise_scale: f64,
    ) -> Result<DeviceTensor> {
        const OP: &str = "d_phase";
        self.matches(OP, noise, self.shape().dims())?;
        let groups = self.d_groups(OP, tables, syntony, noise_scale)?;
        let out = self.like(OP, self.shape().clone())?;
        let packs = packs(&[self, noise, &out]);
        let args = [
            out.pointer(),
            self.pointer(),
            noise.pointer(),
            tables.0.pointer(),
            maybe(tables.1),
            syntony.pointer(),
            Arg::Real(noise_scale),
            size(packs),
            size(groups.n),
            size(groups.dim),
            size(groups.group),
        ];
        self.resonant(OP, OP, groups.n, if packs > 0 { packs } else { groups.n }, &args)?;
        Ok(out)
    }

    /// As [`DeviceTensor::d_phase`], with normals of its own: element i is normal i of (seed, stream Differentiation, step).
    ///
    /// # Errors
    /// As [`DeviceTensor::d_phase`].
    pub fn d_phase_seeded(
        &self,
        (seed, step): (u32, u32),
        tables: (&DeviceTensor, Option<&DeviceTensor>),
        syntony: &DeviceTensor,
        noise_scale: f64,
    ) -> Result<DeviceTensor> {
        const OP: &str = "d_phase";
        let groups = self.d_groups(OP, tables, syntony, noise_scale)?;
        let out = self.like(OP, self.shape().clone())?;
        let args = [
            out.pointer(),
            self.pointer(),
            tables.0.pointer(),
            maybe(tables.1),
            syntony.pointer(),
            Arg::Real(noise_scale),
            Arg::Size(seed.into()),
            Arg::Size(step.into()),
            size(packs(&[self, &out])),
            size(groups.n),
            size(groups.dim),
            size(groups.group),
        ];
        self.resonant(OP, "d_phase_philox", groups.n, groups.n.div_ceil(8), &args)?;
        Ok(out)
    }

    /// Returns x (1 - beta (1 - w)), beta = strength S/phi, w the golden weight of each feature.
    ///
    /// # Errors
    /// `Error::Shape` when a shape does not fit, `Error::Value` for a negative strength.
    pub fn h_phase(&self, weights: &DeviceTensor, syntony: &DeviceTensor, strength: f64) -> Result<DeviceTensor> {
        const OP: &str = "h_phase";
        let groups = self.groups(OP, syntony)?;
        at_least(OP, "strength", strength, 0.0)?;
        self.matches(OP, weights, &[groups.dim])?;
        let out = self.like(OP, self.shape().clone())?;
        let packs = packs(&[self, &out]);
        let args = [
            out.pointer(),
            self.pointer(),
            weights.pointer(),
            syntony.pointer(),
            Arg::Real(strength),
            size(packs),
            size(groups.n),
            size(groups.dim),
            size(groups.group),
        ];
        self.resonant(OP, OP, groups.n, if packs > 0 { packs } else { groups.n }, &args)?;
        Ok(out)
    }
}

#[ext(ResonantPhasesParts)]
impl DeviceTensor {
    pub(super) fn groups(&self, op: &'static str, syntony: &DeviceTensor) -> Result<Groups> {
        let (_, dim) = rows_of(op, self.shape())?;
        self.beside(op, syntony)?;
        let n = self.numel();
        let first = self.shape().dims().first().copied().unwrap_or(1).max(1);
        match syntony.numel() {
            1 => Ok(Groups { n, dim, group: n }),
            count if count == first => Ok(Groups { n, dim, group: (n / first).max(1) }),
            count => {
                let expected = format!("one syntony, or {first}: one for each entry of axis 0");
                Err(Error::Shape { op, expected, got: count.to_string() })
            }
        }
    }

    pub(super) fn d_groups(
        &self,
        op: &'static str,
        tables: (&DeviceTensor, Option<&DeviceTensor>),
        syntony: &DeviceTensor,
        scale: f64,
    ) -> Result<Groups> {
        let groups = self.groups(op, syntony)?;
        at_least(op, "noise scale", scale, 0.0)?;
        for table in [Some(tables.0), tables.1].into_iter().flatten() {
            self.matches(op, table, &[groups.dim])?;
        }
        Ok(groups)
    }

    pub(super) fn resonant(&self, op: &'static str, entry: &str, n: usize, items: usize, args: &[Arg]) -> Result<()> {
        let dtype = self.format().real(op)?;
        if n == 0 {
            return Ok(());
        }
        self.device().launch(&Kernel::plain(op, "resonant", entry, dtype), Grid::flat(items), args)
    }
}
