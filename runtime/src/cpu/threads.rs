//! Threads: a few workers that share the parts of one loop at a time.
//!
//! How many threads work: `COTANGENT_THREADS`, else what the operating system grants the process
//! (affinity and container quotas included); `set_threads` overrides both. A loop is cut into parts
//! by its caller, and which thread runs a part changes nothing about its result. Workers are started
//! when the first loop needs them; they wait for the next loop awake for some microseconds, then
//! asleep. A loop that is started while another one runs, or inside a part, runs on its own thread.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, TryLockError};

/// Elements of an elementwise operation that are worth a thread: several times what it costs to wake one.
pub(super) const PART: usize = 1 << 16;
/// The most threads.
const MOST: usize = 256;
/// Turns that a worker waits awake: some ten microseconds.
const TURNS: usize = 5_000;

/// The number of threads, or 0 while nobody asked.
static THREADS: AtomicUsize = AtomicUsize::new(0);

/// How many threads kernels may use, this one included.
#[must_use]
pub fn threads() -> usize {
    match THREADS.load(Ordering::Relaxed) {
        0 => {
            let wanted = std::env::var("COTANGENT_THREADS")
                .ok()
                .and_then(|text| text.parse().ok())
                .or_else(|| std::thread::available_parallelism().ok().map(usize::from))
                .unwrap_or(1);
            set_threads(wanted);
            wanted.clamp(1, MOST)
        }
        count => count,
    }
}

/// Sets how many threads kernels of plans that are made from now on may use; 1 means this one alone.
/// Results are the same for every number.
///
/// ```
/// cotangent_runtime::cpu::set_threads(1);
/// assert_eq!(cotangent_runtime::cpu::threads(), 1);
/// ```
pub fn set_threads(count: usize) {
    THREADS.store(count.clamp(1, MOST), Ordering::Relaxed);
}

/// A loop whose parts are handed out one by one.
struct Loop<'w> {
    work: &'w (dyn Fn(usize) + Sync),
    parts: usize,
    next: AtomicUsize,
}

impl Loop<'_> {
    fn run(&self) {
        loop {
            let part = self.next.fetch_add(1, Ordering::Relaxed);
            if part >= self.parts {
                return;
            }
            (self.work)(part);
        }
    }
}

/// What callers and workers share.
struct Board {
    /// Number of loops that were offered.
    offered: u64,
    /// The loop that may be joined.
    current: Option<Address>,
    workers: usize,
}

/// The address of a [`Loop`] on its caller's stack.
#[derive(Clone, Copy)]
struct Address(*const Loop<'static>);

// SAFETY: the loop is shared by reference, and is `Sync`; who follows the address says why it lives.
unsafe impl Send for Address {}

static BOARD: Mutex<Board> = Mutex::new(Board {
    offered: 0,
    current: None,
    workers: 0,
});
/// `Board::offered`, for those who wait awake.
static OFFERED: AtomicUsize = AtomicUsize::new(0);
/// Workers that are inside the current loop.
static INSIDE: AtomicUsize = AtomicUsize::new(0);
static WAKE: Condvar = Condvar::new();
/// Whether a part panicked on a worker since its caller last looked.
static FAILED: AtomicBool = AtomicBool::new(false);
/// Held by the thread whose loop is on the board.
static TURN: Mutex<()> = Mutex::new(());

fn board() -> MutexGuard<'static, Board> {
    // Nothing panics while it is locked.
    BOARD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Calls `work` with every number below `parts`, on several threads where they are free. One part is a
/// plain call.
///
/// # Panics
/// When a part does; the others have run or will not begin.
pub(crate) fn split(parts: usize, work: &(dyn Fn(usize) + Sync)) {
    if parts == 1 {
        work(0);
    } else {
        share(parts, threads().min(parts).saturating_sub(1), work);
    }
}

/// Pointers to operands, as the parts of a loop see them.
pub(crate) struct Shared<P>(P);

impl<P: Copy> Shared<P> {
    /// # Safety
    /// The parts that get the pointers only read what more than one of them touches.
    pub(crate) unsafe fn new(pointers: P) -> Self {
        Self(pointers)
    }

    /// A method, so that a closure captures the whole and not the pointers one by one.
    pub(crate) fn get(&self) -> P {
        self.0
    }
}

// SAFETY: the contract of `new`.
unsafe impl<P> Sync for Shared<P> {}

/// As `split`, by this thread and `helpers` workers.
fn share(parts: usize, helpers: usize, work: &(dyn Fn(usize) + Sync)) {
    let work = Loop {
        work,
        parts,
        next: AtomicUsize::new(0),
    };
    let turn = match TURN.try_lock() {
        Ok(turn) => Some(turn),
        Err(TryLockError::Poisoned(turn)) => Some(turn.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    };
    let (Some(_turn), 1..) = (turn, helpers) else {
        return work.run();
    };
    /// Takes the loop off the board and waits until nobody is inside, also when a part panics.
    struct Close;
    impl Drop for Close {
        fn drop(&mut self) {
            board().current = None;
            let mut turns = 0;
            while INSIDE.load(Ordering::Acquire) > 0 {
                turns += 1;
                if turns < TURNS {
                    std::hint::spin_loop();
                } else {
                    std::thread::yield_now();
                }
            }
        }
    }
    FAILED.store(false, Ordering::Relaxed);
    let close = Close;
    {
        let mut board = board();
        while board.workers < helpers {
            let name = format!("cotangent-{}", board.workers + 1);
            let seen = board.offered;
            let started = std::thread::Builder::new()
                .name(name)
                .spawn(move || wait_and_work(seen));
            if started.is_err() {
                break;
            }
            board.workers += 1;
        }
        board.current = Some(Address(std::ptr::from_ref(&work).cast()));
        board.offered += 1;
        OFFERED.fetch_add(1, Ordering::Release);
    }
    WAKE.notify_all();
    work.run();
    drop(close);
    assert!(
        !FAILED.swap(false, Ordering::Relaxed),
        "a part of a loop panicked on a worker thread; its message stands above"
    );
}

/// The life of a worker.
fn wait_and_work(mut seen: u64) {
    /// Leaves the loop, also when a part panics.
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            if std::thread::panicking() {
                FAILED.store(true, Ordering::Relaxed);
            }
            INSIDE.fetch_sub(1, Ordering::Release);
        }
    }
    loop {
        let mut turns = 0;
        while OFFERED.load(Ordering::Acquire) as u64 == seen && turns < TURNS {
            std::hint::spin_loop();
            turns += 1;
        }
        let mut board = board();
        while board.offered == seen {
            board = WAKE.wait(board).unwrap_or_else(PoisonError::into_inner);
        }
        seen = board.offered;
        let Some(Address(address)) = board.current else {
            continue;
        };
        INSIDE.fetch_add(1, Ordering::Relaxed);
        drop(board);
        let _leave = Leave;
        // SAFETY: the loop was on the board while this thread, holding the lock, entered `INSIDE`;
        // its caller takes it off under the lock and then waits until nobody is inside.
        unsafe { (*address).run() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_runs_once_whoever_asks() {
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    for parts in [0, 1, 2, 3, 7, 100] {
                        for _ in 0..50 {
                            let counts: Vec<AtomicUsize> =
                                (0..parts).map(|_| AtomicUsize::new(0)).collect();
                            share(parts, 3, &|part| {
                                // A loop inside a part runs on its own thread.
                                share(2, 1, &|_| {
                                    counts[part].fetch_add(1, Ordering::Relaxed);
                                });
                            });
                            assert!(
                                counts
                                    .iter()
                                    .all(|count| count.load(Ordering::Relaxed) == 2)
                            );
                        }
                    }
                });
            }
        });
    }

    #[test]
    fn a_panic_in_a_part_reaches_the_caller_and_the_next_loop_works() {
        for _ in 0..10 {
            let failed = std::panic::catch_unwind(|| {
                share(4, 1, &|part| assert!(part != 2, "on purpose"));
            });
            assert!(failed.is_err());
        }
        let count = AtomicUsize::new(0);
        share(9, 2, &|part| {
            count.fetch_add(part, Ordering::Relaxed);
        });
        assert_eq!(count.into_inner(), 36);
    }
}
