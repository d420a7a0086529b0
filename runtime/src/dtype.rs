//! Element types: what a tensor may hold.
//!
//! The set is closed: kernels, plans and checkpoints enumerate it. `Element` is sealed, so that a
//! `DType` always tells the truth about the bytes behind a pointer.

use std::fmt;

/// The type of a tensor's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DType {
    /// `f32`
    F32,
    /// `f64`
    F64,
    /// `u32`: labels and indices; carries no derivatives.
    U32,
}

impl DType {
    /// Bytes of one element.
    pub const fn size(self) -> usize {
        match self {
            DType::F32 | DType::U32 => 4,
            DType::F64 => 8,
        }
    }

    /// The bits of a float of this type, in the first bytes of a word.
    pub(crate) fn bits(self, value: f64) -> u64 {
        let mut bytes = [0; 8];
        match self {
            DType::F32 => bytes[..4].copy_from_slice(&(value as f32).to_ne_bytes()),
            DType::F64 | DType::U32 => bytes.copy_from_slice(&value.to_ne_bytes()),
        }
        u64::from_ne_bytes(bytes)
    }

    /// The Rust name.
    pub const fn name(self) -> &'static str {
        match self {
            DType::F32 => "f32",
            DType::F64 => "f64",
            DType::U32 => "u32",
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
    impl Sealed for f32 {}
    impl Sealed for f64 {}
    impl Sealed for u32 {}
}

/// A type that a tensor may hold: `f32`, `f64` or `u32`.
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
{
    /// The type as a value.
    const DTYPE: DType;
    /// 0
    const ZERO: Self;
    /// 1
    const ONE: Self;
}

/// A floating-point element: `f32` or `f64`.
pub trait Float: Element {
    /// The nearest value.
    fn from_f64(value: f64) -> Self;
    /// The value in double precision.
    fn to_f64(self) -> f64;
}

macro_rules! element {
    ($($ty:ident $dtype:ident $zero:literal $one:literal;)*) => {$(
        impl Element for $ty {
            const DTYPE: DType = DType::$dtype;
            const ZERO: $ty = $zero;
            const ONE: $ty = $one;
        }
    )*};
}

element! {
    f32 F32 0.0 1.0;
    f64 F64 0.0 1.0;
    u32 U32 0 1;
}

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
