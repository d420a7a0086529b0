use cotangent::prelude::*;

#[differentiable]
fn add(to: &mut [f64], from: &[f64]) {
    for i in 0..to.len() {
        to[i] += from[i];
    }
}

#[differentiable]
fn halves(x: &[f64]) -> f64 {
    let mut v = x.to_vec();
    let (a, b) = v.split_at_mut(2);
    add(a, b);
    v[0]
}

fn main() {}
