//! The problems of the reference, written out: values, derivatives, residuals.

use std::collections::HashMap;

use crate::reference::{Points, Reference};

/// A problem with value, gradient and Hessian, written out.
pub(crate) struct Function<'r> {
    pub(crate) name: &'r str,
    pub(crate) data: &'r HashMap<String, Vec<f64>>,
    pub(crate) l2: f64,
}

impl<'r> Function<'r> {
    pub(crate) fn of(reference: &'r Reference, name: &'r str, l2: f64) -> Self {
        let data = &reference.problems[name].data;
        Self { name, data, l2 }
    }

    /// Value, gradient and Hessian at `x`.
    pub(crate) fn at(&self, x: &[f64]) -> (f64, Vec<f64>, Vec<f64>) {
        let (mut value, mut gradient, mut hessian) = match self.name {
            "rosen" => rosenbrock(x),
            "quad10" => quadratic(&self.data["A"], &self.data["b"], x),
            _ => softmax(&self.data["X"], &self.data["y"], x),
        };
        let size = x.len();
        for (i, x) in x.iter().enumerate() {
            value += 0.5 * self.l2 * x * x;
            gradient[i] += self.l2 * x;
            hessian[i * size + i] += self.l2;
        }
        (value, gradient, hessian)
    }

    pub(crate) fn value_and_gradient(&self, x: &[f64]) -> (f64, Vec<f64>) {
        let (value, gradient, _) = self.at(x);
        (value, gradient)
    }

    pub(crate) fn hessian(&self, x: &[f64]) -> Vec<f64> {
        self.at(x).2
    }

    pub(crate) fn product(&self, x: &[f64], along: &[f64]) -> Vec<f64> {
        let hessian = self.hessian(x);
        let rows = hessian.chunks(x.len());
        rows.map(|row| row.iter().zip(along).map(|(h, d)| h * d).sum())
            .collect()
    }
}

fn rosenbrock(x: &[f64]) -> (f64, Vec<f64>, Vec<f64>) {
    let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
    (
        a * a + 100.0 * b * b,
        vec![-2.0 * a - 400.0 * x[0] * b, 200.0 * b],
        vec![
            2.0 - 400.0 * b + 800.0 * x[0] * x[0],
            -400.0 * x[0],
            -400.0 * x[0],
            200.0,
        ],
    )
}

fn quadratic(a: &[f64], b: &[f64], x: &[f64]) -> (f64, Vec<f64>, Vec<f64>) {
    let rows = a.chunks(x.len());
    let ax: Vec<f64> = rows
        .map(|row| row.iter().zip(x).map(|(a, x)| a * x).sum())
        .collect();
    let value = (0..x.len()).map(|i| x[i] * (0.5 * ax[i] - b[i])).sum();
    let gradient = ax.iter().zip(b).map(|(ax, b)| ax - b).collect();
    (value, gradient, a.to_vec())
}

/// Mean cross-entropy over four features: of five parameters the binary form with one logit, else
/// of one row of weights per class and then the biases.
fn softmax(data: &[f64], labels: &[f64], x: &[f64]) -> (f64, Vec<f64>, Vec<f64>) {
    let binary = x.len() == 5;
    let (features, size) = (4, x.len());
    let classes = if binary { 1 } else { size / (features + 1) };
    let rows = labels.len() as f64;
    let (mut value, mut gradient) = (0.0, vec![0.0; size]);
    let mut hessian = vec![0.0; size * size];
    // The index of weight `k` of a class; `k` past the features is the bias.
    let index = |class: usize, k: usize| {
        if k < features {
            class * features + k
        } else {
            classes * features + class
        }
    };
    for (row, &label) in data.chunks(features).zip(labels) {
        let extended: Vec<f64> = row.iter().copied().chain([1.0]).collect();
        let mut logits: Vec<f64> = (0..classes)
            .map(|c| (0..=features).map(|k| x[index(c, k)] * extended[k]).sum())
            .collect();
        if binary {
            logits.insert(0, 0.0);
        }
        let top = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = logits.iter().map(|z| (z - top).exp()).sum();
        value += (top + sum.ln() - logits[label as usize]) / rows;
        let offset = usize::from(binary);
        let p: Vec<f64> = (0..classes)
            .map(|c| (logits[c + offset] - top).exp() / sum)
            .collect();
        for a in 0..classes {
            let hit = f64::from(u8::from(a + offset == label as usize));
            for k in 0..=features {
                gradient[index(a, k)] += (p[a] - hit) * extended[k] / rows;
                for b in 0..classes {
                    let same = f64::from(u8::from(a == b));
                    let weight = p[a] * (same - p[b]) * extended[k] / rows;
                    for l in 0..=features {
                        hessian[index(a, k) * size + index(b, l)] += weight * extended[l];
                    }
                }
            }
        }
    }
    (value, gradient, hessian)
}

pub(crate) fn powell(x: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let (five, ten) = (5.0_f64.sqrt(), 10.0_f64.sqrt());
    let (b, c) = (x[1] - 2.0 * x[2], x[0] - x[3]);
    let r = vec![x[0] + 10.0 * x[1], five * (x[2] - x[3]), b * b, ten * c * c];
    #[rustfmt::skip]
    let j = vec![
        1.0, 10.0, 0.0, 0.0,
        0.0, 0.0, five, -five,
        0.0, 2.0 * b, -4.0 * b, 0.0,
        2.0 * ten * c, 0.0, 0.0, -2.0 * ten * c,
    ];
    (r, j)
}

/// Residuals and Jacobian of a model with three parameters over the points.
pub(crate) fn over(
    points: &Points,
    model: impl Fn(f64) -> (f64, [f64; 3]),
) -> (Vec<f64>, Vec<f64>) {
    let (mut r, mut j) = (Vec::new(), Vec::new());
    for (&t, y) in points.t.iter().zip(&points.y) {
        let (value, derivatives) = model(t);
        r.push(value - y);
        j.extend(derivatives);
    }
    (r, j)
}
