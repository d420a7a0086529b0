//! Forward mode and second derivatives of scalar programs, against differences of gradients, for
//! every form of control flow, call and value.

#![allow(
    clippy::needless_range_loop,
    reason = "the programs under test are written by index"
)]

use cotangent::__private::{Single, Wide};
use cotangent::Matrix;
use cotangent::prelude::*;

/// A difference of gradients of fourth order at this step loses less than this, relative to the
/// largest entry.
const STEP: f64 = 1e-3;
const TOLERANCE: f64 = 2e-8;

#[differentiable]
fn rosenbrock(x: &[f64]) -> f64 {
    let mut s = 0.0;
    for i in 0..x.len() - 1 {
        s += 100.0 * (x[i + 1] - x[i] * x[i]).powi(2) + (1.0 - x[i]).powi(2);
    }
    s
}

#[differentiable]
fn scale(v: &[f64], a: f64) -> f64 {
    let mut s = 0.1;
    for k in 0..v.len() {
        s = (s * v[k]).sin() + a * v[k].exp();
    }
    s
}

#[differentiable]
fn sum_of_cubes(v: [f64; 2], n: usize) -> f64 {
    let mut s = 0.0;
    for _ in 0..n {
        s += v[0] * v[0] * v[1];
    }
    s
}

/// Calls by value and by reference, of literals, parts and whole parameters, and recursion.
#[differentiable]
fn calls(x: &[f64]) -> f64 {
    let row = [x[0] * x[1], x[1], 0.5];
    let pair = [x[0], x[1] * x[2]];
    scale(&row, x[2]) + scale(x, x[0] * x[0]) + sum_of_cubes(pair, 2) + power(x[1], 3) * x[0]
}

#[differentiable]
fn power(x: f64, n: usize) -> f64 {
    if n == 0 {
        return 1.0;
    }
    x * power(x, n - 1)
}

/// Labelled jumps, early return, and state that is overwritten.
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
        s += q * x[i] * x[i];
        if s > 50.0 {
            return s * q;
        }
    }
    s * q
}

#[differentiable]
fn in_place(x: &[f64]) -> f64 {
    let mut a = [x[0], x[1], x[2], 0.3];
    let mut b = [[0.0; 2]; 2];
    for i in 1..4 {
        a[i] = a[i] * a[i - 1] + a[0];
        a[i - 1] *= a[i];
        b[i % 2][(i + 1) % 2] = a[i].tanh() + b[0][1];
    }
    a[3] * a[2] + a[1] * b[1][0] + b[0][1] * b[0][1]
}

/// A loop that ends when a value is small enough.
#[differentiable]
fn newton(x: &[f64]) -> f64 {
    let mut y = x[0] * x[0] + 1.0;
    let target = x[1] * x[1] + 2.0;
    while (y * y - target).abs() > 1e-9 {
        y = 0.5 * (y + target / y);
    }
    y * x[2] + y
}

/// Functions of the prelude, and kinks away from their point.
#[differentiable]
fn prelude_functions(x: &[f64]) -> f64 {
    let y = softplus(x[0]) * sigmoid(2.0 * x[1]) + leaky_relu(x[1], x[2]);
    let z = x[0] * y + gelu(y) + x[2];
    let peak = if z > 0.2 {
        z.max(x[2]) * z
    } else {
        z.min(x[1]) + (x[2] * z).exp()
    };
    peak + x[0].hypot(x[1]) + (x[0] * x[0] + 0.5).powf(x[1]) + x[2].atan2(x[1])
}

/// Both precisions; the coarse part is linear, so that its rounding does not depend on `x`.
#[differentiable]
fn precisions(x: &[f64]) -> f64 {
    let wide = x[0] * x[1];
    let narrow = (wide * 0.5) as f32;
    let again = narrow as f64;
    wide * wide * x[2] + again * 0.0 + wide.exp()
}

fn entries(x: &[f64]) -> usize {
    x.len()
}

fn close(name: &str, found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{name}");
    let scale = expected.iter().fold(1.0_f64, |s, e| s.max(e.abs()));
    for (f, e) in found.iter().zip(expected) {
        assert!(
            (f - e).abs() <= TOLERANCE * scale,
            "{name}: {found:?}, expected {expected:?}"
        );
    }
}

/// The derivative of `gradient` along `v` by differences.
fn difference(gradient: impl Fn(&[f64]) -> Vec<f64>, x: &[f64], v: &[f64]) -> Vec<f64> {
    let at = |step: f64| {
        let moved: Vec<f64> = x.iter().zip(v).map(|(x, v)| x + step * v).collect();
        gradient(&moved)
    };
    let (near, far) = ((at(STEP), at(-STEP)), (at(2.0 * STEP), at(-2.0 * STEP)));
    (0..entries(&near.0))
        .map(|i| (8.0 * (near.0[i] - near.1[i]) - (far.0[i] - far.1[i])) / (12.0 * STEP))
        .collect()
}

fn check_symmetric(name: &str, hessian: &Matrix<f64>) {
    for i in 0..hessian.rows() {
        for j in 0..i {
            assert_eq!(
                hessian[(i, j)].to_bits(),
                hessian[(j, i)].to_bits(),
                "{name}"
            );
        }
    }
}

macro_rules! modes_agree {
    ($($name:ident: $points:expr;)*) => {$(
        #[test]
        fn $name() {
            let name = stringify!($name);
            for x in $points {
                let x: &[f64] = &x;
                let v: Vec<f64> = (0..x.len()).map(|i| 0.7 - 0.4 * i as f64).collect();
                let (value, gradient) = super::$name::value_and_grad(x);
                let (again, tangent) = super::$name::jvp(x, &v);
                close(name, &[again], &[value]);
                let expected: f64 = gradient.iter().zip(&v).map(|(g, v)| g * v).sum();
                close(name, &[tangent], &[expected]);
                let product = difference(|x| super::$name::grad(x), x, &v);
                close(name, &super::$name::hvp(x, &v), &product);
                let (again, same, both) = super::$name::value_grad_and_hvp(x, &v);
                close(name, &[again], &[value]);
                close(name, &same, &gradient);
                close(name, &both, &product);
                let hessian = super::$name::hessian(x);
                check_symmetric(name, &hessian);
                for i in 0..x.len() {
                    let row: f64 = hessian.row(i).iter().zip(&v).map(|(h, v)| h * v).sum();
                    close(name, &[row], &product[i..=i]);
                }
                // The number of lanes is no part of the result.
                assert_eq!(hessian, super::$name::__hessian(x, Single), "{name}");
                assert_eq!(hessian, super::$name::__hessian(x, Wide::<4>), "{name}");
                assert_eq!(hessian, super::$name::__hessian(x, Wide::<8>), "{name}");
            }
        }
    )*};
}

mod agree {
    use super::{Single, Wide, check_symmetric, close, difference};

    modes_agree! {
        rosenbrock: [vec![0.3, -0.7], vec![0.4, 0.1, -0.2, 1.1, 0.9, -0.4, 0.2, 0.8, 0.5]];
        calls: [[0.3, -0.7, 0.4], [1.1, 0.2, -0.3]];
        jumps: [vec![0.5], vec![0.4, 0.9], vec![0.9, 0.8, 0.4], vec![0.3, 0.5, 0.2, 0.7, 0.1, 0.6, 0.8]];
        in_place: [[0.3, -0.7, 0.4], [1.1, 0.2, -0.3]];
        newton: [[0.3, 0.7, 0.4], [0.2, 1.2, -0.3]];
        prelude_functions: [[0.3, -0.7, 0.4], [1.1, 0.2, -0.3]];
        through: [[0.3, -0.7, 0.4], [1.1, 0.2, -0.3]];
        precisions: [[0.3, -0.7, 0.4], [1.1, 0.2, -0.3]];
    }
}

/// `order = 1`: no second derivatives, and everything else.
#[differentiable(order = 1)]
fn once(x: f64, y: f64) -> f64 {
    // A part that is a constant has the type that its suffix says.
    let pair = (x * y, 0.25_f64);
    pair.0.sin() * pair.1.sqrt()
}

#[differentiable]
fn calls_once(x: f64) -> f64 {
    once(x, 2.0) * x
}

#[test]
fn first_order_only() {
    let (x, y) = (0.7_f64, 0.4_f64);
    let slope = (x * y).cos() * 0.5;
    let (dx, dy) = once::grad(x, y);
    close("grad", &[dx, dy], &[slope * y, slope * x]);
    let (_, along) = once::jvp(x, y, 1.0, 2.0);
    close("jvp", &[along], &[slope * (y + 2.0 * x)]);
    let expected = (2.0 * x).sin() * 0.5 + x * (2.0 * x).cos();
    close("callers", &[calls_once::grad(x)], &[expected]);
    gradcheck!(once, x, y);
}

/// What is stopped is a constant of every order: the second derivative is that of `c x^2`, not
/// that of the gradient `2 x^2`.
#[differentiable]
fn stopped(x: f64) -> f64 {
    stop_gradient(x) * x * x + no_diff!(x * 3.0) * x * x
}

#[test]
fn stopped_values_are_constants_of_every_order() {
    let x = 0.7_f64;
    let c = 4.0 * x;
    close("grad", &[stopped::grad(x)], &[2.0 * c * x]);
    close("jvp", &[stopped::jvp(x, 0.5).1], &[c * x]);
    close("hvp", &[stopped::hvp(x, 0.5)], &[c]);
    close("hessian", stopped::hessian(x).data(), &[2.0 * c]);
}

#[differentiable]
fn constant_factor(x: f64, #[no_diff] c: f64) -> f64 {
    c * x * x
}

#[differentiable]
fn squared_twice(x: f64) -> f64 {
    constant_factor(x, x)
}

#[test]
fn no_derivative_flows_through_marked_parameters() {
    let x = 0.7_f64;
    close("its own", &[constant_factor::grad(x, 3.0)], &[6.0 * x]);
    close("grad", &[squared_twice::grad(x)], &[2.0 * x * x]);
    close("jvp", &[squared_twice::jvp(x, 0.5).1], &[x * x]);
    close("hvp", &[squared_twice::hvp(x, 0.5)], &[x]);
}

/// The derivative is taken with respect to some parameters only, of several kinds.
#[differentiable(wrt(b, w))]
fn mixed(w: &[[f64; 2]], x: &[f64], b: f64, n: usize) -> f64 {
    let mut s = b * b;
    for i in 0..w.len() {
        s = s * w[i][0] + x[i] * w[i][1] * b + (w[i][0] * w[i][1]).sin();
    }
    s + power(b, n)
}

#[test]
fn some_parameters() {
    let (w, x) = ([[0.3, 0.4], [-0.2, 0.9]], [0.5, -1.5]);
    let (db, dw) = (0.3, [[0.1, -0.4], [0.7, 0.2]]);
    let flat = [0.6, 0.3, 0.4, -0.2, 0.9];
    let along = [db, 0.1, -0.4, 0.7, 0.2];
    let gradient = |p: &[f64]| {
        let (b, w) = mixed::grad(&[[p[1], p[2]], [p[3], p[4]]], &x, p[0], 3);
        [vec![b], w.concat()].concat()
    };
    let product = difference(gradient, &flat, &along);
    let (hb, hw) = mixed::hvp(&w, &x, 0.6, 3, db, &dw);
    close("hvp", &[vec![hb], hw.concat()].concat(), &product);
    let hessian = mixed::hessian(&w, &x, 0.6, 3);
    assert_eq!((hessian.rows(), hessian.columns()), (5, 5));
    let columns = (0..5).map(|i| {
        let mut unit = [0.0; 5];
        unit[i] = 1.0;
        difference(gradient, &flat, &unit)
    });
    close(
        "hessian",
        hessian.data(),
        &columns.flatten().collect::<Vec<_>>(),
    );
    let (_, tangent) = mixed::jvp(&w, &x, 0.6, 3, db, &dw);
    let expected: f64 = gradient(&flat).iter().zip(along).map(|(g, v)| g * v).sum();
    close("jvp", &[tangent], &[expected]);
}

#[differentiable]
fn single(x: f32, y: f32) -> f32 {
    let mut s = 0.5;
    for i in 0..3 {
        s = s * x + y.powi(i);
    }
    s * y
}

#[test]
fn single_precision() {
    let (x, y) = (0.4_f64, 0.7_f64);
    // s = x^3/2 + x^2 + x y + y^2; the function is s y
    let hessian = single::hessian(0.4, 0.7);
    let expected = [(3.0 * x + 2.0) * y, 2.0 * y + x * x * 1.5 + 2.0 * x];
    assert!((f64::from(hessian[(0, 0)]) - expected[0]).abs() < 1e-6);
    assert!((f64::from(hessian[(0, 1)]) - expected[1]).abs() < 1e-6);
    let last = 2.0 * x + 6.0 * y;
    assert!((f64::from(hessian[(1, 1)]) - last).abs() < 1e-6);
}

/// More rows than columns, and the other way round.
#[differentiable]
fn curve(t: f64) -> [f64; 3] {
    let x = t.cos();
    let y = t * t;
    [x * y, y, x]
}

#[differentiable]
fn moments(x: &[f64]) -> [f64; 2] {
    let mut m = [0.0, 1.0];
    for i in 0..x.len() {
        m[0] += x[i] * x[i];
        m[1] *= x[i] + 2.0;
    }
    m
}

#[test]
fn jacobians() {
    let t = 0.7_f64;
    let matrix = curve::jacobian(t);
    assert_eq!((matrix.rows(), matrix.columns()), (3, 1));
    let expected = [2.0 * t * t.cos() - t * t * t.sin(), 2.0 * t, -t.sin()];
    close("curve", matrix.data(), &expected);
    let (value, tangent) = curve::jvp(t, 2.0);
    assert_eq!(value, curve(t));
    close("curve along", &tangent, &expected.map(|e| 2.0 * e));

    // 20 columns take three runs forward, so this one goes backward.
    for n in [1, 2, 3, 7, 16, 17, 20] {
        let x: Vec<f64> = (0..n).map(|i| (i as f64 * 0.3).sin()).collect();
        let matrix = moments::jacobian(&x);
        let product: f64 = x.iter().map(|x| x + 2.0).product();
        let rows = [
            x.iter().map(|x| 2.0 * x).collect::<Vec<f64>>(),
            x.iter().map(|x| product / (x + 2.0)).collect(),
        ];
        assert_eq!((matrix.rows(), matrix.columns()), (2, n));
        close("moments", matrix.row(0), &rows[0]);
        close("moments", matrix.row(1), &rows[1]);
    }
}

/// What is written through a reference has tangents too, and they are returned through one.
#[differentiable]
fn powers(x: f64, out: &mut [f64]) -> f64 {
    let mut p = 1.0;
    for i in 0..out.len() {
        p *= x;
        out[i] = out[i] * p + x;
    }
    p
}

#[differentiable]
fn through(x: &[f64]) -> f64 {
    let mut a = [x[0], x[1] * x[2], 0.5, x[2]];
    let p = powers(x[0], &mut a);
    powers(a[1] * p, &mut a[1..3]) + a[0] * a[1] * a[2] * a[3]
}

#[test]
fn through_references() {
    let x = 0.7_f64;
    let start = [0.3, -0.4, 0.9];
    let (mut out, mut along) = (start, [1.0, 0.5, -2.0]);
    let (value, tangent) = powers::jvp(x, &mut out, 0.5, &mut along);
    close("value", &[value, tangent], &[x * x * x, 1.5 * x * x]);
    let expected = |dx: f64, d: [f64; 3]| -> Vec<f64> {
        (0..3)
            .map(|i| {
                let n = i as i32 + 1;
                d[i] * x.powi(n) + dx * (start[i] * f64::from(n) * x.powi(n - 1) + 1.0)
            })
            .collect()
    };
    close(
        "tangent of the content",
        &along,
        &expected(0.5, [1.0, 0.5, -2.0]),
    );
    let mut plain = start;
    powers(x, &mut plain);
    assert_eq!(out, plain);

    let mut out = start;
    let matrix = powers::jacobian(x, &mut out);
    assert_eq!(out, plain);
    assert_eq!((matrix.rows(), matrix.columns()), (4, 4));
    close("value by x", matrix.row(0), &[3.0 * x * x, 0.0, 0.0, 0.0]);
    let units = [[0.0; 3], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    for (column, unit) in units.into_iter().enumerate() {
        let dx = if column == 0 { 1.0 } else { 0.0 };
        let found = [1, 2, 3].map(|row| matrix[(row, column)]);
        close("content", &found, &expected(dx, unit));
    }
}

#[test]
fn directions_of_another_length_are_refused() {
    for direction in [&[1.0][..], &[1.0, 0.0, 5.0]] {
        let refused = std::panic::catch_unwind(|| rosenbrock::hvp(&[1.0, 2.0], direction));
        let text = *refused.unwrap_err().downcast::<String>().unwrap();
        let length = direction.len();
        assert_eq!(
            text,
            format!("the direction of `x` has {length} entries, `x` has 2")
        );
        assert!(std::panic::catch_unwind(|| rosenbrock::jvp(&[1.0, 2.0], direction)).is_err());
    }
}
