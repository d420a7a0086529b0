//! What a bound program can yield: floats, tensors, and tuples of them.

use super::builder::ValueId;
use super::differentiable::{Differentiable, Handle};
use crate::{DType, Element, Float, Tensor};

/// Where a result goes: the type of its elements, and the first one.
pub(crate) type Slot = (DType, *mut u8);

/// The result type of a bound program.
#[diagnostic::on_unimplemented(
    message = "a program cannot yield `{Self}`",
    label = "neither a float, nor a tensor, nor a tuple of them"
)]
pub trait Returned: Differentiable + Sized {
    /// The values of a handle, in order.
    fn ids(handle: &Handle<'_, '_, Self>, into: &mut Vec<ValueId>);

    /// A value with the given shapes, one for each float or tensor in it.
    fn blank(shapes: &mut dyn Iterator<Item = &[usize]>) -> Self;

    /// Whether the shapes are these.
    fn has(&self, shapes: &mut dyn Iterator<Item = &[usize]>) -> bool;

    /// Where the elements go, in order, and their types.
    fn slots(&mut self, into: &mut Vec<Slot>);
}

macro_rules! floats {
    ($($ty:ident)*) => {$(
        impl Returned for $ty {
            fn ids(handle: &Handle<'_, '_, Self>, into: &mut Vec<ValueId>) {
                into.push(handle.id());
            }

            fn blank(shapes: &mut dyn Iterator<Item = &[usize]>) -> Self {
                let _scalar = shapes.next();
                0.0
            }

            fn has(&self, shapes: &mut dyn Iterator<Item = &[usize]>) -> bool {
                shapes.next().is_some_and(<[usize]>::is_empty)
            }

            fn slots(&mut self, into: &mut Vec<Slot>) {
                into.push((<$ty as Element>::DTYPE, std::ptr::from_mut(self).cast()));
            }
        }
    )*};
}

floats!(f32 f64);

impl<T: Element<Compute: Float>> Returned for Tensor<T> {
    fn ids(handle: &Handle<'_, '_, Self>, into: &mut Vec<ValueId>) {
        into.push(handle.id());
    }

    fn blank(shapes: &mut dyn Iterator<Item = &[usize]>) -> Self {
        Tensor::zeros(shapes.next().unwrap_or_default())
    }

    fn has(&self, shapes: &mut dyn Iterator<Item = &[usize]>) -> bool {
        shapes.next() == Some(self.shape())
    }

    fn slots(&mut self, into: &mut Vec<Slot>) {
        into.push((T::DTYPE, self.data_mut().as_mut_ptr().cast()));
    }
}

macro_rules! tuples {
    ($(($($name:ident $index:tt),+))*) => {$(
        impl<$($name: Returned),+> Returned for ($($name,)+) {
            fn ids(handle: &Handle<'_, '_, Self>, into: &mut Vec<ValueId>) {
                $($name::ids(&handle.$index, into);)+
            }

            fn blank(shapes: &mut dyn Iterator<Item = &[usize]>) -> Self {
                ($($name::blank(shapes),)+)
            }

            fn has(&self, shapes: &mut dyn Iterator<Item = &[usize]>) -> bool {
                true $(&& self.$index.has(shapes))+
            }

            fn slots(&mut self, into: &mut Vec<Slot>) {
                $(self.$index.slots(into);)+
            }
        }
    )*};
}

tuples! {
    (A 0) (A 0, B 1) (A 0, B 1, C 2) (A 0, B 1, C 2, D 3) (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
}
