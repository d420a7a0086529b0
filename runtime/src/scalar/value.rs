//! Values that a differentiable scalar function can keep in a variable.

use std::cmp::Ordering;

use super::Tape;

/// A value of a differentiable function: it can be saved, restored, and has a shadow of its own
/// type that accumulates its cotangent. The shadow of an integer or a boolean stays blank.
#[diagnostic::on_unimplemented(
    message = "a variable of type `{Self}` cannot be used in a `#[differentiable]` function",
    label = "this value would have to be saved for the reverse pass",
    note = "floats, integers, `bool`, and arrays, tuples, vectors and `#[derive(Differentiable)]` structs of them can",
    note = "wrap what need not be differentiated in `no_diff!(..)`"
)]
pub trait Val: Sized + Clone {
    /// Any value; what a variable holds before its first assignment. Where the type says
    /// everything about the shape, it is the zero cotangent.
    fn blank() -> Self;
    /// The zero cotangent of this value.
    fn zero_like(&self) -> Self;
    /// Makes a cotangent the zero cotangent of this value, in the memory that it has.
    #[inline(always)]
    fn zero_into(&self, cotangent: &mut Self) {
        *cotangent = self.zero_like();
    }
    /// Pushes the value.
    fn save(&self, tape: &mut Tape);
    /// Pops what was saved last into this variable.
    fn load(&mut self, tape: &mut Tape);
    /// Pushes all values of a list.
    #[inline(always)]
    fn save_all(list: &[Self], tape: &mut Tape) {
        list.iter().for_each(|value| value.save(tape));
    }
    /// Pops what was saved last into a list of as many values.
    #[inline(always)]
    fn load_all(list: &mut [Self], tape: &mut Tape) {
        list.iter_mut().rev().for_each(|value| value.load(tape));
    }
    /// Pushes what the type does not say about the shape: lengths, and which variant it is.
    fn save_shape(&self, tape: &mut Tape);
    /// Becomes the zero cotangent of a value of the shape that was saved last.
    fn load_shape(&mut self, tape: &mut Tape);
    /// Adds a cotangent.
    fn accumulate(&mut self, other: &Self);
    /// The cotangent, which is set to zero.
    #[inline(always)]
    fn take(&mut self) -> Self {
        let zero = self.zero_like();
        std::mem::replace(self, zero)
    }
    /// Sets the fields that are marked `#[no_diff]` to zero: no direction points along them.
    #[inline(always)]
    fn clear_constants(&mut self) {}
    /// Takes the fields that are marked `#[no_diff]` from the value that this is the gradient of.
    #[inline(always)]
    fn adopt_constants(&mut self, _primal: &Self) {}
}

/// A number that fits a word.
pub trait Word: Copy {
    /// The word.
    fn word(self) -> u64;
    /// The number again.
    fn of_word(word: u64) -> Self;
}

macro_rules! whole_words {
    ($($ty:ident)*) => {$(
        impl Word for $ty {
            #[inline(always)]
            fn word(self) -> u64 {
                self as u64
            }
            #[inline(always)]
            fn of_word(word: u64) -> $ty {
                word as $ty
            }
        }
    )*};
}

whole_words!(u8 u16 u32 u64 usize i8 i16 i32 i64 isize);

impl Word for bool {
    #[inline(always)]
    fn word(self) -> u64 {
        u64::from(self)
    }
    #[inline(always)]
    fn of_word(word: u64) -> bool {
        word != 0
    }
}

/// A user's type in the signature of a scalar function, which names it as `Itself`: so that one that
/// cannot be used is one error, where it stands.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be used in a `#[differentiable]` function of scalars",
    label = "its floats are not known here",
    note = "put `#[derive(Differentiable, Clone)]` on it, or mark the parameter `#[no_diff]`",
    note = "if it holds tensors, say `#[differentiable(tensor)]`"
)]
pub trait ScalarValue {
    /// The type.
    type Itself: ?Sized;
}

macro_rules! scalar_values {
    ($([$($generics:tt)*] $ty:ty;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($generics)*> ScalarValue for $ty {
            type Itself = $ty;
        }
    )*};
}

// Names for types that are no structure.
scalar_values! {
    [] f32; [] f64; [] bool; [] char; [] ();
    [] u8; [] u16; [] u32; [] u64; [] usize; [] i8; [] i16; [] i32; [] i64; [] isize;
    [T] [T]; [T, const N: usize] [T; N]; [T] Vec<T>; [T] Option<T>; [T] Box<T>;
    [A] (A,); [A, B] (A, B); [A, B, C] (A, B, C); [A, B, C, D] (A, B, C, D);
    [A, B, C, D, E] (A, B, C, D, E); [A, B, C, D, E, F] (A, B, C, D, E, F);
}

macro_rules! float {
    ($($ty:ident)*) => {$(
        impl Word for $ty {
            #[inline(always)]
            fn word(self) -> u64 {
                u64::from(self.to_bits())
            }
            #[inline(always)]
            fn of_word(word: u64) -> $ty {
                $ty::from_bits(word as _)
            }
        }

        impl Val for $ty {
            #[inline(always)]
            fn blank() -> Self {
                0.0
            }
            #[inline(always)]
            fn zero_like(&self) -> Self {
                0.0
            }
            #[inline(always)]
            fn save(&self, tape: &mut Tape) {
                tape.push(self.word());
            }
            #[inline(always)]
            fn load(&mut self, tape: &mut Tape) {
                *self = $ty::of_word(tape.pop());
            }
            #[inline(always)]
            fn save_all(list: &[Self], tape: &mut Tape) {
                let words = tape.room(list.len()).iter_mut();
                words.zip(list).for_each(|(word, value)| *word = value.word());
            }
            #[inline(always)]
            fn load_all(list: &mut [Self], tape: &mut Tape) {
                let words = tape.top(list.len());
                let pairs = list.iter_mut().zip(words);
                pairs.for_each(|(value, word)| *value = $ty::of_word(*word));
            }
            #[inline(always)]
            fn save_shape(&self, _: &mut Tape) {}
            #[inline(always)]
            fn load_shape(&mut self, _: &mut Tape) {
                *self = Self::blank();
            }
            #[inline(always)]
            fn accumulate(&mut self, other: &Self) {
                *self += other;
            }
        }
    )*};
}

float!(f32 f64);

/// Values without a derivative that fit a word.
macro_rules! discrete {
    ($($ty:ident: $blank:expr, |$word:ident| $back:expr;)*) => {$(
        impl Val for $ty {
            #[inline(always)]
            fn blank() -> Self {
                $blank
            }
            #[inline(always)]
            fn zero_like(&self) -> Self {
                $blank
            }
            #[inline(always)]
            fn save(&self, tape: &mut Tape) {
                tape.push(*self as u64);
            }
            #[inline(always)]
            fn load(&mut self, tape: &mut Tape) {
                let $word = tape.pop();
                *self = $back;
            }
            #[inline(always)]
            fn save_shape(&self, _: &mut Tape) {}
            #[inline(always)]
            fn load_shape(&mut self, _: &mut Tape) {
                *self = Self::blank();
            }
            #[inline(always)]
            fn accumulate(&mut self, _: &Self) {}
            #[inline(always)]
            fn take(&mut self) -> Self {
                $blank
            }
        }
    )*};
}

discrete! {
    bool: false, |word| word != 0;
    u8: 0, |word| word as u8;
    u16: 0, |word| word as u16;
    u32: 0, |word| word as u32;
    u64: 0, |word| word;
    usize: 0, |word| word as usize;
    i8: 0, |word| word as i8;
    i16: 0, |word| word as i16;
    i32: 0, |word| word as i32;
    i64: 0, |word| word as i64;
    isize: 0, |word| word as isize;
    Ordering: Ordering::Equal, |word| match word {
        0 => Ordering::Equal,
        1 => Ordering::Greater,
        _ => Ordering::Less,
    };
    char: '\0', |word| char::from_u32(word as u32).unwrap_or_default();
}

/// A value that a conversion to an integer may start from: no derivative is lost.
#[diagnostic::on_unimplemented(
    message = "[AD012] a float that is differentiated is converted to an integer",
    label = "this is a float",
    note = "no derivative passes through an integer",
    note = "keep the value a float, or wrap the conversion in `no_diff!(..)` to say that it is meant as a constant"
)]
pub trait Integer: Copy {}

/// The operand of a conversion to an integer, whose type the macro could not see.
#[inline(always)]
pub fn integer<T: Integer>(operand: T) -> T {
    operand
}

/// What a method that is named like one that counts may yield: if it yields a float, its derivative
/// would be lost.
#[diagnostic::on_unimplemented(
    message = "[AD012] this method is taken for one that counts, and it yields `{Self}`",
    label = "no derivative passes through it",
    note = "`len`, `count`, `position` and their kin are integers here; give the method another name"
)]
pub trait Counted {}

/// The value of a method that counts.
#[inline(always)]
pub fn counted<T: Counted>(value: T) -> T {
    value
}

/// Converts a cotangent back through an `as` conversion, to the type of its operand.
pub trait Cast<To> {
    /// The cotangent of `self` for the cotangent of `self as To`.
    fn cast_back(&self, cotangent: To) -> Self;
}

macro_rules! cast {
    ($($from:ident => $to:ident)*) => {$(
        impl Cast<$to> for $from {
            #[inline(always)]
            fn cast_back(&self, cotangent: $to) -> $from {
                cotangent as $from
            }
        }
    )*};
}

cast!(f32 => f32 f32 => f64 f64 => f32 f64 => f64);

macro_rules! cast_of_discrete {
    ($($from:ident)*) => {$(
        impl Cast<f32> for $from {
            #[inline(always)]
            fn cast_back(&self, _: f32) -> $from {
                Val::blank()
            }
        }
        impl Cast<f64> for $from {
            #[inline(always)]
            fn cast_back(&self, _: f64) -> $from {
                Val::blank()
            }
        }
    )*};
}

macro_rules! integers {
    ($($ty:ident)*) => {$(
        impl Integer for $ty {}
        impl Counted for $ty {}
    )*};
}

impl<T: Counted> Counted for Option<T> {}

integers!(bool char u8 u16 u32 u64 usize i8 i16 i32 i64 isize);

cast_of_discrete!(u8 u16 u32 u64 usize i8 i16 i32 i64 isize);

/// Reports that a cotangent has nowhere to go: a broken promise of generated code, which must not
/// become a wrong gradient.
#[cold]
pub fn lost_shadow() -> ! {
    unreachable!("a cotangent has no shadow to go to; this is a bug of Cotangent")
}

/// Checks that a cotangent from the user has the shape of what it belongs to.
///
/// # Panics
/// If it has not; a shorter one would be a gradient with silent zeros.
#[track_caller]
pub fn assert_shape<T: Val>(function: &str, of: &T, cotangent: &T) {
    let equal = Tape::with(|tape| {
        of.save_shape(tape);
        let shape = tape.drain();
        cotangent.save_shape(tape);
        shape == tape.drain()
    });
    assert!(
        equal,
        "`{function}::vjp`: a cotangent has another length or variant than what it belongs to"
    );
}
