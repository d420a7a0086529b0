//! The functions of the elementwise reference, written as a user would write them. A function whose
//! parameters are fixed is named `function_variant`.

use cotangent::Matrix;

pub(crate) struct Unary {
    pub(crate) gradient: fn(f64) -> (f64, f64),
    pub(crate) jvp: fn(f64, f64) -> (f64, f64),
    pub(crate) hvp: fn(f64, f64) -> f64,
}

pub(crate) struct Binary {
    pub(crate) gradient: fn(f64, f64) -> (f64, (f64, f64)),
    pub(crate) jvp: fn(f64, f64, f64, f64) -> (f64, f64),
    pub(crate) hvp: fn(f64, f64, f64, f64) -> (f64, f64),
    pub(crate) hessian: fn(f64, f64) -> Matrix<f64>,
}

pub(crate) type Ternary = fn(f64, f64, f64) -> (f64, (f64, f64, f64));

macro_rules! unary {
    ($($name:ident |$x:ident| $body:expr;)*) => {
        mod unary {
            use cotangent::{differentiable, functions as f};
            $(#[differentiable] pub(crate) fn $name($x: f64) -> f64 { $body })*
        }
        pub(crate) const UNARY: &[(&str, Unary)] = &[$((stringify!($name), Unary {
            gradient: unary::$name::value_and_grad,
            jvp: unary::$name::jvp,
            hvp: unary::$name::hvp,
        })),*];
    };
}

macro_rules! binary {
    ($($name:ident |$x:ident, $y:ident| $body:expr;)*) => {
        mod binary {
            use cotangent::{differentiable, functions as f};
            $(#[differentiable] pub(crate) fn $name($x: f64, $y: f64) -> f64 { $body })*
        }
        pub(crate) const BINARY: &[(&str, Binary)] = &[$((stringify!($name), Binary {
            gradient: binary::$name::value_and_grad,
            jvp: binary::$name::jvp,
            hvp: binary::$name::hvp,
            hessian: binary::$name::hessian,
        })),*];
    };
}

macro_rules! ternary {
    ($($name:ident |$x:ident, $y:ident, $z:ident| $body:expr;)*) => {
        mod ternary {
            use cotangent::{differentiable, functions as f};
            $(#[differentiable] pub(crate) fn $name($x: f64, $y: f64, $z: f64) -> f64 { $body })*
        }
        pub(crate) const TERNARY: &[(&str, Ternary)] =
            &[$((stringify!($name), ternary::$name::value_and_grad)),*];
    };
}

unary! {
    neg |x| -x;
    exp |x| x.exp();
    exp2 |x| x.exp2();
    expm1 |x| x.exp_m1();
    log |x| x.ln();
    log2 |x| x.log2();
    log10 |x| x.log10();
    log1p |x| x.ln_1p();
    sqrt |x| x.sqrt();
    rsqrt |x| 1.0 / x.sqrt();
    cbrt |x| x.cbrt();
    square |x| x * x;
    cube |x| x * x * x;
    reciprocal |x| 1.0 / x;
    sin |x| x.sin();
    cos |x| x.cos();
    tan |x| x.tan();
    asin |x| x.asin();
    acos |x| x.acos();
    atan |x| x.atan();
    sinh |x| x.sinh();
    cosh |x| x.cosh();
    tanh |x| x.tanh();
    asinh |x| x.asinh();
    acosh |x| x.acosh();
    atanh |x| x.atanh();
    sigmoid |x| f::sigmoid(x);
    log_sigmoid |x| f::log_sigmoid(x);
    softplus |x| f::softplus(x);
    softsign |x| f::softsign(x);
    relu |x| f::relu(x);
    relu6 |x| f::relu6(x);
    leaky_relu |x| f::leaky_relu(x, 0.01);
    elu |x| f::elu(x);
    selu |x| f::selu(x);
    celu |x| f::celu(x, 1.5);
    gelu_tanh |x| f::gelu(x);
    gelu_erf |x| f::gelu_erf(x);
    silu |x| f::silu(x);
    mish |x| f::mish(x);
    hard_tanh |x| f::hard_tanh(x);
    hard_sigmoid |x| f::hard_sigmoid(x);
    hard_swish |x| f::hard_swish(x);
    erf |x| f::erf(x);
    erfc |x| f::erfc(x);
    erfinv |x| f::erfinv(x);
    lgamma |x| f::lgamma(x);
    digamma |x| f::digamma(x);
    entr |x| f::entr(x);
    sinc |x| f::sinc(x);
    bessel_i0e |x| f::bessel_i0e(x);
    sign |x| x.signum();
    ceil |x| x.ceil();
    round |x| x.round();
    trunc |x| x.trunc();
    fract |x| x - x.floor();
    powi_exponent_minus3 |x| x.powi(-3);
    powi_exponent_minus2 |x| x.powi(-2);
    powi_exponent_1 |x| x.powi(1);
    powi_exponent_2 |x| x.powi(2);
    powi_exponent_3 |x| x.powi(3);
    powi_exponent_5 |x| x.powi(5);
    powi_exponent_2_at_zero |x| x.powi(2);
    powf_const_2_5 |x| x.powf(2.5);
    powf_const_neg_half |x| x.powf(-0.5);
    where_sqrt_unsafe |x| if x > 0.0 { x.sqrt() } else { 0.0 };
    where_div_unsafe |x| if x != 0.0 { 1.0 / x } else { 0.0 };
    stop_gradient |x| x * f::stop_gradient(x);
    straight_through_round |x| x + f::stop_gradient(x.round() - x);
    expr_constant_zero_gradient |x| x - x + 3.0;
    normal_cdf |x| 0.5 * (1.0 + f::erf(x * std::f64::consts::FRAC_1_SQRT_2));
    logit |x| f::logit(x);
    abs |x| x.abs();
    clamp |x| x.clamp(-0.5, 1.25);
    deg2rad |x| x.to_radians();
    log_cosh |x| x.abs() + (-2.0 * x.abs()).exp().ln_1p() - 2.0_f64.ln();
    gaussian |x| (-(x * x)).exp();
    tanh_shrink |x| x - x.tanh();
    snake |x| x + x.sin().powi(2);
    expr_nested |x| ((-(x * x)).exp() * (3.0 * x).cos()).sin();
    expr_repeated_input |x| x * x * x * x - 3.0 * x * x + x;
    expr_exp_tower |x| x.cos().exp().sin().exp();
    expr_shared_square |x| {
        let y = x + x;
        let z = y * y + y;
        z * x
    };
    expr_deep_tanh |x| {
        let mut h = x;
        for _ in 0..12 {
            h = (1.1 * h + 0.1 * x).tanh();
        }
        h
    };
}

binary! {
    add |x, y| x + y;
    sub |x, y| x - y;
    mul |x, y| x * y;
    div |x, y| x / y;
    pow |x, y| x.powf(y);
    atan2 |y, x| y.atan2(x);
    hypot |x, y| x.hypot(y);
    maximum |x, y| x.max(y);
    minimum |x, y| x.min(y);
    squared_difference |x, y| (x - y) * (x - y);
    fmod |x, y| x % y;
    floor_mod |x, y| f::floor_mod(x, y);
    xlogy |x, y| f::xlogy(x, y);
    xlog1py |x, y| f::xlog1py(x, y);
    beta_log |x, y| f::log_beta(x, y);
    where_condition_from_data |x, y| if x > y { x * x } else { x * y };
    expr_unused_input |x, y| {
        let _ = y;
        x.sin()
    };
    copysign |x, y| x.copysign(y);
    logaddexp |x, y| x.max(y) + (-(x - y).abs()).exp().ln_1p();
    logsubexp |x, y| x + (-(y - x).exp_m1()).ln();
    expr_rational |x, y| (x * y + x.sin()) / (1.0 + (-y).exp());
    expr_diamond |x, y| {
        let a = x * y;
        let b = a + x;
        let c = a * y;
        b * c + a
    };
    expr_wendland |x, y| {
        let r = (x * x + y * y).sqrt() / 8.0;
        (1.0 - r).powi(4) * (4.0 * r + 1.0)
    };
    expr_pow_self |x, y| (1.5 + x.sin()).powf(y.cos());
    expr_logsig_mix |x, y| {
        let w = f::sigmoid(y);
        w * f::log_sigmoid(x)
            + (1.0 - w) * f::log_sigmoid(-x)
    };
}

ternary! {
    fma |x, y, z| x.mul_add(y, z);
    lerp |a, b, t| f::lerp(a, b, t);
    where_n9 |x, y, c| if c != 0.0 { x } else { y };
    expr_three_vars |x, y, z| (x * x + 1.0).ln() * (y * z).tanh() + x * z / (1.0 + y * y);
}
