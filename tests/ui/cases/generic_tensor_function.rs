use cotangent::prelude::*;
use cotangent::Real;

// The one type parameter of a function over tensors is its float type.
#[differentiable]
fn two<T: Real, U: Real>(x: &Tensor<T>, y: &Tensor<U>) -> T {
    x.sum() * T::from_f64(y.sum().to_f64())
}

#[differentiable]
fn mixed<T: Real>(x: &Tensor<T>, rate: f64) -> T {
    x.sum() * T::from_f64(rate)
}

#[differentiable]
fn lifetime<'a>(x: &'a Tensor<f32>) -> f32 {
    x.sum()
}

fn main() {}
