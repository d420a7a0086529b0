//! The tape: one stack of words that the forward pass fills and the reverse pass empties.
//!
//! Values, trip counts and branches share it, so that what one statement pushed is what its
//! reverse pops. A tape has no memory before the first word, so that a function that pushes none
//! pays for none; then it takes what an earlier tape of the thread left, so that nothing is
//! allocated once a tape has grown to the size that a function needs.

use std::cell::RefCell;
use std::mem;

/// A stack of words.
#[derive(Debug, Default)]
pub struct Tape {
    /// Room for words; those from `used` on mean nothing.
    words: Vec<u64>,
    used: usize,
}

thread_local! {
    /// Memory that no tape is using: one for each level at which gradients were nested.
    static IDLE: RefCell<Vec<Vec<u64>>> = const { RefCell::new(Vec::new()) };
}

/// More memory with the same words in front. It goes in and out by value, so that a tape whose
/// address nobody takes can live in registers.
#[cold]
#[inline(never)]
fn grown(mut words: Vec<u64>, least: usize) -> Vec<u64> {
    if words.is_empty()
        && let Ok(Some(idle)) = IDLE.try_with(|idle| idle.borrow_mut().pop())
    {
        words = idle;
    }
    if words.len() < least {
        words.resize(least.max(2 * words.len()).max(64), 0);
    }
    words
}

/// Keeps the memory of a tape for the next one.
#[inline(never)]
fn set_aside(words: Vec<u64>) {
    // A thread that is ending keeps nothing.
    let _ = IDLE.try_with(|idle| idle.borrow_mut().push(words));
}

impl Drop for Tape {
    #[inline(always)]
    fn drop(&mut self) {
        if !self.words.is_empty() {
            set_aside(mem::take(&mut self.words));
        }
    }
}

impl Tape {
    /// Runs `code` with an empty tape. Calls may be nested.
    #[inline(always)]
    pub fn with<R>(code: impl FnOnce(&mut Tape) -> R) -> R {
        let mut tape = Tape::default();
        let result = code(&mut tape);
        debug_assert!(tape.used == 0, "a gradient left words on its tape");
        result
    }

    /// Pushes a word.
    #[inline(always)]
    pub fn push(&mut self, word: u64) {
        let at = self.used;
        if at >= self.words.len() {
            self.words = grown(mem::take(&mut self.words), at + 1);
        }
        self.words[at] = word;
        self.used = at + 1;
    }

    /// Pops the word that was pushed last.
    ///
    /// # Panics
    /// If there is none.
    #[inline(always)]
    pub fn pop(&mut self) -> u64 {
        // Below zero there is no word either.
        self.used = self.used.wrapping_sub(1);
        self.words[self.used]
    }

    /// Pushes this many words, which the caller writes.
    #[inline(always)]
    pub(super) fn room(&mut self, count: usize) -> &mut [u64] {
        let (at, end) = (self.used, self.used + count);
        if end > self.words.len() {
            self.words = grown(mem::take(&mut self.words), end);
        }
        self.used = end;
        &mut self.words[at..end]
    }

    /// Pushes this many words, which the caller writes: rows of what the turns of a loop keep.
    #[inline(always)]
    pub fn rows(&mut self, count: usize) -> &mut [u64] {
        self.room(count)
    }

    /// Takes rows off and says where they were. They stay there until something is pushed.
    #[inline(always)]
    pub fn take_rows(&mut self, count: usize) -> usize {
        self.used = self.used.wrapping_sub(count);
        self.used
    }

    /// Rows that were taken off.
    ///
    /// # Panics
    /// If there were not so many.
    #[inline(always)]
    pub fn taken(&self, at: usize, count: usize) -> &[u64] {
        &self.words[at..][..count]
    }

    /// Pops this many words; they are in the order in which they were pushed.
    ///
    /// # Panics
    /// If there are not so many.
    #[inline(always)]
    pub(super) fn top(&mut self, count: usize) -> &[u64] {
        let end = self.used;
        self.used = end.wrapping_sub(count);
        &self.words[self.used..end]
    }

    /// Takes all words off.
    pub(super) fn drain(&mut self) -> Vec<u64> {
        self.words[..mem::take(&mut self.used)].to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::Tape;

    #[test]
    fn words_come_off_in_reverse_across_growth_and_nested_tapes() {
        for _ in 0..2 {
            Tape::with(|outer| {
                (0..1000).for_each(|word| outer.push(word));
                Tape::with(|inner| {
                    inner.push(7);
                    assert_eq!(inner.pop(), 7);
                });
                outer.room(3).copy_from_slice(&[8, 9, 10]);
                assert_eq!(outer.top(3), [8, 9, 10]);
                (0..1000)
                    .rev()
                    .for_each(|word| assert_eq!(outer.pop(), word));
            });
        }
    }
}
