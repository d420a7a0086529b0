//! Single precision: `exp`, `ln` and what is built from them, without branches.

pub(super) use super::trigonometric::{cos, sin, tan};
pub(super) use super::widened::{
    acosh, asinh, atanh, cosh, exp_m1, exp2, ln_1p, log2, log10, powf, sinh,
};

/// `e^x`, by `x = n ln 2 + r`. Rounding by a magic number and two powers of two keep it
/// vectorisable and right down to the subnormals.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    const MAGIC: f32 = 12_582_912.0;
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let x = if x < -104.0 { -104.0 } else { x };
    let x = if x > 89.0 { 89.0 } else { x };
    let shifted = x * std::f32::consts::LOG2_E + MAGIC;
    let n = shifted - MAGIC;
    let r = x - n * LN2_HIGH - n * LN2_LOW;
    let mut p = 1.0 / 5040.0;
    for c in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5] {
        p = p * r + c;
    }
    let y = 1.0 + (r + r * r * p);
    let n = shifted.to_bits().wrapping_sub(MAGIC.to_bits()) as i32;
    let half = n >> 1;
    let power = |k: i32| f32::from_bits((k.wrapping_add(127) << 23) as u32);
    y * power(half) * power(n.wrapping_sub(half))
}

/// Natural logarithm, by `x = 2^e m` with m around 1 and the series of `2 artanh(f / (2 + f))`.
#[inline(always)]
pub(super) fn ln(x: f32) -> f32 {
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    const SQRT_HALF: u32 = 0x3f35_04f3;
    let tiny = x < f32::MIN_POSITIVE;
    let scaled = if tiny { x * 33_554_432.0 } else { x };
    let bits = scaled.to_bits().wrapping_add(0x3f80_0000 - SQRT_HALF);
    let e = (bits >> 23) as i32 - if tiny { 127 + 25 } else { 127 };
    let m = f32::from_bits((bits & 0x007f_ffff).wrapping_add(SQRT_HALF));
    let e = e as f32;
    let f = m - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let mut p = 2.0 / 11.0;
    for c in [2.0 / 9.0, 2.0 / 7.0, 2.0 / 5.0, 2.0 / 3.0] {
        p = p * z + c;
    }
    let h = 0.5 * f * f;
    let y = s * (h + z * p) + e * LN2_LOW - h + f + e * LN2_HIGH;
    let y = if x > 0.0 { y } else { f32::NAN };
    let y = if x == 0.0 { f32::NEG_INFINITY } else { y };
    if x == f32::INFINITY { x } else { y }
}

/// Hyperbolic tangent: a minimax polynomial near 0, `1 - 2 / (e^2x + 1)` elsewhere.
#[inline(always)]
pub(super) fn tanh(x: f32) -> f32 {
    let a = x.abs();
    let z = x * x;
    let mut p = -5.704_988_7e-3;
    for c in [2.063_909e-2, -5.373_971_6e-2, 1.333_144_2e-1, -3.333_328e-1] {
        p = p * z + c;
    }
    let near = x + x * z * p;
    let far = (1.0 - 2.0 / (exp(2.0 * a) + 1.0)).copysign(x);
    if a < 0.625 { near } else { far }
}

/// The logistic function, from `e^-|x|`, which cannot overflow; corrected for the rounding of `1 + e`.
#[inline(always)]
pub(super) fn sigmoid(x: f32) -> f32 {
    let e = exp(-x.abs());
    let u = 1.0 + e;
    let top = if x < 0.0 { e } else { 1.0 };
    let y = top / u;
    let reciprocal = if x < 0.0 { 1.0 - y } else { y };
    y - y * reciprocal * (e - (u - 1.0))
}

/// `max(x, 0) + ln(1 + e^-|x|)`; the logarithm is corrected for the rounding of `1 + e`.
#[inline(always)]
pub(super) fn softplus(x: f32) -> f32 {
    let e = exp(-x.abs());
    let u = 1.0 + e;
    let positive = if x < 0.0 { 0.0 } else { x };
    positive + (ln(u) + (e - (u - 1.0)) / u)
}

/// The error function: `x + x p(x^2)` below 1, and `1 - e^-q(|x|)` above, where q is fitted to
/// `-ln erfc`. Both are Chebyshev fits, with errors of 0.02 units in the last place.
#[inline(always)]
pub(super) fn erf(x: f32) -> f32 {
    const NEAR: [f32; 7] = [
        7.875_875e-5,
        -8.016_864e-4,
        5.189_087e-3,
        -2.685_421_2e-2,
        1.128_359_4e-1,
        -3.761_262_6e-1,
        1.283_791_7e-1,
    ];
    const FAR: [f32; 9] = [
        -1.637_151_4e-6,
        4.605_804e-5,
        -5.968_056_5e-4,
        4.759_596_3e-3,
        -2.642_113_5e-2,
        1.100_800_86e-1,
        6.318_26e-1,
        1.130_233_4,
        -3.201_380_6e-4,
    ];
    let polynomial = |coefficients: &[f32], at: f32| {
        let mut p = coefficients[0];
        for c in &coefficients[1..] {
            p = p * at + c;
        }
        p
    };
    let a = x.abs();
    // From 4 on the result is 1; NaN goes through.
    let a = if a > 4.0 { 4.0 } else { a };
    let near = x + x * polynomial(&NEAR, x * x);
    let far = (1.0 - exp(-polynomial(&FAR, a))).copysign(x);
    if a < 1.0 { near } else { far }
}

/// The special functions, in double precision: they are cheap beside their series.
macro_rules! special {
    ($($name:ident)*) => {$(
        #[inline(always)]
        pub(super) fn $name(x: f32) -> f32 {
            super::special::$name(f64::from(x)) as f32
        }
    )*};
}

special! { erfc erfinv lgamma digamma bessel_i0e bessel_i1e }
