//! Scalar programs: the gradient against central differences, for every form of control flow.

#![allow(
    clippy::needless_range_loop,
    reason = "the programs under test are written by index"
)]

use cotangent::prelude::*;

#[differentiable]
fn product(x: f64, y: f64) -> f64 {
    x * y.sin() + 2.0
}

#[differentiable]
fn smooth(x: f64) -> f64 {
    let e = (-x * x).exp();
    e / (1.0 + x)
}

#[differentiable(wrt(w))]
fn nll(w: &[f64], x: &[f64], y: &[f64]) -> f64 {
    let d = w.len();
    let mut total = 0.0;
    for i in 0..y.len() {
        let mut z = 0.0;
        for k in 0..d {
            z += w[k] * x[i * d + k];
        }
        total += smooth(z) - y[i] * z;
    }
    total
}

#[differentiable]
fn branches(x: f64, y: f64) -> f64 {
    let mut s = if x > y { x * x } else { y * x };
    if x > 0.0 && y > 0.0 {
        s *= y;
    } else {
        s = s * s + x;
    }
    s
}

#[differentiable]
fn jumps(x: &[f64]) -> f64 {
    let n = x.len();
    let mut s = 0.0;
    let mut q = 1.0;
    'outer: for i in 0..n {
        q = q * x[i] + 0.5;
        for j in 0..n {
            if q * x[j] > 1.2 {
                continue 'outer;
            }
            q = q * x[j] + 0.3;
            if q > 0.9 && i > 2 {
                s += q.sin();
                break 'outer;
            }
        }
        s += q * x[i];
        if s > 50.0 {
            return s * q;
        }
    }
    s
}

#[differentiable]
fn newton(a: f64) -> f64 {
    let mut x = a;
    let mut n = 0;
    while (x * x - a).abs() > 1e-14 && n < 50 {
        x = 0.5 * (x + a / x);
        n += 1;
    }
    x
}

#[differentiable]
fn power(x: f64, n: usize) -> f64 {
    if n == 0 {
        return 1.0;
    }
    x * power(x, n - 1)
}

#[differentiable]
fn single(x: f32) -> f32 {
    let mut s = 0.0;
    for i in 0..3 {
        s += x.powi(i) * 0.5;
    }
    s
}

#[differentiable]
fn in_place(x: [f64; 4]) -> f64 {
    let mut a = x;
    for i in 1..4 {
        a[i] = a[i] * a[i - 1] + a[0];
        a[i - 1] *= a[i];
    }
    a[3] * a[2] + a[1]
}

#[differentiable]
fn arrays(p: &[[f64; 2]], s: f64) -> f64 {
    let mut total = 0.0;
    for i in 0..p.len() {
        let q = [p[i][0] * s, p[i][1] + s];
        total += norm2(&q);
    }
    total
}

#[differentiable]
fn norm2(v: &[f64]) -> f64 {
    let mut total = 0.0;
    for i in 0..v.len() {
        total += v[i] * v[i];
    }
    total.sqrt()
}

fn central(f: impl Fn(&[f64]) -> f64, x: &[f64]) -> Vec<f64> {
    (0..x.len())
        .map(|i| {
            let h = 1e-6 * x[i].abs().max(1.0);
            let (mut up, mut down) = (x.to_vec(), x.to_vec());
            up[i] += h;
            down[i] -= h;
            (f(&up) - f(&down)) / (2.0 * h)
        })
        .collect()
}

fn close(name: &str, found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{name}");
    let scale = expected.iter().fold(1.0_f64, |m, e| m.max(e.abs()));
    for (i, (f, e)) in found.iter().zip(expected).enumerate() {
        assert!(
            (f - e).abs() <= 1e-7 * scale,
            "{name}[{i}]: {f} but differences say {e}"
        );
    }
}

#[test]
fn straight_line() {
    let (value, (dx, dy)) = product::value_and_grad(1.5, 0.7);
    assert_eq!(value, product(1.5, 0.7));
    close(
        "product",
        &[dx, dy],
        &central(|v| product(v[0], v[1]), &[1.5, 0.7]),
    );
}

#[test]
fn loops_and_calls() {
    let w = [0.3, -0.2, 0.1];
    let x: Vec<f64> = (0..12).map(|i| (i as f64 * 0.7).sin()).collect();
    let y = [0.2, 0.4, -0.3, 0.1];
    let (value, dw) = nll::value_and_grad(&w, &x, &y);
    assert_eq!(value, nll(&w, &x, &y));
    close("nll", &dw, &central(|w| nll(w, &x, &y), &w));
}

#[test]
fn control_flow() {
    for (x, y) in [(1.0, 2.0), (2.0, 1.0), (-1.0, 2.0), (2.0, -1.0)] {
        let (dx, dy) = branches::grad(x, y);
        close(
            "branches",
            &[dx, dy],
            &central(|v| branches(v[0], v[1]), &[x, y]),
        );
    }
    for n in [0, 1, 2, 3, 7, 12] {
        for seed in 0..5 {
            let x: Vec<f64> = (0..n)
                .map(|i| ((i * 7 + seed * 3) as f64).sin() * 1.3)
                .collect();
            close("jumps", &jumps::grad(&x), &central(jumps, &x));
        }
    }
    close("newton", &[newton::grad(3.0)], &[0.5 / 3.0_f64.sqrt()]);
    close("power", &[power::grad(1.3, 5)], &[5.0 * 1.3_f64.powi(4)]);
    assert!((single::grad(2.0) - 2.5).abs() < 1e-6);
}

#[test]
fn places() {
    let x = [0.5, 1.5, -0.7, 1.1];
    let f = |x: &[f64]| in_place([x[0], x[1], x[2], x[3]]);
    close("in_place", &in_place::grad(x), &central(f, &x));
    let p = [[1.0, 2.0], [0.5, -1.0]];
    let (dp, ds) = arrays::grad(&p, 0.7);
    let f = |v: &[f64]| arrays(&[[v[0], v[1]], [v[2], v[3]]], v[4]);
    let found = [dp[0][0], dp[0][1], dp[1][0], dp[1][1], ds];
    close("arrays", &found, &central(f, &[1.0, 2.0, 0.5, -1.0, 0.7]));
}

#[test]
fn prelude_functions() {
    close(
        "silu",
        &[silu::grad(0.3_f64)],
        &central(|x| silu(x[0]), &[0.3]),
    );
    // What is held constant, the reference holds at 0.8.
    let held = |v: &[f64]| {
        let y = softplus(v[0]) * sigmoid(2.0 * v[0]);
        y * 0.8 + gelu(y) + 0.8
    };
    close("gated", &[gated::grad(0.8)], &central(held, &[0.8]));
    assert!(
        !gated::__check(0.8).passed(),
        "differences see through `stop_gradient`"
    );
    gradcheck!(arrays, &[[1.0, 2.0], [0.5, -1.0]], 0.7);
    let (dx,) = gated::__pullback(0.8, 1.0);
    assert_eq!(dx, gated::grad(0.8));
    for x in [-0.5, 0.0, 0.5] {
        assert_eq!(leaky::__pullback(x, 2.0, 1.0), leaky::grad(x, 2.0));
    }
}

/// A function whose derivative is stated, wrongly for `y`.
fn slanted(x: f64, y: f64) -> f64 {
    x * x * y
}

#[derivative(of = slanted)]
fn slanted_rule(x: f64, y: f64, cotangent: f64) -> (f64, f64) {
    (cotangent * 2.0 * x * y, cotangent * x)
}

#[differentiable]
fn on_slant(x: &[f64], scale: f64) -> f64 {
    slanted(x[0], x[1]) * scale + x[1]
}

#[differentiable(wrt(b, a))]
fn curved(a: f64, n: usize, b: [f64; 2], #[no_diff] c: &[f64]) -> f64 {
    let mut s = a * c[0];
    for i in 0..n {
        s = (s * b[i % 2]).sin() + b[0] * a;
    }
    s
}

#[test]
fn checks_name_the_worst_entry() {
    let report = on_slant::__check_forward(&[2.0, 3.0], 1.0);
    assert!(!report.passed());
    let text = report.to_string();
    let expected = "gradient of `on_slant`: 1 of 4 entries are wrong, `x[1]` the most";
    assert!(text.starts_with(expected), "{text}");
    gradcheck!(second: curved, 0.4, 5, [0.7, -0.3], &[1.5]);
    gradcheck!(second: arrays, &[[1.0, 2.0], [0.5, -1.0]], 0.7);
    // Two floats, an array of two, forward mode, and Hessian products of the three entries.
    let rows = curved::__check_second(0.4, 5, [0.7, -0.3], &[1.5]).to_string();
    assert!(rows.contains("0 of 7 entries"), "{rows}");
}

#[differentiable]
fn gated(x: f64) -> f64 {
    let y = softplus(x) * sigmoid(2.0 * x);
    y * stop_gradient(x) + gelu(y) + no_diff!(x * 1.0)
}

#[differentiable]
fn leaky(x: f64, s: f64) -> f64 {
    let mut y = x * 2.0;
    if x > 0.0 {
        y = y * y * s;
    } else {
        y *= s;
    }
    y.max(-3.0)
}

#[differentiable]
fn literal(x: f64, y: f64) -> f64 {
    norm2(&[x * y, y]) + norm2(&[1.0, 2.0])
}

#[test]
fn array_literal_arguments() {
    let (dx, dy) = literal::grad(0.7, 1.3);
    close(
        "literal",
        &[dx, dy],
        &central(|v| literal(v[0], v[1]), &[0.7, 1.3]),
    );
    let mut grads = (0.0, 0.0);
    literal::value_and_grad_into(0.7, 1.3, &mut grads);
    assert_eq!(grads, (dx, dy));
    let mut grads = vec![f64::NAN; 5];
    norm2::value_and_grad_into(&[3.0, 4.0], &mut grads);
    close("norm2, overwritten", &grads, &[0.6, 0.8]);
}
