//! Buffers: the memory behind tensors.
//!
//! A buffer owns its elements. One that this crate allocates begins on a 64-byte boundary, a cache
//! line and the widest vector; one that adopts a caller's `Vec` stays where the caller put it,
//! which is why no kernel may demand alignment. Nothing here knows shapes.

use std::sync::Arc;
use std::sync::atomic::{Ordering, fence};

use crate::dtype::Element;

/// A cache line of zeros: as the element of a `Vec` it makes the allocation aligned.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// Owned elements.
pub(crate) struct Buffer<T>(Memory<T>);

enum Memory<T> {
    /// Allocated here: aligned, of whole lines, of which the first `len` elements count.
    Aligned { lines: Vec<Line>, len: usize },
    /// Taken over from a caller.
    Adopted(Vec<T>),
}

impl<T: Element> Buffer<T> {
    /// `len` zeros.
    pub(crate) fn zeros(len: usize) -> Buffer<T> {
        let per_line = size_of::<Line>() / size_of::<T>();
        let lines = vec![Line([0; 64]); len.div_ceil(per_line)];
        Buffer(Memory::Aligned { lines, len })
    }

    /// Takes over a vector without copying it.
    pub(crate) fn adopt(elements: Vec<T>) -> Buffer<T> {
        Buffer(Memory::Adopted(elements))
    }

    /// The elements.
    pub(crate) fn as_slice(&self) -> &[T] {
        match &self.0 {
            Memory::Adopted(elements) => elements,
            Memory::Aligned { lines, len } => {
                // SAFETY: the lines hold at least `len` initialised elements (`zeros` rounds up),
                // are aligned for every `Element`, and any bytes are a valid float or u32.
                unsafe { std::slice::from_raw_parts(lines.as_ptr().cast(), *len) }
            }
        }
    }

    /// The elements, for writing.
    pub(crate) fn as_mut_slice(&mut self) -> &mut [T] {
        match &mut self.0 {
            Memory::Adopted(elements) => elements,
            Memory::Aligned { lines, len } => {
                // SAFETY: as in `as_slice`; the lines are borrowed mutably for as long.
                unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), *len) }
            }
        }
    }

    /// The elements as a vector: the adopted one itself, else a copy.
    pub(crate) fn into_vec(self) -> Vec<T> {
        match self.0 {
            Memory::Adopted(elements) => elements,
            Memory::Aligned { .. } => self.as_slice().to_vec(),
        }
    }
}

impl<T: Element> Clone for Buffer<T> {
    fn clone(&self) -> Buffer<T> {
        let mut copy = Buffer::zeros(self.as_slice().len());
        copy.as_mut_slice().copy_from_slice(self.as_slice());
        copy
    }
}

/// A buffer that several tensors may share. The first write to a shared one copies it.
pub(crate) struct Shared<T>(Arc<Buffer<T>>);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Shared<T> {
        Shared(Arc::clone(&self.0))
    }
}

impl<T: Element> Shared<T> {
    /// A buffer that nobody shares yet.
    pub(crate) fn new(buffer: Buffer<T>) -> Shared<T> {
        Shared(Arc::new(buffer))
    }

    /// The elements.
    #[inline]
    pub(crate) fn as_slice(&self) -> &[T] {
        self.0.as_slice()
    }

    /// The elements, for writing: copied, if others have them, too.
    ///
    /// A training step comes here several times for every parameter, so the count of owners is read
    /// and not, as `Arc::get_mut` does, locked against weak pointers, which there are none of.
    #[inline]
    pub(crate) fn as_mut_slice(&mut self) -> &mut [T] {
        if Arc::strong_count(&self.0) != 1 {
            self.0 = Arc::new(Buffer::clone(&self.0));
        }
        // What other owners did before they let go of the buffer has happened from here on.
        fence(Ordering::Acquire);
        // SAFETY: this is the only owner, and `self` is borrowed for as long, so that no other can
        // come to be; no weak pointer is ever made, because the `Arc` is private to this type.
        unsafe { (*Arc::as_ptr(&self.0).cast_mut()).as_mut_slice() }
    }

    /// The elements as a vector: without a copy, if nobody shares them and they were adopted.
    pub(crate) fn into_vec(self) -> Vec<T> {
        match Arc::try_unwrap(self.0) {
            Ok(buffer) => buffer.into_vec(),
            Err(shared) => shared.as_slice().to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_write_to_a_shared_buffer_copies_it() {
        let mut one = Shared::new(Buffer::adopt(vec![1.0, 2.0]));
        let pointer = one.as_slice().as_ptr();
        let other = one.clone();
        one.as_mut_slice()[0] = 5.0;
        assert_eq!(
            (one.as_slice(), other.as_slice()),
            (&[5.0, 2.0][..], &[1.0, 2.0][..])
        );
        assert_eq!(other.as_slice().as_ptr(), pointer);
        // The last owner writes in place, also after another thread let go.
        let mut last = other.clone();
        std::thread::spawn(move || drop(other)).join().unwrap();
        last.as_mut_slice()[1] = 7.0;
        assert_eq!(last.as_slice().as_ptr(), pointer);
        assert_eq!(last.into_vec(), [1.0, 7.0]);
    }

    #[test]
    fn own_buffers_are_aligned_zeroed_and_exactly_as_long_as_asked() {
        for len in [0, 1, 7, 8, 9, 15, 16, 17, 1000] {
            let mut buffer = Buffer::<f64>::zeros(len);
            assert_eq!(buffer.as_slice(), vec![0.0; len]);
            assert_eq!(buffer.as_slice().as_ptr().addr() % 64, 0);
            buffer.as_mut_slice().fill(2.5);
            assert_eq!(buffer.clone().into_vec(), vec![2.5; len]);
        }
    }

    #[test]
    fn an_adopted_vector_is_handed_back_uncopied() {
        let elements = vec![1u32, 2, 3];
        let pointer = elements.as_ptr();
        let back = Buffer::adopt(elements).into_vec();
        assert_eq!(back.as_ptr(), pointer);
    }
}
