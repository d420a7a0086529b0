//! `&mut` parameters: written in place, read again, handed on to calls.

use super::*;

#[differentiable]
fn prefix_products(v: &mut [f64], k: f64) -> f64 {
    let mut last = k;
    for i in 0..v.len() {
        last *= v[i];
        v[i] = last * k;
    }
    last
}

#[differentiable]
fn scale(v: &mut [f64], by: f64) {
    for i in 0..v.len() {
        v[i] = v[i] * by.sin();
    }
}

#[differentiable]
fn bump(total: &mut f64, x: f64) -> f64 {
    let old = *total;
    *total += x * x;
    *total *= 1.5;
    old * x
}

#[differentiable]
fn chained(x: &[f64], k: f64) -> f64 {
    let mut a = [0.0; 7];
    for i in 0..x.len() {
        a[i] = x[i];
    }
    let n = x.len();
    let mut total = k;
    let first = prefix_products(&mut a[..n], k);
    scale(&mut a, first);
    for i in 0..n {
        let b = bump(&mut total, a[i]);
        total += b * a[i];
        scale(&mut a[i..], k);
    }
    total + first
}

/// Writes into scratch that the caller owns: the derivative passes through it.
#[differentiable(wrt(x))]
fn through_scratch(x: &[f64], scratch: &mut [f64]) -> f64 {
    for i in 0..x.len() {
        scratch[i] = x[i] * x[i];
    }
    let mut s = 1.0;
    for i in 0..x.len() {
        s = s * scratch[i] + x[i];
    }
    s
}

#[differentiable]
fn uses_scratch(x: &[f64]) -> f64 {
    let mut scratch = [5.0; 7];
    let a = through_scratch(x, &mut scratch);
    let b = through_scratch(x, &mut scratch);
    a * b + x.len() as f64
}

#[differentiable]
fn overlapping(x: &[f64]) -> f64 {
    let n = x.len();
    if n < 2 {
        return x.len() as f64;
    }
    dot(&x[..n - 1], &x[1..]) + dot(x, x)
}

#[differentiable]
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut s = 0.0;
    for i in 0..a.len() {
        s += a[i] * b[i];
    }
    s
}

#[test]
fn the_gradient_is_that_of_the_initial_content() {
    for n in SIZES {
        let (v, k) = (noise(n, 1), 0.7);
        let f = |v: &[f64], k: f64| prefix_products(&mut v.to_vec(), k);
        let mut changed = v.clone();
        let (value, (dv, dk)) = prefix_products::value_and_grad(&mut changed, k);
        let mut expected = v.clone();
        assert_eq!(value, prefix_products(&mut expected, k));
        assert_eq!(changed, expected, "the caller sees the final content");
        close(&dv, &central(|v| f(v, k), &v));
        close(&[dk], &central(|k| f(&v, k[0]), &[k]));
    }
}

#[test]
fn a_cotangent_of_the_final_content_goes_back_to_the_initial_one() {
    for n in SIZES {
        let (v, by, weights) = (noise(n, 2), 0.9, noise(n, 3));
        let f = |v: &[f64], by: f64| {
            let mut v = v.to_vec();
            scale(&mut v, by);
            v.iter().zip(&weights).map(|(v, w)| v * w).sum()
        };
        let (dv, dby) = scale::vjp(&mut v.clone(), by, weights.clone());
        close(&dv, &central(|v| f(v, by), &v));
        close(&[dby], &central(|by| f(&v, by[0]), &[by]));
    }
}

#[test]
fn calls_restore_what_they_wrote() {
    for n in SIZES {
        for seed in 0..4 {
            let (x, k) = (noise(n, seed), 0.8);
            let (value, (dx, dk)) = chained::value_and_grad(&x, k);
            assert_eq!(value, chained(&x, k));
            close(&dx, &central(|x| chained(x, k), &x));
            close(&[dk], &central(|k| chained(&x, k[0]), &[k]));
        }
    }
}

#[test]
fn scratch_carries_derivatives() {
    for n in SIZES {
        let x = noise(n, 5);
        let mut scratch = [9.0; 7];
        let dx = through_scratch::grad(&x, &mut scratch);
        let expected = central(|x| through_scratch(x, &mut [9.0; 7]), &x);
        close(&dx, &expected);
        close(&uses_scratch::grad(&x), &central(uses_scratch, &x));
    }
}

#[test]
fn one_variable_in_two_arguments() {
    for n in [2, 3, 7] {
        let x = noise(n, 6);
        close(&overlapping::grad(&x), &central(overlapping, &x));
    }
}
