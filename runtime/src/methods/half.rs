//! The methods of tensors of `f16` and `bf16`: those of `f32`, with operands widened before and the
//! result rounded once after.
//!
//! `eager!` gives methods to `Tensor<T>` for the types that compute, and reads their signatures once
//! more for the types that only store. So every method is there, sums and products accumulate in
//! `f32` or wider, and nothing in between is rounded. A number is an `f32`, as argument and result.
//!
//! ```
//! use cotangent_runtime::{Tensor, bf16, f16};
//!
//! let x = Tensor::<f32>::full(&[4, 4], 300.0).cast::<f16>();
//! // The sum of the squares is far beyond the largest f16.
//! assert_eq!((&x / 300.0).square().sum(), 16.0);
//! assert_eq!(x.square().mean(), f32::INFINITY);
//! assert_eq!(x.cast::<f32>().square().mean(), 90000.0);
//! let one = Tensor::<bf16>::full(&[1, 512], bf16::ONE);
//! assert_eq!(one.matmul(&one.t()).data(), [bf16::from_f32(512.0)]);
//! ```

use crate::graph::TensorHandle;
use crate::{DType, Element, Float, Half, Tensor};

/// Gives methods to `Tensor<T>`: the text itself for `f32` and `f64`, and public ones for `f16` and
/// `bf16` by way of `f32`.
macro_rules! eager {
    (@half $half:ident $($methods:tt)*) => {
        impl $crate::Tensor<$crate::$half> {
            $crate::methods::half::eager! { @each $($methods)* }
        }
    };
    (@each) => {};
    // The result: tensors of the half type, numbers in `f32`.
    (@each $(#[$attribute:meta])* pub fn $name:ident $parameters:tt -> T $body:block $($rest:tt)*) => {
        $crate::methods::half::eager! { @method $name f32, [] [] $parameters }
        $crate::methods::half::eager! { @each $($rest)* }
    };
    (@each $(#[$attribute:meta])* pub fn $name:ident $parameters:tt -> Tensor<T> $body:block $($rest:tt)*) => {
        $crate::methods::half::eager! { @method $name Self, [] [] $parameters }
        $crate::methods::half::eager! { @each $($rest)* }
    };
    (@each $(#[$attribute:meta])* pub fn $name:ident $parameters:tt -> $result:ty $body:block $($rest:tt)*) => {
        $crate::methods::half::eager! { @method $name $result, [] [] $parameters }
        $crate::methods::half::eager! { @each $($rest)* }
    };
    // What is not public serves the public methods.
    (@each $(#[$attribute:meta])* $visibility:vis fn $name:ident $parameters:tt -> $result:ty $body:block $($rest:tt)*) => {
        $crate::methods::half::eager! { @each $($rest)* }
    };
    // The parameters one by one: how they are declared, and how they are passed on.
    (@method $name:ident $result:ty, [$($declared:tt)*] [$($passed:tt)*] (&$this:ident $(,)?)) => {
        $crate::methods::half::eager! { @method $name $result, [$($declared)*] [$($passed)*] () }
    };
    (@method $name:ident $result:ty, $declared:tt $passed:tt (&$this:ident, $($rest:tt)+)) => {
        $crate::methods::half::eager! { @method $name $result, $declared $passed ($($rest)+) }
    };
    (@method $name:ident $result:ty, [$($declared:tt)*] [$($passed:tt)*]
        ($x:ident: &Self $(, $($rest:tt)*)?)) => {
        $crate::methods::half::eager! {
            @method $name $result, [$($declared)* $x: &Self,] [$($passed)* &$x.wide(),] ($($($rest)*)?)
        }
    };
    (@method $name:ident $result:ty, [$($declared:tt)*] [$($passed:tt)*]
        ($x:ident: &Tensor<T> $(, $($rest:tt)*)?)) => {
        $crate::methods::half::eager! {
            @method $name $result, [$($declared)* $x: &Self,] [$($passed)* &$x.wide(),] ($($($rest)*)?)
        }
    };
    (@method $name:ident $result:ty, [$($declared:tt)*] [$($passed:tt)*]
        ($x:ident: Option<&Self> $(, $($rest:tt)*)?)) => {
        $crate::methods::half::eager! {
            @method $name $result, [$($declared)* $x: Option<&Self>,]
            [$($passed)* $x.map(|x| x.wide()).as_ref(),] ($($($rest)*)?)
        }
    };
    (@method $name:ident $result:ty, [$($declared:tt)*] [$($passed:tt)*]
        ($x:ident: &[&Self] $(, $($rest:tt)*)?)) => {
        $crate::methods::half::eager! {
            @method $name $result, [$($declared)* $x: &[&Self],]
            [$($passed)* &$x.iter().map(|x| x.wide()).collect::<Vec<_>>().iter().collect::<Vec<_>>(),]
            ($($($rest)*)?)
        }
    };
    (@method $name:ident $result:ty, [$($declared:tt)*] [$($passed:tt)*]
        ($x:ident: impl Operand<Self> $(, $($rest:tt)*)?)) => {
        $crate::methods::half::eager! {
            @method $name $result, [$($declared)* $x: impl $crate::Operand<Self>,]
            [$($passed)* &$x.whole().wide(),] ($($($rest)*)?)
        }
    };
    (@method $name:ident $result:ty, [$($declared:tt)*] [$($passed:tt)*]
        ($x:ident: T $(, $($rest:tt)*)?)) => {
        $crate::methods::half::eager! {
            @method $name $result, [$($declared)* $x: f32,] [$($passed)* $x,] ($($($rest)*)?)
        }
    };
    (@method $name:ident $result:ty, [$($declared:tt)*] [$($passed:tt)*]
        ($x:ident: $ty:ty $(, $($rest:tt)*)?)) => {
        $crate::methods::half::eager! {
            @method $name $result, [$($declared)* $x: $ty,] [$($passed)* $x,] ($($($rest)*)?)
        }
    };
    (@method $name:ident $result:ty, [$($declared:tt)*] [$($passed:tt)*] ()) => {
        /// As that of `Tensor<f32>`: computed there, and rounded once.
        #[must_use]
        #[track_caller]
        #[inline]
        pub fn $name(&self, $($declared)*) -> $result {
            let wide = self.wide().$name($($passed)*);
            $crate::methods::half::Rounded::<$result>::rounded(wide)
        }
    };
    ($($methods:tt)*) => {
        #[allow(clippy::clone_on_copy, clippy::op_ref,
            clippy::needless_borrows_for_generic_args, reason = "handles are copied, tensors are not")]
        impl<T: $crate::Float + $crate::Real> $crate::Tensor<T> { $($methods)* }
        $crate::methods::half::eager! { @half f16 $($methods)* }
        $crate::methods::half::eager! { @half bf16 $($methods)* }
    };
}
pub(crate) use eager;

/// What an `f32` method yields, as what the method of a half type yields.
pub(crate) trait Rounded<T> {
    fn rounded(self) -> T;
}

impl<H: Half> Rounded<Tensor<H>> for Tensor<f32> {
    fn rounded(self) -> Tensor<H> {
        self.cast()
    }
}

impl Rounded<Tensor<u32>> for Tensor<u32> {
    fn rounded(self) -> Tensor<u32> {
        self
    }
}

impl Rounded<f32> for f32 {
    fn rounded(self) -> f32 {
        self
    }
}

impl<A: Rounded<B>, B> Rounded<Vec<B>> for Vec<A> {
    fn rounded(self) -> Vec<B> {
        self.into_iter().map(Rounded::rounded).collect()
    }
}

impl<A: Rounded<X>, B: Rounded<Y>, X, Y> Rounded<(X, Y)> for (A, B) {
    fn rounded(self) -> (X, Y) {
        (self.0.rounded(), self.1.rounded())
    }
}

impl<A: Rounded<X>, B: Rounded<Y>, C: Rounded<Z>, X, Y, Z> Rounded<(X, Y, Z)> for (A, B, C) {
    fn rounded(self) -> (X, Y, Z) {
        (self.0.rounded(), self.1.rounded(), self.2.rounded())
    }
}

impl<H: Half> Tensor<H> {
    /// The same values in `f32`.
    pub(crate) fn wide(&self) -> Tensor<f32> {
        self.cast()
    }
}

impl<T: Element> Tensor<T> {
    /// The same values as another element type that is computed in the same one: among `f16`, `bf16`
    /// and `f32`. Each is rounded to the nearest, ties to even; what is too large becomes infinite.
    ///
    /// The cotangent passes as it is, in `f32`.
    #[must_use]
    pub fn cast<U: Element<Compute = T::Compute>>(&self) -> Tensor<U> {
        Tensor::built(self.shape().to_vec(), U::stored(T::computed(self.data())))
    }
}

impl<'b, T: Float> TensorHandle<'b, T> {
    /// The same values as another element type that is computed in the same one.
    #[must_use]
    #[track_caller]
    pub fn cast<U: Element<Compute = T>>(&self) -> TensorHandle<'b, T> {
        let rounded = match U::DTYPE {
            DType::F16 => "ROUND_F16",
            DType::Bf16 => "ROUND_BF16",
            // It is what the graph computes in.
            _ => return *self,
        };
        self.builder().one_op(rounded, "cast", &[self.id()], &[])
    }
}
