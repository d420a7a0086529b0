//! How precise matrix products of `f32` must be: chosen for each thread, like the instruction set.
//!
//! A plan keeps what it was made under: a program plans for every new set of shapes as it was bound.

use std::cell::Cell;

/// What matrix products of `f32` may do to their operands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// Nothing.
    #[default]
    Full,
    /// Round them to `bf16`, which has 8 bits of precision, where the machine multiplies those faster and the
    /// product is large enough; products are exact and sums are taken in `f32`. With K terms in a
    /// sum, the error is at most (2^-7 + 2^-16 + 2^-23 K) times the sum of the magnitudes of the terms, and numbers
    /// below 2^-126 count as 0, those above 3.38e38 as infinite.
    Bf16,
}

thread_local! {
    static CHOSEN: Cell<Precision> = const { Cell::new(Precision::Full) };
}

/// The precision in use on this thread.
pub fn precision() -> Precision {
    CHOSEN.get()
}

/// Runs `f` with another precision on this thread: programs that are bound inside, and products that are made
/// there, use it, in the backward pass too. `report()` says of a product that it is rounded. Scalars, sums,
/// convolutions, attention and recurrent layers are always computed in full.
///
/// ```
/// use cotangent_runtime::Tensor;
/// use cotangent_runtime::cpu::{Precision, with_precision};
/// let x = Tensor::from_fn(&[64, 64], |i| (i as f32 * 0.618).fract() - 0.5);
/// let (full, rounded) = (x.matmul(&x), with_precision(Precision::Bf16, || x.matmul(&x)));
/// let error = (full - rounded).data().iter().fold(0.0_f32, |worst, x| worst.max(x.abs()));
/// // 64 terms of at most 0.25.
/// assert!(error <= 64.0 * 0.25 / 128.0);
/// ```
pub fn with_precision<R>(precision: Precision, f: impl FnOnce() -> R) -> R {
    struct Restore(Precision);
    impl Drop for Restore {
        fn drop(&mut self) {
            CHOSEN.set(self.0);
        }
    }
    let _restore = Restore(CHOSEN.replace(precision));
    f()
}
