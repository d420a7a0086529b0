//! Elementwise methods and operators, with NumPy's broadcasting.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::{Operand, Tensor};
use crate::error::{caller, fail};
use crate::methods::half::eager;
use crate::{Element, Error, Float, Real, bf16, f16, shape};

impl<T: Element> Tensor<T> {
    /// Applies a function to every element, in the type that it is computed in.
    #[must_use]
    pub fn map(&self, f: impl Fn(T::Compute) -> T::Compute) -> Tensor<T> {
        let results = self
            .data()
            .iter()
            .map(|&x| T::from_compute(f(x.to_compute())));
        Tensor::built(self.shape.clone(), results.collect())
    }

    /// Applies a function to the elements of both, broadcast against each other.
    ///
    /// # Panics
    /// When the shapes do not broadcast.
    #[must_use]
    #[track_caller]
    pub fn zip_map(
        &self,
        other: &Tensor<T>,
        f: impl Fn(T::Compute, T::Compute) -> T::Compute,
    ) -> Tensor<T> {
        self.zip("zip_map", other, |a, b| {
            T::from_compute(f(a.to_compute(), b.to_compute()))
        })
    }

    #[track_caller]
    pub(super) fn zip(
        &self,
        what: &'static str,
        other: &Tensor<T>,
        f: impl Fn(T, T) -> T,
    ) -> Tensor<T> {
        if self.shape == other.shape {
            let pairs = self.data().iter().zip(other.data());
            return Tensor::built(self.shape.clone(), pairs.map(|(&a, &b)| f(a, b)).collect());
        }
        let Some(domain) = shape::broadcast(&[&self.shape, &other.shape]) else {
            let shapes: [&[usize]; 2] = [&self.shape, &other.shape];
            fail(&Error::shape(
                caller(what),
                &shapes,
                "they do not broadcast against each other",
            ));
        };
        let strides =
            [&self.shape, &other.shape].map(|shape| shape::broadcast_strides(shape, &domain));
        let (mut index, mut at) = (vec![0; domain.len()], [0; 2]);
        let count: usize = domain.iter().product();
        let mut elements = Vec::with_capacity(count);
        for _ in 0..count {
            elements.push(f(self.data()[at[0]], other.data()[at[1]]));
            for axis in (0..domain.len()).rev() {
                index[axis] += 1;
                at[0] += strides[0][axis];
                at[1] += strides[1][axis];
                if index[axis] < domain[axis] {
                    break;
                }
                at[0] -= strides[0][axis] * domain[axis];
                at[1] -= strides[1][axis] * domain[axis];
                index[axis] = 0;
            }
        }
        Tensor::built(domain, elements)
    }
}

macro_rules! unary {
    ($($name:ident $formula:literal;)*) => {
        eager! {$(
            #[doc = concat!("`", $formula, "` of every element.")]
            #[must_use]
            pub fn $name(&self) -> Tensor<T> {
                self.map(|x| x.$name())
            }
        )*}
    };
}

unary! {
    abs "|x|"; exp "e^x"; exp2 "2^x"; exp_m1 "e^x - 1"; ln "ln x"; log2 "log2 x"; log10 "log10 x";
    ln_1p "ln(1 + x)"; sqrt "sqrt x"; cbrt "cube root of x"; recip "1 / x"; sin "sin x";
    cos "cos x"; tan "tan x"; asin "arcsin x"; acos "arccos x"; atan "arctan x"; sinh "sinh x";
    cosh "cosh x"; tanh "tanh x"; asinh "arsinh x"; acosh "arcosh x"; atanh "artanh x";
    floor "floor x"; ceil "ceil x"; round "x rounded"; trunc "integer part of x"; signum "sign of x";
    sigmoid "1 / (1 + e^-x)"; softplus "ln(1 + e^x)"; erf "erf x"; relu "max(x, 0)";
    erfc "1 - erf x"; erfinv "the inverse of erf"; lgamma "ln |Gamma(x)|";
    digamma "the derivative of ln Gamma(x)"; bessel_i0e "e^-|x| I0(x)"; bessel_i1e "e^-|x| I1(x)";
}

macro_rules! binary {
    ($($name:ident $function:ident $formula:literal;)*) => {
        eager! {$(
            #[doc = concat!("`", $formula, "` of the elements, broadcast against each other.")]
            ///
            /// # Panics
            /// When the shapes do not broadcast.
            #[must_use]
            #[track_caller]
            pub fn $name(&self, other: impl Operand<Self>) -> Tensor<T> {
                self.zip(stringify!($name), &other.whole(), |a, b| a.$function(b))
            }
        )*}
    };
}

binary! {
    pow powf "a^b"; maximum max "max(a, b)"; minimum min "min(a, b)"; atan2 atan2 "atan2(a, b)";
    hypot hypot "sqrt(a^2 + b^2)"; copysign copysign "|a| with the sign of b";
}

macro_rules! operators {
    ($($trait:ident $method:ident $sign:literal;)*) => {$(
        impl<T: Float + Real> $trait<&Tensor<T>> for &Tensor<T> {
            type Output = Tensor<T>;

            #[track_caller]
            fn $method(self, other: &Tensor<T>) -> Tensor<T> {
                self.zip($sign, other, |a, b| a.$method(b))
            }
        }

        impl<T: Float + Real> $trait<Tensor<T>> for &Tensor<T> {
            type Output = Tensor<T>;

            #[track_caller]
            fn $method(self, other: Tensor<T>) -> Tensor<T> {
                self.$method(&other)
            }
        }

        impl<T: Float + Real> $trait<&Tensor<T>> for Tensor<T> {
            type Output = Tensor<T>;

            #[track_caller]
            fn $method(self, other: &Tensor<T>) -> Tensor<T> {
                (&self).$method(other)
            }
        }

        impl<T: Float + Real> $trait<Tensor<T>> for Tensor<T> {
            type Output = Tensor<T>;

            #[track_caller]
            fn $method(self, other: Tensor<T>) -> Tensor<T> {
                (&self).$method(&other)
            }
        }

        impl<T: Float + Real> $trait<T> for &Tensor<T> {
            type Output = Tensor<T>;

            fn $method(self, other: T) -> Tensor<T> {
                self.map(|x| x.$method(other))
            }
        }

        impl<T: Float + Real> $trait<T> for Tensor<T> {
            type Output = Tensor<T>;

            fn $method(self, other: T) -> Tensor<T> {
                (&self).$method(other)
            }
        }

        operators!(@left $trait $method f32);
        operators!(@left $trait $method f64);
        operators!(@half $trait $method f16);
        operators!(@half $trait $method bf16);
    )*};
    // As those of `Tensor<f32>`: computed there, and rounded once.
    (@half $trait:ident $method:ident $ty:ident) => {
        operators!(@halves $trait $method $ty, &Tensor<$ty>, &Tensor<$ty>);
        operators!(@halves $trait $method $ty, &Tensor<$ty>, Tensor<$ty>);
        operators!(@halves $trait $method $ty, Tensor<$ty>, &Tensor<$ty>);
        operators!(@halves $trait $method $ty, Tensor<$ty>, Tensor<$ty>);
        operators!(@number $trait $method $ty, &Tensor<$ty>);
        operators!(@number $trait $method $ty, Tensor<$ty>);
    };
    (@halves $trait:ident $method:ident $ty:ident, $left:ty, $right:ty) => {
        #[diagnostic::do_not_recommend]
        impl $trait<$right> for $left {
            type Output = Tensor<$ty>;

            #[track_caller]
            fn $method(self, other: $right) -> Tensor<$ty> {
                self.wide().$method(other.wide()).cast()
            }
        }
    };
    (@number $trait:ident $method:ident $ty:ident, $tensor:ty) => {
        #[diagnostic::do_not_recommend]
        impl $trait<f32> for $tensor {
            type Output = Tensor<$ty>;

            fn $method(self, other: f32) -> Tensor<$ty> {
                self.wide().$method(other).cast()
            }
        }

        #[diagnostic::do_not_recommend]
        impl $trait<$tensor> for f32 {
            type Output = Tensor<$ty>;

            fn $method(self, other: $tensor) -> Tensor<$ty> {
                self.$method(other.wide()).cast()
            }
        }
    };
    (@left $trait:ident $method:ident $ty:ident) => {
        impl $trait<&Tensor<$ty>> for $ty {
            type Output = Tensor<$ty>;

            fn $method(self, other: &Tensor<$ty>) -> Tensor<$ty> {
                other.map(|x| self.$method(x))
            }
        }

        impl $trait<Tensor<$ty>> for $ty {
            type Output = Tensor<$ty>;

            fn $method(self, other: Tensor<$ty>) -> Tensor<$ty> {
                self.$method(&other)
            }
        }
    };
}

operators! { Add add "+"; Sub sub "-"; Mul mul "*"; Div div "/"; }

impl<T: Float + Real> Neg for &Tensor<T> {
    type Output = Tensor<T>;

    fn neg(self) -> Tensor<T> {
        self.map(|x| -x)
    }
}

impl<T: Float + Real> Neg for Tensor<T> {
    type Output = Tensor<T>;

    fn neg(self) -> Tensor<T> {
        -&self
    }
}

macro_rules! negative {
    ($($tensor:ty => $half:ident;)*) => {$(
        impl Neg for $tensor {
            type Output = Tensor<$half>;

            fn neg(self) -> Tensor<$half> {
                (-self.wide()).cast()
            }
        }
    )*};
}

negative! { &Tensor<f16> => f16; Tensor<f16> => f16; &Tensor<bf16> => bf16; Tensor<bf16> => bf16; }
