//! Forward mode of a function that makes variants with fields.
use cotangent::prelude::*;

#[derive(Differentiable, Clone)]
enum Bend {
    None,
    Square(f64),
}

#[differentiable]
fn bent(x: f64, plain: bool) -> f64 {
    let bend = if plain { Bend::None } else { Bend::Square(x) };
    match bend {
        Bend::None => x,
        Bend::Square(v) => v * v,
    }
}

#[differentiable]
fn caller(x: f64) -> f64 {
    bent(x, false) * x
}

fn main() {
    caller::jvp(1.0, 1.0);
}
