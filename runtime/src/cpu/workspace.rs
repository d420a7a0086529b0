//! Scratch space that is lent to a kernel: cut into slices, never allocated.

/// An element of which any bytes are a value.
///
/// # Safety
/// It has no padding, no invalid value, no destructor, and an alignment of 8 at most.
pub(crate) unsafe trait Plain: Copy {}

// SAFETY: any bits are an integer or a float.
unsafe impl Plain for f32 {}
// SAFETY: as above.
unsafe impl Plain for f64 {}
// SAFETY: as above.
unsafe impl Plain for u32 {}

/// Bytes that slices begin at multiples of.
const LINE: usize = 64;

/// Scratch space that is not handed out yet. What is in it is undefined.
pub(crate) struct Workspace<'w>(&'w mut [f64]);

impl<'w> Workspace<'w> {
    /// All of this memory.
    pub(crate) fn new(memory: &'w mut [f64]) -> Workspace<'w> {
        Workspace(memory)
    }

    /// Bytes that a slice takes.
    pub(crate) fn bytes<T: Plain>(len: usize) -> usize {
        (len * size_of::<T>()).next_multiple_of(LINE)
    }

    /// A slice of `len` elements.
    ///
    /// # Panics
    /// When there is not enough left.
    pub(crate) fn take<T: Plain>(&mut self, len: usize) -> &'w mut [T] {
        let words = Self::bytes::<T>(len) / size_of::<f64>();
        let (taken, rest) = std::mem::take(&mut self.0).split_at_mut(words);
        self.0 = rest;
        // SAFETY: the words are borrowed for 'w by this slice alone, hold `len` elements, whose
        // alignment is at most theirs, and any bytes are an element.
        unsafe { std::slice::from_raw_parts_mut(taken.as_mut_ptr().cast(), len) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_apart_and_no_longer_than_asked_for() {
        let mut memory = vec![0.0; (64 + 64 + 128) / 8];
        let mut work = Workspace::new(&mut memory);
        let (a, b, c) = (
            work.take::<u32>(3),
            work.take::<f32>(16),
            work.take::<f64>(9),
        );
        a.fill(7);
        b.fill(1.5);
        c.fill(-2.0);
        assert_eq!((a.len(), b.len(), c.len()), (3, 16, 9));
        assert!(a.iter().all(|&x| x == 7) && b.iter().all(|&x| x == 1.5));
        assert!(c.iter().all(|&x| x == -2.0));
        assert_eq!(Workspace::bytes::<f64>(9), 128);
    }

    #[test]
    fn what_is_not_there_is_refused() {
        let refused = std::panic::catch_unwind(|| {
            let mut memory = [0.0; 7];
            Workspace::new(&mut memory).take::<f64>(1).len()
        });
        assert!(refused.is_err(), "a slice begins on a line");
    }
}
