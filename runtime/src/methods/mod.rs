//! The methods that eager tensors and handles share, written once.
//!
//! `both!` gives the same text to `Tensor`, where it runs at once, and to `TensorHandle`, where it
//! records regions of one operation. So a method is right in both worlds or in neither, its
//! parameters are ordinary values of the host, and its derivative follows from the primitives that
//! it is composed of. What differs between the worlds is in `eager` and `recorded`.
//!
//! ```
//! use cotangent_runtime::{Pad, Tensor};
//!
//! let x = Tensor::from_fn(&[2, 3], |i| i as f64);
//! assert_eq!(x.permute(&[1, 0]).data(), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
//! assert_eq!(x.slice(1, 1..).sum_axis(1).data(), [3.0, 9.0]);
//! assert_eq!(x.max_axis(..).item(), 5.0);
//! assert_eq!(x.index_axis(0, -1).pad(&[(1, 0)], Pad::Edge).data(), [3.0, 3.0, 4.0, 5.0]);
//! assert_eq!(x.einsum("ij,kj->ik", &[&x]), x.matmul(&x.t()));
//! let image = x.reshape(&[1, 1, 2, 3]);
//! let kernel = Tensor::full(&[1, 1, 2, 2], 0.25);
//! assert_eq!(image.conv2d(&kernel, 1, 0).data(), [2.0, 3.0]);
//! ```

#[doc(hidden)]
pub mod constant;
mod eager;
mod einsum;
mod embedding;
pub(crate) mod half;
mod linear;
mod list;
mod loss;
mod mask;
mod network;
mod recorded;
mod reduce;
mod resample;
mod sequence;
mod shape;

pub use embedding::Bag;
pub use list::{concat, stack};
pub use resample::Resize;
pub use shape::Pad;

/// Gives methods to `Tensor<T>` and to `TensorHandle<'_, T>`, for a float T, and to tensors of the
/// half types.
macro_rules! both {
    ($($methods:tt)*) => {
        $crate::methods::half::eager! { $($methods)* }
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
