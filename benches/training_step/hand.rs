//! The same training step written by hand over `matrixmultiply`: all buffers are made once.

use crate::models::Mlp;

/// `c = a b` with the strides of the operands.
fn gemm(
    (m, k, n): (usize, usize, usize),
    (a, (ra, ca)): (&[f32], (usize, usize)),
    (b, (rb, cb)): (&[f32], (usize, usize)),
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

/// A parameter with its gradient and Adam's averages.
struct Parameter {
    value: Vec<f32>,
    gradient: Vec<f32>,
    first: Vec<f32>,
    second: Vec<f32>,
}

impl Parameter {
    fn new(value: &[f32]) -> Parameter {
        let zeros = || vec![0.0; value.len()];
        Parameter {
            value: value.to_vec(),
            gradient: zeros(),
            first: zeros(),
            second: zeros(),
        }
    }

    fn update(&mut self, c1: f32, c2: f32) {
        let moments = self.first.iter_mut().zip(&mut self.second);
        let values = self.value.iter_mut().zip(&self.gradient);
        for ((p, g), (m, v)) in values.zip(moments) {
            *m = 0.9 * *m + 0.1 * g;
            *v = 0.999 * *v + 0.001 * g * g;
            *p -= 1e-3 * (*m / c1 / ((*v / c2).sqrt() + 1e-8));
        }
    }
}

/// A network of dense layers with relu between them, under cross-entropy and Adam.
pub(crate) struct Hand {
    sizes: Vec<usize>,
    batch: usize,
    w: Vec<Parameter>,
    b: Vec<Parameter>,
    /// Inputs of each layer but the first, and the logits.
    values: Vec<Vec<f32>>,
    /// Their cotangents.
    cotangents: Vec<Vec<f32>>,
    step: i32,
}

impl Hand {
    pub(crate) fn new(model: &Mlp, sizes: &[usize], batch: usize) -> Hand {
        let buffers = || sizes[1..].iter().map(|size| vec![0.0; batch * size]);
        Hand {
            w: model
                .layers
                .iter()
                .map(|layer| Parameter::new(layer.w.data()))
                .collect(),
            b: model
                .layers
                .iter()
                .map(|layer| Parameter::new(layer.b.data()))
                .collect(),
            values: buffers().collect(),
            cotangents: buffers().collect(),
            sizes: sizes.to_vec(),
            batch,
            step: 0,
        }
    }

    /// Value, gradient and update; yields the loss.
    pub(crate) fn step(&mut self, x: &[f32], labels: &[u32]) -> f32 {
        let (layers, rows) = (self.w.len(), self.batch);
        for l in 0..layers {
            let (inputs, outputs) = (self.sizes[l], self.sizes[l + 1]);
            let (before, after) = self.values.split_at_mut(l);
            let from = before.last().map_or(x, |values| &values[..]);
            let weights = (&self.w[l].value[..], (outputs, 1));
            gemm(
                (rows, inputs, outputs),
                (from, (inputs, 1)),
                weights,
                &mut after[0],
            );
            for row in after[0].chunks_exact_mut(outputs) {
                let pairs = row.iter_mut().zip(&self.b[l].value);
                if l + 1 < layers {
                    pairs.for_each(|(z, b)| *z = (*z + b).max(0.0));
                } else {
                    pairs.for_each(|(z, b)| *z += b);
                }
            }
        }
        let loss = self.cross_entropy(labels);
        for l in (0..layers).rev() {
            let (inputs, outputs) = (self.sizes[l], self.sizes[l + 1]);
            let (before, after) = self.cotangents.split_at_mut(l);
            let to = &after[0][..];
            let db = &mut self.b[l].gradient;
            db.fill(0.0);
            for row in to.chunks_exact(outputs) {
                db.iter_mut().zip(row).for_each(|(d, z)| *d += z);
            }
            let from = if l == 0 { x } else { &self.values[l - 1] };
            let Parameter {
                value, gradient, ..
            } = &mut self.w[l];
            gemm(
                (inputs, rows, outputs),
                (from, (1, inputs)),
                (to, (outputs, 1)),
                gradient,
            );
            if let Some(back) = before.last_mut() {
                gemm(
                    (rows, outputs, inputs),
                    (to, (outputs, 1)),
                    (value, (1, outputs)),
                    back,
                );
                for (d, h) in back.iter_mut().zip(from) {
                    *d = if *h > 0.0 { *d } else { 0.0 };
                }
            }
        }
        self.step += 1;
        let (c1, c2) = (
            1.0 - 0.9_f32.powi(self.step),
            1.0 - 0.999_f32.powi(self.step),
        );
        self.w
            .iter_mut()
            .chain(&mut self.b)
            .for_each(|parameter| parameter.update(c1, c2));
        loss
    }

    /// The loss; the cotangent of the logits.
    fn cross_entropy(&mut self, labels: &[u32]) -> f32 {
        let (logits, last) = (self.values.len() - 1, self.cotangents.len() - 1);
        let classes = self.sizes[self.sizes.len() - 1];
        let share = 1.0 / self.batch as f32;
        let rows = self.values[logits]
            .chunks_exact(classes)
            .zip(self.cotangents[last].chunks_exact_mut(classes));
        let mut loss = 0.0;
        for ((row, to), &label) in rows.zip(labels) {
            let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let mut sum = 0.0;
            for (d, z) in to.iter_mut().zip(row) {
                *d = (z - largest).exp();
                sum += *d;
            }
            loss += sum.ln() + largest - row[label as usize];
            for (k, d) in to.iter_mut().enumerate() {
                let hit = if k == label as usize { 1.0 } else { 0.0 };
                *d = (*d / sum - hit) * share;
            }
        }
        loss * share
    }
}
