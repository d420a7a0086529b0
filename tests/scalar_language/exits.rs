//! Early ends: `return` where nothing follows, `?`, and results that may be missing.

use super::lists::agree;
use super::*;

#[differentiable]
fn ends(x: &[f64]) -> f64 {
    let n = x.len();
    if n == 0 {
        return 1.5;
    }
    let first = x[0] * 2.0;
    if first > 2.0 {
        let half = first / 2.0;
        return half.sin() * x[n - 1];
    }
    if n > 2 {
        if x[1] > x[2] {
            return x[1] * first;
        }
        x[2] * first.exp()
    } else if n == 2 {
        x[1] - first
    } else {
        return first * first;
    }
}

#[differentiable]
fn root(x: f64) -> Option<f64> {
    if x < 0.5 {
        return None;
    }
    Some(x.sqrt())
}

#[differentiable]
fn roots(x: &[f64]) -> Option<f64> {
    let mut total = 0.25;
    for i in 0..x.len() {
        total += root(x[i])? * x[i];
        if total > 6.0 {
            return Some(total * total);
        }
    }
    let last = if x.is_empty() { 2.0 } else { x[x.len() - 1] };
    Some(total * root(total + last)?)
}

#[differentiable]
fn guarded(x: &[f64]) -> f64 {
    match roots(x) {
        Some(value) => value * 2.0,
        None => x.iter().sum(),
    }
}

#[differentiable]
fn constant_lists(x: &[f64]) -> f64 {
    let order: Vec<usize> = no_diff!((0..x.len()).rev().collect());
    let mut orders = vec![order.clone(), order.clone()];
    orders[1] = order;
    let again = orders;
    let r = vec![1.0, 2.0];
    let mut m = vec![r.clone(), vec![0.5, 0.25]];
    m[1] = r;
    let mut total = 0.0;
    for i in 0..x.len() {
        total += x[again[1][i]] * x[again[0][i]] * m[1][i % 2];
        m[1][0] = x[i];
    }
    total
}

agree! {
    returns_where_nothing_follows: ends at SIZES;
    constants_that_are_lists: constant_lists at SIZES;
    a_result_that_is_missing: guarded at SIZES;
}

#[test]
fn the_gradient_is_missing_with_the_value() {
    let mut missing = 0;
    for n in SIZES {
        for seed in 0..4 {
            let x = noise(n, seed);
            let gradient = roots::grad(&x);
            let Some((value, both)) = roots::value_and_grad(&x) else {
                assert_eq!((roots(&x), gradient), (None, None));
                missing += 1;
                continue;
            };
            assert!((value - roots(&x).unwrap()).abs() <= 1e-12);
            assert_eq!(gradient.as_ref(), Some(&both));
            close(&both, &central(|x| roots(x).unwrap(), &x));
        }
    }
    assert!((1..20).contains(&missing), "{missing}");
    let (value, slope) = root::jvp(0.64, 2.0);
    assert_eq!(value, Some(0.8));
    assert!((slope.unwrap() - 1.25).abs() < 1e-14);
}
