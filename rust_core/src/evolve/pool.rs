//! The thread pool of an evolution: the caller works too, threads stay awake between generations, small work wakes none.
//!
//! A generation of a tiny model takes less time than waking a thread does. So the caller begins at once, a thread that
//! has finished looks out for the next work for a while before it sleeps, and work that is not worth a thread wakes
//! none. (A pool that sleeps between calls, as rayon's does, cost a third of such a generation.)

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use super::interrupt::Interrupt;
use crate::threads::{PATIENCE, pause};
use crate::{Error, Result};

/// Vector instructions below which the caller works alone: a few microseconds.
const WORTH: usize = 20_000;

/// Vector instructions that one normal takes in 16 lanes.
pub(super) const NORMAL_COST: usize = 55;

/// The threads of an evolution.
#[derive(Debug)]
pub(super) struct Pool {
    queue: Arc<Queue>,
    threads: Vec<JoinHandle<()>>,
    /// Asked by the caller between items whether to give up.
    pub interrupt: Option<Interrupt>,
    /// The process that has the threads: one that was forked from it has their handles only.
    process: u32,
}

/// Where threads find work.
#[derive(Default)]
struct Queue {
    work: Mutex<Option<Arc<dyn Work>>>,
    /// Rises with each new work.
    number: AtomicU64,
    news: Condvar,
    closed: AtomicBool,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").field("number", &self.number).finish_non_exhaustive()
    }
}

/// Work that any number of threads may join.
trait Work: Send + Sync {
    /// Does items until none is left.
    fn join(&self);
}

/// Calls `item(0), item(1), ..`, each once, by whoever comes.
struct Items<F, R> {
    item: F,
    next: AtomicUsize,
    done: AtomicUsize,
    results: Vec<Mutex<Option<R>>>,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

impl<R: Send, F: Fn(usize) -> R + Send + Sync> Items<F, R> {
    fn new(count: usize, item: F) -> Self {
        Self {
            item,
            next: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
            results: (0..count).map(|_| Mutex::new(None)).collect(),
            panic: Mutex::new(None),
        }
    }

    /// Does what nobody has begun, waits for the rest, and returns the results in order; none if `stop` came first.
    fn finish(&self, stop: impl Fn() -> bool) -> Option<Vec<R>> {
        let count = self.results.len();
        let mut begun = count;
        loop {
            if stop() {
                // Nobody begins another; who is at one still ends it.
                begun = self.next.swap(count, Ordering::AcqRel).min(count);
                break;
            }
            if !self.one() {
                break;
            }
        }
        let mut rounds = 0_u32;
        while self.done.load(Ordering::Acquire) < begun {
            pause(&mut rounds);
        }
        if let Some(panic) = lock(&self.panic).take() {
            resume_unwind(panic);
        }
        (begun == count).then(|| self.results.iter().filter_map(|slot| lock(slot).take()).collect())
    }

    /// Does one item; false if all have been begun.
    fn one(&self) -> bool {
        let i = self.next.fetch_add(1, Ordering::AcqRel);
        let Some(slot) = self.results.get(i) else { return false };
        match catch_unwind(AssertUnwindSafe(|| (self.item)(i))) {
            Ok(result) => *lock(slot) = Some(result),
            Err(panic) => *lock(&self.panic) = Some(panic),
        }
        self.done.fetch_add(1, Ordering::Release);
        true
    }
}

impl<R: Send, F: Fn(usize) -> R + Send + Sync> Work for Items<F, R> {
    fn join(&self) {
        while self.one() {}
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    /// Spawns a pool of `threads`, the caller included; none is one for each core.
    ///
    /// # Errors
    /// `Error::Value` when the system grants no threads.
    pub fn new(threads: Option<usize>) -> Result<Self> {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let mut pool =
            Self { queue: Arc::default(), threads: Vec::new(), interrupt: None, process: std::process::id() };
        for i in 1..threads.unwrap_or_else(cores) {
            let queue = Arc::clone(&pool.queue);
            let thread = std::thread::Builder::new().name(format!("syntonic-{i}")).spawn(move || queue.serve());
            pool.threads.push(thread.map_err(|error| Error::Value {
                op: "trainer",
                expected: "a number of threads that the system grants".into(),
                got: error.to_string(),
            })?);
        }
        Ok(pool)
    }

    /// Returns `item(0), item(1), ..`, in this order whoever did it; `cost` is all their vector instructions, about.
    ///
    /// # Errors
    /// `Error::Interrupted` when the interrupt asks for it between two items.
    pub fn map<R: Send + 'static>(
        &self,
        count: usize,
        cost: usize,
        item: impl Fn(usize) -> R + Send + Sync + 'static,
    ) -> Result<Vec<R>> {
        // Asking takes as long as a small item does.
        let (every, asked) = (10 * WORTH / (cost / count.max(1)).max(1), AtomicUsize::new(0));
        let is_due = || asked.fetch_add(1, Ordering::Relaxed) % every.max(1) == every / 2;
        let stop = || cost >= WORTH && self.interrupt.as_ref().is_some_and(|interrupt| is_due() && (interrupt.0)());
        if count < 2 || self.is_alone(cost) {
            return (0..count).map(|i| if stop() { Err(Error::Interrupted) } else { Ok(item(i)) }).collect();
        }
        let items = Arc::new(Items::new(count, item));
        self.queue.post(items.clone());
        items.finish(stop).ok_or(Error::Interrupted)
    }

    /// Has a thread do `task` meanwhile, or does it at once where it is not worth a thread; `cost` as in `map`.
    pub fn start<R: Send + 'static>(&self, cost: usize, task: impl Fn() -> R + Send + Sync + 'static) -> Started<R> {
        let task: Task<R> = Box::new(move |_| task());
        let items = Arc::new(Items::new(1, task));
        match self.is_alone(cost) {
            true => items.join(),
            false => self.queue.post(items.clone()),
        }
        Started(items)
    }

    fn is_alone(&self, cost: usize) -> bool {
        self.threads.is_empty() || cost < WORTH || self.process != std::process::id()
    }

    /// Returns the number of threads, the caller included.
    pub fn threads(&self) -> usize {
        self.threads.len() + 1
    }
}

type Task<R> = Box<dyn Fn(usize) -> R + Send + Sync>;

/// A task that was started; who drops it does not wait for it.
pub(super) struct Started<R>(Arc<Items<Task<R>, R>>);

impl<R: Send> Started<R> {
    /// Returns the task's result, and does the task if nobody has begun it.
    ///
    /// # Errors
    /// None that can be reached: whoever finishes has the result.
    pub fn finish(self) -> Result<R> {
        self.0
            .finish(|| false)
            .and_then(|mut found| found.pop())
            .ok_or_else(|| Error::Internal { what: "a task without a result".into() })
    }
}

impl<R> std::fmt::Debug for Started<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Started").field(&self.0.done).finish()
    }
}

impl Queue {
    fn post(&self, work: Arc<dyn Work>) {
        {
            let mut posted = lock(&self.work);
            *posted = Some(work);
            self.number.fetch_add(1, Ordering::Release);
        }
        self.news.notify_all();
    }

    /// What a thread does until the pool is closed.
    fn serve(&self) {
        let mut seen = 0;
        while self.wait_for_work(seen) {
            seen = self.number.load(Ordering::Acquire);
            let work = lock(&self.work).clone();
            if let Some(work) = work {
                work.join();
            }
        }
    }

    /// Returns true once there is new work, false when the pool is closed.
    fn wait_for_work(&self, seen: u64) -> bool {
        let news = || self.number.load(Ordering::Acquire) != seen || self.closed.load(Ordering::Acquire);
        let (start, mut rounds) = (Instant::now(), 0);
        while !news() && start.elapsed() < PATIENCE {
            pause(&mut rounds);
        }
        if !news() {
            let guard = lock(&self.work);
            drop(self.news.wait_while(guard, |_| !news()));
        }
        !self.closed.load(Ordering::Acquire)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if self.process != std::process::id() {
            // No thread is there to be joined, and a lock may have been copied while it was held.
            self.threads.drain(..).for_each(std::mem::forget);
            return;
        }
        {
            // Under the lock, so that no thread falls asleep between its last look and this.
            let _work = lock(&self.queue.work);
            self.queue.closed.store(true, Ordering::Release);
        }
        self.queue.news.notify_all();
        for thread in self.threads.drain(..) {
            // A thread that panicked has told its caller already.
            drop(thread.join());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_from_any_pool() {
        for threads in [1, 2, 5] {
            let pool = Pool::new(Some(threads)).unwrap();
            for cost in [0, 10 * WORTH] {
                for _ in 0..50 {
                    assert!(pool.map(100, cost, |i| i * i).unwrap().into_iter().eq((0..100).map(|i| i * i)));
                }
                assert!(pool.map(0, cost, |i| i).unwrap().is_empty());
            }
            std::thread::sleep(2 * PATIENCE);
            assert_eq!(pool.map(3, 10 * WORTH, |i| i).unwrap(), [0, 1, 2]);
        }
    }

    #[test]
    fn a_forked_process_works_alone() {
        let mut pool = Pool::new(Some(3)).unwrap();
        let queue = Arc::clone(&pool.queue);
        pool.process += 1;
        assert_eq!(pool.map(3, 10 * WORTH, |i| i).unwrap(), [0, 1, 2]);
        assert_eq!(queue.number.load(Ordering::Acquire), 0, "nothing was posted");
        drop(pool);
        assert!(!queue.closed.load(Ordering::Acquire), "no thread was closed");
    }

    #[test]
    fn a_started_task_ends_whoever_does_it() {
        for threads in [1, 3] {
            let pool = Pool::new(Some(threads)).unwrap();
            for cost in [0, 10 * WORTH] {
                for i in 0..50 {
                    let (task, dropped) = (pool.start(cost, move || i + 1), pool.start(cost, move || i));
                    // Another's work takes the queue.
                    assert_eq!(pool.map(2, cost, |i| i).unwrap(), [0, 1]);
                    drop(dropped);
                    assert_eq!(task.finish().unwrap(), i + 1);
                }
            }
            let failed = pool.start(10 * WORTH, || -> usize { panic!("a task that fails") });
            assert!(catch_unwind(AssertUnwindSafe(|| failed.finish())).is_err());
        }
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_pool_lives_on() {
        let pool = Pool::new(Some(3)).unwrap();
        let failed = catch_unwind(AssertUnwindSafe(|| pool.map(9, 10 * WORTH, |i| assert!(i != 5, "five"))));
        assert!(failed.is_err());
        assert_eq!(pool.map(2, 10 * WORTH, |i| i).unwrap(), [0, 1]);
    }

    #[test]
    fn an_interrupt_ends_work_between_two_items() {
        for threads in [1, 3] {
            let mut pool = Pool::new(Some(threads)).unwrap();
            let (asked, done) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
            let third = move || asked.fetch_add(1, Ordering::Relaxed) == 2;
            pool.interrupt = Some(Interrupt(Arc::new(third)));
            let counter = Arc::clone(&done);
            let slow = move |_| {
                std::thread::sleep(std::time::Duration::from_millis(2));
                counter.fetch_add(1, Ordering::Relaxed)
            };
            assert_eq!(pool.map(1000, 10_000 * WORTH, slow), Err(Error::Interrupted));
            let ended = done.load(Ordering::Relaxed);
            assert!((2..500).contains(&ended), "{ended} of 1000 items");
            std::thread::sleep(10 * PATIENCE);
            assert_eq!(done.load(Ordering::Relaxed), ended, "nobody begins another item");
            assert_eq!(pool.map(2, 10 * WORTH, |i| i).unwrap(), [0, 1]);
        }
    }
}
