//! `Leaves` of tensors, floats and containers.

use half::{bf16, f16};

use crate::leaf::{Floats, FloatsMut, LeafView, LeafViewMut, Leaves, Path, StructureMismatch};
use crate::{Element, Tensor};

macro_rules! floats {
    ($($ty:ident $variant:ident;)*) => {$(
        impl Leaves for $ty {
            fn leaves(&self, path: &Path<'_>, visit: &mut impl FnMut(&Path<'_>, LeafView<'_>)) {
                let data = Floats::$variant(std::slice::from_ref(self));
                visit(path, LeafView::dense(&[], data));
            }

            fn leaves_mut(&mut self, path: &Path<'_>, visit: &mut impl FnMut(&Path<'_>, LeafViewMut<'_>)) {
                let data = FloatsMut::$variant(std::slice::from_mut(self));
                visit(path, LeafViewMut::dense(&[], data));
            }

            fn zip_leaves(
                &mut self,
                other: &Self,
                path: &Path<'_>,
                visit: &mut impl FnMut(&Path<'_>, LeafViewMut<'_>, LeafView<'_>),
            ) -> Result<(), StructureMismatch> {
                let view = LeafView::dense(&[], Floats::$variant(std::slice::from_ref(other)));
                let data = FloatsMut::$variant(std::slice::from_mut(self));
                visit(path, LeafViewMut::dense(&[], data), view);
                Ok(())
            }

            fn as_floats(values: &[Self]) -> Option<Floats<'_>> {
                Some(Floats::$variant(values))
            }

            fn as_floats_mut(values: &mut [Self]) -> Option<FloatsMut<'_>> {
                Some(FloatsMut::$variant(values))
            }
        }
    )*};
}

floats! { f16 F16; bf16 Bf16; f32 F32; f64 F64; }

/// A tensor of floats is a leaf; one of labels is none.
impl<T: Element> Leaves for Tensor<T> {
    #[inline]
    fn leaves(&self, path: &Path<'_>, visit: &mut impl FnMut(&Path<'_>, LeafView<'_>)) {
        if let Some(data) = T::as_floats(self.data()) {
            visit(path, LeafView::dense(self.shape(), data));
        }
    }

    #[inline]
    fn leaves_mut(&mut self, path: &Path<'_>, visit: &mut impl FnMut(&Path<'_>, LeafViewMut<'_>)) {
        let (shape, data) = self.parts_mut();
        if let Some(data) = T::as_floats_mut(data) {
            visit(path, LeafViewMut::dense(shape, data));
        }
    }

    #[inline]
    fn zip_leaves(
        &mut self,
        other: &Self,
        path: &Path<'_>,
        visit: &mut impl FnMut(&Path<'_>, LeafViewMut<'_>, LeafView<'_>),
    ) -> Result<(), StructureMismatch> {
        let Some(view) = T::as_floats(other.data()) else {
            return Ok(());
        };
        StructureMismatch::unless_alike(path, self.shape(), other.shape())?;
        let (shape, data) = self.parts_mut();
        if let Some(data) = T::as_floats_mut(data) {
            visit(
                path,
                LeafViewMut::dense(shape, data),
                LeafView::dense(other.shape(), view),
            );
        }
        Ok(())
    }
}

/// Values without floats.
macro_rules! no_leaves {
    ($($ty:ident)*) => {$(
        impl Leaves for $ty {
            fn leaves(&self, _: &Path<'_>, _: &mut impl FnMut(&Path<'_>, LeafView<'_>)) {}

            fn leaves_mut(&mut self, _: &Path<'_>, _: &mut impl FnMut(&Path<'_>, LeafViewMut<'_>)) {}

            fn zip_leaves(
                &mut self,
                _: &Self,
                _: &Path<'_>,
                _: &mut impl FnMut(&Path<'_>, LeafViewMut<'_>, LeafView<'_>),
            ) -> Result<(), StructureMismatch> {
                Ok(())
            }
        }
    )*};
}

no_leaves! { bool char u8 u16 u32 u64 usize i8 i16 i32 i64 isize }

impl<T: Leaves> Leaves for [T] {
    #[inline]
    fn leaves(&self, path: &Path<'_>, visit: &mut impl FnMut(&Path<'_>, LeafView<'_>)) {
        if let Some(data) = T::as_floats(self) {
            return visit(path, LeafView::dense(&[self.len()], data));
        }
        for (index, value) in self.iter().enumerate() {
            value.leaves(&Path::Index(path, index), visit);
        }
    }

    #[inline]
    fn leaves_mut(&mut self, path: &Path<'_>, visit: &mut impl FnMut(&Path<'_>, LeafViewMut<'_>)) {
        let shape = [self.len()];
        if let Some(data) = T::as_floats_mut(self) {
            return visit(path, LeafViewMut::dense(&shape, data));
        }
        for (index, value) in self.iter_mut().enumerate() {
            value.leaves_mut(&Path::Index(path, index), visit);
        }
    }

    #[inline]
    fn zip_leaves(
        &mut self,
        other: &Self,
        path: &Path<'_>,
        visit: &mut impl FnMut(&Path<'_>, LeafViewMut<'_>, LeafView<'_>),
    ) -> Result<(), StructureMismatch> {
        if self.len() != other.len() {
            return Err(StructureMismatch::at(
                path,
                format!("the lengths are {} and {}", self.len(), other.len()),
            ));
        }
        let shape = [self.len()];
        if let (Some(data), Some(view)) = (T::as_floats_mut(self), T::as_floats(other)) {
            let view = LeafView::dense(&shape, view);
            visit(path, LeafViewMut::dense(&shape, data), view);
            return Ok(());
        }
        for (index, (value, other)) in self.iter_mut().zip(other).enumerate() {
            value.zip_leaves(other, &Path::Index(path, index), visit)?;
        }
        Ok(())
    }
}

/// Containers that are walked as the slice of their elements.
macro_rules! slices {
    ($([$($generics:tt)*] $ty:ty;)*) => {$(
        impl<$($generics)*> Leaves for $ty {
            #[inline]
            fn leaves(&self, path: &Path<'_>, visit: &mut impl FnMut(&Path<'_>, LeafView<'_>)) {
                self.as_slice().leaves(path, visit);
            }

            #[inline]
            fn leaves_mut(&mut self, path: &Path<'_>, visit: &mut impl FnMut(&Path<'_>, LeafViewMut<'_>)) {
                self.as_mut_slice().leaves_mut(path, visit);
            }

            #[inline]
            fn zip_leaves(
                &mut self,
                other: &Self,
                path: &Path<'_>,
                visit: &mut impl FnMut(&Path<'_>, LeafViewMut<'_>, LeafView<'_>),
            ) -> Result<(), StructureMismatch> {
                self.as_mut_slice().zip_leaves(other.as_slice(), path, visit)
            }
        }
    )*};
}

slices! { [T: Leaves] Vec<T>; [T: Leaves, const N: usize] [T; N]; }

impl<T: Leaves> Leaves for Option<T> {
    fn leaves(&self, path: &Path<'_>, visit: &mut impl FnMut(&Path<'_>, LeafView<'_>)) {
        if let Some(value) = self {
            value.leaves(path, visit);
        }
    }

    fn leaves_mut(&mut self, path: &Path<'_>, visit: &mut impl FnMut(&Path<'_>, LeafViewMut<'_>)) {
        if let Some(value) = self {
            value.leaves_mut(path, visit);
        }
    }

    fn zip_leaves(
        &mut self,
        other: &Self,
        path: &Path<'_>,
        visit: &mut impl FnMut(&Path<'_>, LeafViewMut<'_>, LeafView<'_>),
    ) -> Result<(), StructureMismatch> {
        match (self, other) {
            (Some(value), Some(other)) => value.zip_leaves(other, path, visit),
            (None, None) => Ok(()),
            _ => Err(StructureMismatch::at(path, "one of them has no value here")),
        }
    }
}

macro_rules! tuples {
    ($(($($name:ident $index:tt),+))*) => {$(
        impl<$($name: Leaves),+> Leaves for ($($name,)+) {
            fn leaves(&self, path: &Path<'_>, visit: &mut impl FnMut(&Path<'_>, LeafView<'_>)) {
                $(self.$index.leaves(&Path::Index(path, $index), visit);)+
            }

            fn leaves_mut(&mut self, path: &Path<'_>, visit: &mut impl FnMut(&Path<'_>, LeafViewMut<'_>)) {
                $(self.$index.leaves_mut(&Path::Index(path, $index), visit);)+
            }

            fn zip_leaves(
                &mut self,
                other: &Self,
                path: &Path<'_>,
                visit: &mut impl FnMut(&Path<'_>, LeafViewMut<'_>, LeafView<'_>),
            ) -> Result<(), StructureMismatch> {
                $(self.$index.zip_leaves(&other.$index, &Path::Index(path, $index), visit)?;)+
                Ok(())
            }
        }
    )*};
}

tuples! {
    (A 0) (A 0, B 1) (A 0, B 1, C 2) (A 0, B 1, C 2, D 3) (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
}
