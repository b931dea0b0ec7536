//! The threads of an evolution: the caller works too, and small work stays with it.
//!
//! A generation of a tiny model takes microseconds, less than it takes to wake a sleeping thread and wait for it. So the
//! caller begins at once, helpers take what is left when they come, and work that is not worth a helper calls none.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::{Error, Result};

/// Vector instructions below which the caller works alone: about 25 microseconds, the time of a wake-up.
const WORTH: usize = 60_000;
/// How often the caller looks whether the helpers are done before it sleeps.
const PATIENCE: usize = 20_000;

/// Vector instructions that one normal takes in 16 lanes.
pub(super) const NORMAL_COST: usize = 55;

/// The threads of an evolution.
#[derive(Debug)]
pub(super) struct Crew {
    helpers: Option<ThreadPool>,
}

impl Crew {
    /// Hires a crew of `threads`, the caller included; none is one for each core.
    ///
    /// # Errors
    /// `Error::Value` when the system grants no threads.
    pub fn new(threads: Option<usize>) -> Result<Self> {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let helpers = threads.unwrap_or_else(cores).saturating_sub(1);
        let pool = |n| ThreadPoolBuilder::new().num_threads(n).thread_name(|i| format!("syntonic-{i}")).build();
        let hired = (helpers > 0).then(|| pool(helpers)).transpose();
        let helpers = hired.map_err(|error| Error::Value {
            op: "trainer",
            expected: "a number of threads that the system grants".into(),
            got: error.to_string(),
        })?;
        Ok(Self { helpers })
    }

    /// Returns `work(0), work(1), ..`, in this order whoever did it; `cost` is all their vector instructions, about.
    pub fn map<R: Send + Sync>(&self, count: usize, cost: usize, work: impl Fn(usize) -> R + Sync) -> Vec<R> {
        let Some(pool) = self.helpers.as_ref().filter(|_| count > 1 && cost > WORTH) else {
            return (0..count).map(work).collect();
        };
        let slots: Vec<OnceLock<R>> = (0..count).map(|_| OnceLock::new()).collect();
        let (next, busy) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let take = || {
            loop {
                let i = next.fetch_add(1, Ordering::Relaxed);
                let Some(slot) = slots.get(i) else { break };
                slot.get_or_init(|| work(i));
            }
        };
        pool.in_place_scope(|scope| {
            let helpers = pool.current_num_threads().min(count - 1);
            busy.store(helpers, Ordering::Relaxed);
            for _ in 0..helpers {
                scope.spawn(|_| {
                    take();
                    busy.fetch_sub(1, Ordering::Release);
                });
            }
            take();
            for _ in 0..PATIENCE {
                if busy.load(Ordering::Acquire) == 0 {
                    break;
                }
                std::hint::spin_loop();
            }
        });
        slots.into_iter().filter_map(OnceLock::into_inner).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_from_any_crew() {
        for threads in [1, 2, 5] {
            let crew = Crew::new(Some(threads)).unwrap();
            for cost in [0, 10 * WORTH] {
                let found = crew.map(1000, cost, |i| i * i);
                assert!(found.iter().enumerate().all(|(i, &x)| x == i * i) && found.len() == 1000);
                assert!(crew.map(0, cost, |i| i).is_empty());
            }
        }
    }
}
