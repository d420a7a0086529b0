//! Tensors as ndarrays, and as text.

use std::fmt;

use ndarray::{ArrayD, ArrayView, ArrayViewD, ArrayViewMutD, Dimension, IxDyn};

use super::Tensor;
use crate::Element;

impl<T: Element> Tensor<T> {
    /// A copy of an ndarray, of any rank and layout. One that is owned becomes a tensor without a
    /// copy: `Tensor::from(array)`.
    #[must_use]
    pub fn from_ndarray<D: Dimension>(array: &ArrayView<'_, T, D>) -> Self {
        Tensor::built(array.shape().to_vec(), array.iter().copied().collect())
    }

    /// A view of the elements as an ndarray.
    #[must_use]
    #[track_caller]
    pub fn as_ndarray(&self) -> ArrayViewD<'_, T> {
        match ArrayViewD::from_shape(self.shape.clone(), self.data()) {
            Ok(view) => view,
            Err(error) => panic!("a tensor of shape {:?} is no ndarray: {error}", self.shape),
        }
    }

    /// A view of the elements as an ndarray, for writing; copies them first if they are shared.
    #[must_use]
    #[track_caller]
    pub fn as_ndarray_mut(&mut self) -> ArrayViewMutD<'_, T> {
        let shape = self.shape.clone();
        match ArrayViewMutD::from_shape(shape, self.data_mut()) {
            Ok(view) => view,
            Err(error) => panic!("a tensor is no ndarray: {error}"),
        }
    }

    /// The elements as an owned ndarray: those that came from a vector or an ndarray and are not
    /// shared are not copied. (What an operation computed lies in aligned memory, which an ndarray
    /// cannot own.)
    #[must_use]
    #[track_caller]
    pub fn into_ndarray(self) -> ArrayD<T> {
        let shape = self.shape.clone();
        match ArrayD::from_shape_vec(IxDyn(&shape), self.into_vec()) {
            Ok(array) => array,
            Err(error) => panic!("a tensor of shape {shape:?} is no ndarray: {error}"),
        }
    }
}

/// Without a copy, if the elements are in row-major order and nothing lies around them.
impl<T: Element, D: Dimension> From<ndarray::Array<T, D>> for Tensor<T> {
    fn from(array: ndarray::Array<T, D>) -> Self {
        let shape = array.shape().to_vec();
        if !array.is_standard_layout() {
            return Tensor::from_ndarray(&array.view());
        }
        let count = array.len();
        let (mut elements, offset) = array.into_raw_vec_and_offset();
        if let Some(offset @ 1..) = offset {
            elements.drain(..offset);
        }
        elements.truncate(count);
        Tensor::built(shape, elements)
    }
}

/// As ndarray shows it: nested lists, long ones shortened; precision and width go to the elements.
impl<T: Element> fmt::Display for Tensor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ndarray().fmt(f)
    }
}

/// As [`Display`](fmt::Display), with the shape and the element type.
impl<T: Element> fmt::Debug for Tensor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)?;
        write!(f, ", shape={:?}, {}", self.shape, T::DTYPE)
    }
}
