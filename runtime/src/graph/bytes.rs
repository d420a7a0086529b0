//! Uninitialised-on-purpose byte memory of a program: arena and scratch, aligned to a cache line.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ptr::NonNull;

/// Alignment: a cache line, and the widest vector register.
const ALIGN: usize = 64;

/// Zeroed bytes that only grow.
#[derive(Debug)]
pub(crate) struct Bytes {
    pointer: NonNull<u8>,
    len: usize,
}

// SAFETY: the bytes are owned and carry no thread affinity.
unsafe impl Send for Bytes {}

impl Default for Bytes {
    fn default() -> Self {
        Bytes {
            pointer: NonNull::<u64>::dangling().cast(),
            len: 0,
        }
    }
}

impl Bytes {
    /// Makes room for at least `len` bytes; the content is lost.
    pub(crate) fn grow(&mut self, len: usize) {
        if len <= self.len {
            return;
        }
        let len = len.next_multiple_of(ALIGN);
        let layout = layout(len);
        // SAFETY: the layout has a non-zero size, because len > self.len >= 0.
        let pointer = unsafe { alloc_zeroed(layout) };
        let pointer = NonNull::new(pointer).unwrap_or_else(|| handle_alloc_error(layout));
        *self = Bytes { pointer, len };
    }

    /// Overwrites everything.
    pub(crate) fn fill(&mut self, byte: u8) {
        // SAFETY: all `len` bytes are ours and initialised; with none, nothing is written.
        unsafe { self.pointer.as_ptr().write_bytes(byte, self.len) };
    }

    /// Overwrites a part, which lies inside.
    pub(crate) fn fill_part(&mut self, offset: usize, bytes: usize, byte: u8) {
        assert!(offset + bytes <= self.len, "a part outside of the memory");
        // SAFETY: the part was just found to be inside of what is ours.
        unsafe { self.pointer.as_ptr().add(offset).write_bytes(byte, bytes) };
    }

    /// The first byte.
    pub(crate) fn as_mut_ptr(&mut self) -> *mut u8 {
        self.pointer.as_ptr()
    }
}

impl Drop for Bytes {
    fn drop(&mut self) {
        if self.len > 0 {
            // SAFETY: allocated by `grow` with this layout.
            unsafe { dealloc(self.pointer.as_ptr(), layout(self.len)) };
        }
    }
}

fn layout(len: usize) -> Layout {
    match Layout::from_size_align(len, ALIGN) {
        Ok(layout) => layout,
        Err(_) => panic!("a plan of {len} bytes does not fit into memory"),
    }
}
