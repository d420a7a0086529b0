//! Golden values: scalar functions against values and gradients computed by JAX in double
//! precision (`tests/reference/scalar_*.json`), which nothing of this crate had a part in.

#![allow(
    clippy::manual_clamp,
    reason = "the reference formulas are written with max and min"
)]

use cotangent::Matrix;
use serde_json::Value;

/// Relative to the largest entry: the reference prints 17 digits, and transcendental functions of
/// the two systems differ by a few ulp that a gradient may amplify.
const TOLERANCE: f64 = 1e-11;

/// How many cases the elementwise reference holds.
const ELEMENTWISE: usize = 160;

struct Unary {
    gradient: fn(f64) -> (f64, f64),
    jvp: fn(f64, f64) -> (f64, f64),
    hvp: fn(f64, f64) -> f64,
}

struct Binary {
    gradient: fn(f64, f64) -> (f64, (f64, f64)),
    jvp: fn(f64, f64, f64, f64) -> (f64, f64),
    hvp: fn(f64, f64, f64, f64) -> (f64, f64),
    hessian: fn(f64, f64) -> Matrix<f64>,
}

macro_rules! unary {
    ($($name:ident |$x:ident| $body:expr;)*) => {
        mod unary {
            use cotangent::differentiable;
            $(#[differentiable] pub(crate) fn $name($x: f64) -> f64 { $body })*
        }
        const UNARY: &[(&str, Unary)] = &[$((stringify!($name), Unary {
            gradient: unary::$name::value_and_grad,
            jvp: unary::$name::jvp,
            hvp: unary::$name::hvp,
        })),*];
    };
}

macro_rules! binary {
    ($($name:ident |$x:ident, $y:ident| $body:expr;)*) => {
        mod binary {
            use cotangent::differentiable;
            $(#[differentiable] pub(crate) fn $name($x: f64, $y: f64) -> f64 { $body })*
        }
        const BINARY: &[(&str, Binary)] = &[$((stringify!($name), Binary {
            gradient: binary::$name::value_and_grad,
            jvp: binary::$name::jvp,
            hvp: binary::$name::hvp,
            hessian: binary::$name::hessian,
        })),*];
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
    sigmoid |x| cotangent::functions::sigmoid(x);
    log_sigmoid |x| cotangent::functions::log_sigmoid(x);
    softplus |x| cotangent::functions::softplus(x);
    softsign |x| cotangent::functions::softsign(x);
    relu |x| cotangent::functions::relu(x);
    relu6 |x| x.max(0.0).min(6.0);
    leaky_relu |x| cotangent::functions::leaky_relu(x, 0.01);
    elu |x| cotangent::functions::elu(x);
    selu |x| cotangent::functions::selu(x);
    celu |x| if x > 0.0 { x } else { 1.5 * (x / 1.5).exp_m1() };
    gelu_tanh |x| cotangent::functions::gelu(x);
    gelu_erf |x| cotangent::functions::gelu_erf(x);
    silu |x| cotangent::functions::silu(x);
    mish |x| cotangent::functions::mish(x);
    hard_tanh |x| cotangent::functions::hard_tanh(x);
    hard_sigmoid |x| (x + 3.0).max(0.0).min(6.0) / 6.0;
    hard_swish |x| x * (x + 3.0).max(0.0).min(6.0) / 6.0;
    erf |x| cotangent::functions::erf(x);
    normal_cdf |x| 0.5 * (1.0 + cotangent::functions::erf(x * std::f64::consts::FRAC_1_SQRT_2));
    logit |x| (x / (1.0 - x)).ln();
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
        let w = cotangent::functions::sigmoid(y);
        w * cotangent::functions::log_sigmoid(x)
            + (1.0 - w) * cotangent::functions::log_sigmoid(-x)
    };
}

fn cases(text: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(text).expect("the reference is JSON");
    file["cases"].as_array().expect("a list of cases").clone()
}

fn floats(array: &Value) -> Vec<f64> {
    array["data"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_f64)
        .collect()
}

fn compare(id: &str, what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{id} {what}");
    let scale = expected
        .iter()
        .fold(1.0_f64, |scale, entry| scale.max(entry.abs()));
    for (f, e) in found.iter().zip(expected) {
        assert!(
            (f - e).abs() <= tolerance * scale,
            "{id} {what}: {f}, the reference says {e}"
        );
    }
}

#[test]
fn elementwise() {
    let mut count = 0;
    for case in cases(include_str!("reference/scalar_elementwise.json")) {
        let id = case["id"].as_str().expect("an id");
        let name = case["function"].as_str().expect("a function");
        let inputs: Vec<Vec<f64>> = case["inputs"]
            .as_array()
            .expect("inputs")
            .iter()
            .map(floats)
            .collect();
        let (mut values, mut gradients) = (Vec::new(), vec![Vec::new(); inputs.len()]);
        for (i, c) in floats(&case["cotangent"]).into_iter().enumerate() {
            if let Some((_, f)) = UNARY.iter().find(|(known, _)| *known == name) {
                let (value, dx) = (f.gradient)(inputs[0][i]);
                values.push(value);
                gradients[0].push(c * dx);
            } else if let Some((_, f)) = BINARY.iter().find(|(known, _)| *known == name) {
                let (value, (dx, dy)) = (f.gradient)(inputs[0][i], inputs[1][i]);
                values.push(value);
                gradients[0].push(c * dx);
                gradients[1].push(c * dy);
            } else {
                panic!("{id} has no function here");
            }
        }
        compare(id, "value", &values, &floats(&case["output"]), TOLERANCE);
        for (input, gradient) in case["inputs"]
            .as_array()
            .into_iter()
            .flatten()
            .zip(&gradients)
        {
            let name = input["name"].as_str().expect("a name");
            compare(id, name, gradient, &floats(&case["grads"][name]), TOLERANCE);
        }
        count += 1;
    }
    println!("golden: {count} cases");
    assert_eq!(count, ELEMENTWISE);
}

#[test]
fn elementwise_in_other_modes() {
    let primals = cases(include_str!("reference/scalar_elementwise.json"));
    let (mut count, mut hessians) = (0, 0);
    for case in cases(include_str!("reference/scalar_elementwise_modes.json")) {
        let id = case["id"].as_str().expect("an id");
        let primal = primals.iter().find(|primal| primal["id"] == id);
        let primal = primal.expect("the inputs of the case");
        let name = primal["function"].as_str().expect("a function");
        let unary = UNARY.iter().find(|(known, _)| *known == name);
        let binary = BINARY.iter().find(|(known, _)| *known == name);
        let inputs = primal["inputs"].as_array().expect("inputs");
        let names: Vec<&str> = inputs.iter().filter_map(|i| i["name"].as_str()).collect();
        let parts =
            |of: &Value| -> Vec<Vec<f64>> { names.iter().map(|name| floats(&of[*name])).collect() };
        let x: Vec<Vec<f64>> = inputs.iter().map(floats).collect();
        let c = floats(&primal["cotangent"]);
        let v = parts(&case["jvp"]["tangents"]);
        let along = |i: usize| match (unary, binary) {
            (Some((_, f)), _) => (f.jvp)(x[0][i], v[0][i]).1,
            (_, Some((_, f))) => (f.jvp)(x[0][i], x[1][i], v[0][i], v[1][i]).1,
            _ => panic!("{id} has no function here"),
        };
        let found: Vec<f64> = (0..c.len()).map(along).collect();
        let expected = floats(&case["jvp"]["output_tangent"]);
        compare(id, "jvp", &found, &expected, TOLERANCE);
        if !case["hvp"].is_null() {
            let v = parts(&case["hvp"]["v"]);
            let along = |i: usize| match (unary, binary) {
                (Some((_, f)), _) => vec![c[i] * (f.hvp)(x[0][i], v[0][i])],
                (_, Some((_, f))) => {
                    let (a, b) = (f.hvp)(x[0][i], x[1][i], v[0][i], v[1][i]);
                    vec![c[i] * a, c[i] * b]
                }
                _ => Vec::new(),
            };
            let found: Vec<Vec<f64>> = (0..c.len()).map(along).collect();
            for (at, product) in parts(&case["hvp"]["product"]).iter().enumerate() {
                let found: Vec<f64> = found.iter().map(|product| product[at]).collect();
                compare(id, "hvp", &found, product, TOLERANCE);
            }
            count += 1;
        }
        if let (Some((_, f)), false) = (binary, case["hessian"].is_null()) {
            let n = c.len();
            let mut found = vec![0.0; 4 * n * n];
            for i in 0..n {
                let block = (f.hessian)(x[0][i], x[1][i]);
                for (row, column) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                    let at = (row * n + i) * 2 * n + column * n + i;
                    found[at] = c[i] * block[(row, column)];
                }
            }
            compare(id, "hessian", &found, &floats(&case["hessian"]), TOLERANCE);
            hessians += 1;
        }
    }
    println!("golden: {count} products, {hessians} Hessians");
    assert_eq!((count, hessians), (148, 10));
}
