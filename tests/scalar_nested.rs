//! Gradients inside of differentiable functions: an optimiser, and a step of physics, can be
//! differentiated as a whole. Compared with differences.

use cotangent::prelude::*;

#[differentiable(wrt(x))]
fn bowl(x: &[f64], c: &[f64]) -> f64 {
    (x[0] - c[0]).powi(2) * c[1]
        + (x[1] * c[0]).exp() * 0.1
        + x[1] * x[1] * x[0] * c[1]
        + x[1].powi(4)
}

/// Gradient descent until the gradient is small, then the value there.
#[differentiable]
fn descent(start: &[f64], c: &[f64]) -> f64 {
    let mut x = [start[0], start[1]];
    let mut steps = 0;
    loop {
        let g = bowl::grad(&x, c);
        if g[0] * g[0] + g[1] * g[1] < 0.01 || steps > 60 {
            break;
        }
        x[0] -= 0.05 * g[0];
        x[1] -= 0.05 * g[1] * c[1];
        steps += 1;
    }
    bowl(&x, c) * x[0] + x[1] * c[0]
}

#[differentiable]
fn quartic(x: f64, a: f64) -> f64 {
    a * x.powi(4) + x.sin() * a * a
}

/// Value and gradient of a function of two floats, in a loop.
#[differentiable]
fn both(x: f64, a: f64) -> f64 {
    let mut y = x;
    let mut total = 0.0;
    for _ in 0..3 {
        let found = quartic::value_and_grad(y, a);
        let slope = found.1;
        total += found.0 * slope.0 + slope.1;
        y -= 0.1 * slope.0;
    }
    total * y
}

/// A derivative in a branch, of a float, with a constant argument.
#[differentiable]
fn slope(x: f64) -> f64 {
    let mut s = x;
    if x > 0.0 {
        let g = quartic::grad(x * x, 0.5);
        s = g.0 * x;
    }
    s
}

fn close(name: &str, found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{name}");
    let scale = expected.iter().fold(1.0_f64, |s, e| s.max(e.abs()));
    for (f, e) in found.iter().zip(expected) {
        assert!(
            (f - e).abs() <= 1e-8 * scale,
            "{name}: {found:?}, expected {expected:?}"
        );
    }
}

/// The gradient by differences of fourth order.
fn central(f: impl Fn(&[f64]) -> f64, x: &[f64]) -> Vec<f64> {
    let h = 1e-3;
    (0..x.len())
        .map(|i| {
            let at = |step: f64| {
                let mut moved = x.to_vec();
                moved[i] += step;
                f(&moved)
            };
            (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h)
        })
        .collect()
}

#[test]
fn an_optimiser_is_differentiated() {
    for start in [[0.3, -0.7], [1.2, 0.4]] {
        let c = [0.6, 1.1];
        let (value, (dx, dc)) = descent::value_and_grad(&start, &c);
        assert_eq!(value, descent(&start, &c));
        let expected = central(
            |p| descent(&p[..2], &p[2..]),
            &[start[0], start[1], c[0], c[1]],
        );
        close("descent", &[dx, dc].concat(), &expected);
        let along = [0.4, -0.3, 0.8, 0.1];
        let (_, tangent) = descent::jvp(&start, &c, &along[..2], &along[2..]);
        let expected: f64 = expected.iter().zip(along).map(|(g, v)| g * v).sum();
        close("descent along", &[tangent], &[expected]);
    }
}

#[test]
fn values_with_gradients() {
    let (x, a) = (0.4, 0.7);
    let (dx, da) = both::grad(x, a);
    let expected = central(|p| both(p[0], p[1]), &[x, a]);
    close("both", &[dx, da], &expected);
    let (_, tangent) = both::jvp(x, a, 0.3, -0.9);
    close(
        "both along",
        &[tangent],
        &[0.3 * expected[0] - 0.9 * expected[1]],
    );
    for x in [0.8, -0.3] {
        close("slope", &[slope::grad(x)], &central(|p| slope(p[0]), &[x]));
    }
}

#[differentiable(wrt(x))]
fn well(x: [f64; 2], c: &[f64], k: f64) -> f64 {
    let mut s = (x[0] * k).sin() * x[1];
    for v in c {
        s += (x[0] - v).powi(2) * x[1].exp() * k;
    }
    s
}

/// Derivatives in directions, which depend on what is differentiated, in a loop.
#[differentiable]
fn along(start: [f64; 2], c: &[f64], k: f64) -> f64 {
    let mut x = start;
    let mut total = 0.1;
    for i in 0..3 {
        let there = well::jvp(x, c, k, [k * x[1], c[0] + i as f64]);
        let (_, across) = well::jvp(x, c, k, [1.0, 0.0]);
        total += there.0 * there.1 * 0.1;
        x[i % 2] -= 0.02 * across;
    }
    total * x[0] + well(x, c, k)
}

#[differentiable]
fn along_lists(x: &[f64], v: &[f64]) -> f64 {
    let (value, slope) = bowl::jvp(x, &[0.3, 0.9], v);
    let (_, straight) = quartic::jvp(x[0], value, slope, 0.5);
    value * slope * slope + straight
}

#[test]
fn directional_derivatives_are_differentiated() {
    for start in [[0.3, -0.4], [-0.2, 0.6]] {
        let (c, k) = ([0.4, 0.9, -0.3], 0.8);
        let (value, (dx, dc, dk)) = along::value_and_grad(start, &c, k);
        assert!((value - along(start, &c, k)).abs() <= 1e-14 * value.abs());
        let point = [&start[..], &c, &[k]].concat();
        let at = |p: &[f64]| along([p[0], p[1]], &p[2..5], p[5]);
        let expected = central(at, &point);
        close("along", &[&dx[..], &dc, &[dk]].concat(), &expected);
        let turn = [0.3, -0.2, 0.5, 0.7, -0.1, 0.9];
        let (_, tangent) = along::jvp(start, &c, k, [turn[0], turn[1]], &turn[2..5], turn[5]);
        let slope: f64 = expected.iter().zip(turn).map(|(g, v)| g * v).sum();
        close("along, forward", &[tangent], &[slope]);
    }
    let (x, v) = ([0.7, -0.4], [0.2, 0.5]);
    let (dx, dv) = along_lists::grad(&x, &v);
    let expected = central(|p| along_lists(&p[..2], &p[2..]), &[x, v].concat());
    close("along lists", &[dx, dv].concat(), &expected);
    let (_, tangent) = along_lists::jvp(&x, &v, &[0.1, 0.2], &[0.3, 0.4]);
    let slope: f64 = expected
        .iter()
        .zip([0.1, 0.2, 0.3, 0.4])
        .map(|(g, v)| g * v)
        .sum();
    close("along lists, forward", &[tangent], &[slope]);
}
