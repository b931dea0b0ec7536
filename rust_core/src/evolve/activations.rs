//! Perturbed activations in the place of members, with passes on the CPU or on a device: the direction comes from the losses of examples.

use std::sync::Arc;

use super::activity::{Plan, Request, estimate};
use super::evaluate::{Evaluate, Found, Ready};
use super::population::{Evaluation, Summary};
use super::{Evolution, Objective};
use crate::cuda::Device;
use crate::ops::Element;
use crate::tensor::{DType, Tensor};
use crate::{Error, Result};

/// Draws of noise on activations, by the threads of the pool.
#[derive(Debug, Default)]
pub(super) struct ByActivations {
    /// What was derived from the last program.
    prepared: Option<Arc<Plan>>,
    /// Where the passes are made; none is the CPU.
    device: Option<Arc<Device>>,
}

impl Evaluate<Evolution> for ByActivations {
    fn generation(
        &mut self,
        evolution: &mut Evolution,
        objective: &Objective,
        inputs: &[Tensor],
        _: Option<&[Tensor]>,
    ) -> Result<(Found, Ready)> {
        let plan = self.plan(evolution, objective)?;
        match evolution.config().dtype {
            DType::F32 => generation::<f32>(evolution, &plan, objective, inputs, self.device.as_ref()),
            DType::F64 => generation::<f64>(evolution, &plan, objective, inputs, self.device.as_ref()),
        }
    }

    fn members(&mut self, _: &mut Evolution, _: &Objective, _: &[Tensor]) -> Result<Evaluation> {
        Err(Error::Value {
            op: "trainer",
            expected: "estimator=weights, which has members".into(),
            got: "estimator=activations".into(),
        })
    }

    fn check(&mut self, evolution: &Evolution, objective: &Objective) -> Result<()> {
        self.plan(evolution, objective).map(drop)
    }
}

impl ByActivations {
    /// Makes the passes on a device.
    pub fn on(device: &Arc<Device>) -> Self {
        Self { prepared: None, device: Some(Arc::clone(device)) }
    }

    /// Returns what is derived from the objective's program, once.
    fn plan(&mut self, evolution: &Evolution, objective: &Objective) -> Result<Arc<Plan>> {
        if let Some(plan) = self.prepared.as_ref().filter(|plan| plan.is_of(&objective.program, objective.loss)) {
            return Ok(Arc::clone(plan));
        }
        let plan = Arc::new(Plan::new(&objective.program, objective.loss, evolution.config().perturbed())?);
        self.prepared = Some(Arc::clone(&plan));
        Ok(plan)
    }
}

fn generation<T: Element>(
    evolution: &Evolution,
    plan: &Arc<Plan>,
    objective: &Objective,
    inputs: &[Tensor],
    device: Option<&Arc<Device>>,
) -> Result<(Found, Ready)> {
    let (config, state) = (evolution.config(), evolution.state());
    let values = evolution.shapes.iter().zip(evolution.centre_as::<T>());
    let parameters = values.map(|(shape, values)| Tensor::new(shape.clone(), T::storage(values)));
    let interval = config.signal_interval as u64;
    let request = Request {
        inputs: inputs.to_vec(),
        parameters: parameters.collect::<Result<_>>()?,
        seed: config.seed,
        generation: evolution.generation()?,
        sigma: evolution.deviation(),
        wanted: objective.wanted().collect(),
        signal: interval > 0 && state.generation.is_multiple_of(interval),
        plain: false,
        device: device.cloned(),
    };
    let found = estimate::<T>(&evolution.pool, plan, &request)?;
    let found = Found {
        towards: found.towards,
        kept: state.strategy.clone(),
        summary: Summary::of_draws(found.draws, found.lost),
        elite: None,
        centre: found.centre,
        signal: found.signal,
    };
    Ok((found, evolution.ready()))
}
