use cotangent::prelude::*;

#[derive(Differentiable)]
enum Model {
    Linear,
}

fn main() {}
