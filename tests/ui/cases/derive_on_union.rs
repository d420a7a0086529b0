use cotangent::prelude::*;

#[derive(Differentiable)]
union Either {
    single: f32,
    double: f64,
}

fn main() {}
