//! What stands on the other side of an elementwise method: a tensor, borrowed or not, or a number.

use std::borrow::Cow;

use super::Tensor;
use crate::{Element, Float, bf16, f16};

/// The other operand of an elementwise method of tensors of type `X`.
///
/// ```
/// use cotangent_runtime::Tensor;
///
/// let x = Tensor::from_vec(&[3], vec![-1.0, 0.5, 2.0])?;
/// assert_eq!(x.maximum(0.0).data(), [0.0, 0.5, 2.0]);
/// assert_eq!(x.greater(0.0).choose(&x, &(&x * 0.1)).data(), [-0.1, 0.5, 2.0]);
/// assert_eq!(x.maximum(&-&x), x.abs());
/// # Ok::<(), cotangent_runtime::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no operand of a method of `{X}`",
    label = "it takes a tensor of the same type, or a number",
    note = "convert an integer by `as f32` (or `as f64`); labels and masks become numbers by `to_float()`"
)]
pub trait Operand<X: Clone> {
    /// The operand as a tensor; a number has rank 0.
    fn whole(&self) -> Cow<'_, X>;
}

impl<T: Element> Operand<Tensor<T>> for Tensor<T> {
    fn whole(&self) -> Cow<'_, Tensor<T>> {
        Cow::Borrowed(self)
    }
}

impl<T: Element> Operand<Tensor<T>> for &Tensor<T> {
    fn whole(&self) -> Cow<'_, Tensor<T>> {
        Cow::Borrowed(self)
    }
}

impl<T: Element> Operand<Tensor<T>> for &&Tensor<T> {
    fn whole(&self) -> Cow<'_, Tensor<T>> {
        Cow::Borrowed(self)
    }
}

impl<T: Float> Operand<Tensor<T>> for T {
    fn whole(&self) -> Cow<'_, Tensor<T>> {
        Cow::Owned(Tensor::scalar(*self))
    }
}

macro_rules! halves {
    ($($half:ident)*) => {$(
        impl Operand<Tensor<$half>> for f32 {
            fn whole(&self) -> Cow<'_, Tensor<$half>> {
                Cow::Owned(Tensor::scalar($half::from_f32(*self)))
            }
        }
    )*};
}

halves! { f16 bf16 }
