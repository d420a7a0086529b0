//! Element types: what a tensor may hold.
//!
//! The set is closed: kernels, plans and checkpoints enumerate it. `Element` is sealed, so that a
//! `DType` always tells the truth about the bytes behind a pointer. `f16` and `bf16` are for storage:
//! every element names the type that it is computed in, and theirs is `f32`. What holds no floats has no
//! derivative; in a graph masks and integers are converted to its float type where they are used.

use std::borrow::Cow;
use std::fmt;

use half::{bf16, f16};

use crate::Leaves;
use crate::cpu::{Bits, narrow, widen};

/// The type of a tensor's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DType {
    /// `f16`: IEEE half precision, 11 bits of precision up to 65504; stored, and computed in `f32`.
    F16,
    /// `bf16`: 8 bits of precision with the range of `f32`; stored, and computed in `f32`.
    Bf16,
    /// `f32`
    F32,
    /// `f64`
    F64,
    /// `u32`: labels and indices; carries no derivatives.
    U32,
    /// `bool`: masks; carries no derivatives.
    Bool,
    /// `u8`: pixels and small codes; carries no derivatives.
    U8,
    /// `i64`: integers; carries no derivatives.
    I64,
}

impl DType {
    /// Bytes of one element.
    pub const fn size(self) -> usize {
        match self {
            DType::Bool | DType::U8 => 1,
            DType::F16 | DType::Bf16 => 2,
            DType::F32 | DType::U32 => 4,
            DType::F64 | DType::I64 => 8,
        }
    }

    /// Whether it is `f16` or `bf16`.
    pub const fn is_half(self) -> bool {
        matches!(self, DType::F16 | DType::Bf16)
    }

    /// Whether it is a type of floats.
    pub const fn is_float(self) -> bool {
        matches!(self, DType::F16 | DType::Bf16 | DType::F32 | DType::F64)
    }

    /// Whether a graph converts it to its own float type before the first use.
    pub(crate) const fn is_storage(self) -> bool {
        self.is_half() || matches!(self, DType::Bool | DType::U8 | DType::I64)
    }

    /// The bits of a float of this type, in the first bytes of a word.
    pub(crate) fn bits(self, value: f64) -> u64 {
        let mut bytes = [0; 8];
        match self {
            DType::F16 => bytes[..2].copy_from_slice(&f16::from_f64(value).to_ne_bytes()),
            DType::Bf16 => bytes[..2].copy_from_slice(&bf16::from_f64(value).to_ne_bytes()),
            DType::F32 => bytes[..4].copy_from_slice(&(value as f32).to_ne_bytes()),
            _ => bytes.copy_from_slice(&value.to_ne_bytes()),
        }
        u64::from_ne_bytes(bytes)
    }

    /// The Rust name.
    pub const fn name(self) -> &'static str {
        match self {
            DType::F16 => "f16",
            DType::Bf16 => "bf16",
            DType::F32 => "f32",
            DType::F64 => "f64",
            DType::U32 => "u32",
            DType::Bool => "bool",
            DType::U8 => "u8",
            DType::I64 => "i64",
        }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for half::f16 {}
    impl Sealed for half::bf16 {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
    impl Sealed for u32 {}
    impl Sealed for bool {}
    impl Sealed for u8 {}
    impl Sealed for i64 {}
}

/// A type that a tensor may hold: `f16`, `bf16`, `f32`, `f64`, `u32`, `bool`, `u8` or `i64`.
pub trait Element:
    sealed::Sealed
    + Copy
    + Default
    + PartialEq
    + PartialOrd
    + fmt::Debug
    + fmt::Display
    + Send
    + Sync
    + 'static
    + Leaves
{
    /// The type as a value.
    const DTYPE: DType;
    /// 0
    const ZERO: Self;
    /// 1
    const ONE: Self;
    /// What it is computed in: `f32` for `f16` and `bf16`, itself otherwise.
    type Compute: Element<Compute = Self::Compute>;
    /// The same value in the type that it is computed in.
    fn to_compute(self) -> Self::Compute;
    /// The nearest value of this type, ties to even.
    fn from_compute(value: Self::Compute) -> Self;
    /// As `to_compute`, for many.
    #[doc(hidden)]
    fn computed(elements: &[Self]) -> Cow<'_, [Self::Compute]>;
    /// As `from_compute`, for many.
    #[doc(hidden)]
    fn stored(values: Cow<'_, [Self::Compute]>) -> Vec<Self>;
}

/// A floating-point element that is computed in itself: `f32` or `f64`.
pub trait Float: Element<Compute = Self> {
    /// The nearest value.
    fn from_f64(value: f64) -> Self;
    /// The value in double precision.
    fn to_f64(self) -> f64;
}

/// A floating-point element of two bytes, which is stored and computed in `f32`: `f16` or `bf16`.
pub trait Half: Element<Compute = f32> + Bits {}

impl Half for f16 {}
impl Half for bf16 {}

macro_rules! element {
    ($($ty:ident $dtype:ident $zero:expr, $one:expr;)*) => {$(
        impl Element for $ty {
            const DTYPE: DType = DType::$dtype;
            const ZERO: $ty = $zero;
            const ONE: $ty = $one;
            type Compute = $ty;

            #[inline(always)]
            fn to_compute(self) -> $ty {
                self
            }

            #[inline(always)]
            fn from_compute(value: $ty) -> $ty {
                value
            }

            fn computed(elements: &[$ty]) -> Cow<'_, [$ty]> {
                Cow::Borrowed(elements)
            }

            fn stored(values: Cow<'_, [$ty]>) -> Vec<$ty> {
                values.into_owned()
            }
        }
    )*};
    (half $($ty:ident $dtype:ident;)*) => {$(
        impl Element for $ty {
            const DTYPE: DType = DType::$dtype;
            const ZERO: $ty = $ty::ZERO;
            const ONE: $ty = $ty::ONE;
            type Compute = f32;

            #[inline(always)]
            fn to_compute(self) -> f32 {
                self.to_f32()
            }

            #[inline(always)]
            fn from_compute(value: f32) -> $ty {
                $ty::from_f32(value)
            }

            fn computed(elements: &[$ty]) -> Cow<'_, [f32]> {
                let mut values = vec![0.0; elements.len()];
                widen(elements, &mut values);
                Cow::Owned(values)
            }

            fn stored(values: Cow<'_, [f32]>) -> Vec<$ty> {
                let mut elements = vec![<$ty as Element>::ZERO; values.len()];
                narrow(&values, &mut elements);
                elements
            }
        }
    )*};
}

element! {
    f32 F32 0.0, 1.0;
    f64 F64 0.0, 1.0;
    u32 U32 0, 1;
    bool Bool false, true;
    u8 U8 0, 1;
    i64 I64 0, 1;
}
element! { half f16 F16; bf16 Bf16; }

impl Float for f32 {
    #[inline(always)]
    fn from_f64(value: f64) -> f32 {
        value as f32
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
}

impl Float for f64 {
    #[inline(always)]
    fn from_f64(value: f64) -> f64 {
        value
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
}
