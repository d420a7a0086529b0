//! Single-precision functions that are computed in double precision and rounded once.
//!
//! The exponential and the logarithm of `double` carry 29 bits more than the result needs, so
//! plain formulas are right to the last bit but for ties, even where they cancel; a short series
//! serves the arguments at which they would lose everything. All are branch-free.

use super::double::{exp, ln};

/// Below this, a few terms of a series are exact to single precision.
const SMALL: f64 = 1e-4;

/// `e^x - 1`
#[inline(always)]
pub(super) fn exp_m1(x: f32) -> f32 {
    let x = f64::from(x);
    let y = if x.abs() < SMALL {
        x + x * x * (0.5 + x * (1.0 / 6.0))
    } else {
        exp(x) - 1.0
    };
    y as f32
}

/// `ln(1 + x)`
#[inline(always)]
pub(super) fn ln_1p(x: f32) -> f32 {
    let x = f64::from(x);
    let y = if x.abs() < SMALL {
        x - x * x * (0.5 - x * (1.0 / 3.0))
    } else {
        ln(1.0 + x)
    };
    y as f32
}

/// `2^x`
#[inline(always)]
pub(super) fn exp2(x: f32) -> f32 {
    exp(f64::from(x) * std::f64::consts::LN_2) as f32
}

/// Logarithm to base 2.
#[inline(always)]
pub(super) fn log2(x: f32) -> f32 {
    (ln(f64::from(x)) * std::f64::consts::LOG2_E) as f32
}

/// Logarithm to base 10.
#[inline(always)]
pub(super) fn log10(x: f32) -> f32 {
    (ln(f64::from(x)) * std::f64::consts::LOG10_E) as f32
}

/// Hyperbolic sine.
#[inline(always)]
pub(super) fn sinh(x: f32) -> f32 {
    let x = f64::from(x);
    let e = exp(x);
    let y = if x.abs() < SMALL {
        x + x * x * x * (1.0 / 6.0)
    } else {
        0.5 * (e - 1.0 / e)
    };
    y as f32
}

/// Hyperbolic cosine.
#[inline(always)]
pub(super) fn cosh(x: f32) -> f32 {
    let e = exp(f64::from(x));
    (0.5 * (e + 1.0 / e)) as f32
}

/// Inverse hyperbolic sine.
#[inline(always)]
pub(super) fn asinh(x: f32) -> f32 {
    let a = f64::from(x.abs());
    let y = if a < SMALL {
        a - a * a * a * (1.0 / 6.0)
    } else {
        ln(a + (a * a + 1.0).sqrt())
    };
    (y as f32).copysign(x)
}

/// Inverse hyperbolic cosine; NaN below 1.
#[inline(always)]
pub(super) fn acosh(x: f32) -> f32 {
    let x = f64::from(x);
    // Far below -1 the sum cancels to 0, whose logarithm is no NaN.
    let x = if x < 1.0 { f64::NAN } else { x };
    ln(x + (x * x - 1.0).sqrt()) as f32
}

/// Inverse hyperbolic tangent; NaN outside [-1, 1].
#[inline(always)]
pub(super) fn atanh(x: f32) -> f32 {
    let a = f64::from(x.abs());
    let y = if a < SMALL {
        a + a * a * a * (1.0 / 3.0)
    } else {
        0.5 * ln((1.0 + a) / (1.0 - a))
    };
    (y as f32).copysign(x)
}

/// `x^y`, with the special cases of IEEE 754.
#[inline(always)]
pub(super) fn powf(x: f32, y: f32) -> f32 {
    let exponent = f64::from(y);
    let a = x.abs();
    let power = exp(exponent * ln(f64::from(a))) as f32;
    // 1 to any power, anything to the power 0, and -1 to an infinite one.
    let one = x == 1.0 || y == 0.0 || (a == 1.0 && y.is_infinite());
    let power = if one { 1.0 } else { power };
    let whole = exponent.trunc() == exponent;
    let odd = whole && (0.5 * exponent).trunc() != 0.5 * exponent;
    let signed = if odd { -power } else { power };
    let undefined = x < 0.0 && !whole && a != f32::INFINITY && y != 0.0;
    let negative = if undefined { f32::NAN } else { signed };
    if x.is_sign_negative() {
        negative
    } else {
        power
    }
}
