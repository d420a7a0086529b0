//! Values that a differentiable scalar function can keep in a variable.

use super::Tape;

/// A value of a differentiable function: it can be saved, restored, and has a shadow of its own
/// type that accumulates its cotangent. The shadow of an integer or a boolean stays blank.
#[diagnostic::on_unimplemented(
    message = "a variable of type `{Self}` cannot be used in a `#[differentiable]` function",
    label = "this value would have to be saved for the reverse pass",
    note = "floats, integers, `bool`, and arrays, tuples and vectors of them can",
    note = "wrap what need not be differentiated in `no_diff!(..)`"
)]
pub trait Val: Sized {
    /// Any value; what a variable holds before its first assignment.
    fn blank() -> Self;
    /// The zero cotangent of this value.
    fn zero_like(&self) -> Self;
    /// Pushes the value.
    fn save(&self, tape: &mut Tape);
    /// Pops what was saved last into this variable.
    fn load(&mut self, tape: &mut Tape);
    /// Adds a cotangent.
    fn accumulate(&mut self, other: &Self);
    /// The cotangent, which is set to zero.
    fn take(&mut self) -> Self;
}

macro_rules! float {
    ($($ty:ident)*) => {$(
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
                tape.push(u64::from(self.to_bits()));
            }
            #[inline(always)]
            fn load(&mut self, tape: &mut Tape) {
                *self = $ty::from_bits(tape.pop() as _);
            }
            #[inline(always)]
            fn accumulate(&mut self, other: &Self) {
                *self += other;
            }
            #[inline(always)]
            fn take(&mut self) -> Self {
                std::mem::replace(self, 0.0)
            }
        }
    )*};
}

float!(f32 f64);

macro_rules! discrete {
    ($($ty:ident: $blank:literal, |$word:ident| $back:expr;)*) => {$(
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
}

impl<T: Val, const N: usize> Val for [T; N] {
    #[inline(always)]
    fn blank() -> Self {
        std::array::from_fn(|_| T::blank())
    }
    #[inline(always)]
    fn zero_like(&self) -> Self {
        std::array::from_fn(|i| self[i].zero_like())
    }
    #[inline(always)]
    fn save(&self, tape: &mut Tape) {
        self.iter().for_each(|element| element.save(tape));
    }
    #[inline(always)]
    fn load(&mut self, tape: &mut Tape) {
        self.iter_mut().rev().for_each(|element| element.load(tape));
    }
    #[inline(always)]
    fn accumulate(&mut self, other: &Self) {
        self.iter_mut()
            .zip(other)
            .for_each(|(a, b)| a.accumulate(b));
    }
    #[inline(always)]
    fn take(&mut self) -> Self {
        std::array::from_fn(|i| self[i].take())
    }
}

impl<T: Val> Val for Vec<T> {
    fn blank() -> Self {
        Vec::new()
    }
    fn zero_like(&self) -> Self {
        self.iter().map(T::zero_like).collect()
    }
    /// Elements first, then how many they are.
    fn save(&self, tape: &mut Tape) {
        self.iter().for_each(|element| element.save(tape));
        tape.push(self.len() as u64);
    }
    fn load(&mut self, tape: &mut Tape) {
        let len = tape.pop() as usize;
        self.resize_with(len, T::blank);
        self.iter_mut().rev().for_each(|element| element.load(tape));
    }
    fn accumulate(&mut self, other: &Self) {
        self.iter_mut()
            .zip(other)
            .for_each(|(a, b)| a.accumulate(b));
    }
    fn take(&mut self) -> Self {
        let zero = self.zero_like();
        std::mem::replace(self, zero)
    }
}

macro_rules! tuple {
    ($($name:ident $index:tt $reversed:tt),*) => {
        impl<$($name: Val),*> Val for ($($name,)*) {
            #[inline(always)]
            fn blank() -> Self {
                ($($name::blank(),)*)
            }
            #[inline(always)]
            fn zero_like(&self) -> Self {
                ($(self.$index.zero_like(),)*)
            }
            #[inline(always)]
            fn save(&self, tape: &mut Tape) {
                $(self.$index.save(tape);)*
            }
            #[inline(always)]
            fn load(&mut self, tape: &mut Tape) {
                $(self.$reversed.load(tape);)*
            }
            #[inline(always)]
            fn accumulate(&mut self, other: &Self) {
                $(self.$index.accumulate(&other.$index);)*
            }
            #[inline(always)]
            fn take(&mut self) -> Self {
                ($(self.$index.take(),)*)
            }
        }
    };
}

tuple!(A 0 1, B 1 0);
tuple!(A 0 2, B 1 1, C 2 0);
tuple!(A 0 3, B 1 2, C 2 1, D 3 0);

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

/// `a * b`, where the type of one factor is inferred from the other.
#[inline(always)]
pub fn multiply<T: std::ops::Mul<Output = T>>(a: T, b: T) -> T {
    a * b
}
