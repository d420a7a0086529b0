//! Tangents: which value holds the directional derivatives of a value. The tangent of a list is a
//! list of tangents, so that the same indices and fields reach them.

use std::cmp::Ordering;
use std::fmt::Debug;

use super::{Entries, Lanes, Number, Primal, Tape, Val};

/// A value that has tangents. Those of an integer or a boolean stay blank.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no tangent, so forward mode cannot carry it",
    label = "used in the forward mode of a `#[differentiable]` function",
    note = "floats, integers, `bool`, and arrays, tuples, vectors and `#[derive(Differentiable)]` structs of them have one"
)]
pub trait Tangent<L: Lanes>: Val {
    /// The tangent of this type.
    type Of: Val + Clone + Entries;
    /// The zero tangent of this value.
    fn zero_tangent(&self) -> Self::Of;
    /// The tangent that points along a value, in every lane.
    fn along(direction: &Self) -> Self::Of;
    /// The first lane of a tangent as a value like this one, whose integers it gets.
    fn first_lane(&self, tangent: &Self::Of) -> Self;
}

impl<L: Lanes, T: Number> Tangent<L> for T {
    type Of = L::Of<T>;
    #[inline(always)]
    fn zero_tangent(&self) -> Self::Of {
        Val::blank()
    }
    #[inline(always)]
    fn along(direction: &Self) -> Self::Of {
        L::spread(*direction)
    }
    #[inline(always)]
    fn first_lane(&self, tangent: &Self::Of) -> Self {
        L::first(*tangent)
    }
}

macro_rules! discrete {
    ($($ty:ident)*) => {$(
        impl<L: Lanes> Tangent<L> for $ty {
            type Of = $ty;
            #[inline(always)]
            fn zero_tangent(&self) -> $ty {
                Val::blank()
            }
            #[inline(always)]
            fn along(_: &Self) -> $ty {
                Val::blank()
            }
            #[inline(always)]
            fn first_lane(&self, _: &$ty) -> $ty {
                *self
            }
        }

        impl<L: Lanes, To: Number> CastAlong<L, To> for $ty {
            #[inline(always)]
            fn cast_along(_: $ty) -> L::Of<To> {
                Val::blank()
            }
            #[inline(always)]
            fn cast_back_along(_: L::Of<To>) -> $ty {
                Val::blank()
            }
        }
    )*};
}

discrete!(bool u8 u16 u32 u64 usize i8 i16 i32 i64 isize char Ordering);

impl<L: Lanes, T: Tangent<L>, const N: usize> Tangent<L> for [T; N] {
    type Of = [T::Of; N];
    #[inline(always)]
    fn zero_tangent(&self) -> Self::Of {
        std::array::from_fn(|i| self[i].zero_tangent())
    }
    #[inline(always)]
    fn along(direction: &Self) -> Self::Of {
        std::array::from_fn(|i| T::along(&direction[i]))
    }
    #[inline(always)]
    fn first_lane(&self, tangent: &Self::Of) -> Self {
        std::array::from_fn(|i| self[i].first_lane(&tangent[i]))
    }
}

impl<L: Lanes, T: Tangent<L>> Tangent<L> for Vec<T> {
    type Of = Vec<T::Of>;
    fn zero_tangent(&self) -> Self::Of {
        self.iter().map(T::zero_tangent).collect()
    }
    fn along(direction: &Self) -> Self::Of {
        direction.iter().map(T::along).collect()
    }
    fn first_lane(&self, tangent: &Self::Of) -> Self {
        let pairs = self.iter().zip(tangent);
        pairs
            .map(|(value, tangent)| value.first_lane(tangent))
            .collect()
    }
}

macro_rules! tuple {
    ($($name:ident $index:tt),*) => {
        impl<L: Lanes, $($name: Tangent<L>),*> Tangent<L> for ($($name,)*) {
            type Of = ($($name::Of,)*);
            #[inline(always)]
            fn zero_tangent(&self) -> Self::Of {
                ($(self.$index.zero_tangent(),)*)
            }
            fn along(direction: &Self) -> Self::Of {
                ($($name::along(&direction.$index),)*)
            }
            fn first_lane(&self, tangent: &Self::Of) -> Self {
                ($(self.$index.first_lane(&tangent.$index),)*)
            }
        }
    };
}

tuple!(A 0);
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);
tuple!(A 0, B 1, C 2, D 3, E 4);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5);

impl<L: Lanes> Tangent<L> for () {
    type Of = ();
    fn zero_tangent(&self) {}
    fn along((): &()) {}
    fn first_lane(&self, (): &()) {}
}

impl<L: Lanes, T: Tangent<L>> Tangent<L> for Option<T> {
    type Of = Option<T::Of>;
    fn zero_tangent(&self) -> Self::Of {
        self.as_ref().map(T::zero_tangent)
    }
    fn along(direction: &Self) -> Self::Of {
        direction.as_ref().map(T::along)
    }
    fn first_lane(&self, tangent: &Self::Of) -> Self {
        let (value, tangent) = (self.as_ref()?, tangent.as_ref()?);
        Some(value.first_lane(tangent))
    }
}

/// Pushes a value, then its tangent.
#[inline(always)]
pub fn save_both<T: Val, U: Val>(value: &T, tangent: &U, tape: &mut Tape) {
    value.save(tape);
    tangent.save(tape);
}

/// Pops what [`save_both`] saved.
#[inline(always)]
pub fn load_both<T: Val, U: Val>(value: &mut T, tangent: &mut U, tape: &mut Tape) {
    tangent.load(tape);
    value.load(tape);
}

/// A parameter, whose tangent is owned: that of a slice is a vector.
pub trait Direction<L: Lanes>: Primal {
    /// The owned tangent.
    type Owned: Val + Clone + Entries;
    /// The zero tangent of this parameter.
    fn direction(&self) -> Self::Owned;
    /// The tangent that points along a value, but for what is marked `#[no_diff]`.
    fn towards(direction: &Self) -> Self::Owned;
    /// Writes the first lane of a tangent of this parameter to a direction.
    fn back(&self, tangent: &Self::Owned, direction: &mut Self);
}

impl<L: Lanes, T: Tangent<L>> Direction<L> for [T] {
    type Owned = Vec<T::Of>;
    fn direction(&self) -> Self::Owned {
        self.iter().map(T::zero_tangent).collect()
    }
    fn towards(direction: &Self) -> Self::Owned {
        let mut along: Vec<T::Of> = direction.iter().map(T::along).collect();
        along.clear_constants();
        along
    }
    fn back(&self, tangent: &Self::Owned, direction: &mut Self) {
        let pairs = self.iter().zip(tangent).zip(direction);
        pairs.for_each(|((value, tangent), lane)| *lane = value.first_lane(tangent));
    }
}

impl<L: Lanes, T: Tangent<L> + Primal> Direction<L> for T {
    type Owned = T::Of;
    #[inline(always)]
    fn direction(&self) -> Self::Owned {
        self.zero_tangent()
    }
    fn towards(direction: &Self) -> Self::Owned {
        let mut along = T::along(direction);
        along.clear_constants();
        along
    }
    fn back(&self, tangent: &Self::Owned, direction: &mut Self) {
        *direction = self.first_lane(tangent);
    }
}

/// Refuses a direction that does not fit its parameter.
///
/// # Panics
/// When it has another length, or another shape.
#[track_caller]
pub fn check_direction<S: PartialEq + Debug>(parameter: &str, size: S, direction: S) {
    assert!(
        size == direction,
        "the direction of `{parameter}` has {direction:?} entries, `{parameter}` has {size:?}"
    );
}

/// What an `as` conversion to a float does to tangents; those of integers stay blank.
pub trait CastAlong<L: Lanes, To: Number>: Tangent<L> {
    /// The tangent of the converted value.
    fn cast_along(tangent: Self::Of) -> L::Of<To>;
    /// The tangent of the cotangent of this value, from that of the converted one.
    fn cast_back_along(tangent: L::Of<To>) -> Self::Of;
}

impl<L: Lanes, F: Number, To: Number> CastAlong<L, To> for F {
    #[inline(always)]
    fn cast_along(tangent: L::Of<F>) -> L::Of<To> {
        L::cast::<F, To>(tangent)
    }
    #[inline(always)]
    fn cast_back_along(tangent: L::Of<To>) -> L::Of<F> {
        L::cast::<To, F>(tangent)
    }
}

/// Converts a tangent through an `as` conversion, which `operand` is the operand of.
#[inline(always)]
pub fn cast_tangent<L: Lanes, F: CastAlong<L, G>, G: Number>(
    _operand: &F,
    tangent: F::Of,
) -> L::Of<G> {
    F::cast_along(tangent)
}

/// Converts the tangent of a cotangent back through an `as` conversion of `operand`.
#[inline(always)]
pub fn cast_back_tangent<L: Lanes, F: CastAlong<L, G>, G: Number>(
    _operand: &F,
    tangent: L::Of<G>,
) -> F::Of {
    F::cast_back_along(tangent)
}
