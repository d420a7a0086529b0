//! A fused elementwise kernel: a straight-line scalar body, compiled over rows.
//!
//! The body is written once, by `kernel!`; the macro wraps it into one row function per
//! instruction set. A row has unit stride and no notion of rank: everything about shapes is the
//! driver's work (`FusedPlan`). The expansion holds the only unsafe code that a user's crate gets,
//! and rustc accepts it there under `forbid(unsafe_code)`.

use std::fmt;

use crate::DType;

/// A kernel over one row: `n` elements from every input to every output, each of unit stride.
///
/// # Safety
/// There must be as many valid, aligned pointers to `n` elements of the kernel's type as the kernel
/// has inputs and outputs; no output may overlap anything else; the machine must have the
/// instruction set that the function was compiled for.
pub type Row = unsafe fn(inputs: *const *const u8, outputs: *const *mut u8, n: usize);

/// A fused elementwise kernel; lives in a `static`.
pub struct Kernel {
    /// Its name, or nothing.
    pub name: &'static str,
    /// The element type of all inputs and outputs.
    pub dtype: DType,
    /// How many inputs it has.
    pub inputs: usize,
    /// How many outputs it has.
    pub outputs: usize,
    /// The body in the text form of the IR.
    pub rust: &'static str,
    /// The body as a CUDA device function.
    pub cuda: &'static str,
    /// The row functions, indexed by [`Isa`](crate::cpu::Isa).
    pub rows: [Row; 3],
}

impl fmt::Debug for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kernel({} {}: {})", self.name, self.dtype, self.rust)
    }
}

/// Makes a [`Kernel`]: an expression that may stand in a `static`.
///
/// ```
/// use cotangent_runtime::cpu::{Kernel, kernel};
/// static AXPY: Kernel = kernel! {
///     f32, "axpy", "y = a * x + y", "", (a, x, y) -> (out) { let ax = a * x; (ax + y,) }
/// };
/// assert_eq!((AXPY.inputs, AXPY.outputs), (3, 1));
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __kernel {
    ($ty:ident, $name:expr, $rust:expr, $cuda:expr,
     ($($x:ident),* $(,)?) -> ($($y:ident),* $(,)?) { $($body:tt)* }) => {{
        // The slices are parameters, because that is where rustc tells LLVM that they don't alias.
        #[inline(always)]
        #[allow(unused_variables, clippy::all, reason = "the body is generated code")]
        fn row($($x: &[$ty],)* $($y: &mut [$ty],)* n: usize) {
            $(let $x = &$x[..n];)*
            $(let $y = &mut $y[..n];)*
            for i in 0..n {
                let ($($x,)*) = ($($x[i],)*);
                ($($y[i],)*) = { $($body)* };
            }
        }
        #[inline(always)]
        #[allow(unused, reason = "a kernel may have no inputs")]
        unsafe fn slices(inputs: *const *const u8, outputs: *const *mut u8, n: usize) {
            let mut k = 0;
            // SAFETY: the caller passes as many pointers as there are inputs, each valid for n.
            $(let $x = unsafe { ::core::slice::from_raw_parts((*inputs.add(k)).cast::<$ty>(), n) };
              k += 1;)*
            let mut k = 0;
            // SAFETY: as above for outputs, which overlap nothing else.
            $(let $y = unsafe { ::core::slice::from_raw_parts_mut((*outputs.add(k)).cast::<$ty>(), n) };
              k += 1;)*
            row($($x,)* $($y,)* n)
        }
        unsafe fn portable(inputs: *const *const u8, outputs: *const *mut u8, n: usize) {
            // SAFETY: the caller's contract is the same.
            unsafe { slices(inputs, outputs, n) }
        }
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2,fma")]
        unsafe fn avx2(inputs: *const *const u8, outputs: *const *mut u8, n: usize) {
            // SAFETY: the caller's contract is the same.
            unsafe { slices(inputs, outputs, n) }
        }
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx2,fma")]
        unsafe fn avx512(inputs: *const *const u8, outputs: *const *mut u8, n: usize) {
            // SAFETY: the caller's contract is the same.
            unsafe { slices(inputs, outputs, n) }
        }
        #[cfg(not(target_arch = "x86_64"))]
        use {portable as avx2, portable as avx512};
        $crate::cpu::Kernel {
            name: $name,
            dtype: <$ty as $crate::Element>::DTYPE,
            inputs: <[&str]>::len(&[$(::core::stringify!($x)),*]),
            outputs: <[&str]>::len(&[$(::core::stringify!($y)),*]),
            rust: $rust,
            cuda: $cuda,
            rows: [portable, avx2, avx512],
        }
    }};
}
