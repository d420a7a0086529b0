//! How operands lie in memory, where that is not the type that a product computes in.
//!
//! An operand of two-byte floats is widened while it is copied into panels and strips, or while a dot product
//! reads it; nobody makes a widened copy of the whole. The digits are those of the product of widened operands.

use half::{bf16, f16};

use super::super::convert::Bits;
use super::super::vector::Vector;
use crate::DType;

/// What an operand is stored as; also the index into the kernels that read it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Stored {
    /// What the product computes in.
    #[default]
    Own = 0,
    /// Half precision, computed in `f32`.
    F16 = 1,
    /// The upper half of an `f32`.
    Bf16 = 2,
}

impl Stored {
    pub(super) fn of(dtype: DType) -> Stored {
        match dtype {
            DType::F16 => Stored::F16,
            DType::Bf16 => Stored::Bf16,
            _ => Stored::Own,
        }
    }

    /// Bytes of an element, in a product that computes in `T`.
    pub(super) fn bytes<T>(self) -> usize {
        match self {
            Stored::Own => size_of::<T>(),
            Stored::F16 | Stored::Bf16 => 2,
        }
    }
}

/// An element in memory that stands for a `T`.
pub(super) trait Source<T>: Copy {
    /// The value, exactly.
    fn value(self) -> T;

    /// As many values as a vector has lanes.
    ///
    /// # Safety
    /// The machine has the instruction set of the vector; `from` is valid for its lanes.
    unsafe fn load<V: Vector<Element = T>>(from: *const Self) -> V;

    /// `count` values, which are fewer than the lanes or as many, and zeros.
    ///
    /// # Safety
    /// As `load`, for `count` elements.
    unsafe fn load_part<V: Vector<Element = T>>(from: *const Self, count: usize) -> V;
}

impl<T: Copy> Source<T> for T {
    #[inline(always)]
    fn value(self) -> T {
        self
    }

    #[inline(always)]
    unsafe fn load<V: Vector<Element = T>>(from: *const T) -> V {
        // SAFETY: the caller's contract.
        unsafe { V::load(from) }
    }

    #[inline(always)]
    unsafe fn load_part<V: Vector<Element = T>>(from: *const T, count: usize) -> V {
        // SAFETY: the caller's contract.
        unsafe { V::load_part(from, V::mask(count)) }
    }
}

/// The most lanes of a vector.
const LANES: usize = 16;

macro_rules! widened {
    ($($half:ident)*) => {$(
        impl Source<f32> for $half {
            #[inline(always)]
            fn value(self) -> f32 {
                <$half as Bits>::expand(self.to_bits())
            }

            #[inline(always)]
            unsafe fn load<V: Vector<Element = f32>>(from: *const $half) -> V {
                // SAFETY: the caller's contract.
                unsafe { Self::load_part(from, V::LANES) }
            }

            #[inline(always)]
            unsafe fn load_part<V: Vector<Element = f32>>(from: *const $half, count: usize) -> V {
                let mut lanes = [0.0; LANES];
                for (lane, to) in lanes.iter_mut().enumerate().take(count) {
                    // SAFETY: the caller's contract.
                    *to = unsafe { *from.add(lane) }.value();
                }
                // SAFETY: no vector has more lanes.
                unsafe { V::load(lanes.as_ptr()) }
            }
        }
    )*};
}

widened! { f16 bf16 }
