//! The problems of the reference runs: loss, gradient and the Hessian's diagonal, written out.

use std::collections::HashMap;

use cotangent_runtime::Tensor;
use serde::Deserialize;

/// The parameter tensors in the order of the problem.
pub(crate) type Model = Vec<Tensor<f64>>;

#[derive(Deserialize)]
pub(crate) struct Problem {
    kind: String,
    data: HashMap<String, Vec<f64>>,
    start: Vec<Start>,
    loss0: f64,
    grad0: Vec<f64>,
}

#[derive(Deserialize)]
struct Start {
    shape: Vec<usize>,
    data: Vec<f64>,
}

impl Problem {
    pub(crate) fn start(&self) -> Model {
        let tensor = |s: &Start| Tensor::from_vec(&s.shape, s.data.clone()).unwrap();
        self.start.iter().map(tensor).collect()
    }

    /// The value and gradient that the peers saw at the start.
    pub(crate) fn expected_at_start(&self) -> (f64, &[f64]) {
        (self.loss0, &self.grad0)
    }

    /// Loss, gradient and the diagonal of the Hessian.
    pub(crate) fn evaluate(&self, model: &Model) -> (f64, Model, Model) {
        let x: Vec<f64> = model.iter().flat_map(|t| t.data().to_vec()).collect();
        let (loss, gradient, diagonal) = match self.kind.as_str() {
            "rosenbrock" => rosenbrock(&x),
            "quadratic" => quadratic(&self.data["A"], &self.data["b"], &x),
            "logistic" => logistic(&self.data["X"], &self.data["y"], &x),
            "softmax" => softmax(&self.data["X"], &self.data["y"], &x),
            "matquad" => matquad(&self.data["A"], &self.data["B"], &self.data["C"], &x),
            other => panic!("unknown problem {other}"),
        };
        (loss, shaped(model, &gradient), shaped(model, &diagonal))
    }
}

/// The numbers `flat` in the shapes of `model`.
pub(crate) fn shaped(model: &Model, flat: &[f64]) -> Model {
    let mut rest = flat;
    let mut take = |t: &Tensor<f64>| {
        let (part, tail) = rest.split_at(t.len());
        rest = tail;
        Tensor::from_vec(t.shape(), part.to_vec()).unwrap()
    };
    model.iter().map(&mut take).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn rosenbrock(x: &[f64]) -> (f64, Vec<f64>, Vec<f64>) {
    let valley = x[1] - x[0] * x[0];
    let loss = (1.0 - x[0]).powi(2) + 100.0 * valley * valley;
    let gradient = vec![-2.0 * (1.0 - x[0]) - 400.0 * x[0] * valley, 200.0 * valley];
    (
        loss,
        gradient,
        vec![2.0 - 400.0 * (valley - 2.0 * x[0] * x[0]), 200.0],
    )
}

fn quadratic(a: &[f64], b: &[f64], x: &[f64]) -> (f64, Vec<f64>, Vec<f64>) {
    let n = x.len();
    let product: Vec<f64> = a.chunks_exact(n).map(|row| dot(row, x)).collect();
    let gradient = product.iter().zip(b).map(|(p, b)| p - b).collect();
    let diagonal = (0..n).map(|i| a[i * n + i]).collect();
    (0.5 * dot(x, &product) - dot(b, x), gradient, diagonal)
}

fn logistic(data: &[f64], y: &[f64], x: &[f64]) -> (f64, Vec<f64>, Vec<f64>) {
    let (w, b) = x.split_at(x.len() - 1);
    let count = y.len() as f64;
    let (mut loss, mut gradient, mut diagonal) = (0.0, vec![0.0; x.len()], vec![0.0; x.len()]);
    for (row, y) in data.chunks_exact(w.len()).zip(y) {
        let z = dot(row, w) + b[0];
        let p = 1.0 / (1.0 + (-z).exp());
        loss += (z.max(0.0) + (-z.abs()).exp().ln_1p() - y * z) / count;
        for (k, feature) in row.iter().chain([&1.0]).enumerate() {
            gradient[k] += (p - y) * feature / count;
            diagonal[k] += p * (1.0 - p) * feature * feature / count;
        }
    }
    (loss, gradient, diagonal)
}

fn softmax(data: &[f64], y: &[f64], x: &[f64]) -> (f64, Vec<f64>, Vec<f64>) {
    let classes = 3;
    let (w, b) = x.split_at(x.len() - classes);
    let features = w.len() / classes;
    let count = y.len() as f64;
    let (mut loss, mut gradient, mut diagonal) = (0.0, vec![0.0; x.len()], vec![0.0; x.len()]);
    for (row, &y) in data.chunks_exact(features).zip(y) {
        let logits = w
            .chunks_exact(features)
            .zip(b)
            .map(|(w, b)| dot(w, row) + b);
        let logits: Vec<f64> = logits.collect();
        let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = logits.iter().map(|z| (z - largest).exp()).sum();
        loss += (sum.ln() + largest - logits[y as usize]) / count;
        for class in 0..classes {
            let p = (logits[class] - largest).exp() / sum;
            let error = (p - f64::from(class == y as usize)) / count;
            let spread = p * (1.0 - p) / count;
            for (k, feature) in row.iter().enumerate() {
                gradient[class * features + k] += error * feature;
                diagonal[class * features + k] += spread * feature * feature;
            }
            gradient[w.len() + class] += error;
            diagonal[w.len() + class] += spread;
        }
    }
    (loss, gradient, diagonal)
}

/// `|A W B - C|^2 / (2 rows(A))`, with A of 5 x 4, W of 4 x 3, B of 3 x 3.
fn matquad(a: &[f64], b: &[f64], c: &[f64], w: &[f64]) -> (f64, Vec<f64>, Vec<f64>) {
    let (rows, inner, columns) = (5, 4, 3);
    let (mut loss, mut gradient) = (0.0, vec![0.0; w.len()]);
    for i in 0..rows {
        for j in 0..columns {
            let mut residual = -c[i * columns + j];
            for k in 0..inner {
                for l in 0..columns {
                    residual += a[i * inner + k] * w[k * columns + l] * b[l * columns + j];
                }
            }
            loss += residual * residual / (2.0 * rows as f64);
            for k in 0..inner {
                for l in 0..columns {
                    let slope = a[i * inner + k] * b[l * columns + j];
                    gradient[k * columns + l] += residual * slope / rows as f64;
                }
            }
        }
    }
    // No run asks for its curvature.
    (loss, gradient, vec![f64::NAN; w.len()])
}
