//! Conversions between `f32` and the element types of two bytes.
//!
//! Widening is exact; narrowing rounds to the nearest value, ties to even, and what is too large
//! becomes infinite. A NaN stays a NaN, quiet, with the upper bits of its payload. The bodies are
//! arithmetic on bits without branches, compiled for every instruction set, so that the results are
//! the same on all of them.

use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};

use super::dispatch::{Vectorized, vectorized};
use crate::{DType, Half};

/// A type of two bytes by its bits.
pub trait Bits {
    /// The value of these bits.
    fn expand(bits: u16) -> f32;
    /// The bits of the nearest value.
    fn round(value: f32) -> u16;
    /// Elements as bits.
    fn bits(elements: &[Self]) -> &[u16]
    where
        Self: Sized;
    /// Elements as bits, for writing.
    fn bits_mut(elements: &mut [Self]) -> &mut [u16]
    where
        Self: Sized;
}

const SIGN: u32 = 0x8000_0000;
const INFINITE: u32 = 0x7f80_0000;
const QUIET: u32 = 0x0040_0000;

impl Bits for bf16 {
    #[inline(always)]
    fn expand(bits: u16) -> f32 {
        let wide = u32::from(bits) << 16;
        let nan = wide & !SIGN > INFINITE;
        f32::from_bits(wide | if nan { QUIET } else { 0 })
    }

    #[inline(always)]
    fn round(value: f32) -> u16 {
        let bits = value.to_bits();
        let even = 0x7fff + (bits >> 16 & 1);
        let nan = bits & !SIGN > INFINITE;
        // A carry out of the fraction is right: it makes the next power of two, or infinity.
        let rounded = if nan {
            bits | QUIET
        } else {
            bits.wrapping_add(even)
        };
        (rounded >> 16) as u16
    }

    fn bits(elements: &[bf16]) -> &[u16] {
        elements.reinterpret_cast()
    }

    fn bits_mut(elements: &mut [bf16]) -> &mut [u16] {
        elements.reinterpret_cast_mut()
    }
}

impl Bits for f16 {
    #[inline(always)]
    fn expand(bits: u16) -> f32 {
        // The exponent moves into its place with another bias, which a product by 2^112 corrects;
        // it makes numbers below the normal ones normal on the way.
        let magnitude = u32::from(bits & 0x7fff) << 13;
        let scaled = (f32::from_bits(magnitude) * f32::from_bits((127 + 112) << 23)).to_bits();
        let special = magnitude >= 0x0f80_0000;
        let nan = magnitude > 0x0f80_0000;
        let wide = scaled | if special { INFINITE } else { 0 } | if nan { QUIET } else { 0 };
        f32::from_bits(wide | u32::from(bits & 0x8000) << 16)
    }

    #[inline(always)]
    fn round(value: f32) -> u16 {
        let bits = value.to_bits();
        let magnitude = bits & !SIGN;
        // Of at least 2^-14: the fraction is rounded, and a carry goes into the exponent.
        let even = 0xfff + (magnitude >> 13 & 1);
        let normal = magnitude.wrapping_sub(112 << 23).wrapping_add(even) >> 13;
        // Smaller: a sum with a number whose last bit is the last bit of the result rounds it.
        let last = 126 << 23;
        let small = (f32::from_bits(magnitude) + f32::from_bits(last))
            .to_bits()
            .wrapping_sub(last);
        let finite = if magnitude < 113 << 23 { small } else { normal };
        let limited = if magnitude >= 143 << 23 {
            0x7c00
        } else {
            finite
        };
        let nan = 0x7e00 | (magnitude >> 13 & 0x3ff);
        let result = if magnitude > INFINITE { nan } else { limited };
        (result | (bits & SIGN) >> 16) as u16
    }

    fn bits(elements: &[f16]) -> &[u16] {
        elements.reinterpret_cast()
    }

    fn bits_mut(elements: &mut [f16]) -> &mut [u16] {
        elements.reinterpret_cast_mut()
    }
}

/// Widens every element.
///
/// ```
/// use cotangent_runtime::bf16;
/// use cotangent_runtime::cpu::{narrow, widen};
///
/// let mut rounded = [bf16::ZERO; 2];
/// narrow(&[1.0, 1.0 + 1.0 / 256.0], &mut rounded);
/// let mut back = [0.0; 2];
/// widen(&rounded, &mut back);
/// assert_eq!(back, [1.0, 1.0]); // a tie goes to the even one
/// ```
///
/// # Panics
/// When the lengths differ.
pub fn widen<H: Half>(from: &[H], to: &mut [f32]) {
    assert_eq!(from.len(), to.len(), "as many results as elements");
    vectorized(Widen::<H>(H::bits(from), to, std::marker::PhantomData));
}

/// Rounds every element to the nearest value, ties to even.
///
/// # Panics
/// When the lengths differ.
pub fn narrow<H: Half>(from: &[f32], to: &mut [H]) {
    assert_eq!(from.len(), to.len(), "as many results as elements");
    vectorized(Narrow::<H>(from, H::bits_mut(to), std::marker::PhantomData));
}

struct Widen<'s, H>(&'s [u16], &'s mut [f32], std::marker::PhantomData<H>);

impl<H: Bits> Vectorized for Widen<'_, H> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (to, &bits) in self.1.iter_mut().zip(self.0) {
            *to = H::expand(bits);
        }
    }
}

struct Narrow<'s, H>(&'s [f32], &'s mut [u16], std::marker::PhantomData<H>);

impl<H: Bits> Vectorized for Narrow<'_, H> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (to, &value) in self.1.iter_mut().zip(self.0) {
            *to = H::round(value);
        }
    }
}

/// Converts elements between `f32` and a type of two bytes, or masks and integers to `f32` or `f64`;
/// of two equal types, copies them.
///
/// # Safety
/// The pointers are valid for the elements of their types and do not overlap.
pub(crate) unsafe fn convert(
    (from_dtype, from): (DType, *const u8),
    (to_dtype, to): (DType, *mut u8),
    elements: usize,
) {
    /// # Safety
    /// As `convert`.
    unsafe fn widened<H: Half>(from: *const u8, to: *mut u8, elements: usize) {
        // SAFETY: the caller's contract.
        let (from, to) = unsafe { (slice(from.cast::<H>(), elements), slice_mut(to, elements)) };
        widen(from, to);
    }
    /// # Safety
    /// As `convert`.
    unsafe fn narrowed<H: Half>(from: *const u8, to: *mut u8, elements: usize) {
        // SAFETY: the caller's contract.
        let (from, to) = unsafe { (slice(from.cast(), elements), slice_mut::<H>(to, elements)) };
        narrow(from, to);
    }
    /// # Safety
    /// As `convert`, with `to` one of the two types that compute.
    unsafe fn counted<T: Copy>(
        from: *const u8,
        (dtype, to): (DType, *mut u8),
        elements: usize,
        number: impl Fn(T) -> f64,
    ) {
        // SAFETY: the caller's contract.
        unsafe {
            let from = slice(from.cast::<T>(), elements).iter();
            if dtype == DType::F64 {
                let to = slice_mut::<f64>(to, elements);
                to.iter_mut().zip(from).for_each(|(to, &x)| *to = number(x));
            } else {
                let to = slice_mut::<f32>(to, elements);
                to.iter_mut()
                    .zip(from)
                    .for_each(|(to, &x)| *to = number(x) as f32);
            }
        }
    }
    // SAFETY: the caller's contract.
    unsafe {
        match (from_dtype, to_dtype) {
            (DType::Bool, _) => counted(from, (to_dtype, to), elements, |x: bool| {
                f64::from(u8::from(x))
            }),
            (DType::U8, _) => counted(from, (to_dtype, to), elements, |x: u8| f64::from(x)),
            (DType::I64, _) => counted(from, (to_dtype, to), elements, |x: i64| x as f64),
            (a, b) if a.is_half() && b.is_half() => unreachable!("one of them is the graph's type"),
            (DType::F16, _) => widened::<f16>(from, to, elements),
            (DType::Bf16, _) => widened::<bf16>(from, to, elements),
            (_, DType::F16) => narrowed::<f16>(from, to, elements),
            (_, DType::Bf16) => narrowed::<bf16>(from, to, elements),
            (dtype, _) => std::ptr::copy_nonoverlapping(from, to, elements * dtype.size()),
        }
    }
}

/// # Safety
/// The pointer is valid for the elements, or there are none.
unsafe fn slice<'a, T>(from: *const T, elements: usize) -> &'a [T] {
    if elements == 0 {
        return &[];
    }
    // SAFETY: the caller's contract.
    unsafe { std::slice::from_raw_parts(from, elements) }
}

/// # Safety
/// The pointer is valid for the elements, which nobody else uses, or there are none.
unsafe fn slice_mut<'a, T>(to: *mut u8, elements: usize) -> &'a mut [T] {
    if elements == 0 {
        return &mut [];
    }
    // SAFETY: the caller's contract.
    unsafe { std::slice::from_raw_parts_mut(to.cast(), elements) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::{Isa, with_isa};

    /// The conversions of the `half` crate, one by one, and their bits.
    trait Peer: Half {
        fn of(bits: u16) -> Self;
        fn wide(self) -> f32;
        fn near(value: f32) -> u16;
    }

    macro_rules! peer {
        ($($ty:ident)*) => {$(
            impl Peer for $ty {
                fn of(bits: u16) -> $ty {
                    $ty::from_bits(bits)
                }

                fn wide(self) -> f32 {
                    self.to_f32()
                }

                fn near(value: f32) -> u16 {
                    $ty::from_f32(value).to_bits()
                }
            }
        )*};
    }

    peer! { f16 bf16 }

    fn all_values_widen<H: Peer>() {
        let values: Vec<H> = (0..=u16::MAX).map(H::of).collect();
        for &isa in Isa::available() {
            let mut wide = vec![0.0; values.len()];
            with_isa(isa, || widen(&values, &mut wide));
            for (value, wide) in values.iter().zip(&wide) {
                assert_eq!(wide.to_bits(), value.wide().to_bits(), "{value} on {isa:?}");
            }
        }
    }

    #[test]
    fn every_value_widens_to_itself() {
        all_values_widen::<f16>();
        all_values_widen::<bf16>();
    }

    fn rounds_like_the_peer<H: Peer>() {
        let mut values = Vec::new();
        // Every value, the midpoints between neighbours, and what lies next to either.
        for bits in 0..=u16::MAX {
            let (a, b) = (H::of(bits).wide(), H::of(bits.wrapping_add(1)).wide());
            for value in [a, a / 2.0 + b / 2.0] {
                let bits = value.to_bits();
                values
                    .extend([bits.wrapping_sub(1), bits, bits.wrapping_add(1)].map(f32::from_bits));
            }
        }
        let mut state = 1_u32;
        for _ in 0..100_000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            values.push(f32::from_bits(state));
        }
        for &isa in Isa::available() {
            let mut rounded = vec![H::ZERO; values.len()];
            with_isa(isa, || narrow(&values, &mut rounded));
            for (value, &bits) in values.iter().zip(H::bits(&rounded)) {
                let near = H::near(*value);
                assert_eq!(bits, near, "{value:e} {:x} on {isa:?}", value.to_bits());
            }
        }
    }

    #[test]
    fn rounding_is_that_of_another_implementation() {
        rounds_like_the_peer::<f16>();
        rounds_like_the_peer::<bf16>();
    }
}
