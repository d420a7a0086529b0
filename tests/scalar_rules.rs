//! `#[derivative(of = ..)]`: rules that the user writes, for functions here and elsewhere.

use cotangent::prelude::*;

/// Not differentiable by its code: it is found in a table.
fn cubic(x: f64) -> f64 {
    let table = [|x: f64| x * x * x, |_| 0.0];
    table[usize::from(!x.is_finite())](x)
}

#[derivative(of = cubic)]
fn cubic_rule(x: f64, cotangent: f64) -> f64 {
    cotangent * 3.0 * x * x
}

/// A function that somebody else wrote.
mod foreign {
    pub(crate) fn weighted(x: &[f64], power: i32, y: f64) -> f64 {
        x.iter().map(|x| x.powi(power)).sum::<f64>() * y
    }
}

#[derivative(of = foreign::weighted)]
fn weighted_rule(x: &[f64], power: i32, y: f64, cotangent: f64) -> (Vec<f64>, f64) {
    let slope = |x: &f64| cotangent * y * f64::from(power) * x.powi(power - 1);
    let sum: f64 = x.iter().map(|x| x.powi(power)).sum();
    (x.iter().map(slope).collect(), cotangent * sum)
}

#[differentiable]
fn uses(x: &[f64], s: f64) -> f64 {
    let mut total = cubic(s * x[0]);
    for i in 0..x.len() {
        total += weighted(x, 3, s * x[i]) * cubic(x[i]);
    }
    total
}

fn close(found: f64, expected: f64) {
    assert!(
        (found - expected).abs() < 1e-12 * expected.abs().max(1.0),
        "{found} {expected}"
    );
}

#[test]
fn rules_are_used_by_their_companions_and_by_callers() {
    assert_eq!(cubic::value_and_grad(2.0), (8.0, 12.0));
    let (value, (dx, dy)) = weighted::value_and_grad(&[1.0, 2.0], 2, 0.5);
    assert_eq!((value, dx, dy), (2.5, vec![1.0, 2.0], 5.0));
    let x = [0.3, -0.8, 1.1];
    gradcheck!(uses, &x, 0.7);
    let (dx, ds) = uses::grad(&x, 0.7);
    let (value, tangent) = uses::jvp(&x, 0.7, &[0.2, 0.4, -0.1], 0.9);
    assert_eq!(value, uses(&x, 0.7));
    close(tangent, 0.2 * dx[0] + 0.4 * dx[1] - 0.1 * dx[2] + 0.9 * ds);
}

/// The rule is what is used, not the code: here they differ on purpose.
fn doubled(x: f64) -> f64 {
    2.0 * x
}

#[derivative(of = doubled)]
fn doubled_rule(_x: f64, cotangent: f64) -> f64 {
    cotangent * 5.0
}

#[differentiable]
fn through(x: f64) -> f64 {
    doubled(x) * x
}

#[test]
fn the_rule_wins_over_the_code() {
    close(through::grad(3.0), 5.0 * 3.0 + 6.0);
}
