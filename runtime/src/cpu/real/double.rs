//! Double precision: `exp`, `ln` and what is built from them, without branches.

pub(super) use super::erf::erf;

const LN2_HIGH: f64 = f64::from_bits(0x3fe6_2e42_fee0_0000);
const LN2_LOW: f64 = f64::from_bits(0x3dea_39ef_3579_3c76);
const MAGIC: f64 = 6_755_399_441_055_744.0;
/// Coefficients of `(e^r - 1 - r) / r^2` after the first, highest power first.
const EXPONENTIAL: [f64; 11] = [
    1.0 / 479_001_600.0,
    1.0 / 39_916_800.0,
    1.0 / 3_628_800.0,
    1.0 / 362_880.0,
    1.0 / 40_320.0,
    1.0 / 5040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    0.5,
];

/// `e^x`, by `x = n ln 2 + r`. Rounding by a magic number and two powers of two keep it
/// vectorisable and right down to the subnormals.
#[inline(always)]
pub(super) fn exp(x: f64) -> f64 {
    let x = if x < -746.0 { -746.0 } else { x };
    let x = if x > 710.0 { 710.0 } else { x };
    let shifted = x * std::f64::consts::LOG2_E + MAGIC;
    let n = shifted - MAGIC;
    let r = x - n * LN2_HIGH - n * LN2_LOW;
    let mut p = 1.0 / 6_227_020_800.0;
    for c in EXPONENTIAL {
        p = p * r + c;
    }
    scale(1.0 + (r + r * r * p), shifted)
}

/// `y 2^n`, where `shifted` is n added to `MAGIC`. The halves are taken by logical shifts of a biased
/// number: arithmetic 64-bit shifts do not vectorise before AVX-512.
#[inline(always)]
fn scale(y: f64, shifted: f64) -> f64 {
    let biased = shifted
        .to_bits()
        .wrapping_sub(MAGIC.to_bits())
        .wrapping_add(2048);
    let half = biased >> 1;
    let power = |k: u64| f64::from_bits(k.wrapping_sub(1).wrapping_shl(52));
    y * power(half) * power(biased.wrapping_sub(half))
}

/// Natural logarithm, by `x = 2^e m` with m around 1 and the series of `2 artanh(f / (2 + f))`.
#[inline(always)]
pub(super) fn ln(x: f64) -> f64 {
    const SQRT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
    let tiny = x < f64::MIN_POSITIVE;
    let scaled = if tiny {
        x * 18_014_398_509_481_984.0
    } else {
        x
    };
    let bits = scaled
        .to_bits()
        .wrapping_add(0x3ff0_0000_0000_0000 - SQRT_HALF);
    let bias = if tiny { 1023.0 + 54.0 } else { 1023.0 };
    // An integer below 2^51 added to the bits of MAGIC is that integer added to MAGIC.
    let e = f64::from_bits(MAGIC.to_bits().wrapping_add(bits >> 52)) - MAGIC - bias;
    let m = f64::from_bits((bits & 0x000f_ffff_ffff_ffff).wrapping_add(SQRT_HALF));
    let f = m - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let mut p = 2.0 / 21.0;
    for c in [
        2.0 / 19.0,
        2.0 / 17.0,
        2.0 / 15.0,
        2.0 / 13.0,
        2.0 / 11.0,
        2.0 / 9.0,
        2.0 / 7.0,
        2.0 / 5.0,
        2.0 / 3.0,
    ] {
        p = p * z + c;
    }
    let h = 0.5 * f * f;
    let y = s * (h + z * p) + e * LN2_LOW - h + f + e * LN2_HIGH;
    let y = if x > 0.0 { y } else { f64::NAN };
    let y = if x == 0.0 { f64::NEG_INFINITY } else { y };
    if x == f64::INFINITY { x } else { y }
}

/// Hyperbolic tangent: a rational function near 0, `1 - 2 / (e^2x + 1)` elsewhere.
#[inline(always)]
pub(super) fn tanh(x: f64) -> f64 {
    let a = x.abs();
    let z = x * x;
    let p =
        (-9.643_991_794_250_522e-1 * z - 9.928_772_310_019_186e1) * z - 1.614_687_684_417_084_5e3;
    let q = ((z + 1.128_116_784_916_329_3e2) * z + 2.235_488_390_601_004_5e3) * z
        + 4.844_063_053_251_255e3;
    let near = x + x * z * (p / q);
    let far = (1.0 - 2.0 / (exp(2.0 * a) + 1.0)).copysign(x);
    if a < 0.625 { near } else { far }
}

/// The logistic function, from `e^-|x|`, which cannot overflow.
#[inline(always)]
pub(super) fn sigmoid(x: f64) -> f64 {
    let e = exp(-x.abs());
    let top = if x < 0.0 { e } else { 1.0 };
    top / (1.0 + e)
}

/// `max(x, 0) + ln(1 + e^-|x|)`; the logarithm is corrected for the rounding of `1 + e`.
#[inline(always)]
pub(super) fn softplus(x: f64) -> f64 {
    let e = exp(-x.abs());
    let u = 1.0 + e;
    let positive = if x < 0.0 { 0.0 } else { x };
    positive + (ln(u) + (e - (u - 1.0)) / u)
}

pub(super) use super::special::{bessel_i0e, bessel_i1e, digamma, erfc, erfinv, lgamma};

/// `e^x - 1`: with `x = n ln 2 + r`, the sum of `2^n (e^r - 1)` and `2^n - 1`. From 40 on the 1 is
/// below the last bit.
#[inline(always)]
pub(super) fn exp_m1(x: f64) -> f64 {
    // Beyond 40 either way the result is that of the exponential or -1.
    let bounded = if x < -40.0 { -40.0 } else { x };
    let bounded = if bounded > 40.0 { 40.0 } else { bounded };
    let shifted = bounded * std::f64::consts::LOG2_E + MAGIC;
    let n = shifted - MAGIC;
    let r = bounded - n * LN2_HIGH - n * LN2_LOW;
    let mut p = 1.0 / 6_227_020_800.0;
    for c in EXPONENTIAL {
        p = p * r + c;
    }
    let biased = shifted
        .to_bits()
        .wrapping_sub(MAGIC.to_bits())
        .wrapping_add(1023);
    let power = f64::from_bits(biased.wrapping_shl(52));
    let y = power * (r + r * r * p) + (power - 1.0);
    // The sum loses the sign of -0.
    let y = if x == 0.0 { x } else { y };
    if x > 40.0 { exp(x) } else { y }
}

/// `ln(1 + x)`: the logarithm of the rounded sum, corrected for its rounding.
#[inline(always)]
pub(super) fn ln_1p(x: f64) -> f64 {
    let u = 1.0 + x;
    let y = ln(u) + (x - (u - 1.0)) / u;
    // Nothing to correct, and nothing to divide by.
    let y = if x.abs() < f64::EPSILON { x } else { y };
    if u == 0.0 || u == f64::INFINITY {
        ln(u)
    } else {
        y
    }
}

/// `2^x`, by `x = n + r`, where the exponential of `r ln 2` is taken.
#[inline(always)]
pub(super) fn exp2(x: f64) -> f64 {
    let x = if x < -1080.0 { -1080.0 } else { x };
    let x = if x > 1025.0 { 1025.0 } else { x };
    let shifted = x + MAGIC;
    let r = (x - (shifted - MAGIC)) * std::f64::consts::LN_2;
    let mut p = 1.0 / 6_227_020_800.0;
    for c in EXPONENTIAL {
        p = p * r + c;
    }
    scale(1.0 + (r + r * r * p), shifted)
}

macro_rules! of_std {
    ($($name:ident)*) => {$(
        /// As `std` has it.
        #[inline(always)]
        pub(super) fn $name(x: f64) -> f64 {
            x.$name()
        }
    )*};
}

of_std! { sin cos tan log2 log10 sinh cosh asinh acosh atanh }

/// As `std` has it.
#[inline(always)]
pub(super) fn powf(x: f64, y: f64) -> f64 {
    x.powf(y)
}
