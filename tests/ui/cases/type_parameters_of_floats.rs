//! A type parameter that may be anything that multiplies.
use cotangent::prelude::*;

#[differentiable]
fn square<T: Copy + std::ops::Mul<Output = T>>(x: T) -> T {
    x * x
}

fn main() {}
