use cotangent::prelude::*;

#[derive(Differentiable, Clone)]
struct Model {
    n: usize,
    x: f64,
}

#[differentiable]
fn loss(m: &Model) -> f64 {
    m.x.powi(m.n as i32) * m.x.powi(m.x as i32)
}

fn main() {}
