//! Elementwise functions.

golden! { |case|
    "neg" neg (x) [] {} -x;
    "exp" exp (x) [] {} x.exp();
    "exp2" exp2 (x) [] {} x.exp2();
    "expm1" expm1 (x) [] {} x.exp_m1();
    "log" log (x) [] {} x.ln();
    "log2" log2 (x) [] {} x.log2();
    "log10" log10 (x) [] {} x.log10();
    "log1p" log1p (x) [] {} x.ln_1p();
    "sqrt" sqrt (x) [] {} x.sqrt();
    "rsqrt" rsqrt (x) [] {} x.rsqrt();
    "cbrt" cbrt (x) [] {} x.cbrt();
    "square" square (x) [] {} x.square();
    "cube" cube (x) [] {} x.cube();
    "reciprocal" reciprocal (x) [] {} x.recip();
    "sin" sin (x) [] {} x.sin();
    "cos" cos (x) [] {} x.cos();
    "tan" tan (x) [] {} x.tan();
    "asin" asin (x) [] {} x.asin();
    "acos" acos (x) [] {} x.acos();
    "atan" atan (x) [] {} x.atan();
    "sinh" sinh (x) [] {} x.sinh();
    "cosh" cosh (x) [] {} x.cosh();
    "tanh" tanh (x) [] {} x.tanh();
    "asinh" asinh (x) [] {} x.asinh();
    "acosh" acosh (x) [] {} x.acosh();
    "atanh" atanh (x) [] {} x.atanh();
    "sigmoid" sigmoid (x) [] {} x.sigmoid();
    "log_sigmoid" log_sigmoid (x) [] {} x.log_sigmoid();
    "softplus" softplus (x) [] {} x.softplus();
    "softsign" softsign (x) [] {} x.softsign();
    "relu" relu (x) [] {} x.relu();
    "relu6" relu6 (x) [] {} x.relu6();
    "leaky_relu" leaky_relu (x) [] {} x.leaky_relu(0.01);
    "elu" elu (x) [] {} x.elu();
    "selu" selu (x) [] {} x.selu();
    "celu" celu (x) [] {} x.celu(1.5);
    "gelu_tanh" gelu_tanh (x) [] {} x.gelu();
    "gelu_erf" gelu_erf (x) [] {} x.gelu_erf();
    "silu" silu (x) [] {} x.silu();
    "mish" mish (x) [] {} x.mish();
    "hard_tanh" hard_tanh (x) [] {} x.hard_tanh();
    "hard_sigmoid" hard_sigmoid (x) [] {} x.hard_sigmoid();
    "hard_swish" hard_swish (x) [] {} x.hard_swish();
    "erf" erf (x) [] {} x.erf();
    "erfc" erfc (x) [] {} x.erfc();
    "erfinv" erfinv (x) [] {} x.erfinv();
    "normal_cdf" normal_cdf (x) [] {} x.normal_cdf();
    "lgamma" lgamma (x) [] {} x.lgamma();
    "digamma" digamma (x) [] {} x.digamma();
    "logit" logit (x) [] {} x.logit();
    "entr" entr (x) [] {} x.entr();
    "sinc" sinc (x) [] {} x.sinc();
    "bessel_i0e" bessel_i0e (x) [] {} x.bessel_i0e();
    "abs" abs (x) [] {} x.abs();
    "clamp" clamp (x) [] {} x.clamp(-0.5, 1.25);
    "deg2rad" deg2rad (x) [] {} x.to_radians();
    "log_cosh" log_cosh (x) [] {} x.log_cosh();
    "gaussian" gaussian (x) [] {} x.gaussian();
    "tanh_shrink" tanh_shrink (x) [] {} x.tanh_shrink();
    "snake" snake (x) [] {} x.snake();
    "sign" sign (x) [] {} x.signum();
    "ceil" ceil (x) [] {} x.ceil();
    "round" round (x) [] {} x.round();
    "trunc" trunc (x) [] {} x.trunc();
    "fract" fract (x) [] {} x - x.floor();
    "powi" powi (x) [] {n: i32 = case.integers("n")[0] as i32} x.powi(*n);
    "powf" powf (x) [] {half: bool = case.number("p", 0.0) < 0.0} if *half {
        x.powf(-0.5)
    } else {
        x.powf(2.5)
    };
    "add" add (x, y) [] {} x + y;
    "sub" sub (x, y) [] {} x - y;
    "mul" mul (x, y) [] {} x * y;
    "div" div (x, y) [] {} x / y;
    "pow" pow (x, y) [] {} x.pow(y);
    "atan2" atan2 (y, x) [] {} y.atan2(x);
    "hypot" hypot (x, y) [] {} x.hypot(y);
    "logaddexp" logaddexp (x, y) [] {} x.logaddexp(y);
    "maximum" maximum (x, y) [] {} x.maximum(y);
    "minimum" minimum (x, y) [] {} x.minimum(y);
    "xlogy" xlogy (x, y) [] {} x.xlogy(y);
    "xlog1py" xlog1py (x, y) [] {} x.xlog1py(y);
    "squared_difference" squared_difference (x, y) [] {} x.squared_difference(y);
    "fmod" fmod (x, y) [] {} x.fmod(y);
    "floor_mod" floor_mod (x, y) [] {} x.floor_mod(y);
    "copysign" copysign (x, y) [] {} x.copysign(y);
    "logsubexp" logsubexp (x, y) [] {} x.logsubexp(y);
    "beta_log" beta_log (x, y) [] {} x.log_beta(y);
    "fma" fma (x, y, z) [] {} x.mul_add(y, z);
    "lerp" lerp (a, b, t) [] {} a.lerp(b, t);
    "stop_gradient" stop_gradient (x) [] {} x * x.detach();
    "straight_through_round" straight_through_round (x) [] {} x + (x.round() - x).detach();
    "where_sqrt_unsafe" where_sqrt_unsafe (x) [] {} x.greater(&(x * 0.0)).choose(&x.sqrt(), &(x * 0.0));
    "where_div_unsafe" where_div_unsafe (x) [] {} x.choose(&x.recip(), &(x * 0.0));
    "expr_shared_square" expr_shared_square (x) [] {} {
        let y = x + x;
        let z = &y * &y + &y;
        z * x
    };
    "expr_rational" expr_rational (x, y) [] {} (x * y + x.sin()) / ((-y).exp() + 1.0);
    "expr_nested" expr_nested (x) [] {} ((-(x * x)).exp() * (x * 3.0).cos()).sin();
    "expr_diamond" expr_diamond (x, y) [] {} {
        let a = x * y;
        let b = &a + x;
        let c = &a * y;
        b * c + a
    };
    "expr_wendland" expr_wendland (x, y) [] {} {
        let r = (x * x + y * y).sqrt() * 0.125;
        (1.0 - &r).powi(4) * (&r * 4.0 + 1.0)
    };
    "expr_three_vars" expr_three_vars (x, y, z) [] {}
        (x * x + 1.0).ln() * (y * z).tanh() + x * z / (y * y + 1.0);
    "expr_repeated_input" expr_repeated_input (x) [] {} x * x * x * x - x * x * 3.0 + x;
    "expr_deep_tanh" expr_deep_tanh (x) [] {} {
        let mut h = x.clone();
        for _ in 0..12 {
            h = (&h * 1.1 + x * 0.1).tanh();
        }
        h
    };
    "expr_exp_tower" expr_exp_tower (x) [] {} x.cos().exp().sin().exp();
    "expr_pow_self" expr_pow_self (x, y) [] {} (x.sin() + 1.5).pow(y.cos());
    "expr_logsig_mix" expr_logsig_mix (x, y) [] {} {
        let w = y.sigmoid();
        &w * x.log_sigmoid() + (1.0 - &w) * (-x).log_sigmoid()
    };
    "expr_unused_input" expr_unused_input (x, y) [] {} x.sin();
    "expr_constant_zero_gradient" expr_constant_zero_gradient (x) [] {} x - x + 3.0;
    "where" where_ (x, y, c) [] {} c.choose(x, y);
    "where/condition_from_data" where_from_data (x, y) [] {} x.greater(y).choose(&(x * x), &(x * y));
}
