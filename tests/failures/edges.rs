//! Kinks, ties, poles and sides that do not run.

use cotangent::prelude::*;

/// Where the result is a constant, and where it is not.
#[differentiable]
fn piecewise(x: f64, y: f64) -> f64 {
    if x < 0.0 {
        0.0
    } else if x < 1.0 {
        return 2.5;
    } else {
        x * y
    }
}

#[test]
fn constant_arm() {
    assert_eq!(piecewise::value_and_grad(-1.0, 3.0), (0.0, (0.0, 0.0)));
    assert_eq!(piecewise::value_and_grad(0.5, 3.0), (2.5, (0.0, 0.0)));
    assert_eq!(piecewise::value_and_grad(2.0, 3.0), (6.0, (3.0, 2.0)));
}

#[differentiable]
fn guarded(x: f64) -> f64 {
    let log = if x > 0.0 { x.ln() } else { 0.0 };
    let root = if x > 0.0 { x.sqrt() } else { x };
    let ratio = match x != 0.0 {
        true => 1.0 / x,
        false => 0.0,
    };
    log + root + ratio
}

#[differentiable]
fn guarded_in_loop(x: &[f64]) -> f64 {
    let mut total = 0.0;
    for v in x {
        total += if *v > 0.0 { v.ln() * v.sqrt() } else { *v * *v };
    }
    total
}

#[test]
fn untaken() {
    assert_eq!(guarded::grad(0.0), 1.0);
    assert_eq!(guarded::grad(-2.0), 1.0 - 0.25);
    assert_eq!(guarded::grad(4.0), 0.25 + 0.25 - 0.0625);
    assert_eq!(guarded::jvp(0.0, 1.0).1, 1.0);
    assert_eq!(guarded::hvp(0.0, 1.0), 0.0);
    assert_eq!(guarded_in_loop::grad(&[0.0, -1.0, 1.0]), [0.0, -2.0, 1.0]);
}

#[differentiable]
fn norm(x: &[f64]) -> f64 {
    safe_sqrt(x.iter().map(|v| v * v).sum::<f64>())
}

#[differentiable]
fn plane_norm(x: f64, y: f64) -> f64 {
    x.hypot(y)
}

#[differentiable]
fn raw_root(x: f64) -> f64 {
    x.sqrt()
}

#[test]
fn norms_at_zero() {
    assert_eq!(norm::value_and_grad(&[0.0; 3]), (0.0, vec![0.0; 3]));
    assert_eq!(norm::jvp(&[0.0; 3], &[1.0; 3]), (0.0, 0.0));
    assert_eq!(norm::grad(&[0.0, -2.0]), [0.0, -1.0]);
    assert_eq!(plane_norm::grad(0.0, 0.0), (0.0, 0.0));
    assert_eq!(plane_norm::grad(3.0, 4.0), (0.6, 0.8));
    assert_eq!(raw_root::grad(0.0), f64::INFINITY);
}

/// Values that are not used, of which each is NaN, also written over in a loop.
#[differentiable]
fn careless(x: f64, n: usize) -> f64 {
    let _angle = (-1.0 - x * x).acos();
    let mut waste = (x - x).ln();
    for i in 0..n {
        waste = waste * x + i as f64;
    }
    let kept = (-x * x - 1.0).sqrt();
    let kept = x * 3.0;
    kept * x
}

#[test]
fn unused() {
    for n in [0, 1, 3] {
        assert_eq!(careless::grad(2.0, n), 12.0);
        assert_eq!(careless::hvp(2.0, n, 1.0), 6.0);
        assert_eq!(careless::jvp(2.0, n, 1.0), (12.0, 12.0));
    }
}

#[differentiable]
fn tie(x: f64, y: f64) -> f64 {
    2.0 * x.max(y) + 3.0 * y.min(x)
}

#[test]
fn ties() {
    assert_eq!(tie::grad(1.5, 1.5), (2.0, 3.0));
    assert_eq!(tie::jvp(1.5, 1.5, 1.0, 0.0).1, 2.0);
    assert_eq!(tie::grad(1.0, 2.0), (3.0, 2.0));
}

#[differentiable]
fn largest(x: &[f64]) -> f64 {
    x.iter().fold(f64::NEG_INFINITY, |m, &v| m.max(v)) * 2.0
}

#[test]
fn largest_of_a_vector() {
    assert_eq!(largest::grad(&[1.0, 4.0, 4.0, 2.0]), [0.0, 2.0, 0.0, 0.0]);
    assert_eq!(largest::grad(&[7.0, 4.0]), [2.0, 0.0]);
    assert_eq!(largest::grad(&[3.0, 3.0, 3.0]), [2.0, 0.0, 0.0]);
}
