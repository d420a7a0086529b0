//! Lanes: several directional derivatives carried side by side.
//!
//! Forward code is written once, generic over [`Lanes`]. With [`Single`] the tangent of an `f64`
//! is an `f64`; with [`Wide`] it is a [`Pack`] of several, so that one run of the code serves
//! several directions. A tangent stands on the left of every product: `tangent * factor`.

use std::ops::{Add, AddAssign, Div, Mul, Neg};

use super::{Entries, Tape, Val};
use crate::Real;

/// The tangent of a float `F`.
pub trait Lane<F>:
    Val
    + Copy
    + Entries
    + Add<Output = Self>
    + AddAssign
    + Neg<Output = Self>
    + Mul<F, Output = Self>
    + Div<F, Output = Self>
{
}

/// A float that a function can be differentiated over, whichever it is: `f32` or `f64`. The facade
/// calls it `Real`.
///
/// It has the operators, the functions and the constants of floats; a literal is written
/// `T::of(0.5)`.
///
/// ```
/// use cotangent_runtime::scalar::Number;
///
/// fn square<T: Number>(x: T) -> T {
///     x * x * T::of(0.5)
/// }
/// assert_eq!((square(3.0_f32), square(3.0_f64)), (4.5, 4.5));
/// ```
pub trait Number: Real + Val + Lane<Self> {}

/// How many directions run side by side.
pub trait Lanes: Copy {
    /// The number of directions.
    const COUNT: usize;
    /// The tangent of a float.
    type Of<F: Number>: Lane<F>;
    /// A tangent in another precision.
    fn cast<F: Number, G: Number>(tangent: Self::Of<F>) -> Self::Of<G>;
    /// The same number in every lane.
    fn spread<F: Number>(value: F) -> Self::Of<F>;
    /// The first lane.
    fn first<F: Number>(tangent: Self::Of<F>) -> F;
}

/// One direction: the tangent of a float is a float.
#[derive(Clone, Copy, Debug, Default)]
pub struct Single;

/// `N` directions.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wide<const N: usize>;

/// The tangents of one float in `N` directions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pack<F, const N: usize>(pub [F; N]);

macro_rules! number {
    ($($ty:ident)*) => {$(
        impl Lane<$ty> for $ty {}
        impl Number for $ty {}
    )*};
}

number!(f32 f64);

impl Lanes for Single {
    const COUNT: usize = 1;
    type Of<F: Number> = F;
    #[inline(always)]
    fn cast<F: Number, G: Number>(tangent: F) -> G {
        G::of(tangent.to_f64())
    }
    #[inline(always)]
    fn spread<F: Number>(value: F) -> F {
        value
    }
    #[inline(always)]
    fn first<F: Number>(tangent: F) -> F {
        tangent
    }
}

impl<const N: usize> Lanes for Wide<N> {
    const COUNT: usize = N;
    type Of<F: Number> = Pack<F, N>;
    #[inline(always)]
    fn cast<F: Number, G: Number>(tangent: Pack<F, N>) -> Pack<G, N> {
        Pack(tangent.0.map(|lane| G::of(lane.to_f64())))
    }
    #[inline(always)]
    fn spread<F: Number>(value: F) -> Pack<F, N> {
        Pack([value; N])
    }
    #[inline(always)]
    fn first<F: Number>(tangent: Pack<F, N>) -> F {
        tangent.0[0]
    }
}

impl<F: Number, const N: usize> Lane<F> for Pack<F, N> {}

impl<F: Number, const N: usize> Add for Pack<F, N> {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Pack(std::array::from_fn(|i| self.0[i] + other.0[i]))
    }
}

impl<F: Number, const N: usize> AddAssign for Pack<F, N> {
    #[inline(always)]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl<F: Number, const N: usize> Neg for Pack<F, N> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Pack(self.0.map(|lane| -lane))
    }
}

impl<F: Number, const N: usize> Mul<F> for Pack<F, N> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, factor: F) -> Self {
        Pack(self.0.map(|lane| lane * factor))
    }
}

impl<F: Number, const N: usize> Div<F> for Pack<F, N> {
    type Output = Self;
    #[inline(always)]
    fn div(self, divisor: F) -> Self {
        Pack(self.0.map(|lane| lane / divisor))
    }
}

impl<F: Number, const N: usize> Val for Pack<F, N> {
    #[inline(always)]
    fn blank() -> Self {
        Pack(Val::blank())
    }
    #[inline(always)]
    fn zero_like(&self) -> Self {
        Val::blank()
    }
    #[inline(always)]
    fn save(&self, tape: &mut Tape) {
        self.0.save(tape);
    }
    #[inline(always)]
    fn load(&mut self, tape: &mut Tape) {
        self.0.load(tape);
    }
    #[inline(always)]
    fn save_shape(&self, _: &mut Tape) {}
    #[inline(always)]
    fn load_shape(&mut self, _: &mut Tape) {
        *self = Self::blank();
    }
    #[inline(always)]
    fn accumulate(&mut self, other: &Self) {
        *self += *other;
    }
    #[inline(always)]
    fn take(&mut self) -> Self {
        std::mem::replace(self, Val::blank())
    }
}
