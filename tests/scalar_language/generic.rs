//! Functions that are generic over their floats: one text, differentiated for `f32` and `f64`.

use super::*;
use cotangent::Real;

#[differentiable]
fn smooth<T: Real>(x: T, k: T) -> T {
    let y = T::of(0.5) * x * x + (k * x).sin() / T::of(3.0) - T::ONE;
    let z = y.abs().sqrt() + x.powi(3) - y.powf(T::of(2.0)) * x.tanh();
    softplus(z) + z.max(k).hypot(x) + T::min(x, k) + z.ln_1p() + (T::of(-1.5) * z).exp2()
}

#[differentiable]
fn largest<T>(x: &[T]) -> T
where
    T: Real,
{
    let top = x.iter().copied().fold(T::NEG_INFINITY, T::max);
    let sum = x.iter().map(|v| (*v - top).exp()).sum::<T>();
    let product: T = x.iter().product();
    top + sum.ln() * product
}

#[differentiable]
fn steps<T: Real + Send, const N: usize>(x: [T; N], rate: T, turns: usize) -> T {
    let mut v = x;
    let mut held = vec![T::ZERO; N];
    let mut total = T::of(0.25);
    for turn in 0..turns {
        for i in 0..N {
            if v[i] < T::of(0.4) {
                v[i] += rate * T::of(turn as f64);
                continue;
            }
            held[i] = v[i] * v[(i + 1) % N] + total;
            v[i] = held[i].cos() * rate;
        }
        total *= v[0] - T::of(2.0);
        total -= held[N - 1];
    }
    let mut s = total;
    while s > T::of(2.0) {
        s = s / T::of(2.0) + rate;
    }
    s
}

/// Two types of floats in one function.
#[differentiable]
fn mixed<T: Real>(x: &[T], scale: f64) -> T {
    let weight = (scale * 2.0).sqrt() / 3.0;
    let mut s = T::of(0.0);
    for v in x {
        s += *v * *v * T::of(1.5);
        if weight > 0.5 {
            s = s.sin();
        }
    }
    s
}

#[differentiable]
fn calls<T: Real>(x: &[T], k: T) -> T {
    largest(&x[1..]) * smooth(k, x[0]) + steps([x[0], k, T::of(0.7)], k, 2)
}

#[differentiable]
fn concrete(x: &[f64], k: f64) -> f64 {
    calls(x, k) * 0.5 + smooth(k as f32, 0.8) as f64
}

#[differentiable]
fn root<T: Real>(x: T) -> Option<T> {
    if x < T::ZERO {
        return None;
    }
    Some(x.sqrt())
}

#[differentiable]
fn pair<T: Real>(x: T, y: T) -> (T, [T; 2]) {
    (x * y, [x.sin(), T::of(2.0) * y])
}

#[differentiable]
fn with_roots<T: Real>(x: &[T]) -> T {
    let mut s = T::ONE;
    for i in 0..x.len() {
        if let Some(r) = root(x[i] - T::of(0.9)) {
            s += r * x[i];
        }
        let (product, parts) = pair(x[i], s);
        s = product + parts[0] - parts[1];
    }
    s
}

#[derive(Differentiable, Clone)]
struct Scaled {
    by: f64,
}

impl Scaled {
    #[differentiable]
    fn twice<T: Real>(&self, x: T) -> T {
        x * T::of(2.0) + x.recip()
    }
}

fn wide(x: &[f64]) -> Vec<f32> {
    x.iter().map(|v| *v as f32).collect()
}

/// The same gradient in single precision, as far as that goes.
#[track_caller]
fn near(single: &[f32], double: &[f64]) {
    let scale = double.iter().fold(1.0_f64, |m, e| m.max(e.abs()));
    assert_eq!(single.len(), double.len());
    for (s, d) in single.iter().zip(double) {
        // Rounding to 24 bits, in programs of some tens of operations.
        assert!(
            (f64::from(*s) - d).abs() <= 1e-4 * scale,
            "{s} in f32, {d} in f64"
        );
    }
}

#[test]
fn one_text_for_both_precisions() {
    for seed in 0..4 {
        let x = noise(5, seed);
        let k = noise(1, seed + 9)[0];
        gradcheck!(second: smooth, x[0], k);
        let (da, db) = smooth::grad(x[0], k);
        let (sa, sb) = smooth::grad(x[0] as f32, k as f32);
        near(&[sa, sb], &[da, db]);
        gradcheck!(second: largest, &x);
        near(&largest::grad(&wide(&x)), &largest::grad(&x));
        gradcheck!(second: mixed, &x, 0.4);
        near(&mixed::grad(&wide(&x), 0.4).0, &mixed::grad(&x, 0.4).0);
        gradcheck!(second: steps, [x[0], x[1], x[2]], k, 3);
        gradcheck!(second: calls, &x, k);
        let single = calls::grad(&wide(&x), k as f32);
        near(&single.0, &calls::grad(&x, k).0);
        gradcheck!(second: with_roots, &x);
    }
}

#[test]
fn callers_fix_the_type() {
    let x = noise(4, 3);
    let (dx, dk) = concrete::grad(&x, 0.6);
    close(&dx, &central(|x| concrete(x, 0.6), &x));
    let expected = 0.5 * calls::grad(&x, 0.6).1 + f64::from(smooth::grad(0.6_f32, 0.8).0);
    assert!((dk - expected).abs() <= 1e-12);
    fn outer<T: Real>(x: T) -> T {
        smooth::grad(x, T::ONE).0 + root::grad(x).unwrap_or(T::ZERO)
    }
    assert_eq!(outer(0.25), smooth::grad(0.25, 1.0).0 + 1.0);
    assert_eq!(root::grad(-1.0_f32), None);
    let (value, along) = pair::jvp(2.0, 3.0, 1.0, 0.0);
    assert_eq!((value.0, along), (6.0, (3.0, [2.0_f64.cos(), 0.0])));
    assert_eq!(Scaled { by: 1.0 }.twice_grad(2.0_f32).1, 1.75);
}
