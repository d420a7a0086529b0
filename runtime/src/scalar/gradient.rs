//! The gradient that belongs to a parameter: a slice has a vector, everything else its own type.

use super::Val;

/// A parameter that a gradient can be taken with respect to.
pub trait Primal {
    /// The type of its gradient.
    type Gradient;
    /// A gradient of zeros.
    fn gradient(&self) -> Self::Gradient;
    /// Sets a gradient to zero, with the length of this parameter.
    fn reset(&self, gradient: &mut Self::Gradient);
}

impl<T: Val> Primal for [T] {
    type Gradient = Vec<T>;
    fn gradient(&self) -> Vec<T> {
        self.iter().map(T::zero_like).collect()
    }
    fn reset(&self, gradient: &mut Vec<T>) {
        gradient.clear();
        gradient.extend(self.iter().map(T::zero_like));
    }
}

macro_rules! same_type {
    ($(($($bound:tt)*) $ty:ty;)*) => {$(
        impl<$($bound)*> Primal for $ty {
            type Gradient = $ty;
            fn gradient(&self) -> $ty {
                Val::zero_like(self)
            }
            fn reset(&self, gradient: &mut $ty) {
                *gradient = Val::zero_like(self);
            }
        }
    )*};
}

same_type! {
    () f32;
    () f64;
    (T: Val, const N: usize) [T; N];
    (A: Val, B: Val) (A, B);
    (A: Val, B: Val, C: Val) (A, B, C);
}

impl<T: Val> Primal for Vec<T> {
    type Gradient = Vec<T>;
    fn gradient(&self) -> Vec<T> {
        self.as_slice().gradient()
    }
    fn reset(&self, gradient: &mut Vec<T>) {
        self.as_slice().reset(gradient);
    }
}
