//! The parts of lists that a loop walks along, cut out in front of it.

use std::marker::PhantomData;
use std::ops::Range;

use super::{Tape, Val, Word};
use crate::Real;
use crate::cpu::{Vectorized, vectorized};

/// Where a loop over `turns` touches a list, if `at` is the index of its first turn.
#[inline(always)]
fn bounds(turns: &Range<usize>, at: impl FnOnce(usize) -> usize) -> Range<usize> {
    // A loop without turns evaluates no index.
    if turns.start >= turns.end {
        return 0..0;
    }
    let start = at(turns.start);
    start..start + (turns.end - turns.start)
}

/// The elements of `list` that the turns of a loop touch one after the other; `at` is the index
/// that belongs to a value of the loop variable, a sum with it.
///
/// # Panics
/// If one of them does not exist.
#[inline(always)]
pub fn window<'l, T>(
    list: &'l [T],
    turns: &Range<usize>,
    at: impl FnOnce(usize) -> usize,
) -> &'l [T] {
    &list[bounds(turns, at)]
}

/// The same for writing.
///
/// # Panics
/// If one of them does not exist.
#[inline(always)]
pub fn window_mut<'l, T>(
    list: &'l mut [T],
    turns: &Range<usize>,
    at: impl FnOnce(usize) -> usize,
) -> &'l mut [T] {
    &mut list[bounds(turns, at)]
}

/// The window of a shadow, which may be missing: then it is empty.
///
/// # Panics
/// If one of its elements does not exist.
#[inline(always)]
pub fn shadow_window<'l, T>(
    list: Option<&'l mut [T]>,
    turns: &Range<usize>,
    at: impl FnOnce(usize) -> usize,
) -> &'l mut [T] {
    match list {
        Some(list) => window_mut(list, turns, at),
        None => &mut [],
    }
}

/// Pushes the elements of `list` that the turns of a loop touch.
///
/// # Panics
/// If one of them does not exist.
#[inline(always)]
pub fn save_window<T: Val>(
    list: &[T],
    turns: &Range<usize>,
    at: impl FnOnce(usize) -> usize,
    tape: &mut Tape,
) {
    T::save_all(window(list, turns, at), tape);
}

/// Pops them.
///
/// # Panics
/// If one of them does not exist.
#[inline(always)]
pub fn load_window<T: Val>(
    list: &mut [T],
    turns: &Range<usize>,
    at: impl FnOnce(usize) -> usize,
    tape: &mut Tape,
) {
    T::load_all(window_mut(list, turns, at), tape);
}

macro_rules! all_words {
    ($($name:ident $op:ident $work:ident;)*) => {$(
        struct $work<'w, T>(&'w mut [u64], PhantomData<T>);

        impl<T: Word + Real> Vectorized for $work<'_, T> {
            type Output = ();
            #[inline(always)]
            fn run(self) {
                for word in self.0 {
                    *word = T::of_word(*word).$op().word();
                }
            }
        }

        /// Replaces operands by results, as words, by vectors of the instruction set in use; `_like`
        /// tells their type.
        pub fn $name<T: Word + Real>(_like: Option<T>, words: &mut [u64]) {
            vectorized($work::<T>(words, PhantomData));
        }
    )*};
}

all_words! {
    exp_words exp ExpWords;
    tanh_words tanh TanhWords;
}

/// The number in a word; `_like` tells its type.
#[inline(always)]
pub fn word_like<T: Word>(_like: T, word: u64) -> T {
    T::of_word(word)
}

/// How many turns a loop over a range takes.
#[inline(always)]
pub fn length(turns: &Range<usize>) -> usize {
    turns.end.saturating_sub(turns.start)
}

macro_rules! along {
    ($($name:ident($($window:ident)*);)*) => {$(
        /// Runs a loop on its windows: as parameters, because that is where rustc tells LLVM that
        /// they do not overlap.
        #[inline(always)]
        #[allow(clippy::too_many_arguments, non_snake_case, reason = "as many as there are windows")]
        pub fn $name<$($window,)* R>($($window: $window,)* code: impl FnOnce($($window),*) -> R) -> R {
            code($($window),*)
        }
    )*};
}

along! {
    along0();
    along1(A);
    along2(A B);
    along3(A B C);
    along4(A B C D);
    along5(A B C D E);
    along6(A B C D E F);
    along7(A B C D E F G);
    along8(A B C D E F G H);
    along9(A B C D E F G H I);
    along10(A B C D E F G H I J);
    along11(A B C D E F G H I J K);
    along12(A B C D E F G H I J K L);
    along13(A B C D E F G H I J K L M);
}

#[cfg(test)]
mod tests {
    use super::{Range, length, window};

    #[test]
    #[allow(clippy::reversed_empty_ranges, reason = "such a loop has no turns")]
    fn a_loop_without_turns_asks_for_nothing() {
        let list = [1, 2, 3];
        assert_eq!(window(&list, &(0..0), |i| i - 1), &[] as &[i32]);
        assert_eq!(
            window(&list, &Range { start: 3, end: 1 }, |i| i + 7),
            &[] as &[i32]
        );
        assert_eq!(window(&list, &(1..3), |i| i - 1), &[1, 2]);
        assert_eq!(
            (length(&Range { start: 3, end: 1 }), length(&(1..3))),
            (0, 2)
        );
    }
}
