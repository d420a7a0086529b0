use cotangent::prelude::*;

mod layers {
    use cotangent::prelude::*;

    #[differentiable]
    pub fn dense(
        #[shape(B, K)] x: &Tensor<f32>,
        #[shape(K, M)] w: &Tensor<f32>,
    ) -> Tensor<f32> {
        x.matmul(w).relu()
    }
}

#[differentiable(wrt(w, v))]
fn loss(
    #[shape(B, 784)] x: &Tensor<f32>,
    #[shape(784, 2 * H)] w: &Tensor<f32>,
    #[shape(128, 10)] v: &Tensor<f32>,
    #[shape(H, 10)] u: &Tensor<f32>,
) -> f32 {
    let right = layers::dense(x, w);
    let wrong = layers::dense(x, v);
    right.matmul(u).mean() + wrong.mean()
}

fn main() {}
