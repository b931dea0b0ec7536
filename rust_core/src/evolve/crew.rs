//! The threads of an evolution: the caller works too, helpers stay awake between generations, small work calls none.
//!
//! A generation of a tiny model takes less time than waking a thread does. So the caller begins at once, a helper that
//! has finished looks out for the next work for a while before it sleeps, and work that is not worth a helper calls
//! none. (A pool that sleeps between calls, as rayon's does, cost a third of such a generation.) Work is handed over in
//! an `Arc`, so a helper that comes late finds it done and harms nobody.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use crate::threads::{PATIENCE, pause};
use crate::{Error, Result};

/// Vector instructions below which the caller works alone: a few microseconds.
const WORTH: usize = 20_000;

/// Vector instructions that one normal takes in 16 lanes.
pub(super) const NORMAL_COST: usize = 55;

/// The threads of an evolution.
#[derive(Debug)]
pub(super) struct Crew {
    board: Arc<Board>,
    helpers: Vec<JoinHandle<()>>,
    /// The process that has the helpers: one that was forked from it has their handles only.
    process: u32,
}

/// Where helpers find work.
#[derive(Default)]
struct Board {
    work: Mutex<Option<Arc<dyn Work>>>,
    /// Rises with each new work.
    number: AtomicU64,
    news: Condvar,
    closed: AtomicBool,
}

impl std::fmt::Debug for Board {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Board").field("number", &self.number).finish_non_exhaustive()
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

    /// Does what nobody has begun, waits for the rest, and returns the results in order.
    fn finish(&self) -> Vec<R> {
        self.join();
        let mut rounds = 0_u32;
        while self.done.load(Ordering::Acquire) < self.results.len() {
            pause(&mut rounds);
        }
        if let Some(panic) = lock(&self.panic).take() {
            resume_unwind(panic);
        }
        self.results.iter().filter_map(|slot| lock(slot).take()).collect()
    }
}

impl<R: Send, F: Fn(usize) -> R + Send + Sync> Work for Items<F, R> {
    fn join(&self) {
        loop {
            let i = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(slot) = self.results.get(i) else { return };
            match catch_unwind(AssertUnwindSafe(|| (self.item)(i))) {
                Ok(result) => *lock(slot) = Some(result),
                Err(panic) => *lock(&self.panic) = Some(panic),
            }
            self.done.fetch_add(1, Ordering::Release);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Crew {
    /// Hires a crew of `threads`, the caller included; none is one for each core.
    ///
    /// # Errors
    /// `Error::Value` when the system grants no threads.
    pub fn new(threads: Option<usize>) -> Result<Self> {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let mut crew = Self { board: Arc::default(), helpers: Vec::new(), process: std::process::id() };
        for i in 1..threads.unwrap_or_else(cores) {
            let board = Arc::clone(&crew.board);
            let helper = std::thread::Builder::new().name(format!("syntonic-{i}")).spawn(move || board.help());
            crew.helpers.push(helper.map_err(|error| Error::Value {
                op: "trainer",
                expected: "a number of threads that the system grants".into(),
                got: error.to_string(),
            })?);
        }
        Ok(crew)
    }

    /// Returns `item(0), item(1), ..`, in this order whoever did it; `cost` is all their vector instructions, about.
    pub fn map<R: Send + 'static>(
        &self,
        count: usize,
        cost: usize,
        item: impl Fn(usize) -> R + Send + Sync + 'static,
    ) -> Vec<R> {
        if count < 2 || self.is_alone(cost) {
            return (0..count).map(item).collect();
        }
        let items = Arc::new(Items::new(count, item));
        self.board.post(items.clone());
        items.finish()
    }

    /// Has a helper do `task` meanwhile, or does it at once where it is not worth a helper; `cost` as in `map`.
    pub fn start<R: Send + 'static>(&self, cost: usize, task: impl Fn() -> R + Send + Sync + 'static) -> Started<R> {
        let task: Task<R> = Box::new(move |_| task());
        let items = Arc::new(Items::new(1, task));
        match self.is_alone(cost) {
            true => items.join(),
            false => self.board.post(items.clone()),
        }
        Started(items)
    }

    fn is_alone(&self, cost: usize) -> bool {
        self.helpers.is_empty() || cost < WORTH || self.process != std::process::id()
    }

    /// Returns the number of threads, the caller included.
    pub fn threads(&self) -> usize {
        self.helpers.len() + 1
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
        self.0.finish().pop().ok_or_else(|| Error::Internal { what: "a task without a result".into() })
    }
}

impl<R> std::fmt::Debug for Started<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Started").field(&self.0.done).finish()
    }
}

impl Board {
    fn post(&self, work: Arc<dyn Work>) {
        {
            let mut posted = lock(&self.work);
            *posted = Some(work);
            self.number.fetch_add(1, Ordering::Release);
        }
        self.news.notify_all();
    }

    /// What a helper does all its life.
    fn help(&self) {
        let mut seen = 0;
        while self.await_news(seen) {
            seen = self.number.load(Ordering::Acquire);
            let work = lock(&self.work).clone();
            if let Some(work) = work {
                work.join();
            }
        }
    }

    /// Returns true once there is new work, false when the crew is dismissed.
    fn await_news(&self, seen: u64) -> bool {
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

impl Drop for Crew {
    fn drop(&mut self) {
        if self.process != std::process::id() {
            // Nobody is there to be dismissed, and a lock may have been copied while it was held.
            self.helpers.drain(..).for_each(std::mem::forget);
            return;
        }
        {
            // Under the lock, so that no helper falls asleep between its last look and this.
            let _work = lock(&self.board.work);
            self.board.closed.store(true, Ordering::Release);
        }
        self.board.news.notify_all();
        for helper in self.helpers.drain(..) {
            // A helper that panicked has told its caller already.
            drop(helper.join());
        }
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
                for _ in 0..50 {
                    let found = crew.map(100, cost, |i| i * i);
                    assert!(found.iter().enumerate().all(|(i, &x)| x == i * i) && found.len() == 100);
                }
                assert!(crew.map(0, cost, |i| i).is_empty());
            }
            std::thread::sleep(2 * PATIENCE);
            assert_eq!(crew.map(3, 10 * WORTH, |i| i), [0, 1, 2]);
        }
    }

    #[test]
    fn a_forked_process_works_alone() {
        let mut crew = Crew::new(Some(3)).unwrap();
        let board = Arc::clone(&crew.board);
        crew.process += 1;
        assert_eq!(crew.map(3, 10 * WORTH, |i| i), [0, 1, 2]);
        assert_eq!(board.number.load(Ordering::Acquire), 0, "nothing was posted");
        drop(crew);
        assert!(!board.closed.load(Ordering::Acquire), "nobody was dismissed");
    }

    #[test]
    fn a_started_task_ends_whoever_does_it() {
        for threads in [1, 3] {
            let crew = Crew::new(Some(threads)).unwrap();
            for cost in [0, 10 * WORTH] {
                for i in 0..50 {
                    let (task, dropped) = (crew.start(cost, move || i + 1), crew.start(cost, move || i));
                    // Another's work takes the board.
                    assert_eq!(crew.map(2, cost, |i| i), [0, 1]);
                    drop(dropped);
                    assert_eq!(task.finish().unwrap(), i + 1);
                }
            }
            let failed = crew.start(10 * WORTH, || -> usize { panic!("a task that fails") });
            assert!(catch_unwind(AssertUnwindSafe(|| failed.finish())).is_err());
        }
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_crew_lives_on() {
        let crew = Crew::new(Some(3)).unwrap();
        let failed = catch_unwind(AssertUnwindSafe(|| crew.map(9, 10 * WORTH, |i| assert!(i != 5, "five"))));
        assert!(failed.is_err());
        assert_eq!(crew.map(2, 10 * WORTH, |i| i), [0, 1]);
    }
}
