use cotangent::prelude::*;

mod other {
    use cotangent::prelude::*;

    pub fn plain(x: &Tensor<f32>) -> Tensor<f32> {
        x * 2.0
    }

    #[differentiable]
    pub fn marked(x: &Tensor<f32>) -> Tensor<f32> {
        x * 2.0
    }
}

fn count(x: &Tensor<f32>) -> usize {
    x.rank()
}

#[differentiable(wrt(x))]
fn f(x: &Tensor<f32>) -> f32 {
    let mut y = other::plain(x) + other::marked(x);
    for _ in 0..count(x) {
        y = y * 2.0;
    }
    other::marked(&y).sum()
}

fn main() {}
