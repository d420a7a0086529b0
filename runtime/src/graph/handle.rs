//! Operators and methods of handles whose types the macro does not know: each records the region
//! of one operation, so that ignorance costs fusion and never correctness.

use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use super::builder::{Lift, TensorHandle};
use crate::Float;

macro_rules! operators {
    ($($trait:ident $method:ident $sign:literal)*) => {$(
        impl<'b, T: Float, R: Lift<'b, T>> $trait<R> for TensorHandle<'b, T> {
            type Output = TensorHandle<'b, T>;

            #[track_caller]
            fn $method(self, right: R) -> TensorHandle<'b, T> {
                let right = right.lift(self.builder());
                self.builder().one_op($sign, $sign, &[self.id(), right], &[])
            }
        }

        impl<'b, T: Float, R: Lift<'b, T>> $trait<R> for &TensorHandle<'b, T> {
            type Output = TensorHandle<'b, T>;

            #[track_caller]
            fn $method(self, right: R) -> TensorHandle<'b, T> {
                (*self).$method(right)
            }
        }

        operators!(@float $trait $method $sign f32);
        operators!(@float $trait $method $sign f64);
    )*};
    (@float $trait:ident $method:ident $sign:literal $float:ident) => {
        impl<'b> $trait<TensorHandle<'b, $float>> for $float {
            type Output = TensorHandle<'b, $float>;

            #[track_caller]
            fn $method(self, right: TensorHandle<'b, $float>) -> TensorHandle<'b, $float> {
                let left = self.lift(right.builder());
                right.builder().one_op($sign, $sign, &[left, right.id()], &[])
            }
        }

        impl<'b> $trait<&TensorHandle<'b, $float>> for $float {
            type Output = TensorHandle<'b, $float>;

            #[track_caller]
            fn $method(self, right: &TensorHandle<'b, $float>) -> TensorHandle<'b, $float> {
                self.$method(*right)
            }
        }
    };
}

macro_rules! assignments {
    ($($trait:ident $method:ident $sign:tt)*) => {$(
        impl<'b, T: Float, R: Lift<'b, T>> $trait<R> for TensorHandle<'b, T> {
            #[track_caller]
            fn $method(&mut self, right: R) {
                *self = *self $sign right;
            }
        }
    )*};
}

assignments! { AddAssign add_assign + SubAssign sub_assign - MulAssign mul_assign * DivAssign div_assign / }

operators! { Add add "+" Sub sub "-" Mul mul "*" Div div "/" }

impl<'b, T: Float> Neg for TensorHandle<'b, T> {
    type Output = TensorHandle<'b, T>;

    #[track_caller]
    fn neg(self) -> TensorHandle<'b, T> {
        self.builder().one_op("neg", "-", &[self.id()], &[])
    }
}

impl<'b, T: Float> Neg for &TensorHandle<'b, T> {
    type Output = TensorHandle<'b, T>;

    #[track_caller]
    fn neg(self) -> TensorHandle<'b, T> {
        -*self
    }
}

macro_rules! unary {
    ($($name:ident)*) => {
        impl<'b, T: Float> TensorHandle<'b, T> {$(
            #[doc = concat!("The tensor method `", stringify!($name), "`.")]
            #[must_use]
            #[track_caller]
            pub fn $name(self) -> TensorHandle<'b, T> {
                self.builder().one_op(stringify!($name), stringify!($name), &[self.id()], &[])
            }
        )*}
    };
}

// The methods that floats have too; `macros` prints every other tensor method into a region.
unary! {
    abs exp exp2 exp_m1 ln log2 log10 ln_1p sqrt cbrt recip sin cos tan asin acos atan sinh cosh
    tanh asinh acosh atanh floor ceil round trunc signum sum sigmoid softplus erf erfc erfinv lgamma
    digamma relu bessel_i0e bessel_i1e safe_sqrt detach truth scale softmax log_softmax
}

macro_rules! binary {
    ($($name:ident)*) => {
        impl<'b, T: Float> TensorHandle<'b, T> {$(
            #[doc = concat!("The tensor method `", stringify!($name), "`.")]
            #[must_use]
            #[track_caller]
            pub fn $name(self, other: impl Lift<'b, T>) -> TensorHandle<'b, T> {
                let other = other.lift(self.builder());
                self.builder().one_op(stringify!($name), stringify!($name), &[self.id(), other], &[])
            }
        )*}
    };
}

binary! { powf atan2 hypot max min copysign }
