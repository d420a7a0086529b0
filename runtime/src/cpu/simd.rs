//! Plain loops compiled once per instruction set, for crates that forbid `unsafe`.
//!
//! A loop is a [`Body`]; [`Simd::run`] calls the copy of it that was compiled for the instruction
//! set in use. It knows nothing of what the loop does. Rust never contracts `a * b + c`, so the
//! copies compute the same digits.

use super::{Isa, isa};

/// A loop over captured slices. Mark `run` and everything hot that it calls `#[inline(always)]`,
/// lest the calls stay compiled for the baseline.
pub trait Body {
    /// What the loop results in.
    type Output;
    /// Runs the loop.
    fn run(self) -> Self::Output;
}

/// An instruction set that the machine is known to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Simd(Isa);

impl Simd {
    /// The one in use on this thread.
    ///
    /// ```
    /// use cotangent_runtime::cpu::{Body, Simd};
    /// struct Double<'a>(&'a mut [f32]);
    /// impl Body for Double<'_> {
    ///     type Output = ();
    ///     #[inline(always)]
    ///     fn run(self) {
    ///         for x in self.0 {
    ///             *x *= 2.0;
    ///         }
    ///     }
    /// }
    /// let mut values = [1.0, 2.5];
    /// Simd::detect().run(Double(&mut values));
    /// assert_eq!(values, [2.0, 5.0]);
    /// ```
    #[must_use]
    pub fn detect() -> Self {
        Self(isa())
    }

    /// Runs the copy of `body` for this instruction set.
    #[inline]
    pub fn run<B: Body>(self, body: B) -> B::Output {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the field is private and comes from `isa()`, which the machine has.
            Isa::Avx512 => unsafe { avx512(body) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Isa::Avx2 => unsafe { avx2(body) },
            _ => body.run(),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx2,fma")]
fn avx512<B: Body>(body: B) -> B::Output {
    body.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2<B: Body>(body: B) -> B::Output {
    body.run()
}
