//! Functions that return more than their loss: the gradient is that of the first part.

use super::*;

#[differentiable]
fn fitted(x: &[f64], k: f64) -> (f64, Vec<f64>, usize, [f64; 2]) {
    let mut residuals = Vec::new();
    let mut loss = 0.0;
    let mut turns = 0;
    for i in 0..x.len() {
        let r = (x[i] * k).sin() - 0.2 * i as f64;
        residuals.push(r);
        loss += r * r;
        turns += 1;
    }
    for r in &residuals {
        loss += r * k;
    }
    (loss, residuals, turns, [k * loss, k])
}

#[differentiable]
fn user(x: &[f64]) -> f64 {
    let (loss, residuals, turns, ends) = fitted(x, 0.8);
    loss * turns as f64 + residuals.iter().sum::<f64>() + ends[0] * ends[1]
}

#[differentiable]
fn pair<T: cotangent::Real>(x: T) -> (T, T) {
    (x * x, x.exp())
}

#[test]
fn the_first_part_is_the_loss() {
    for n in SIZES {
        let x = noise(n, 2);
        let ((loss, residuals, turns, _), (dx, dk)) = fitted::value_and_grad(&x, 0.7);
        let expected = fitted(&x, 0.7);
        assert!((loss - expected.0).abs() <= 1e-12);
        assert_eq!((residuals.len(), turns), (n, n));
        close(&dx, &central(|x| fitted(x, 0.7).0, &x));
        close(&[dk], &central(|k| fitted(&x, k[0]).0, &[0.7]));
        let mut grads = (Vec::new(), 0.0);
        let (value, ..) = fitted::value_and_grad_into(&x, 0.7, &mut grads);
        assert_eq!((value, grads), (loss, (dx, dk)));
        close(&user::grad(&x), &central(user, &x));
    }
    assert_eq!(pair::grad(3.0_f32), 6.0);
    // Several results at once, each with its cotangent.
    let (_, gradient) = pair::vjp(0.0, (2.0, 5.0));
    assert_eq!(gradient, 5.0);
}
