//! `Differentiable`: the values that a program can take, and how they appear in `instantiate`.
//!
//! Inside `instantiate` no tensor is reachable: every argument is replaced by its handle, a mirror
//! of its structure in which tensors and floats are `TensorHandle`s and everything else is itself.

use super::builder::{Builder, TensorHandle};
use super::static_call::NoShapes;
use super::static_shape::StaticShape;
use super::walk::{GradientWalk, Walk};
use crate::{Element, Tensor};

/// The handle of a value of type `T`.
pub type Handle<'h, 'b, T> = <T as Differentiable>::Handle<'h, 'b>;

/// A value that a `#[differentiable]` function over tensors can take.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of a `#[differentiable]` function over tensors",
    label = "not differentiable",
    note = "put `#[derive(Differentiable)]` on the struct"
)]
pub trait Differentiable {
    /// What stands for it in `instantiate`.
    type Handle<'h, 'b>
    where
        Self: 'h;

    /// The declared shapes of its leaves, by field.
    type Shapes: Copy;

    /// What is known of them when the crate is compiled.
    const SHAPES: Self::Shapes;

    /// Makes the handle; leaves are found by their address.
    fn handle<'h, 'b>(&'h self, builder: &'b Builder) -> Self::Handle<'h, 'b>;

    /// Records the leaves and what the plan depends on.
    fn walk(&self, walk: &mut Walk);

    /// Records where the gradient of each leaf goes; first makes `self` a gradient of the
    /// structure of `primal` if it is not.
    fn walk_gradient(&mut self, primal: &Self, walk: &mut GradientWalk);

    /// A gradient of zeros.
    #[must_use]
    fn zeros_like(&self) -> Self;
}

/// A handle of a structure, through which its methods are called.
#[diagnostic::on_unimplemented(
    message = "a method of `{Self}` has no derivative here",
    label = "not a method that a differentiable function can call",
    note = "tensor methods are in the documentation of `Tensor`; for a method of your own, put `#[differentiable]` on it and `#[derive(Differentiable)]` on its struct"
)]
pub trait Receiver {
    /// The structure.
    type Host;

    /// The host value behind the handle.
    fn host(&self) -> &Self::Host;
}

impl<R: Receiver + ?Sized> Receiver for &R {
    type Host = R::Host;

    fn host(&self) -> &R::Host {
        (**self).host()
    }
}

/// What no graph is for a function of numbers: so a call of one from tensor code is an error.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Function}` is a function of numbers, and is called from tensor code",
    label = "its arguments are values of a graph here",
    note = "map it over a tensor, `x.map(f)`, which a number becomes by `Tensor::scalar(number)`; or write the formula here; what does not depend on tensors goes into `no_diff!(..)`"
)]
pub trait OverGraphs<Function> {}

/// Reports a method call on a structure that was built inside a differentiable function.
#[doc(hidden)]
#[track_caller]
pub fn no_host() -> ! {
    panic!(
        "a method was called on a structure built inside a `#[differentiable]` function; make it a free function"
    )
}

#[diagnostic::do_not_recommend]
impl<T: Element> Differentiable for Tensor<T> {
    // In a graph a tensor has the type that it is computed in: `f16` and `bf16` are storage.
    type Handle<'h, 'b> = TensorHandle<'b, T::Compute>;
    type Shapes = StaticShape;
    const SHAPES: StaticShape = StaticShape::UNKNOWN;

    fn handle<'b>(&self, builder: &'b Builder) -> TensorHandle<'b, T::Compute> {
        builder.leaf(std::ptr::from_ref(self) as usize)
    }

    fn walk(&self, walk: &mut Walk) {
        let address = std::ptr::from_ref(self) as usize;
        walk.tensor(address, self.shape(), self.data().as_ptr().cast(), T::DTYPE);
    }

    fn walk_gradient(&mut self, primal: &Self, walk: &mut GradientWalk) {
        if self.shape() != primal.shape() {
            *self = primal.zeros_like();
        }
        walk.leaf(|| self.data_mut().as_mut_ptr().cast());
    }

    fn zeros_like(&self) -> Self {
        Tensor::zeros(self.shape())
    }
}

macro_rules! floats {
    ($($ty:ident)*) => {$(
        #[diagnostic::do_not_recommend]
        impl Differentiable for $ty {
            type Handle<'h, 'b> = TensorHandle<'b, $ty>;
            type Shapes = StaticShape;
            const SHAPES: StaticShape = StaticShape::SCALAR;

            fn handle<'b>(&self, builder: &'b Builder) -> TensorHandle<'b, $ty> {
                builder.leaf(std::ptr::from_ref(self) as usize)
            }

            fn walk(&self, walk: &mut Walk) {
                let address = std::ptr::from_ref(self) as usize;
                let dtype = <$ty as Element>::DTYPE;
                walk.float(address, dtype.bits(f64::from(*self)), dtype);
            }

            fn walk_gradient(&mut self, _primal: &Self, walk: &mut GradientWalk) {
                walk.leaf(|| std::ptr::from_mut(self).cast());
            }

            fn zeros_like(&self) -> Self {
                0.0
            }
        }
    )*};
}

floats!(f32 f64);

/// Host values: part of the plan's key, themselves in `instantiate`.
macro_rules! host {
    ($($ty:ty)*) => {$(
        #[diagnostic::do_not_recommend]
        impl Differentiable for $ty {
            type Handle<'h, 'b> = $ty;
            type Shapes = NoShapes;
            const SHAPES: NoShapes = NoShapes;

            fn handle(&self, _builder: &Builder) -> $ty {
                *self
            }

            fn walk(&self, walk: &mut Walk) {
                // Only equality matters for a key.
                walk.word(*self as u64);
            }

            fn walk_gradient(&mut self, primal: &Self, _walk: &mut GradientWalk) {
                *self = *primal;
            }

            fn zeros_like(&self) -> Self {
                *self
            }
        }
    )*};
}

host!(bool u8 u16 u32 u64 usize i8 i16 i32 i64 isize char);

impl<T: Differentiable> Differentiable for Option<T> {
    type Handle<'h, 'b>
        = Option<T::Handle<'h, 'b>>
    where
        T: 'h;
    type Shapes = T::Shapes;
    const SHAPES: T::Shapes = T::SHAPES;

    fn handle<'h, 'b>(&'h self, builder: &'b Builder) -> Self::Handle<'h, 'b> {
        self.as_ref().map(|value| value.handle(builder))
    }

    fn walk(&self, walk: &mut Walk) {
        walk.word(u64::from(self.is_some()));
        if let Some(value) = self {
            value.walk(walk);
        }
    }

    fn walk_gradient(&mut self, primal: &Self, walk: &mut GradientWalk) {
        if self.is_some() != primal.is_some() {
            *self = primal.zeros_like();
        }
        if let (Some(value), Some(primal)) = (self, primal) {
            value.walk_gradient(primal, walk);
        }
    }

    fn zeros_like(&self) -> Self {
        self.as_ref().map(T::zeros_like)
    }
}

impl<T: Differentiable> Differentiable for Vec<T> {
    type Handle<'h, 'b>
        = Vec<T::Handle<'h, 'b>>
    where
        T: 'h;
    type Shapes = NoShapes;
    const SHAPES: NoShapes = NoShapes;

    fn handle<'h, 'b>(&'h self, builder: &'b Builder) -> Self::Handle<'h, 'b> {
        self.iter().map(|value| value.handle(builder)).collect()
    }

    fn walk(&self, walk: &mut Walk) {
        walk.word(self.len() as u64);
        for (index, value) in self.iter().enumerate() {
            walk.element(index, |walk| value.walk(walk));
        }
    }

    fn walk_gradient(&mut self, primal: &Self, walk: &mut GradientWalk) {
        if self.len() != primal.len() {
            *self = primal.zeros_like();
        }
        for (value, primal) in self.iter_mut().zip(primal) {
            value.walk_gradient(primal, walk);
        }
    }

    fn zeros_like(&self) -> Self {
        self.iter().map(T::zeros_like).collect()
    }
}

impl<T: Differentiable, const N: usize> Differentiable for [T; N] {
    type Handle<'h, 'b>
        = [T::Handle<'h, 'b>; N]
    where
        T: 'h;
    type Shapes = NoShapes;
    const SHAPES: NoShapes = NoShapes;

    fn handle<'h, 'b>(&'h self, builder: &'b Builder) -> Self::Handle<'h, 'b> {
        std::array::from_fn(|index| self[index].handle(builder))
    }

    fn walk(&self, walk: &mut Walk) {
        for (index, value) in self.iter().enumerate() {
            walk.element(index, |walk| value.walk(walk));
        }
    }

    fn walk_gradient(&mut self, primal: &Self, walk: &mut GradientWalk) {
        for (value, primal) in self.iter_mut().zip(primal) {
            value.walk_gradient(primal, walk);
        }
    }

    fn zeros_like(&self) -> Self {
        std::array::from_fn(|index| self[index].zeros_like())
    }
}

macro_rules! tuples {
    ($(($($name:ident $index:tt),+))*) => {$(
        impl<$($name: Differentiable),+> Differentiable for ($($name,)+) {
            type Handle<'h, 'b> = ($($name::Handle<'h, 'b>,)+) where $($name: 'h),+;
            type Shapes = NoShapes;
            const SHAPES: NoShapes = NoShapes;

            fn handle<'h, 'b>(&'h self, builder: &'b Builder) -> Self::Handle<'h, 'b> {
                ($(self.$index.handle(builder),)+)
            }

            fn walk(&self, walk: &mut Walk) {
                $(walk.element($index, |walk| self.$index.walk(walk));)+
            }

            fn walk_gradient(&mut self, primal: &Self, walk: &mut GradientWalk) {
                $(self.$index.walk_gradient(&primal.$index, walk);)+
            }

            fn zeros_like(&self) -> Self {
                ($(self.$index.zeros_like(),)+)
            }
        }
    )*};
}

tuples! {
    (A 0) (A 0, B 1) (A 0, B 1, C 2) (A 0, B 1, C 2, D 3) (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
}
