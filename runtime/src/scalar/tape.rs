//! The tape: one stack of words that the forward pass fills and the reverse pass empties.
//!
//! Values, trip counts and branches share it, so that what one statement pushed is what its
//! reverse pops. Each thread keeps its tapes, so that nothing is allocated once a tape has grown
//! to the size that a function needs.

use std::cell::RefCell;

/// A stack of words.
#[derive(Debug, Default)]
pub struct Tape {
    words: Vec<u64>,
}

thread_local! {
    /// Tapes that no call is using: one for each level at which gradients were nested.
    static IDLE: RefCell<Vec<Tape>> = const { RefCell::new(Vec::new()) };
}

impl Tape {
    /// Runs `code` with an empty tape. Calls may be nested; a tape on which `code` panicked is
    /// dropped.
    pub fn with<R>(code: impl FnOnce(&mut Tape) -> R) -> R {
        let mut tape = IDLE
            .with(|idle| idle.borrow_mut().pop())
            .unwrap_or_default();
        let result = code(&mut tape);
        debug_assert!(tape.words.is_empty(), "a gradient left words on its tape");
        tape.words.clear();
        IDLE.with(|idle| idle.borrow_mut().push(tape));
        result
    }

    /// Pushes a word.
    #[inline(always)]
    pub fn push(&mut self, word: u64) {
        self.words.push(word);
    }

    /// Pops the word that was pushed last.
    #[inline(always)]
    pub fn pop(&mut self) -> u64 {
        self.words
            .pop()
            .expect("the reverse pass pops what the forward pass pushed")
    }

    /// Takes all words off.
    pub(super) fn drain(&mut self) -> Vec<u64> {
        self.words.drain(..).collect()
    }
}
