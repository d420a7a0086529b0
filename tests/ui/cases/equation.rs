use cotangent::prelude::*;

#[differentiable]
fn repeated(a: &Tensor<f32>, b: &Tensor<f32>) -> f32 {
    einsum!("ij,jk->ii", a, b).sum()
}

#[differentiable]
fn too_few(a: &Tensor<f32>, b: &Tensor<f32>) -> f32 {
    a.einsum("ij,jk->i", &[]).sum() + b.sum()
}

#[differentiable]
fn sizes(#[shape(B, 3)] a: &Tensor<f32>, #[shape(4, B)] b: &Tensor<f32>) -> f32 {
    einsum!("ij,jk->ik", a, b).sum()
}

#[differentiable]
fn axes(#[shape(B, 3)] a: &Tensor<f32>, #[shape(3)] b: &Tensor<f32>) -> f32 {
    a.einsum("ijk,k->i", &[b]).sum()
}

#[differentiable]
fn result(#[shape(B, 3)] a: &Tensor<f32>, #[shape(3, H)] b: &Tensor<f32>) -> f32 {
    let transposed = einsum!("ij,jk->ki", a, b);
    transposed.matmul(b).sum()
}

fn main() {
    let a = Tensor::<f32>::zeros(&[2, 3]);
    println!("{:?}", einsum!("ij->k", a));
}
