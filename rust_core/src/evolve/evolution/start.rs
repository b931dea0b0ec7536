//! How an evolution begins: by which strategy, at which weights, and where its members are evaluated.

use std::sync::Arc;

use super::super::activations::ByActivations;
use super::super::cpu::Cpu;
use super::super::on_device::OnDevice;
use super::super::pool::Pool;
use super::super::strategies::STRATEGIES;
use super::super::strategy::Strategy;
use super::super::{AttractorMemory, Config, Estimator, Gene, State};
use super::Evolution;
use crate::cuda::Device;
use crate::exact::snap::Snapper;
use crate::program::Perturbation;
use crate::tensor::Shape;
use crate::tensor::afford::afford;
use crate::{Error, Result};

/// Snaps in a run from which on a table for them pays.
const WORTH_A_TABLE: u64 = 50_000;

impl Evolution {
    /// Starts an evolution at the genes' values, crystallized if `config` asks for the lattice.
    ///
    /// # Errors
    /// `Error::Value` for a setting out of its range, `Error::Shape` for a gene whose parts do not fit.
    pub fn new(config: Config, genes: Vec<Gene>) -> Result<Self> {
        Self::by((STRATEGIES[0].make)(&[])?, config, genes)
    }

    /// As `new`, by a strategy of one's own.
    ///
    /// # Errors
    /// As those of `new`, and whatever the strategy refuses.
    pub fn by(strategy: Box<dyn Strategy>, config: Config, genes: Vec<Gene>) -> Result<Self> {
        config.check()?;
        strategy.check(&config)?;
        // What a generation keeps of each member: losses, syntonies, scores, ranks and their orders.
        afford::<[f64; 16]>("trainer", config.population_size)?;
        if genes.iter().all(|gene| gene.values.is_empty()) {
            return Err(Error::Value {
                op: "trainer",
                expected: "a model with at least one parameter".into(),
                got: "none".into(),
            });
        }
        for gene in &genes {
            if gene.values.len() != gene.shape.numel() || gene.mode_weights.len() != gene.shape.last() {
                return Err(Error::Shape {
                    op: "trainer",
                    expected: format!("{} values and {} mode norms", gene.shape.numel(), gene.shape.last()),
                    got: format!("{} and {}", gene.values.len(), gene.mode_weights.len()),
                });
            }
        }
        let shapes: Vec<Shape> = genes.iter().map(|gene| gene.shape.clone()).collect();
        let memory =
            AttractorMemory::new(config.attractor_capacity, config.attractor_decay_rate, config.attractor_quantile);
        let centre: Vec<f64> = genes.iter().flat_map(|gene| gene.values.iter().copied()).collect();
        let mut evolution = Self {
            perturbation: Perturbation::new(config.seed, 0, &shapes, config.rank),
            snapper: config.bound().map(Snapper::new).transpose()?,
            weights: Arc::new(genes.into_iter().map(|gene| gene.mode_weights).collect()),
            pool: Pool::new(config.threads)?,
            shapes: Arc::new(shapes),
            place: Some(match config.estimator {
                Estimator::Weights => Box::<Cpu>::default(),
                Estimator::Activations => Box::<ByActivations>::default(),
            }),
            state: State::new(strategy.start(&config, centre.len()), centre, memory),
            strategy,
            harmony: None,
            config,
        };
        if let Some(snapper) = &evolution.snapper {
            let snaps = evolution.config.max_generations.saturating_mul(evolution.state.centre.len() as u64);
            if snaps >= WORTH_A_TABLE {
                snapper.prepare();
            }
        }
        let (centre, lattice, residual) = evolution.crystallized(evolution.state.centre.clone())?;
        (evolution.state.centre, evolution.state.lattice) = (centre, lattice);
        // Members start on the lattice. Steps by activations are small and many: on a coarse lattice they go on from where
        // floats would start.
        if evolution.config.estimator == Estimator::Activations {
            evolution.state.residual = residual;
        }
        if evolution.config.ema_decay > 0.0 {
            evolution.state.average = evolution.ready().flux;
        }
        Ok(evolution)
    }

    /// Evaluates members on a CUDA device from now on; the centre stays with the CPU, where one thread evaluates it.
    ///
    /// # Errors
    /// `Error::Value` when the system grants no thread.
    pub fn on(mut self, device: &Arc<Device>) -> Result<Self> {
        if self.config.estimator == Estimator::Activations {
            self.place = Some(Box::new(ByActivations::on(device)));
            return Ok(self);
        }
        self.place = Some(Box::new(OnDevice::new(device)));
        self.pool = Pool::new(Some(self.pool.threads().min(2)))?;
        Ok(self)
    }
}
