//! Threads for one large operation: the caller and its helpers take pieces of the work until none is left.
//!
//! Pieces are cut by the shape of the work alone and no sum runs across pieces, so that results do not depend on the
//! number of threads. Helpers are started at the first large operation. One that has finished looks out for the next
//! operation for a while before it sleeps, since waking it takes as long as some operations do.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rayon_core::{ThreadPool, ThreadPoolBuilder};

use crate::{Error, Result};

/// The most threads that an operation may use, the caller included; 0 stands for one for each core.
static LIMIT: AtomicUsize = AtomicUsize::new(0);

/// The helpers, and the process that has them: one that was forked from it has none.
static HELPERS: OnceLock<Option<(ThreadPool, u32)>> = OnceLock::new();

/// Rises with each operation that calls helpers.
static CALLS: AtomicUsize = AtomicUsize::new(0);

/// How long a helper looks out for the next operation before it sleeps.
pub(crate) const PATIENCE: Duration = Duration::from_micros(200);

/// Returns the most threads that one operation uses, the caller included.
pub fn count() -> usize {
    match LIMIT.load(Ordering::Relaxed) {
        0 => cores(),
        limit => limit.min(cores()),
    }
}

/// Sets the most threads that one operation uses, the caller included; never more than there are cores are used.
///
/// # Errors
/// `Error::Value` for 0.
pub fn set_count(threads: usize) -> Result<()> {
    if threads == 0 {
        return Err(Error::Value { op: "set_threads", expected: "at least 1".into(), got: "0".into() });
    }
    LIMIT.store(threads, Ordering::Relaxed);
    Ok(())
}

fn cores() -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    *CORES.get_or_init(|| std::thread::available_parallelism().map_or(1, NonZeroUsize::get))
}

/// Calls `work` on each of `pieces`, by whichever thread comes.
pub(crate) fn each<I>(pieces: I, work: impl Fn(I::Item) + Sync)
where
    I: ExactSizeIterator + Send,
    I::Item: Send,
{
    let helpers = count().min(pieces.len()).saturating_sub(1);
    let Some(pool) = (if helpers == 0 { None } else { pool() }) else {
        return pieces.for_each(work);
    };
    let pieces = Mutex::new(pieces);
    let next = || pieces.lock().unwrap_or_else(PoisonError::into_inner).next();
    let join = || {
        while let Some(piece) = next() {
            work(piece);
        }
    };
    let busy = AtomicUsize::new(helpers);
    pool.in_place_scope(|scope| {
        for _ in 0..helpers {
            scope.spawn(|_| {
                join();
                rayon_core::spawn(look_out);
                busy.fetch_sub(1, Ordering::Release);
            });
        }
        CALLS.fetch_add(1, Ordering::Release);
        join();
        // A caller that slept until its helpers are ready would be woken late.
        await_until(|| busy.load(Ordering::Acquire) == 0);
    });
}

/// Keeps a helper awake until the next operation calls, or until none has called for a while.
fn look_out() {
    let seen = CALLS.load(Ordering::Acquire);
    await_until(|| CALLS.load(Ordering::Acquire) != seen);
}

/// Waits for something, but no longer than `PATIENCE`: at first in place, then by giving way to other threads.
fn await_until(what: impl Fn() -> bool) {
    let start = Instant::now();
    let mut rounds = 0_u32;
    while !what() && start.elapsed() < PATIENCE {
        pause(&mut rounds);
    }
}

/// Waits a moment: at first in place, then by giving way to other threads.
pub(crate) fn pause(rounds: &mut u32) {
    *rounds += 1;
    if *rounds < 100 {
        std::hint::spin_loop();
    } else {
        std::thread::yield_now();
    }
}

/// Returns the helpers; none on one core, in a forked process, or where the system grants no threads.
fn pool() -> Option<&'static ThreadPool> {
    let start = || {
        let builder = ThreadPoolBuilder::new().num_threads(cores() - 1).thread_name(|i| format!("syntonic-op-{i}"));
        builder.build().ok().map(|pool| (pool, std::process::id()))
    };
    let (pool, process) = HELPERS.get_or_init(start).as_ref()?;
    (*process == std::process::id()).then_some(pool)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_piece_is_worked_on_once() {
        let mut numbers = vec![0_u32; 1003];
        for round in 1..=20 {
            each(numbers.chunks_mut(10).enumerate(), |(i, piece)| {
                assert_eq!(piece.len(), if i == 100 { 3 } else { 10 });
                piece.iter_mut().for_each(|x| *x += 1);
            });
            assert!(numbers.iter().all(|&x| x == round));
        }
        each(numbers.chunks_mut(1).take(0), |_| unreachable!());
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_helpers_live_on() {
        let failed = std::panic::catch_unwind(|| each(0..100, |i| assert!(i != 50, "fifty")));
        assert!(failed.is_err());
        every_piece_is_worked_on_once();
    }
}
