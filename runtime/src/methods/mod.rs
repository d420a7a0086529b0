//! The methods that eager tensors and handles share, written once.
//!
//! `both!` gives the same text to `Tensor`, where it runs at once, and to `TensorHandle`, where it
//! records regions of one operation. So a method is right in both worlds or in neither, its
//! parameters are ordinary values of the host, and its derivative follows from the primitives that
//! it is composed of. What differs between the worlds is in `eager` and `recorded`.

mod eager;
mod list;
mod loss;
mod network;
mod recorded;
mod reduce;
mod shape;

pub use list::{concat, stack};
pub use shape::Pad;

/// Gives methods to `Tensor<T>` and to `TensorHandle<'_, T>`, for a float T.
macro_rules! both {
    ($($methods:tt)*) => {
        #[allow(clippy::clone_on_copy, clippy::op_ref,
            clippy::needless_borrows_for_generic_args, reason = "handles are copied, tensors are not")]
        impl<T: $crate::Float + $crate::Real> $crate::Tensor<T> { $($methods)* }
        #[allow(clippy::clone_on_copy, clippy::op_ref,
            clippy::needless_borrows_for_generic_args, reason = "handles are copied, tensors are not")]
        impl<T: $crate::Float + $crate::Real> $crate::graph::TensorHandle<'_, T> { $($methods)* }
    };
}
pub(crate) use both;

/// Tensors of one world: eager ones, or handles of a graph under construction.
pub trait Array: Sized + Clone {
    /// A tensor of labels in the same world.
    type Labels;
}

/// The labels in the world of `A`.
pub(crate) type Labels<A> = <A as Array>::Labels;
