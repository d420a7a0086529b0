//! The scalar operations of kernels, by the names that the macro prints.
//!
//! Every operation is an `#[inline(always)]` method, so that it is compiled for the instruction
//! set of the row function around it. The ones that training spends its time in (`exp`, `ln`,
//! `tanh`, `sigmoid`, `softplus`, `erf` and their kin, in single precision also `sin`, `cos` and `tan`)
//! are branch-free polynomials that vectorise; the rest is `std`. No product and sum are contracted: a fused kernel and the same operations one by one give
//! the same bits, on every machine.

mod double;
#[allow(
    clippy::excessive_precision,
    clippy::approx_constant,
    reason = "fitted coefficients"
)]
mod erf;
#[allow(clippy::excessive_precision, reason = "fitted coefficients")]
mod single;
mod special;
mod trigonometric;
mod widened;

use std::iter::{Product, Sum};
use std::ops::{
    Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Rem, RemAssign, Sub, SubAssign,
};

use crate::Float;

macro_rules! real {
    (
        unary { $($(#[$unary_doc:meta])* $unary:ident;)* }
        binary { $($(#[$binary_doc:meta])* $binary:ident;)* }
        own_binary { $($(#[$pair_doc:meta])* $pair:ident;)* }
        own { $($(#[$own_doc:meta])* $own:ident;)* }
    ) => {
        /// `f32` or `f64`, with the operations that floats have: what a function that is generic over
        /// its float type asks for.
        ///
        /// A number in generic code is `T::from_f64(0.5)`. A float of a kernel's body is one, too.
        pub trait Real:
            Float
            // Tensor code takes and yields floats as it does tensors.
            + crate::graph::Rank0
            + Add<Output = Self>
            + Sub<Output = Self>
            + Mul<Output = Self>
            + Div<Output = Self>
            + Rem<Output = Self>
            + Neg<Output = Self>
            + AddAssign
            + SubAssign
            + MulAssign
            + DivAssign
            + RemAssign
            + Sum
            + Product
            + for<'a> Sum<&'a Self>
            + for<'a> Product<&'a Self>
        {
            /// Infinity.
            const INFINITY: Self;
            /// Minus infinity.
            const NEG_INFINITY: Self;
            /// Not a number.
            const NAN: Self;
            /// The distance from 1 to the next larger number.
            const EPSILON: Self;
            /// The number of this type nearest to `value`: how generic code writes a literal.
            fn of(value: f64) -> Self;
            /// Whether it is not a number.
            fn is_nan(self) -> bool;
            /// Whether it is neither infinite nor NaN.
            fn is_finite(self) -> bool;
            /// `x` held between `low` and `high`.
            ///
            /// # Panics
            /// If `low` is above `high`, or one of them is NaN.
            fn clamp(self, low: Self, high: Self) -> Self;
            /// The logarithm to a base.
            fn log(self, base: Self) -> Self;
            /// Degrees in radians.
            fn to_radians(self) -> Self;
            /// Radians in degrees.
            fn to_degrees(self) -> Self;
            /// The part behind the point, with the sign of `x`.
            fn fract(self) -> Self;
            $($(#[$unary_doc])* fn $unary(self) -> Self;)*
            $($(#[$binary_doc])* fn $binary(self, other: Self) -> Self;)*
            $($(#[$pair_doc])* fn $pair(self, other: Self) -> Self;)*
            $($(#[$own_doc])* fn $own(self) -> Self;)*
            /// `max(x, 0)`; NaN stays NaN.
            fn relu(self) -> Self;
            /// `x^n` by repeated squaring.
            fn powi(self, n: i32) -> Self;
            /// `x * b + c`, rounded once.
            fn mul_add(self, b: Self, c: Self) -> Self;
            /// `if condition { a } else { b }`, both evaluated.
            fn select(condition: bool, a: Self, b: Self) -> Self;
            /// An integer as a float.
            fn to_float(n: i32) -> Self;
            /// `n - 1`: the exponent in the derivative of `powi`.
            fn decrement(n: i32) -> i32;
            /// Derivative number n of `digamma`, for n from 1.
            fn polygamma(self, n: i32) -> Self;
        }

        real!(@impl f32 single { $($unary)* } { $($binary)* } { $($pair)* } { $($own)* });
        real!(@impl f64 double { $($unary)* } { $($binary)* } { $($pair)* } { $($own)* });
    };
    (@impl $ty:ident $module:ident { $($unary:ident)* } { $($binary:ident)* } { $($pair:ident)* } { $($own:ident)* }) => {
        impl Real for $ty {
            const INFINITY: $ty = <$ty>::INFINITY;
            const NEG_INFINITY: $ty = <$ty>::NEG_INFINITY;
            const NAN: $ty = <$ty>::NAN;
            const EPSILON: $ty = <$ty>::EPSILON;
            #[inline(always)]
            fn of(value: f64) -> $ty {
                value as $ty
            }
            #[inline(always)]
            fn is_nan(self) -> bool {
                <$ty>::is_nan(self)
            }
            #[inline(always)]
            fn is_finite(self) -> bool {
                <$ty>::is_finite(self)
            }
            #[inline(always)]
            fn clamp(self, low: $ty, high: $ty) -> $ty {
                <$ty>::clamp(self, low, high)
            }
            #[inline(always)]
            fn log(self, base: $ty) -> $ty {
                <$ty>::log(self, base)
            }
            #[inline(always)]
            fn to_radians(self) -> $ty {
                <$ty>::to_radians(self)
            }
            #[inline(always)]
            fn to_degrees(self) -> $ty {
                <$ty>::to_degrees(self)
            }
            #[inline(always)]
            fn fract(self) -> $ty {
                <$ty>::fract(self)
            }
            $(#[inline(always)]
            fn $unary(self) -> $ty {
                <$ty>::$unary(self)
            })*
            $(#[inline(always)]
            fn $binary(self, other: $ty) -> $ty {
                <$ty>::$binary(self, other)
            })*
            $(#[inline(always)]
            fn $pair(self, other: $ty) -> $ty {
                $module::$pair(self, other)
            })*
            $(#[inline(always)]
            fn $own(self) -> $ty {
                $module::$own(self)
            })*
            #[inline(always)]
            fn relu(self) -> $ty {
                if self <= 0.0 { 0.0 } else { self }
            }
            #[inline(always)]
            fn powi(self, n: i32) -> $ty {
                let (mut power, mut rest, mut product) = (self, n.unsigned_abs(), 1.0);
                while rest > 0 {
                    if rest & 1 == 1 {
                        product *= power;
                    }
                    power *= power;
                    rest >>= 1;
                }
                if n < 0 { 1.0 / product } else { product }
            }
            #[inline(always)]
            fn mul_add(self, b: $ty, c: $ty) -> $ty {
                <$ty>::mul_add(self, b, c)
            }
            #[inline(always)]
            fn select(condition: bool, a: $ty, b: $ty) -> $ty {
                if condition { a } else { b }
            }
            #[inline(always)]
            fn to_float(n: i32) -> $ty {
                n as $ty
            }
            #[inline(always)]
            fn decrement(n: i32) -> i32 {
                n.wrapping_sub(1)
            }
            #[inline(always)]
            fn polygamma(self, n: i32) -> $ty {
                special::polygamma(f64::from(self), n) as $ty
            }
        }
    };
}

real! {
    unary {
        /// `|x|`
        abs;
        /// square root
        sqrt;
        /// real cube root
        cbrt;
        /// `1 / x`
        recip;
        /// arcsine
        asin;
        /// arccosine
        acos;
        /// arctangent
        atan;
        /// largest integer not above x
        floor;
        /// smallest integer not below x
        ceil;
        /// nearest integer, ties away from zero
        round;
        /// integer part
        trunc;
        /// 1 or -1 by the sign bit
        signum;
    }
    binary {
        /// the angle of the point (other, self)
        atan2;
        /// `sqrt(x^2 + y^2)` without overflow
        hypot;
        /// the larger one; the other one if one is NaN
        max;
        /// the smaller one; the other one if one is NaN
        min;
        /// |self| with the sign of other
        copysign;
    }
    own_binary {
        /// `x^y`
        powf;
    }
    own {
        /// `e^x`
        exp;
        /// natural logarithm
        ln;
        /// hyperbolic tangent
        tanh;
        /// `1 / (1 + e^-x)`
        sigmoid;
        /// `ln(1 + e^x)` without overflow
        softplus;
        /// the error function
        erf;
        /// `1 - erf(x)`, accurate in its tail
        erfc;
        /// the inverse of the error function
        erfinv;
        /// `ln |Gamma(x)|`
        lgamma;
        /// the derivative of `ln Gamma(x)`
        digamma;
        /// `e^-|x| I0(x)`
        bessel_i0e;
        /// `e^-|x| I1(x)`
        bessel_i1e;
        /// sine
        sin;
        /// cosine
        cos;
        /// tangent
        tan;
        /// `2^x`
        exp2;
        /// `e^x - 1`, accurate near 0
        exp_m1;
        /// logarithm to base 2
        log2;
        /// logarithm to base 10
        log10;
        /// `ln(1 + x)`, accurate near 0
        ln_1p;
        /// hyperbolic sine
        sinh;
        /// hyperbolic cosine
        cosh;
        /// inverse hyperbolic sine
        asinh;
        /// inverse hyperbolic cosine
        acosh;
        /// inverse hyperbolic tangent
        atanh;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ulps32(got: f32, want: f64) -> f64 {
        let rounded = want as f32;
        if got == rounded || (got.is_nan() && want.is_nan()) {
            return 0.0;
        }
        let ulp = (f32::from_bits(rounded.abs().to_bits() + 1) - rounded.abs())
            .max(f32::MIN_POSITIVE * f32::EPSILON);
        (f64::from(got) - want).abs() / f64::from(ulp)
    }

    fn sweep32(name: &str, bound: f64, f: fn(f32) -> f32, want: fn(f64) -> f64) {
        let mut worst = (0.0, 0.0);
        for bits in (0..=u32::MAX).step_by(stride()) {
            let x = f32::from_bits(bits);
            let error = ulps32(f(x), want(f64::from(x)));
            assert!(!error.is_nan(), "{name}({x}) = {}", f(x));
            if error > worst.0 {
                worst = (error, x);
            }
        }
        println!("{name}: at most {:.4} ulp, at {:e}", worst.0, worst.1);
        assert!(
            worst.0 <= bound,
            "{name}({}) is wrong by {} ulp",
            worst.1,
            worst.0
        );
    }

    /// `scripts/ulp.sh` visits every float; a test run visits a million.
    fn stride() -> usize {
        std::env::var("COTANGENT_ULP_STRIDE").map_or(4099, |stride| stride.parse().unwrap())
    }

    fn sweep64(name: &str, f: fn(f64) -> f64, want: fn(f64) -> f64) {
        for bits in (0..=u64::MAX).step_by(0x0000_1357_9bdf_0245) {
            let x = f64::from_bits(bits);
            let (got, right) = (f(x), want(x));
            let same = got == right || (got.is_nan() && right.is_nan());
            let error = (got - right).abs()
                / (right.abs() * f64::EPSILON + f64::MIN_POSITIVE * f64::EPSILON);
            assert!(same || error <= 4.0, "{name}({x}) = {got}, not {right}");
        }
    }

    fn sigmoid(x: f64) -> f64 {
        if x < 0.0 {
            x.exp() / (1.0 + x.exp())
        } else {
            1.0 / (1.0 + (-x).exp())
        }
    }

    fn softplus(x: f64) -> f64 {
        if x < 0.0 {
            x.exp().ln_1p()
        } else {
            x + (-x).exp().ln_1p()
        }
    }

    #[test]
    fn single_precision_is_within_two_ulp_of_std_in_double() {
        sweep32("exp", 2.0, Real::exp, f64::exp);
        sweep32("ln", 2.0, Real::ln, f64::ln);
        sweep32("tanh", 2.0, Real::tanh, f64::tanh);
        sweep32("sigmoid", 2.0, Real::sigmoid, sigmoid);
        sweep32("softplus", 2.0, Real::softplus, softplus);
        sweep32("erf", 2.0, Real::erf, Real::erf);
        // Rounded once from double precision: half a unit, and a hair for ties.
        sweep32("exp_m1", 0.5001, Real::exp_m1, f64::exp_m1);
        sweep32("ln_1p", 0.5001, Real::ln_1p, f64::ln_1p);
        sweep32("exp2", 0.5001, Real::exp2, f64::exp2);
        sweep32("log2", 0.5001, Real::log2, f64::log2);
        sweep32("log10", 0.5001, Real::log10, f64::log10);
        sweep32("sinh", 0.5001, Real::sinh, f64::sinh);
        sweep32("cosh", 0.5001, Real::cosh, f64::cosh);
        sweep32("asinh", 0.5001, Real::asinh, f64::asinh);
        sweep32("acosh", 0.5001, Real::acosh, f64::acosh);
        sweep32("atanh", 0.5001, Real::atanh, f64::atanh);
        // So are these, from polynomials within 1e-11.
        sweep32("sin", 0.501, Real::sin, f64::sin);
        sweep32("cos", 0.501, Real::cos, f64::cos);
        sweep32("tan", 0.501, Real::tan, f64::tan);
    }

    #[test]
    fn double_precision_agrees_with_std() {
        sweep64("exp", Real::exp, f64::exp);
        sweep64("ln", Real::ln, f64::ln);
        sweep64("tanh", Real::tanh, f64::tanh);
        sweep64("sigmoid", Real::sigmoid, sigmoid);
        sweep64("softplus", Real::softplus, softplus);
        sweep64("exp_m1", Real::exp_m1, f64::exp_m1);
        sweep64("ln_1p", Real::ln_1p, f64::ln_1p);
        sweep64("exp2", Real::exp2, f64::exp2);
    }

    #[test]
    fn powers_agree_with_std_for_all_pairs_of_special_and_ordinary_values() {
        let ordinary = (0..4096_u32).map(|i| f32::from_bits(i.wrapping_mul(0x9E37_79B9)));
        let special = [
            0.0,
            1.0,
            0.5,
            2.0,
            3.0,
            1.5,
            1e-45,
            f32::MAX,
            f32::INFINITY,
            f32::NAN,
        ];
        let values: Vec<f32> = special
            .iter()
            .flat_map(|&x| [x, -x])
            .chain(ordinary)
            .collect();
        for &y in values.iter().step_by(7).chain(&values[..20]) {
            for &x in &values {
                let (got, want) = (Real::powf(x, y), f64::from(x).powf(f64::from(y)));
                assert!(ulps32(got, want) <= 0.5001, "{x}^{y} = {got}, not {want}");
                let sign = got.is_nan() || got.is_sign_negative() == want.is_sign_negative();
                assert!(sign, "{x}^{y} = {got}, not {want}");
            }
        }
    }

    #[test]
    fn erf_agrees_with_its_series() {
        // erf(x) = 2/sqrt(pi) e^-x^2 sum_k 2^k x^(2k+1) / (1 3 5 .. (2k+1)), all terms positive.
        for i in -700..=700 {
            let x = f64::from(i) / 100.0;
            let (mut term, mut sum) = (x, 0.0);
            for k in 1..400 {
                sum += term;
                term *= 2.0 * x * x / f64::from(2 * k + 1);
            }
            let want = std::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp() * sum;
            assert!(
                (Real::erf(x) - want).abs() <= 2e-15 * want.abs(),
                "erf({x}) = {}",
                Real::erf(x)
            );
        }
        assert!(Real::erf(f64::NAN).is_nan());
        assert_eq!(
            (Real::erf(f64::INFINITY), Real::erf(-30.0_f32)),
            (1.0, -1.0)
        );
    }

    #[test]
    fn integer_powers_and_relu_have_the_right_special_values() {
        assert_eq!(
            (
                Real::powi(2.0_f64, 10),
                Real::powi(2.0_f64, -2),
                Real::powi(0.0_f32, 0)
            ),
            (1024.0, 0.25, 1.0)
        );
        assert_eq!((Real::relu(-3.0_f32), Real::relu(3.0_f32)), (0.0, 3.0));
        assert!(Real::relu(f64::NAN).is_nan());
    }
}
