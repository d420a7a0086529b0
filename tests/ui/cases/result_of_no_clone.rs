use cotangent::prelude::*;

struct Failure;

#[differentiable]
fn root(x: f64) -> Result<f64, Failure> {
    if x < 0.0 {
        return Err(Failure);
    }
    Ok(x.sqrt())
}

fn main() {}
