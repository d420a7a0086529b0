//! `x += y` and its kin: `x = x + y`, broadcasting as the operator does.

use std::ops::{AddAssign, DivAssign, MulAssign, SubAssign};

use super::Tensor;
use crate::{Float, Real, bf16, f16};

macro_rules! assignments {
    ($($trait:ident $method:ident $sign:tt)*) => {$(
        assignments!(@by $trait $method $sign &Tensor<T>);
        assignments!(@by $trait $method $sign Tensor<T>);
        assignments!(@by $trait $method $sign T);
        assignments!(@half $trait $method $sign f16);
        assignments!(@half $trait $method $sign bf16);
    )*};
    (@half $trait:ident $method:ident $sign:tt $half:ident) => {
        assignments!(@to $trait $method $sign $half, &Tensor<$half>);
        assignments!(@to $trait $method $sign $half, Tensor<$half>);
        assignments!(@to $trait $method $sign $half, f32);
    };
    (@to $trait:ident $method:ident $sign:tt $half:ident, $right:ty) => {
        impl $trait<$right> for Tensor<$half> {
            #[track_caller]
            fn $method(&mut self, right: $right) {
                *self = &*self $sign right;
            }
        }
    };
    (@by $trait:ident $method:ident $sign:tt $right:ty) => {
        impl<T: Float + Real> $trait<$right> for Tensor<T> {
            #[track_caller]
            fn $method(&mut self, right: $right) {
                *self = &*self $sign right;
            }
        }
    };
}

assignments! { AddAssign add_assign + SubAssign sub_assign - MulAssign mul_assign * DivAssign div_assign / }
