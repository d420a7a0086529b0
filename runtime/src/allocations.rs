//! An allocator that counts, for tests and measurements: what the system's does, and how often each
//! thread asked it for memory.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator, counting. A program that wants to know how much it allocates makes it the
/// allocator of everything:
///
/// ```
/// use cotangent_runtime::Allocations;
///
/// #[global_allocator]
/// static ALLOCATOR: Allocations = Allocations;
///
/// let (list, count) = Allocations::during(|| vec![0.0; 100]);
/// assert_eq!((list.len(), count), (100, 1));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Allocations;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

impl Allocations {
    /// What a function returns, and how often it allocated on this thread. Always 0 where this is
    /// not the global allocator.
    pub fn during<R>(run: impl FnOnce() -> R) -> (R, usize) {
        let before = COUNT.get();
        let result = run();
        (result, COUNT.get() - before)
    }

    /// Whether this is the global allocator.
    pub fn are_counted() -> bool {
        Allocations::during(|| std::hint::black_box(Box::new(0_u8))).1 > 0
    }
}

fn count() {
    COUNT.set(COUNT.get() + 1);
}

// SAFETY: every call is passed on to the system's allocator as it is; counting allocates nothing.
unsafe impl GlobalAlloc for Allocations {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's contract.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's contract.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}
