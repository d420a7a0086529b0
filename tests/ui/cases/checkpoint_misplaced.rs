use cotangent::prelude::*;

#[differentiable]
fn f(x: f64) -> f64 {
    let mut y = x;
    #[checkpoint]
    while y < 2.0 {
        y *= 1.5;
    }
    #[checkpoint(every = 3)]
    for _ in 0..3 {
        y *= 1.5;
    }
    y
}

fn main() {
    f::grad(1.0);
}
