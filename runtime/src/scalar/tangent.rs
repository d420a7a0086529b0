//! Tangents: which value holds the directional derivatives of a value. The tangent of a list is a
//! list of tangents, so that the same indices and fields reach them.

use super::{Entries, Lanes, Number, Primal, Val};

/// A value that has tangents. Those of an integer or a boolean stay blank.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no tangent, so forward mode cannot carry it",
    label = "used in the forward mode of a `#[differentiable]` function",
    note = "floats, integers, `bool`, and arrays, tuples and vectors of them have one"
)]
pub trait Tangent<L: Lanes>: Val {
    /// The tangent of this type.
    type Of: Val + Clone + Entries;
    /// The zero tangent of this value.
    fn zero_tangent(&self) -> Self::Of;
}

impl<L: Lanes, T: Number> Tangent<L> for T {
    type Of = L::Of<T>;
    #[inline(always)]
    fn zero_tangent(&self) -> Self::Of {
        Val::blank()
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
        }
    )*};
}

discrete!(bool u8 u16 u32 u64 usize i8 i16 i32 i64 isize);

impl<L: Lanes, T: Tangent<L>, const N: usize> Tangent<L> for [T; N] {
    type Of = [T::Of; N];
    #[inline(always)]
    fn zero_tangent(&self) -> Self::Of {
        std::array::from_fn(|i| self[i].zero_tangent())
    }
}

impl<L: Lanes, T: Tangent<L>> Tangent<L> for Vec<T> {
    type Of = Vec<T::Of>;
    fn zero_tangent(&self) -> Self::Of {
        self.iter().map(T::zero_tangent).collect()
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
}

impl<L: Lanes, T: Tangent<L>> Tangent<L> for Option<T> {
    type Of = Option<T::Of>;
    fn zero_tangent(&self) -> Self::Of {
        self.as_ref().map(T::zero_tangent)
    }
}

/// A parameter, whose tangent is owned: that of a slice is a vector.
pub trait Direction<L: Lanes>: Primal {
    /// The owned tangent.
    type Owned: Val + Clone + Entries;
    /// The zero tangent of this parameter.
    fn direction(&self) -> Self::Owned;
}

impl<L: Lanes, T: Tangent<L>> Direction<L> for [T] {
    type Owned = Vec<T::Of>;
    fn direction(&self) -> Self::Owned {
        self.iter().map(T::zero_tangent).collect()
    }
}

impl<L: Lanes, T: Tangent<L> + Primal> Direction<L> for T {
    type Owned = T::Of;
    #[inline(always)]
    fn direction(&self) -> Self::Owned {
        self.zero_tangent()
    }
}

/// Refuses a direction that does not fit its parameter.
///
/// # Panics
/// When it has another length.
#[track_caller]
pub fn check_direction(parameter: &str, length: usize, direction: usize) {
    assert!(
        length == direction,
        "the direction of `{parameter}` has {direction} entries, `{parameter}` has {length}"
    );
}

/// Converts a tangent through an `as` conversion, which `operand` is the operand of.
#[inline(always)]
pub fn cast_tangent<L: Lanes, F: Number, G: Number>(_operand: &F, tangent: L::Of<F>) -> L::Of<G> {
    L::cast::<F, G>(tangent)
}

/// Converts the tangent of a cotangent back through an `as` conversion of `operand`.
#[inline(always)]
pub fn cast_back_tangent<L: Lanes, F: Number, G: Number>(
    _operand: &F,
    tangent: L::Of<G>,
) -> L::Of<F> {
    L::cast::<G, F>(tangent)
}
