//! Golden programs: loops, branches, early exits and recursion against values, gradients,
//! directional derivatives, Hessian products and Hessians computed by JAX in double precision
//! (`tests/reference/scalar_programs*.json`).

#![allow(
    clippy::needless_range_loop,
    reason = "the programs under test are written by index"
)]

use cotangent::Matrix;
use cotangent::prelude::*;
use serde_json::Value;

/// Relative to the largest entry; iterations amplify the last digits.
const TOLERANCE: f64 = 1e-10;

#[differentiable]
fn newton_sqrt_while(a: f64) -> f64 {
    let mut x = a;
    while (x * x - a).abs() > 1e-12 * a {
        x = 0.5 * (x + a / x);
    }
    x
}

#[differentiable]
fn newton_cbrt(a: f64) -> f64 {
    let mut x = 1.0;
    for _ in 0..8 {
        x = (2.0 * x + a / (x * x)) / 3.0;
    }
    x
}

#[differentiable]
fn agm(a: f64, b: f64) -> f64 {
    let mut a = a;
    let mut b = b;
    for _ in 0..6 {
        let mean = (a + b) / 2.0;
        b = (a * b).sqrt();
        a = mean;
    }
    a
}

#[differentiable]
fn branching_while(x: f64) -> f64 {
    let mut x = x;
    while x < 50.0 {
        if x.sin() > 0.0 {
            x *= 1.7;
        } else {
            x += 3.1;
        }
    }
    x.ln()
}

#[differentiable]
fn early_break_sum(x: &[f64]) -> f64 {
    let mut s = 0.0;
    for i in 0..x.len() {
        if s > 2.0 {
            break;
        }
        s += x[i] * x[i];
    }
    s
}

#[differentiable]
fn continue_skip_negative(x: &[f64]) -> f64 {
    let mut s = 0.0;
    for i in 0..x.len() {
        if x[i] < 0.0 {
            continue;
        }
        s = s * 0.5 + x[i].powi(2);
    }
    s
}

#[differentiable]
fn nested_loops(x: &[f64]) -> f64 {
    let mut s = 0.0;
    for i in 0..x.len() {
        for j in i + 1..x.len() {
            s += x[i] * x[j] / (j - i) as f64;
        }
    }
    s
}

#[differentiable]
fn mutable_accumulator(x: &[f64]) -> f64 {
    let mut s = 0.0;
    let mut p = 1.0;
    for i in 0..x.len() {
        s += p * x[i];
        p *= 0.9 + 0.1 * x[i];
    }
    s * p
}

#[differentiable]
fn fibonacci(n: usize, a: f64, b: f64) -> f64 {
    if n == 0 {
        return a;
    }
    if n == 1 {
        return b;
    }
    let last = fibonacci(n - 1, a, b);
    last + 0.5 * fibonacci(n - 2, a, b) * last
}

#[differentiable]
fn recursion_fibonacci(a: f64, b: f64) -> f64 {
    fibonacci(8, a, b)
}

#[differentiable]
fn kepler_equation(m: f64, e: f64) -> f64 {
    let mut x = m + e * m.sin();
    for _ in 0..12 {
        x -= (x - e * x.sin() - m) / (1.0 - e * x.cos());
    }
    x
}

#[differentiable]
fn logistic_map(r: f64, x: f64) -> f64 {
    let mut x = x;
    for _ in 0..10 {
        x = r * x * (1.0 - x);
    }
    x
}

#[differentiable]
fn horner(c: &[f64], x: f64) -> f64 {
    let mut p = 0.0;
    for k in (0..c.len()).rev() {
        p = p * x + c[k];
    }
    p
}

#[differentiable]
fn continued_fraction(x: f64) -> f64 {
    let mut v = 12.0;
    for k in (0..12).rev() {
        v = k as f64 + x / v;
    }
    v
}

#[differentiable]
fn test_rosenbrock(x: &[f64]) -> f64 {
    let mut s = 0.0;
    for i in 0..x.len() - 1 {
        s += 100.0 * (x[i + 1] - x[i] * x[i]).powi(2) + (1.0 - x[i]).powi(2);
    }
    s
}

#[differentiable]
fn test_griewank(x: &[f64]) -> f64 {
    let mut s = 1.0;
    let mut p = 1.0;
    for i in 0..x.len() {
        s += x[i] * x[i] / 4000.0;
        p *= (x[i] / ((i + 1) as f64).sqrt()).cos();
    }
    s - p
}

#[differentiable]
fn test_beale(x: f64, y: f64) -> f64 {
    (1.5 - x + x * y).powi(2) + (2.25 - x + x * y * y).powi(2) + (2.625 - x + x * y.powi(3)).powi(2)
}

#[differentiable]
fn test_easom(x: f64, y: f64) -> f64 {
    let pi = std::f64::consts::PI;
    -x.cos() * y.cos() * (-(x - pi).powi(2) - (y - pi).powi(2)).exp()
}

/// A parameter, or what belongs to it, as a list.
type Part = Vec<f64>;

/// What is compared of a program: everything takes the inputs as lists, and directions too.
struct Program {
    gradient: fn(&[Part]) -> (f64, Vec<Part>),
    jvp: fn(&[Part], &[Part]) -> (f64, f64),
    hvp: fn(&[Part], &[Part]) -> Vec<Part>,
    hessian: fn(&[Part]) -> Matrix<f64>,
}

/// A gradient as one list per parameter.
trait Parts {
    fn parts(self) -> Vec<Part>;
}

impl Parts for f64 {
    fn parts(self) -> Vec<Part> {
        vec![vec![self]]
    }
}

impl Parts for Vec<f64> {
    fn parts(self) -> Vec<Part> {
        vec![self]
    }
}

impl<A: Parts, B: Parts> Parts for (A, B) {
    fn parts(self) -> Vec<Part> {
        [self.0.parts(), self.1.parts()].concat()
    }
}

macro_rules! programs {
    ($($name:ident($($kind:ident),*);)*) => {
        &[$((stringify!($name), programs!(@ $name $($kind)*))),*]
    };
    (@ $name:ident $a:ident) => {
        Program {
            gradient: |x| {
                let (value, gradient) = $name::value_and_grad(programs!($a x 0));
                (value, gradient.parts())
            },
            jvp: |x, v| $name::jvp(programs!($a x 0), programs!($a v 0)),
            hvp: |x, v| $name::hvp(programs!($a x 0), programs!($a v 0)).parts(),
            hessian: |x| $name::hessian(programs!($a x 0)),
        }
    };
    (@ $name:ident $a:ident $b:ident) => {
        Program {
            gradient: |x| {
                let (value, gradient) =
                    $name::value_and_grad(programs!($a x 0), programs!($b x 1));
                (value, gradient.parts())
            },
            jvp: |x, v| $name::jvp(
                programs!($a x 0), programs!($b x 1), programs!($a v 0), programs!($b v 1),
            ),
            hvp: |x, v| $name::hvp(
                programs!($a x 0), programs!($b x 1), programs!($a v 0), programs!($b v 1),
            ).parts(),
            hessian: |x| $name::hessian(programs!($a x 0), programs!($b x 1)),
        }
    };
    (float $x:ident $at:literal) => { $x[$at][0] };
    (slice $x:ident $at:literal) => { &$x[$at] };
}

const PROGRAMS: &[(&str, Program)] = programs! {
    newton_sqrt_while(float);
    newton_cbrt(float);
    agm(float, float);
    branching_while(float);
    early_break_sum(slice);
    continue_skip_negative(slice);
    nested_loops(slice);
    mutable_accumulator(slice);
    recursion_fibonacci(float, float);
    kepler_equation(float, float);
    logistic_map(float, float);
    horner(slice, float);
    continued_fraction(float);
    test_rosenbrock(slice);
    test_griewank(slice);
    test_beale(float, float);
    test_easom(float, float);
};

fn floats(array: &Value) -> Vec<f64> {
    array["data"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_f64)
        .collect()
}

fn compare(id: &str, what: &str, found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{id} {what}");
    let scale = expected
        .iter()
        .fold(1.0_f64, |scale, entry| scale.max(entry.abs()));
    for (f, e) in found.iter().zip(expected) {
        assert!(
            (f - e).abs() <= TOLERANCE * scale,
            "{id} {what}: {f}, the reference says {e}"
        );
    }
}

#[test]
fn programs() {
    let text = include_str!("reference/scalar_programs.json");
    let file: Value = serde_json::from_str(text).expect("the reference is JSON");
    let text = include_str!("reference/scalar_programs_modes.json");
    let modes: Value = serde_json::from_str(text).expect("the reference is JSON");
    let (mut count, mut seen) = (0, std::collections::BTreeSet::new());
    let mut products = 0;
    for case in file["cases"].as_array().expect("a list of cases") {
        let id = case["id"].as_str().expect("an id");
        let name = case["function"].as_str().expect("a function");
        let (known, program) = PROGRAMS
            .iter()
            .find(|(known, _)| *known == name)
            .expect("every case has a program");
        let inputs = case["inputs"].as_array().expect("inputs");
        let x: Vec<Vec<f64>> = inputs.iter().map(floats).collect();
        let (value, gradients) = (program.gradient)(&x);
        compare(id, "value", &[value], &floats(&case["output"]));
        let names: Vec<&str> = inputs.iter().filter_map(|i| i["name"].as_str()).collect();
        for (name, gradient) in names.iter().zip(&gradients) {
            compare(id, name, gradient, &floats(&case["grads"][*name]));
        }
        let mode = modes["cases"].as_array().into_iter().flatten();
        let mode = mode.clone().find(|mode| mode["id"] == id).expect("modes");
        let parts =
            |of: &Value| -> Vec<Vec<f64>> { names.iter().map(|name| floats(&of[*name])).collect() };
        let (again, tangent) = (program.jvp)(&x, &parts(&mode["jvp"]["tangents"]));
        compare(id, "value of jvp", &[again], &[value]);
        compare(
            id,
            "jvp",
            &[tangent],
            &floats(&mode["jvp"]["output_tangent"]),
        );
        if !mode["hvp"].is_null() {
            let product = (program.hvp)(&x, &parts(&mode["hvp"]["v"])).concat();
            compare(
                id,
                "hvp",
                &product,
                &parts(&mode["hvp"]["product"]).concat(),
            );
            products += 1;
        }
        if !mode["hessian"].is_null() {
            let hessian = (program.hessian)(&x);
            compare(id, "hessian", hessian.data(), &floats(&mode["hessian"]));
        }
        seen.insert(*known);
        count += 1;
    }
    println!("golden: {count} cases, {products} with products");
    assert_eq!(seen.len(), PROGRAMS.len(), "a program has no case");
    assert!(products > 20, "{products} products");
}
