//! Sequences: an encoder and decoder, a conditional random field, a transformer block.

use cotangent::prelude::*;

use crate::check_model;
use crate::common::noise;

#[derive(Differentiable, Clone)]
struct Cell {
    input: Tensor<f64>,
    state: Tensor<f64>,
    bias: Tensor<f64>,
}

impl Cell {
    fn new(inputs: usize, hidden: usize, seed: usize) -> Cell {
        Cell {
            input: noise(&[inputs, 4 * hidden], seed),
            state: noise(&[hidden, 4 * hidden], seed + 1),
            bias: noise(&[4 * hidden], seed + 2),
        }
    }

    /// One step of a long short-term memory.
    #[differentiable]
    fn step(
        &self,
        x: &Tensor<f64>,
        h: &Tensor<f64>,
        c: &Tensor<f64>,
    ) -> (Tensor<f64>, Tensor<f64>) {
        let width = h.shape()[1];
        let gates = x.matmul(&self.input) + h.matmul(&self.state) + &self.bias;
        let parts = gates.split(1, &[width, width, width, width]);
        let kept = parts[1].sigmoid() * c;
        let c = kept + parts[0].sigmoid() * parts[2].tanh();
        let h = parts[3].sigmoid() * c.tanh();
        (h, c)
    }
}

#[derive(Differentiable, Clone)]
struct Translator {
    words: Tensor<f64>,
    encoder: Cell,
    decoder: Cell,
    out: Tensor<f64>,
}

/// Teacher forcing: the decoder starts from the encoder's state and sees the word before.
#[differentiable(wrt(net))]
fn translation(
    net: &Translator,
    source: &Tensor<u32>,
    seen: &Tensor<u32>,
    wanted: &Tensor<u32>,
) -> f64 {
    let batch = source.shape()[0];
    let width = net.out.shape()[0];
    let mut h = Tensor::zeros(&[batch, width]);
    let mut c = Tensor::zeros(&[batch, width]);
    let read = net.words.embedding(source);
    for t in 0..source.shape()[1] {
        (h, c) = net.encoder.step(&read.index_axis(1, t), &h, &c);
    }
    let seen = net.words.embedding(seen);
    let mut logits = Vec::new();
    for t in 0..wanted.shape()[1] {
        (h, c) = net.decoder.step(&seen.index_axis(1, t), &h, &c);
        logits.push(h.matmul(&net.out));
    }
    stack(&logits, 1).cross_entropy(wanted).mean()
}

#[test]
fn an_encoder_and_a_decoder() {
    let net = Translator {
        words: noise(&[4, 2], 1),
        encoder: Cell::new(2, 3, 2),
        decoder: Cell::new(2, 3, 5),
        out: noise(&[3, 4], 8),
    };
    let words = |list: &[u32]| Tensor::from_vec(&[2, list.len() / 2], list.to_vec()).unwrap();
    let (source, seen) = (words(&[0, 1, 2, 3, 0, 2]), words(&[3, 1, 3, 0]));
    check_model!(translation, net, &source, &seen, &words(&[1, 0, 0, 2]));
}

/// A conditional random field: minus the log-probability of one path of tags, by the forward algorithm.
#[differentiable(wrt(scores, transitions))]
#[allow(clippy::ptr_arg, reason = "a program owns what it was bound with")]
fn tagging(scores: &Tensor<f64>, transitions: &Tensor<f64>, path: &Vec<usize>) -> f64 {
    let mut own = scores.index_axis(0, 0).index_axis(0, path[0]).sum();
    let mut ways = scores.index_axis(0, 0);
    for t in 1..path.len() {
        let step = scores.index_axis(0, t);
        own += step.index_axis(0, path[t]).sum();
        own += transitions
            .index_axis(0, path[t - 1])
            .index_axis(0, path[t])
            .sum();
        ways = (ways.unsqueeze(1) + transitions).logsumexp_axis(0) + step;
    }
    ways.logsumexp_axis(0).sum() - own
}

/// The loss over every path: log-probabilities of all of them sum to one.
#[test]
fn a_conditional_random_field() {
    let (scores, transitions) = (noise(&[3, 2], 1), noise(&[2, 2], 2));
    let mut total = 0.0;
    for code in 0..8 {
        let path = vec![code & 1, code >> 1 & 1, code >> 2];
        let mut program = tagging::bind(&scores, &transitions, &path).unwrap();
        let (value, gradient) = program
            .value_and_grad(&scores, &transitions, &path)
            .unwrap();
        total += (-value).exp();
        let (of_scores, of_transitions) = gradient;
        crate::common::check_gradient(&scores, of_scores, |x| tagging(x, &transitions, &path));
        crate::common::check_gradient(&transitions, of_transitions, |x| tagging(&scores, x, &path));
    }
    assert!((total - 1.0).abs() < 1e-12, "{total}");
}

#[derive(Differentiable, Clone)]
struct Block {
    qkv: Tensor<f64>,
    out: Tensor<f64>,
    norms: [(Tensor<f64>, Tensor<f64>); 2],
    up: Tensor<f64>,
    down: Tensor<f64>,
}

/// Attention of several heads and a feed-forward part, each behind a norm and beside a shortcut.
#[differentiable]
fn block(block: &Block, x: &Tensor<f64>, heads: usize) -> Tensor<f64> {
    let (batch, length, width) = (x.shape()[0], x.shape()[1], x.shape()[2]);
    let (gain, bias) = &block.norms[0];
    let parts = x
        .layer_norm(gain, bias, 1e-5)
        .matmul(&block.qkv)
        .split(2, &[width, width, width]);
    let sizes = [batch as i64, length as i64, heads as i64, -1];
    let q = parts[0].reshape(&sizes).permute(&[0, 2, 1, 3]);
    let k = parts[1].reshape(&sizes).permute(&[0, 2, 1, 3]);
    let v = parts[2].reshape(&sizes).permute(&[0, 2, 1, 3]);
    let seen = q.attention_causal(&k, &v).permute(&[0, 2, 1, 3]);
    let whole = [batch as i64, length as i64, -1];
    let x = x + seen.reshape(&whole).matmul(&block.out);
    let (gain, bias) = &block.norms[1];
    let hidden = x.layer_norm(gain, bias, 1e-5).matmul(&block.up).gelu();
    x + hidden.matmul(&block.down)
}

#[differentiable(wrt(model))]
fn block_loss(model: &Block, x: &Tensor<f64>, target: &Tensor<f64>) -> f64 {
    (block(model, x, 2) - target).square().mean()
}

#[test]
fn a_transformer_block() {
    let norm = |seed| (noise(&[4], seed), noise(&[4], seed + 1));
    let model = Block {
        qkv: noise(&[4, 12], 1),
        out: noise(&[4, 4], 2),
        norms: [norm(3), norm(5)],
        up: noise(&[4, 8], 7),
        down: noise(&[8, 4], 8),
    };
    check_model!(
        block_loss,
        model,
        &noise(&[2, 3, 4], 9),
        &noise(&[2, 3, 4], 10)
    );
}
