use cotangent::prelude::*;

#[differentiable]
fn f(x: f64) -> f64 {
    println!("{x}");
    dbg!(x);
    x * x
}

fn main() {
    f::grad(1.0);
}
