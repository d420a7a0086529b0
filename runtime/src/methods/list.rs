//! Joining lists of tensors: functions, because a list has no methods. Each has a companion, by
//! which a differentiable function links to it.

use crate::graph::{Builder, TensorHandle};
use crate::{Element, Float, Real, Tensor, bf16, f16};

/// A float type, one that is only stored included.
pub trait Joined: Element {
    #[doc(hidden)]
    #[track_caller]
    fn concat(first: &Tensor<Self>, others: &[&Tensor<Self>], axis: isize) -> Tensor<Self>;
    #[doc(hidden)]
    #[track_caller]
    fn stack(first: &Tensor<Self>, others: &[&Tensor<Self>], axis: isize) -> Tensor<Self>;
}

macro_rules! joined {
    ($([$($generics:tt)*] $ty:ty;)*) => {$(
        impl<$($generics)*> Joined for $ty {
            #[track_caller]
            fn concat(first: &Tensor<Self>, others: &[&Tensor<Self>], axis: isize) -> Tensor<Self> {
                first.concat(others, axis)
            }

            #[track_caller]
            fn stack(first: &Tensor<Self>, others: &[&Tensor<Self>], axis: isize) -> Tensor<Self> {
                first.stack(others, axis)
            }
        }
    )*};
}

joined! { [T: Float + Real] T; [] f16; [] bf16; }

macro_rules! joins {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// # Panics
        /// When the list is empty or the shapes do not fit.
        #[must_use]
        #[track_caller]
        pub fn $name<T: Joined>(parts: &[Tensor<T>], axis: isize) -> Tensor<T> {
            let Some((first, rest)) = parts.split_first() else {
                panic!(concat!("`", stringify!($name), "` of an empty list"));
            };
            T::$name(first, &rest.iter().collect::<Vec<_>>(), axis)
        }

        /// The companion of the function of the same name.
        #[allow(non_camel_case_types, reason = "it has the name of the function")]
        #[derive(Debug)]
        pub struct $name {}

        #[allow(missing_docs, reason = "linked to by generated code")]
        impl $name {
            #[doc(hidden)]
            #[track_caller]
            pub fn __instantiate<'b, T: Float + Real>(
                builder: &'b Builder,
                parts: &[TensorHandle<'b, T>],
                axis: isize,
            ) -> TensorHandle<'b, T> {
                let Some((first, rest)) = parts.split_first() else {
                    let text = concat!("`", stringify!($name), "` of an empty list");
                    builder.fail(crate::Error::structure(text));
                    return TensorHandle::new(builder, builder.constant(0.0));
                };
                first.$name(&rest.iter().collect::<Vec<_>>(), axis)
            }
        }
    )*};
}

joins! {
    /// The tensors of a list joined along an axis.
    ///
    /// ```
    /// use cotangent_runtime::{Tensor, concat};
    ///
    /// let parts = [Tensor::full(&[1, 2], 1.0), Tensor::full(&[2, 2], 2.0)];
    /// assert_eq!(concat(&parts, 0).shape(), [3, 2]);
    /// ```
    concat;
    /// The tensors of a list, all of one shape, joined along a new axis.
    ///
    /// ```
    /// use cotangent_runtime::{Tensor, stack};
    ///
    /// let parts = [Tensor::full(&[2], 1.0), Tensor::full(&[2], 2.0)];
    /// assert_eq!(stack(&parts, 1).data(), [1.0, 2.0, 1.0, 2.0]);
    /// ```
    stack;
}
