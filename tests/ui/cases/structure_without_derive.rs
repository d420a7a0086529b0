use cotangent::prelude::*;

#[derive(Clone)]
struct Plain {
    w: f64,
}

#[differentiable]
fn underived(p: &Plain, s: f64) -> f64 {
    p.w * s
}

fn main() {}
