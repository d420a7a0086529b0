use cotangent::prelude::*;

#[derive(Differentiable, Clone)]
struct Arrow {
    x: f64,
    y: f64,
}

impl Arrow {
    #[differentiable]
    fn len(&self) -> f64 {
        self.x.hypot(self.y)
    }
}

#[differentiable]
fn path(a: &Arrow, b: &Arrow) -> f64 {
    let mut total = a.x;
    total += b.len();
    total
}

fn main() {}
