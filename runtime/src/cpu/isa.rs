//! Which instruction set the kernels use: detected once, overridable.
//!
//! `COTANGENT_ISA=portable|avx2|avx512` chooses a lower one than the machine has; tests choose one
//! per thread with `with_isa`. A set that the machine lacks is never returned.

use std::cell::Cell;
use std::sync::OnceLock;

/// An instruction set that kernels are compiled for; also the index into `Kernel::rows`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Isa {
    /// What the target guarantees.
    Portable = 0,
    /// AVX2 and FMA.
    Avx2 = 1,
    /// AVX-512 F, VL and DQ, and FMA.
    Avx512 = 2,
}

impl Isa {
    /// All of them that this machine has, lowest first.
    pub fn available() -> &'static [Isa] {
        const ALL: [Isa; 3] = [Isa::Portable, Isa::Avx2, Isa::Avx512];
        &ALL[..=detect() as usize]
    }
}

/// The item of an instruction set: `for_isa!(isa, portable neon avx2 avx512 :: ITEM)` is a reference to
/// `ITEM` in the module for it, of which only those of this architecture need exist.
macro_rules! for_isa {
    ($isa:expr, $portable:ident $neon:ident $avx2:ident $avx512:ident :: $item:ident) => {
        match $isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => &$avx512::$item,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => &$avx2::$item,
            #[cfg(target_arch = "aarch64")]
            Isa::Portable => &$neon::$item,
            _ => &$portable::$item,
        }
    };
}
pub(super) use for_isa;

#[cfg(target_arch = "x86_64")]
fn detect() -> Isa {
    let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    let avx512 = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512dq");
    match (avx2, avx512) {
        (true, true) => Isa::Avx512,
        (true, false) => Isa::Avx2,
        _ => Isa::Portable,
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn detect() -> Isa {
    Isa::Portable
}

thread_local! {
    static OVERRIDE: Cell<Option<Isa>> = const { Cell::new(None) };
}

/// The instruction set in use on this thread.
pub fn isa() -> Isa {
    static DETECTED: OnceLock<Isa> = OnceLock::new();
    OVERRIDE.get().unwrap_or_else(|| {
        *DETECTED.get_or_init(|| {
            let wanted = match std::env::var("COTANGENT_ISA").as_deref() {
                Ok("portable") => Isa::Portable,
                Ok("avx2") => Isa::Avx2,
                _ => Isa::Avx512,
            };
            wanted.min(detect())
        })
    })
}

/// Runs `f` with another instruction set on this thread: plans made inside use it. A set that the
/// machine lacks is replaced by the best one it has.
pub fn with_isa<R>(isa: Isa, f: impl FnOnce() -> R) -> R {
    struct Restore(Option<Isa>);
    impl Drop for Restore {
        fn drop(&mut self) {
            OVERRIDE.set(self.0);
        }
    }
    let _restore = Restore(OVERRIDE.replace(Some(isa.min(detect()))));
    f()
}
