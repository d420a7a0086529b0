//! What is known of a training step before it runs: a transformer's graph as text and for Graphviz,
//! both before any tensor exists, and the plan of the bound program.
//!
//! `cargo run --release --example plan -- graph | dot | plan` prints one of them, without an argument all
//! three.

use std::process::ExitCode;

use cotangent::prelude::*;

#[derive(Differentiable, Clone)]
struct Dense {
    w: Tensor<f32>,
    b: Tensor<f32>,
}

impl Dense {
    fn new(inputs: usize, outputs: usize) -> Dense {
        Dense {
            w: Tensor::zeros(&[inputs, outputs]),
            b: Tensor::zeros(&[outputs]),
        }
    }
}

#[derive(Differentiable, Clone)]
struct Norm {
    gain: Tensor<f32>,
    bias: Tensor<f32>,
}

/// A block of causal attention and a feed-forward network over characters.
#[derive(Differentiable, Clone)]
struct Transformer {
    table: Tensor<f32>,
    places: Tensor<f32>,
    norms: Vec<Norm>,
    qkv: Dense,
    joined: Dense,
    wide: Dense,
    narrow: Dense,
    head: Dense,
}

const CHARACTERS: usize = 65;

impl Transformer {
    fn new(length: usize, width: usize) -> Transformer {
        let norm = |_| Norm {
            gain: Tensor::full(&[width], 1.0),
            bias: Tensor::zeros(&[width]),
        };
        Transformer {
            table: Tensor::zeros(&[CHARACTERS, width]),
            places: Tensor::zeros(&[length, width]),
            norms: (0..3).map(norm).collect(),
            qkv: Dense::new(width, 3 * width),
            joined: Dense::new(width, width),
            wide: Dense::new(width, 4 * width),
            narrow: Dense::new(4 * width, width),
            head: Dense::new(width, CHARACTERS),
        }
    }
}

/// The loss of predicting each next character, for texts `[N, T]`.
#[differentiable(wrt(model))]
fn loss(model: &Transformer, text: &Tensor<u32>, next: &Tensor<u32>, heads: usize) -> f32 {
    let x = model.table.embedding(text) + &model.places;
    let (batch, length, width) = (x.shape()[0], x.shape()[1], x.shape()[2]);
    let (n, t, d) = (batch as i64, length as i64, (width / heads) as i64);
    let (first, second, third) = (&model.norms[0], &model.norms[1], &model.norms[2]);
    let h = x.layer_norm(&first.gain, &first.bias, 1e-5);
    let qkv = h.matmul(&model.qkv.w) + &model.qkv.b;
    let split = qkv
        .reshape(&[n, t, 3, heads as i64, d])
        .permute(&[2, 0, 3, 1, 4]);
    let q = split.index_axis(0, 0);
    let k = split.index_axis(0, 1);
    let v = split.index_axis(0, 2);
    let seen = q.attention_causal(&k, &v).swap_axes(1, 2);
    let seen = seen.reshape(&[n, t, width as i64]);
    let x = x + seen.matmul(&model.joined.w) + &model.joined.b;
    let h = x.layer_norm(&second.gain, &second.bias, 1e-5);
    let h = (h.matmul(&model.wide.w) + &model.wide.b).gelu();
    let x = x + h.matmul(&model.narrow.w) + &model.narrow.b;
    let h = x.layer_norm(&third.gain, &third.bias, 1e-5);
    let logits = h.matmul(&model.head.w) + &model.head.b;
    logits.cross_entropy(next).mean()
}

fn main() -> ExitCode {
    let wanted = std::env::args().nth(1);
    let prints = |part: &str| wanted.as_deref().is_none_or(|wanted| wanted == part);
    if !["graph", "dot", "plan"].into_iter().any(prints) {
        eprintln!("there is graph, dot and plan; without an argument all three are printed");
        return ExitCode::FAILURE;
    }
    if prints("graph") {
        println!("{}", loss::graph());
    }
    if prints("dot") {
        println!("{}", loss::graph().dot());
    }
    if prints("plan") {
        let model = Transformer::new(64, 64);
        let text = Tensor::from_fn(&[16, 64], |i| (i * 7 % CHARACTERS) as u32);
        match loss::bind(&model, &text, &text, 4) {
            Ok(program) => println!("{}", program.report()),
            Err(error) => {
                eprintln!("{error}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
