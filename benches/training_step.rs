//! One training step of the digits network (64-128-10, batch 32): value, gradient and an AdamW
//! update, beside the same step written out by hand over `matrixmultiply`.

use std::hint::black_box;

use cotangent::prelude::*;
use criterion::{Criterion, criterion_group, criterion_main};

const BATCH: usize = 32;
const INPUTS: usize = 64;
const HIDDEN: usize = 128;
const CLASSES: usize = 10;

#[derive(Differentiable, Clone)]
struct Mlp {
    w1: Tensor<f32>,
    b1: Tensor<f32>,
    w2: Tensor<f32>,
    b2: Tensor<f32>,
}

#[differentiable(wrt(model))]
fn loss(model: &Mlp, x: &Tensor<f32>, labels: &Tensor<u32>) -> f32 {
    let hidden = (x.matmul(&model.w1) + &model.b1).relu();
    let logits = hidden.matmul(&model.w2) + &model.b2;
    logits.cross_entropy(labels).mean()
}

fn model() -> Mlp {
    let mut model = Mlp {
        w1: Tensor::zeros(&[INPUTS, HIDDEN]),
        b1: Tensor::zeros(&[HIDDEN]),
        w2: Tensor::zeros(&[HIDDEN, CLASSES]),
        b2: Tensor::zeros(&[CLASSES]),
    };
    init(&mut model, Init::He, 1);
    model
}

fn batch() -> (Tensor<f32>, Tensor<u32>) {
    let x = Tensor::from_fn(&[BATCH, INPUTS], |i| (i as f32 * 0.618).fract() - 0.5);
    (x, Tensor::from_fn(&[BATCH], |i| (i % CLASSES) as u32))
}

/// `c = a b + beta c` with the strides of the operands.
#[allow(
    clippy::too_many_arguments,
    reason = "the sizes and strides of a product"
)]
fn gemm(
    (m, k, n): (usize, usize, usize),
    a: &[f32],
    (ra, ca): (usize, usize),
    b: &[f32],
    (rb, cb): (usize, usize),
    c: &mut [f32],
) {
    assert!(a.len() >= m * k && b.len() >= k * n && c.len() >= m * n);
    let stride = |stride: usize| stride as isize;
    // SAFETY: the slices hold matrices of these sizes and strides.
    unsafe {
        matrixmultiply::sgemm(
            m,
            k,
            n,
            1.0,
            a.as_ptr(),
            stride(ra),
            stride(ca),
            b.as_ptr(),
            stride(rb),
            stride(cb),
            0.0,
            c.as_mut_ptr(),
            stride(n),
            1,
        );
    }
}

/// The hand-written step: all buffers are made once.
struct Hand {
    parameters: [Vec<f32>; 4],
    gradients: [Vec<f32>; 4],
    first: [Vec<f32>; 4],
    second: [Vec<f32>; 4],
    hidden: Vec<f32>,
    logits: Vec<f32>,
    to_hidden: Vec<f32>,
    step: i32,
}

impl Hand {
    fn new(model: &Mlp) -> Hand {
        let parameters =
            [&model.w1, &model.b1, &model.w2, &model.b2].map(|leaf| leaf.data().to_vec());
        let zeros = || parameters.each_ref().map(|leaf| vec![0.0; leaf.len()]);
        Hand {
            gradients: zeros(),
            first: zeros(),
            second: zeros(),
            parameters,
            hidden: vec![0.0; BATCH * HIDDEN],
            logits: vec![0.0; BATCH * CLASSES],
            to_hidden: vec![0.0; BATCH * HIDDEN],
            step: 0,
        }
    }

    fn step(&mut self, x: &[f32], labels: &[u32]) -> f32 {
        let [w1, b1, w2, b2] = &self.parameters;
        let [dw1, db1, dw2, db2] = &mut self.gradients;
        gemm(
            (BATCH, INPUTS, HIDDEN),
            x,
            (INPUTS, 1),
            w1,
            (HIDDEN, 1),
            &mut self.hidden,
        );
        for row in self.hidden.chunks_exact_mut(HIDDEN) {
            row.iter_mut()
                .zip(b1)
                .for_each(|(h, b)| *h = (*h + b).max(0.0));
        }
        gemm(
            (BATCH, HIDDEN, CLASSES),
            &self.hidden,
            (HIDDEN, 1),
            w2,
            (CLASSES, 1),
            &mut self.logits,
        );
        let mut loss = 0.0;
        db2.fill(0.0);
        for (row, &label) in self.logits.chunks_exact_mut(CLASSES).zip(labels) {
            row.iter_mut().zip(b2).for_each(|(z, b)| *z += b);
            let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let picked = row[label as usize];
            let mut sum = 0.0;
            for z in row.iter_mut() {
                *z = (*z - largest).exp();
                sum += *z;
            }
            loss += sum.ln() + largest - picked;
            for (k, z) in row.iter_mut().enumerate() {
                let hit = if k == label as usize { 1.0 } else { 0.0 };
                *z = (*z / sum - hit) / BATCH as f32;
            }
            db2.iter_mut().zip(&*row).for_each(|(d, z)| *d += z);
        }
        gemm(
            (HIDDEN, BATCH, CLASSES),
            &self.hidden,
            (1, HIDDEN),
            &self.logits,
            (CLASSES, 1),
            dw2,
        );
        gemm(
            (BATCH, CLASSES, HIDDEN),
            &self.logits,
            (CLASSES, 1),
            w2,
            (1, CLASSES),
            &mut self.to_hidden,
        );
        db1.fill(0.0);
        let rows = self
            .to_hidden
            .chunks_exact_mut(HIDDEN)
            .zip(self.hidden.chunks_exact(HIDDEN));
        for (row, hidden) in rows {
            for ((d, h), b) in row.iter_mut().zip(hidden).zip(db1.iter_mut()) {
                *d = if *h > 0.0 { *d } else { 0.0 };
                *b += *d;
            }
        }
        gemm(
            (INPUTS, BATCH, HIDDEN),
            x,
            (1, INPUTS),
            &self.to_hidden,
            (HIDDEN, 1),
            dw1,
        );
        self.step += 1;
        let (c1, c2) = (
            1.0 - 0.9_f32.powi(self.step),
            1.0 - 0.999_f32.powi(self.step),
        );
        for leaf in 0..4 {
            let moments = self.first[leaf].iter_mut().zip(&mut self.second[leaf]);
            let values = self.parameters[leaf].iter_mut().zip(&self.gradients[leaf]);
            for ((p, g), (m, v)) in values.zip(moments) {
                *m = 0.9 * *m + 0.1 * g;
                *v = 0.999 * *v + 0.001 * g * g;
                *p -= 1e-3 * (*m / c1 / ((*v / c2).sqrt() + 1e-8) + 0.01 * *p);
            }
        }
        loss / BATCH as f32
    }
}

fn training_step(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("training_step");
    let (x, labels) = batch();
    let mut trained = model();
    let mut program = loss::bind(&trained, &x, &labels).unwrap();
    let mut optimizer = AdamW::new(1e-3).build(&trained).unwrap();
    let mut hand = Hand::new(&trained);
    let (ours, _) = program.value_and_grad(&trained, &x, &labels).unwrap();
    let theirs = Hand::new(&trained).step(x.data(), labels.data());
    assert!(
        (ours - theirs).abs() < 1e-5,
        "the two steps differ: {ours} and {theirs}"
    );
    group.bench_function("cotangent", |bencher| {
        bencher.iter(|| {
            let (value, gradient) = program.value_and_grad(&trained, &x, &labels).unwrap();
            optimizer.step(&mut trained, gradient).unwrap();
            black_box(value)
        });
    });
    group.bench_function("hand-written over matrixmultiply", |bencher| {
        bencher.iter(|| black_box(hand.step(x.data(), labels.data())));
    });
    group.finish();
}

criterion_group!(benches, training_step);
criterion_main!(benches);
