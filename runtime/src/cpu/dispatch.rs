//! Safe multiversioning: one body, compiled for every instruction set, picked at run time.
//!
//! The body is a method of a small struct that holds its operands, because an inlined method is
//! what takes over the instruction set of its caller; a closure need not be inlined. This file
//! knows nothing of what is computed. No product and sum are contracted, so a body gives the same
//! bits on every instruction set, unless it names a fused operation itself.

use super::isa::{Isa, isa};

/// Work that is worth compiling once per instruction set.
pub trait Vectorized {
    /// What it yields.
    type Output;

    /// The work. Implementations must be `#[inline(always)]`, and so must what they call in their
    /// loops: a function that stays a call is compiled for the instruction set of the target alone.
    fn run(self) -> Self::Output;
}

/// Runs `work` compiled for the instruction set in use on this thread ([`isa`]).
///
/// ```
/// use cotangent_runtime::cpu::{Vectorized, vectorized};
///
/// struct Scale<'s>(&'s mut [f32], f32);
/// impl Vectorized for Scale<'_> {
///     type Output = ();
///     #[inline(always)]
///     fn run(self) {
///         self.0.iter_mut().for_each(|x| *x *= self.1);
///     }
/// }
/// let mut x = [1.0, 2.0, 3.0];
/// vectorized(Scale(&mut x, 2.0));
/// assert_eq!(x, [2.0, 4.0, 6.0]);
/// ```
#[inline]
pub fn vectorized<W: Vectorized>(work: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2,fma")]
        fn avx2<W: Vectorized>(work: W) -> W::Output {
            work.run()
        }
        #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx2,fma")]
        fn avx512<W: Vectorized>(work: W) -> W::Output {
            work.run()
        }
        match isa() {
            // SAFETY: `isa` names only what the machine has.
            Isa::Avx512 => return unsafe { avx512(work) },
            // SAFETY: as above.
            Isa::Avx2 => return unsafe { avx2(work) },
            Isa::Portable => {}
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _: Isa = isa();
    work.run()
}
