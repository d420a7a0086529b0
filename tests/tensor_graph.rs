//! The static graph of the digits network as text, as DOT and as CUDA kernels, before any tensor
//! exists. `UPDATE_SNAPSHOTS=1 cargo test --test tensor_graph` rewrites the snapshots.

use std::path::Path;

use cotangent::Graph;
use cotangent::prelude::*;

#[derive(Differentiable, Clone)]
struct Mlp {
    #[shape(64, H)]
    w1: Tensor<f32>,
    #[shape(H)]
    b1: Tensor<f32>,
    #[shape(H, 10)]
    w2: Tensor<f32>,
    #[shape(10)]
    b2: Tensor<f32>,
}

#[differentiable(wrt(model))]
fn loss(model: &Mlp, #[shape(B, 64)] x: &Tensor<f32>, #[shape(B)] labels: &Tensor<u32>) -> f32 {
    let hidden = (x.matmul(&model.w1) + &model.b1).relu();
    let logits = hidden.matmul(&model.w2) + &model.b2;
    logits.cross_entropy(labels).mean()
}

fn compare(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/snapshots")
        .join(name);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == text,
        "{} has changed; if that is meant, run with UPDATE_SNAPSHOTS=1. It is now:\n{text}",
        path.display()
    );
}

#[test]
fn the_graph_of_the_digits_network_is_as_reviewed() {
    let graph: &Graph = loss::graph();
    compare("digits.graph.txt", &graph.to_string());
    compare("digits.dot", &graph.dot());
    compare("digits.cu", &graph.cuda());
}

#[test]
fn bias_and_activation_are_one_kernel_and_so_is_their_adjoint() {
    let text = loss::graph().to_string();
    let (forward, backward) = text.split_once("  backward\n").unwrap();
    let relu = |part: &str| {
        let lines = part.lines().filter(|line| line.contains("fused("));
        lines
            .filter(|line| line.contains("relu") || line.contains("> 0"))
            .count()
    };
    let kernels = |part: &str| part.matches("fused(").count();
    // Bias and relu; the second bias; the sum over the rows and its division.
    assert_eq!((relu(forward), kernels(forward)), (1, 4), "{text}");
    // The cotangent of the mean; that of the logits with that of their bias; relu with its bias.
    assert_eq!((relu(backward), kernels(backward)), (1, 3), "{text}");
    let adjoint = backward.lines().find(|line| line.contains("> 0")).unwrap();
    let (results, _) = adjoint.split_once(" = fused(").unwrap();
    assert_eq!(
        results.matches('%').count() - results.matches("like %").count(),
        2,
        "{adjoint}"
    );
}
