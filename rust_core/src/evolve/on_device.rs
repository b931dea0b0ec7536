//! Which way members are evaluated on a CUDA device: by a kernel made from the program where there is one for it, else in chunks.

use std::sync::Arc;

use super::chunks::Chunks;
use super::evaluate::{Evaluate, Found, Ready};
use super::population::Evaluation;
use super::remote::Remote;
use super::{Evolution, Objective};
use crate::Result;
use crate::cuda::Device;
use crate::program::{NodeId, Program};
use crate::tensor::Tensor;

/// Both ways, and which is taken.
#[derive(Debug)]
pub(super) struct OnDevice {
    kernel: Remote,
    chunks: Chunks,
    /// Whether there is a kernel for the loss of the last program.
    found: Option<(Arc<Program>, NodeId, bool)>,
}

impl OnDevice {
    /// Starts with no program.
    pub fn new(device: &Arc<Device>) -> Self {
        Self { kernel: Remote::new(device), chunks: Chunks::new(device), found: None }
    }

    fn way(&mut self, evolution: &Evolution, objective: &Objective) -> &mut dyn Evaluate<Evolution> {
        let Objective { program, loss, .. } = objective;
        let known = self.found.as_ref().filter(|(of, at, _)| Arc::ptr_eq(of, program) && at == loss);
        let has_kernel = known.map_or_else(|| Remote::has_kernel(evolution, objective), |(.., has_kernel)| *has_kernel);
        if known.is_none() {
            self.found = Some((Arc::clone(program), *loss, has_kernel));
        }
        if has_kernel { &mut self.kernel } else { &mut self.chunks }
    }
}

impl Evaluate<Evolution> for OnDevice {
    fn generation(
        &mut self,
        evolution: &mut Evolution,
        objective: &Objective,
        inputs: &[Tensor],
        following: Option<&[Tensor]>,
    ) -> Result<(Found, Ready)> {
        self.way(evolution, objective).generation(evolution, objective, inputs, following)
    }

    fn members(&mut self, evolution: &mut Evolution, objective: &Objective, inputs: &[Tensor]) -> Result<Evaluation> {
        self.way(evolution, objective).members(evolution, objective, inputs)
    }

    fn outside(
        &mut self,
        evolution: &Evolution,
        objective: &Objective,
        inputs: &[Tensor],
        members: &[Vec<f64>],
    ) -> Result<Option<Vec<f64>>> {
        self.chunks.outside(evolution, objective, inputs, members)
    }

    fn begin(&mut self, evolution: &mut Evolution, objective: &Objective, inputs: &[Tensor]) -> Result<()> {
        self.way(evolution, objective).begin(evolution, objective, inputs)
    }

    fn check(&mut self, evolution: &Evolution, objective: &Objective) -> Result<()> {
        self.way(evolution, objective).check(evolution, objective)
    }

    fn forget(&mut self) {
        self.kernel.forget();
        self.chunks.forget();
    }
}
