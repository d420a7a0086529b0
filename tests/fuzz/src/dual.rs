//! Dual numbers: forward mode by overloading, which shares nothing with the compiler under test.

use std::ops::{
    Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Rem, RemAssign, Sub, SubAssign,
};

macro_rules! float {
    (methods { $($method:ident)* }) => {
        /// What is needed of `f32` and `f64`, by `std`'s own functions.
        pub trait Float:
            Copy + Default + PartialOrd + std::fmt::Debug + Neg<Output = Self>
            + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self>
            + Div<Output = Self> + Rem<Output = Self>
        {
            /// Zero.
            const ZERO: Self;
            /// One.
            const ONE: Self;
            /// Rounded to the other precision, and back.
            fn rounded(self) -> Self;
            /// The nearest number of this type.
            fn nearest(value: f64) -> Self;
            /// An integer power.
            fn powi(self, n: i32) -> Self;
            /// A power.
            fn powf(self, y: Self) -> Self;
            $(
                #[doc = stringify!($method)]
                fn $method(self) -> Self;
            )*
        }
        float!(impl f64 via f32 { $($method)* });
        float!(impl f32 via f64 { $($method)* });
    };
    (impl $ty:ident via $other:ident { $($method:ident)* }) => {
        impl Float for $ty {
            const ZERO: $ty = 0.0;
            const ONE: $ty = 1.0;
            fn rounded(self) -> $ty {
                self as $other as $ty
            }
            fn nearest(value: f64) -> $ty {
                value as $ty
            }
            fn powi(self, n: i32) -> $ty {
                self.powi(n)
            }
            fn powf(self, y: $ty) -> $ty {
                self.powf(y)
            }
            $(fn $method(self) -> $ty {
                self.$method()
            })*
        }
    };
}

float!(methods { sin cos tanh exp ln sqrt atan abs floor sinh cosh exp_m1 ln_1p });

/// A value and its derivative in one direction.
#[derive(Clone, Copy, Debug, Default)]
pub struct Dual<T> {
    /// The value.
    pub value: T,
    /// Its derivative.
    pub slope: T,
}

/// In double precision.
pub type Dual64 = Dual<f64>;

/// In single precision.
pub type Dual32 = Dual<f32>;

impl<T: Float> Dual<T> {
    /// One.
    pub const ONE: Dual<T> = Dual::c(T::ONE);

    /// The constant nearest to a number.
    pub fn of(value: f64) -> Dual<T> {
        Dual::c(T::nearest(value))
    }
    /// A constant.
    pub const fn c(value: T) -> Dual<T> {
        Dual {
            value,
            slope: T::ZERO,
        }
    }
    /// A function's value, with the derivative of the function times the slope.
    fn chain(self, value: T, derivative: T) -> Dual<T> {
        Dual {
            value,
            slope: derivative * self.slope,
        }
    }
    /// Sine.
    pub fn sin(self) -> Dual<T> {
        self.chain(self.value.sin(), self.value.cos())
    }
    /// Cosine.
    pub fn cos(self) -> Dual<T> {
        self.chain(self.value.cos(), -self.value.sin())
    }
    /// Hyperbolic tangent.
    pub fn tanh(self) -> Dual<T> {
        let value = self.value.tanh();
        self.chain(value, T::ONE - value * value)
    }
    /// Hyperbolic cosine.
    pub fn cosh(self) -> Dual<T> {
        self.chain(self.value.cosh(), self.value.sinh())
    }
    /// Exponential.
    pub fn exp(self) -> Dual<T> {
        let value = self.value.exp();
        self.chain(value, value)
    }
    /// Exponential minus one.
    pub fn exp_m1(self) -> Dual<T> {
        self.chain(self.value.exp_m1(), self.value.exp())
    }
    /// Natural logarithm.
    pub fn ln(self) -> Dual<T> {
        self.chain(self.value.ln(), T::ONE / self.value)
    }
    /// Square root.
    pub fn sqrt(self) -> Dual<T> {
        let value = self.value.sqrt();
        self.chain(value, T::ONE / (value + value))
    }
    /// Arc tangent.
    pub fn atan(self) -> Dual<T> {
        let derivative = T::ONE / (T::ONE + self.value * self.value);
        self.chain(self.value.atan(), derivative)
    }
    /// Absolute value; no slope at 0.
    pub fn abs(self) -> Dual<T> {
        let sign = if self.value > T::ZERO {
            T::ONE
        } else if self.value < T::ZERO {
            -T::ONE
        } else {
            T::ZERO
        };
        self.chain(self.value.abs(), sign)
    }
    /// A step.
    pub fn floor(self) -> Dual<T> {
        self.chain(self.value.floor(), T::ZERO)
    }
    /// One over it.
    pub fn recip(self) -> Dual<T> {
        Dual::c(T::ONE) / self
    }
    /// An integer power.
    pub fn powi(self, n: i32) -> Dual<T> {
        self.chain(
            self.value.powi(n),
            T::nearest(f64::from(n)) * self.value.powi(n - 1),
        )
    }
    /// A power of a positive number.
    pub fn powf(self, y: Dual<T>) -> Dual<T> {
        (y * self.ln()).exp()
    }
    /// Length of a vector that is not 0.
    pub fn hypot(self, y: Dual<T>) -> Dual<T> {
        (self * self + y * y).sqrt()
    }
    /// Angle of a vector that points to the right of the second axis: here `x` is positive.
    pub fn atan2(self, x: Dual<T>) -> Dual<T> {
        (self / x).atan()
    }
    /// `self * a + b`
    pub fn mul_add(self, a: Dual<T>, b: Dual<T>) -> Dual<T> {
        self * a + b
    }
    /// Between two bounds.
    pub fn clamp(self, low: Dual<T>, high: Dual<T>) -> Dual<T> {
        self.max(low).min(high)
    }
    /// The smaller one; at a tie the first.
    pub fn min(self, other: Dual<T>) -> Dual<T> {
        if other.value < self.value {
            other
        } else {
            self
        }
    }
    /// The larger one; at a tie the first.
    pub fn max(self, other: Dual<T>) -> Dual<T> {
        if other.value > self.value {
            other
        } else {
            self
        }
    }
    /// Rounded to the other precision, and back.
    pub fn rounded(self) -> Dual<T> {
        self.chain(self.value.rounded(), T::ONE)
    }
}

/// `ln(1 + exp(x))`
pub fn softplus<T: Float>(x: Dual<T>) -> Dual<T> {
    let tail = (-x.value.abs()).exp().ln_1p();
    let value = relu(x).value + tail;
    x.chain(value, sigmoid(x).value)
}

/// `1 / (1 + exp(-x))`
pub fn sigmoid<T: Float>(x: Dual<T>) -> Dual<T> {
    Dual::c(T::ONE) / (Dual::c(T::ONE) + (-x).exp())
}

/// The positive part; no slope at 0.
pub fn relu<T: Float>(x: Dual<T>) -> Dual<T> {
    if x.value > T::ZERO {
        x
    } else {
        Dual::c(T::ZERO)
    }
}

/// The value, as a constant.
pub fn stop_gradient<T: Float>(x: Dual<T>) -> Dual<T> {
    Dual::c(x.value)
}

impl<T: Float> PartialEq for Dual<T> {
    fn eq(&self, other: &Dual<T>) -> bool {
        self.value == other.value
    }
}

impl<T: Float> PartialOrd for Dual<T> {
    fn partial_cmp(&self, other: &Dual<T>) -> Option<std::cmp::Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl<T: Float> Neg for Dual<T> {
    type Output = Dual<T>;
    fn neg(self) -> Dual<T> {
        self.chain(-self.value, -T::ONE)
    }
}

macro_rules! operator {
    ($($trait:ident $method:ident, $assign:ident $assign_method:ident
        |$a:ident, $b:ident| $value:expr, $slope:expr;)*) => {$(
        impl<T: Float> $trait for Dual<T> {
            type Output = Dual<T>;
            fn $method(self, other: Dual<T>) -> Dual<T> {
                let ($a, $b) = (self, other);
                Dual { value: $value, slope: $slope }
            }
        }
        impl<T: Float> $trait<&Dual<T>> for Dual<T> {
            type Output = Dual<T>;
            fn $method(self, other: &Dual<T>) -> Dual<T> {
                $trait::$method(self, *other)
            }
        }
        impl<T: Float> $trait<Dual<T>> for &Dual<T> {
            type Output = Dual<T>;
            fn $method(self, other: Dual<T>) -> Dual<T> {
                $trait::$method(*self, other)
            }
        }
        impl<T: Float> $trait<&Dual<T>> for &Dual<T> {
            type Output = Dual<T>;
            fn $method(self, other: &Dual<T>) -> Dual<T> {
                $trait::$method(*self, *other)
            }
        }
        impl<T: Float> $assign for Dual<T> {
            fn $assign_method(&mut self, other: Dual<T>) {
                *self = $trait::$method(*self, other);
            }
        }
        impl<T: Float> $assign<&Dual<T>> for Dual<T> {
            fn $assign_method(&mut self, other: &Dual<T>) {
                *self = $trait::$method(*self, *other);
            }
        }
    )*};
}

operator! {
    Add add, AddAssign add_assign |a, b| a.value + b.value, a.slope + b.slope;
    Sub sub, SubAssign sub_assign |a, b| a.value - b.value, a.slope - b.slope;
    Mul mul, MulAssign mul_assign
        |a, b| a.value * b.value, a.slope * b.value + a.value * b.slope;
    Div div, DivAssign div_assign
        |a, b| a.value / b.value, (a.slope - a.value / b.value * b.slope) / b.value;
    // On the piece of which `%` gives the value.
    Rem rem, RemAssign rem_assign
        |a, b| a.value % b.value, a.slope - (a.value - a.value % b.value) / b.value * b.slope;
}

impl<T: Float> std::iter::Sum for Dual<T> {
    fn sum<I: Iterator<Item = Dual<T>>>(items: I) -> Dual<T> {
        items.fold(Dual::c(-T::ZERO), |a, b| a + b)
    }
}

impl<T: Float> std::iter::Product for Dual<T> {
    fn product<I: Iterator<Item = Dual<T>>>(items: I) -> Dual<T> {
        items.fold(Dual::c(T::ONE), |a, b| a * b)
    }
}
