use cotangent::prelude::*;

#[derive(Differentiable, Clone)]
struct Model {
    words: Embedding<f32>,
}

#[differentiable(wrt(model))]
fn loss(model: &Model, ids: &Tensor<u32>) -> f32 {
    let h = model.words.lookup(ids);
    h.matmul(&model.words).sum()
}

fn main() {}
