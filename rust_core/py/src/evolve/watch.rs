//! Looks for signals, and for a caller's wish to stop, while the engine works.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use syntonic_core::evolve::Interrupt;

/// How often Python is asked: taking the GIL costs microseconds, and a person does not notice this delay.
const EVERY: Duration = Duration::from_millis(50);

/// What is asked, and what it answered.
#[derive(Default)]
pub struct Watch {
    asked: Mutex<Option<Instant>>,
    stop: Mutex<Option<Py<PyAny>>>,
    raised: Mutex<Option<PyErr>>,
}

impl Watch {
    /// Has `stop()` asked as well, from now on.
    pub fn set(&self, stop: Option<Py<PyAny>>) {
        *lock(&self.stop) = stop;
    }

    /// Takes what a handler has raised.
    pub fn raised(&self) -> Option<PyErr> {
        lock(&self.raised).take()
    }

    /// Returns the question as the core asks it.
    pub fn interrupt(self: &Arc<Self>) -> Interrupt {
        let watch = Arc::clone(self);
        Interrupt(Arc::new(move || watch.ends()))
    }

    fn ends(&self) -> bool {
        {
            let mut asked = lock(&self.asked);
            if asked.is_some_and(|asked| asked.elapsed() < EVERY) {
                return false;
            }
            *asked = Some(Instant::now());
        }
        Python::attach(|py| {
            let stop = lock(&self.stop).as_ref().map(|stop| stop.clone_ref(py));
            let answer = py.check_signals().and_then(|()| match stop {
                Some(stop) => stop.call0(py)?.is_truthy(py),
                None => Ok(false),
            });
            answer.unwrap_or_else(|error| {
                *lock(&self.raised) = Some(error);
                true
            })
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
