//! Turns the estimated direction into a step.

use pulp::{Arch, NullaryFnOnce};

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
    let rates = (config.beta1, config.beta2);
    match config.optimizer {
        OptimizerKind::Adam => {
            let count = i32::try_from(generation + 1).unwrap_or(i32::MAX);
            let corrections = (1.0 - rates.0.powi(count), 1.0 - rates.1.powi(count));
            Arch::new().dispatch(Adam { size, rates, corrections, direction, first, second, values });
        }
        OptimizerKind::Momentum => {
            for ((x, &g), m) in values.iter_mut().zip(direction).zip(first) {
                *m = rates.0 * *m + g;
                *x += size * *m;
            }
        }
    }
}

/// One step of Adam, in the processor's widest vectors: roots and quotients of single numbers take four times as long.
struct Adam<'a> {
    size: f64,
    rates: (f64, f64),
    corrections: (f64, f64),
    direction: &'a [f64],
    first: &'a mut [f64],
    second: &'a mut [f64],
    values: &'a mut [f64],
}

impl NullaryFnOnce for Adam<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { size, rates: (b1, b2), corrections: (c1, c2), direction, first, second, values } = self;
        for (((x, &g), m), v) in values.iter_mut().zip(direction).zip(first).zip(second) {
            *m = b1 * *m + (1.0 - b1) * g;
            *v = b2 * *v + (1.0 - b2) * g * g;
            // After some hundred generations the first correction is 1: the slow division is left out.
            let mean = if c1 == 1.0 { *m } else { *m / c1 };
            *x += size * mean / ((*v / c2).sqrt() + EPSILON);
        }
    }
}
