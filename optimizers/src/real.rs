//! The two float types that an update rule computes in.
//!
//! A rule is written once over this trait and monomorphised for both; per-step scalars are
//! computed in f64 and converted once per step.

use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub};

use cotangent_runtime::Float;

use crate::cbrt::{cbrt_f32, cbrt_f64};

/// `f32` or `f64`, with the operations that update rules use.
pub trait Real:
    Float
    + Add<Output = Self>
    + AddAssign
    + Sub<Output = Self>
    + Mul<Output = Self>
    + MulAssign
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// The square root.
    #[must_use]
    fn sqrt(self) -> Self;
    /// The absolute value.
    #[must_use]
    fn abs(self) -> Self;
    /// The larger of the two.
    #[must_use]
    fn max(self, other: Self) -> Self;
    /// The cube root, within two units in the last place.
    #[must_use]
    fn cbrt(self) -> Self;
    /// -1, 0 or 1; unlike `f64::signum`, the sign of a zero is zero.
    #[must_use]
    fn sign(self) -> Self;
}

macro_rules! real {
    ($float:ident $cbrt:ident) => {
        impl Real for $float {
            #[inline(always)]
            fn sqrt(self) -> Self {
                $float::sqrt(self)
            }
            #[inline(always)]
            fn abs(self) -> Self {
                $float::abs(self)
            }
            #[inline(always)]
            fn max(self, other: Self) -> Self {
                $float::max(self, other)
            }
            #[inline(always)]
            fn cbrt(self) -> Self {
                $cbrt(self)
            }
            #[inline(always)]
            fn sign(self) -> Self {
                // Two selections, which vectorise.
                let above = if self > 0.0 { 1.0 } else { 0.0 };
                let below = if self < 0.0 { 1.0 } else { 0.0 };
                above - below
            }
        }
    };
}
real!(f32 cbrt_f32);
real!(f64 cbrt_f64);
