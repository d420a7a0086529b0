use cotangent::prelude::*;

#[differentiable]
fn f(x: f64) -> f64 {
    let mut y = x;
    #[checkpoint]
    for _ in 0..100 {
        y = y.sin() * x;
        if y < 0.1 {
            break;
        }
    }
    y
}

fn main() {
    f::grad(1.0);
}
