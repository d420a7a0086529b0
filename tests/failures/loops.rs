//! Loops: what is carried in, through and out of them.

use cotangent::prelude::*;

use crate::common::strategies::programs;

#[differentiable]
fn likelihood(mean: f64, x: &[f64]) -> f64 {
    let mut total = 0.0;
    for v in x {
        total -= (v - mean).powi(2) * (mean * 0.3).cos();
    }
    total
}

programs! {
    fn constant_start(x: &[f64], y: &[f64]) -> f64 {
        let mut r = 1.0;
        for i in 0..x.len() {
            r *= x[i];
        }
        r + y.len() as f64
    }

    fn constant_sum(x: &[f64], y: &[f64]) -> f64 {
        let mut total = 0.0;
        let mut scale = 2.0;
        for i in 0..x.len() {
            total = total + x[i] * scale;
            scale = y[i];
        }
        total * scale
    }

    fn bounds_are_arguments(x: &[f64], y: &[f64]) -> f64 {
        let (mut n, mut total) = (x.len(), 0.7);
        let first = n / 3;
        for i in first..n {
            n = i;
            let divisor = y[i] + 1.0;
            total = total / divisor + x[i];
        }
        for i in 0..n {
            total /= 1.0 + x[i] * total;
        }
        total
    }

    fn around_a_loop(x: &[f64], y: &[f64]) -> f64 {
        let before = if x.is_empty() { 0.5 } else { x[0] * y[0].sin() };
        let mut total = 0.0;
        for i in 0..x.len() {
            total += x[i] * y[i] * before;
        }
        total.sin() + before * before * total
    }

    fn ragged_nest(x: &[f64], y: &[f64]) -> f64 {
        let mut total = 0.1;
        let mut carried = 0.8;
        for i in 0..x.len() {
            for j in i / 2..y.len() {
                let w = x[i] * y[j];
                for k in 0..(i + 2 * j) % 4 {
                    carried = (carried * w + x[k % x.len()]).tanh();
                    total += carried * w;
                }
                total *= 1.0 - 0.1 * w;
            }
            carried += total.cos();
        }
        total * carried
    }

    // The sum is read behind the loops, so that it is brought back: once, and not turn by turn.
    fn sum_of_a_nest(x: &[f64], y: &[f64]) -> f64 {
        let factor = (0.1 * y.len() as f64).cos() + x.iter().sum::<f64>() * 0.1;
        let mut sum = 0.3;
        for i in 0..y.len() {
            for k in 0..x.len() {
                sum += x[k] * x[k] * y[i];
            }
            for v in y {
                sum += (v * v).sin();
            }
            for k in 0..x.len() {
                for v in y {
                    sum -= x[k] * (v * x[i]).cos();
                }
                sum += x[k];
            }
        }
        factor * sum
    }

    fn largest_by_index(x: &[f64], y: &[f64]) -> f64 {
        let mut at = 0;
        for i in 1..x.len() {
            if x[i] * y[i] > x[at] * y[at] {
                at = i;
            }
        }
        let mut total = 0.0;
        for i in 0..x.len() {
            total += x[at] * y[(at + i) % y.len()];
        }
        total
    }

    fn called_twice(x: &[f64], y: &[f64]) -> f64 {
        let mut mean = 0.2;
        for v in y {
            mean += v * 0.1;
        }
        likelihood(mean, x) + likelihood(mean, x) * likelihood(mean, y)
    }

    fn scan(x: &[f64], y: &[f64]) -> f64 {
        let mut carry = 0.4;
        let mut outs = [0.0; 7];
        for i in 0..x.len() {
            carry = carry * x[i] + y[i].sin();
            outs[i] = carry * y[i];
        }
        let mut total = carry;
        for i in 0..x.len() {
            total += outs[i] * outs[i] * x[i];
        }
        total
    }
}
