//! Masks and integers in the world of graphs.
//!
//! A leaf of them is converted to the float type of the program before it is read, so that a mask is a
//! value of ones and zeros, and its operators are arithmetic. A mask is a constant for derivatives,
//! also where it was computed from something that has one.

use std::ops::{BitAnd, BitOr, BitXor, Not};

use crate::axes::Over;
use crate::graph::TensorHandle;
use crate::{DType, Float, Real};

macro_rules! numbers {
    ($($ty:ident)*) => {$(
        impl<'b> TensorHandle<'b, $ty> {
            /// The elements as numbers, which carry no derivative.
            #[must_use]
            pub fn to_float<T: Float>(&self) -> TensorHandle<'b, T> {
                // A plan converts such a leaf before it is read.
                TensorHandle::new(self.builder(), self.id())
            }
        }
    )*};
}

numbers! { bool u8 i64 }

macro_rules! shapes {
    ($($ty:ident)*) => {$(
        impl<'b> TensorHandle<'b, $ty> {
            /// The same elements under another shape; one size may be -1 and follows from the others.
            #[must_use]
            #[track_caller]
            pub fn reshape(&self, sizes: &[i64]) -> TensorHandle<'b, $ty> {
                // The elements are not read, so that it does not matter which type stands for them.
                let id = match self.builder().dtype {
                    DType::F64 => TensorHandle::<f64>::new(self.builder(), self.id()).reshape(sizes).id(),
                    _ => TensorHandle::<f32>::new(self.builder(), self.id()).reshape(sizes).id(),
                };
                TensorHandle::new(self.builder(), id)
            }
        }
    )*};
}

shapes! { bool u8 i64 u32 }

/// What an expression makes of handles in the float type of the program, as a mask.
macro_rules! masked {
    ($first:ident = $from:expr $(, $second:ident = $other:expr)? => $body:expr) => {
        match $from.builder().dtype {
            DType::F64 => masked!(@as f64 $first = $from $(, $second = $other)? => $body),
            _ => masked!(@as f32 $first = $from $(, $second = $other)? => $body),
        }
    };
    (@as $float:ident $($name:ident = $from:expr),+ => $body:expr) => {{
        $(let $name = $from.to_float::<$float>();)+
        as_mask($body)
    }};
}

/// A value of ones and zeros as a mask.
fn as_mask<'b, T>(value: TensorHandle<'b, T>) -> TensorHandle<'b, bool> {
    value.builder().forget_derivative(value.id());
    TensorHandle::new(value.builder(), value.id())
}

impl<'b, T: Float + Real> TensorHandle<'b, T> {
    /// True where an element is not 0.
    #[must_use]
    #[track_caller]
    pub fn to_mask(&self) -> TensorHandle<'b, bool> {
        as_mask(self.truth())
    }
}

macro_rules! truths {
    ($($ty:ident)*) => {$(
        impl<'b> TensorHandle<'b, $ty> {
            /// True where an element is not 0.
            #[must_use]
            #[track_caller]
            pub fn to_mask(&self) -> TensorHandle<'b, bool> {
                masked!(x = self => x.truth())
            }
        }
    )*};
}

truths! { u8 i64 u32 }

impl<'b> TensorHandle<'b, bool> {
    /// `a` where this mask is true, else `b`.
    #[must_use]
    #[track_caller]
    pub fn choose<T: Float>(
        &self,
        a: &TensorHandle<'b, T>,
        b: &TensorHandle<'b, T>,
    ) -> TensorHandle<'b, T> {
        let operands = [self.id(), a.id(), b.id()];
        self.builder().one_op("choose", "choose", &operands, &[])
    }
}

/// Reductions of masks, which keep their axes or not.
macro_rules! reductions {
    ($($doc:literal $name:ident)*) => {
        impl<'b> TensorHandle<'b, bool> {$(
            #[doc = concat!("Whether ", $doc, " element along axes is true.")]
            #[must_use]
            #[track_caller]
            pub fn $name(&self, axes: impl Into<Over>) -> TensorHandle<'b, bool> {
                masked!(x = self => x.$name(axes))
            }
        )*}
    };
}

reductions! {
    "some" any_axis
    "some" any_axis_keep
    "every" all_axis
    "every" all_axis_keep
}

macro_rules! operators {
    ($($trait:ident $method:ident |$x:ident, $y:ident| $value:expr;)*) => {$(
        operators!(@by $trait $method $x $y $value, &TensorHandle<'b, bool>, &TensorHandle<'b, bool>);
        operators!(@by $trait $method $x $y $value, &TensorHandle<'b, bool>, TensorHandle<'b, bool>);
        operators!(@by $trait $method $x $y $value, TensorHandle<'b, bool>, &TensorHandle<'b, bool>);
        operators!(@by $trait $method $x $y $value, TensorHandle<'b, bool>, TensorHandle<'b, bool>);
    )*};
    (@by $trait:ident $method:ident $x:ident $y:ident $value:expr, $left:ty, $right:ty) => {
        impl<'b> $trait<$right> for $left {
            type Output = TensorHandle<'b, bool>;

            #[track_caller]
            fn $method(self, other: $right) -> TensorHandle<'b, bool> {
                masked!($x = self, $y = other => $value)
            }
        }
    };
}

operators! {
    BitAnd bitand |x, y| x * y;
    BitOr bitor |x, y| x.max(y);
    BitXor bitxor |x, y| (x - y).abs();
}

impl<'b> Not for TensorHandle<'b, bool> {
    type Output = TensorHandle<'b, bool>;

    #[track_caller]
    fn not(self) -> TensorHandle<'b, bool> {
        masked!(x = self => (-x).plus(1.0))
    }
}

impl<'b> Not for &TensorHandle<'b, bool> {
    type Output = TensorHandle<'b, bool>;

    #[track_caller]
    fn not(self) -> TensorHandle<'b, bool> {
        !*self
    }
}
