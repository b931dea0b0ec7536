//! Turns the estimated direction into a step.

use super::{Config, OptimizerKind};

/// Keeps Adam's division finite where a parameter never moved.
const EPSILON: f64 = 1e-8;

/// Adds to each of `values` its step along `direction` and updates the moments. `generation` counts from 0.
pub(super) fn step(
    config: &Config,
    generation: u64,
    direction: &[f64],
    (first, second): (&mut [f64], &mut [f64]),
    values: &mut [f64],
) {
    let size = config.step_size(generation);
    let (b1, b2) = (config.beta1, config.beta2);
    let moments = first.iter_mut().zip(second);
    match config.optimizer {
        OptimizerKind::Adam => {
            let count = i32::try_from(generation + 1).unwrap_or(i32::MAX);
            let (c1, c2) = (1.0 - b1.powi(count), 1.0 - b2.powi(count));
            for ((x, &g), (m, v)) in values.iter_mut().zip(direction).zip(moments) {
                *m = b1 * *m + (1.0 - b1) * g;
                *v = b2 * *v + (1.0 - b2) * g * g;
                *x += size * (*m / c1) / ((*v / c2).sqrt() + EPSILON);
            }
        }
        OptimizerKind::Momentum => {
            for ((x, &g), (m, _)) in values.iter_mut().zip(direction).zip(moments) {
                *m = b1 * *m + g;
                *x += size * *m;
            }
        }
    }
}
