use cotangent::prelude::*;

#[derive(Differentiable, Clone)]
struct Point {
    x: f64,
}

impl Point {
    fn norm(&self) -> f64 {
        self.x.abs()
    }

    fn of(x: f64) -> f64 {
        x
    }
}

#[differentiable]
fn loss(p: &Point) -> f64 {
    p.norm() + Point::of(p.x)
}

fn main() {}
