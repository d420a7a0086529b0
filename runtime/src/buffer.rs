//! Buffers: the memory behind tensors.
//!
//! A buffer owns its elements. One that this crate allocates begins on a 64-byte boundary, a cache
//! line and the widest vector; one that adopts a caller's `Vec` stays where the caller put it,
//! which is why no kernel may demand alignment. Nothing here knows shapes.

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

#[cfg(test)]
mod tests {
    use super::*;

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
