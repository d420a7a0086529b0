//! SOAP: Adam in the eigenbasis of Shampoo.

use serde::{Deserialize, Serialize};

use crate::error::{check_positive, check_range};
use crate::linear::Matrix;
use crate::tensor_rule::{LeafStep, Slot, TensorRule};
use crate::{Blend, Error, Initial, OptimizerBuilder, Real, StepContext};

/// SOAP (Vyas et al. 2024): Adam on the gradient of a matrix in the eigenbasis of the running
/// means of `G G'` and `G' G`, which one step of power iteration renews at every `interval`-th
/// step. Leaves of one axis or none follow Adam.
///
/// As its authors' code does, the first call only makes the basis: no parameter moves but by
/// decay, which comes after the update. Bases are computed in double precision, in temporary
/// memory: for sides up to some hundreds.
///
/// ```
/// use cotangent_optimizers::Soap;
/// use cotangent_runtime::Tensor;
/// let mut x = Tensor::<f64>::zeros(&[2, 2]);
/// let slope = Tensor::from_vec(&[2, 2], vec![3.0, 0.0, 0.0, 0.1]).unwrap();
/// let mut optimizer = Soap::new(0.1).build(&x)?;
/// optimizer.step(&mut x, &slope)?;
/// assert_eq!(x.data()[0], 0.0);
/// optimizer.step(&mut x, &slope)?;
/// assert!((x.data()[0] + 0.1).abs() < 1e-6 && (x.data()[3] + 0.1).abs() < 1e-6);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Soap {
    beta1: f64,
    beta2: f64,
    eps: f64,
    interval: u64,
}

impl Soap {
    /// The rule with this learning rate, betas (0.95, 0.95), a new basis every ten steps.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        let rule = Self {
            beta1: 0.95,
            beta2: 0.95,
            eps: 1e-8,
            interval: 10,
        };
        OptimizerBuilder::new(rule, rate)
    }
}

setters! { Soap {
    /// What is added to the root of the second moment, above 0.
    eps: f64;
    /// The number of steps between new bases, at least 1.
    interval: u64;
} }

impl OptimizerBuilder<Soap> {
    /// The decays of the two running averages, each in [0, 1); the second is also that of the
    /// statistics.
    #[must_use]
    pub fn betas(mut self, beta1: f64, beta2: f64) -> Self {
        (self.rule.beta1, self.rule.beta2) = (beta1, beta2);
        self
    }
}

/// The matrix that a leaf is, if it has two axes or more: the first axis by all others.
fn matrix(shape: &[usize]) -> Option<[usize; 2]> {
    match shape {
        [rows, rest @ ..] if !rest.is_empty() => Some([*rows, rest.iter().product()]),
        _ => None,
    }
}

/// Statistics and basis of one side.
struct Side<'s, T> {
    statistics: &'s mut [T],
    basis: &'s mut [T],
    size: usize,
}

impl<T: Real> Side<'_, T> {
    fn read(&self, slot: &[T]) -> Matrix {
        Matrix::new(
            self.size,
            self.size,
            slot.iter().map(|x| x.to_f64()).collect(),
        )
    }

    fn basis(&self) -> Matrix {
        self.read(self.basis)
    }

    fn observe(&mut self, product: &Matrix, take: f64) {
        for (s, p) in self.statistics.iter_mut().zip(&product.data) {
            *s = T::from_f64(s.to_f64() + take * (p - s.to_f64()));
        }
    }

    /// The first basis: eigenvectors, those of the largest values first.
    fn start(&mut self) {
        let (values, vectors) = self.read(self.statistics).eigen();
        let order = descending(&values);
        self.store(&vectors.columns_in(&order));
    }

    /// A step of power iteration; returns the order in which the old columns were taken.
    fn renew(&mut self) -> Vec<usize> {
        let basis = self.basis();
        let product = self.read(self.statistics).times(&basis);
        let values: Vec<f64> = (0..self.size)
            .map(|column| {
                let entries = (0..self.size).map(|row| row * self.size + column);
                entries.map(|at| basis.data[at] * product.data[at]).sum()
            })
            .collect();
        let order = descending(&values);
        self.store(&product.columns_in(&order).orthogonal());
        order
    }

    fn store(&mut self, basis: &Matrix) {
        for (slot, value) in self.basis.iter_mut().zip(&basis.data) {
            *slot = T::from_f64(*value);
        }
    }
}

fn descending(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
    order
}

/// The per-step scalars of [`Soap`].
#[derive(Clone, Copy, Debug)]
pub struct SoapScalars {
    rate: f64,
    decay: f64,
    first: bool,
    renews: bool,
}

impl TensorRule for Soap {
    const NAME: &'static str = "soap";
    const OWN_DECAY: bool = true;
    type Prepared<T: Real> = SoapScalars;

    fn validate(&self) -> Result<(), Error> {
        check_range("beta1", self.beta1, 0.0, 1.0)?;
        check_range("beta2", self.beta2, 0.0, 1.0)?;
        check_positive("eps", self.eps)?;
        check_positive("interval", self.interval as f64)
    }

    fn slots(&self, shape: &[usize]) -> Vec<Slot> {
        let slot = |name, shape| Slot {
            name,
            shape,
            initial: Initial::Value(0.0),
        };
        let mut slots = vec![slot("m", shape.to_vec()), slot("v", shape.to_vec())];
        if let Some([rows, columns]) = matrix(shape) {
            for (name, side) in [
                ("left", rows),
                ("left_basis", rows),
                ("right", columns),
                ("right_basis", columns),
            ] {
                slots.push(slot(name, vec![side, side]));
            }
        }
        slots
    }

    fn work(&self, shape: &[usize]) -> usize {
        shape.iter().product()
    }

    fn prepare<T: Real>(&self, context: &StepContext<'_>) -> SoapScalars {
        // The first call makes the basis; averages count from the second.
        let first = context.step == 1;
        let averaged = StepContext {
            step: context.step - 1,
            ..*context
        };
        let correction =
            averaged.bias_correction(self.beta2).sqrt() / averaged.bias_correction(self.beta1);
        SoapScalars {
            rate: if first {
                0.0
            } else {
                context.rate * correction
            },
            decay: context.rate * context.decay,
            first,
            renews: !first && averaged.step.is_multiple_of(self.interval),
        }
    }

    fn update<T: Real>(
        &self,
        _context: &StepContext<'_>,
        s: &SoapScalars,
        blend: &Blend<T>,
        leaf: &mut LeafStep<'_, T>,
    ) -> f64 {
        let len = leaf.x.len();
        let u = &mut leaf.work[..len];
        blend.gradient_into(leaf.x, leaf.g, u);
        let (m, rest) = leaf.slots.split_at_mut(len);
        let (v, rest) = rest.split_at_mut(len);
        let g: Vec<f64> = u.iter().map(|u| u.to_f64()).collect();
        let direction = match matrix(leaf.shape) {
            None if s.first => vec![0.0; len],
            None => self.adam(m, v, &g),
            Some([rows, columns]) => {
                let (left, rest) = rest.split_at_mut(rows * rows);
                let (left_basis, rest) = rest.split_at_mut(rows * rows);
                let (right, right_basis) = rest.split_at_mut(columns * columns);
                let sides = [
                    Side {
                        statistics: left,
                        basis: left_basis,
                        size: rows,
                    },
                    Side {
                        statistics: right,
                        basis: right_basis,
                        size: columns,
                    },
                ];
                self.matrix_direction(m, v, Matrix::new(rows, columns, g), sides, s)
            }
        };
        let keep = T::from_f64(1.0 - s.decay);
        for ((u, x), d) in u.iter_mut().zip(&*leaf.x).zip(&direction) {
            // Decay follows the update: x (1 - decay) - keep step.
            let step = T::from_f64(s.rate * d);
            *u = if s.first {
                T::default()
            } else {
                *x - keep * (*x - step)
            };
        }
        blend.subtract(leaf.x, u)
    }
}

impl Soap {
    /// Adam's direction, without bias correction.
    fn adam<T: Real>(&self, m: &mut [T], v: &mut [T], g: &[f64]) -> Vec<f64> {
        let moments = m.iter_mut().zip(v).zip(g);
        let direction = moments.map(|((m, v), g)| {
            let (first, second) = (m.to_f64(), v.to_f64());
            let (first, second) = (
                first + (1.0 - self.beta1) * (g - first),
                second + (1.0 - self.beta2) * (g * g - second),
            );
            (*m, *v) = (T::from_f64(first), T::from_f64(second));
            first / (second.sqrt() + self.eps)
        });
        direction.collect()
    }

    fn matrix_direction<T: Real>(
        &self,
        m: &mut [T],
        v: &mut [T],
        g: Matrix,
        [mut left, mut right]: [Side<'_, T>; 2],
        s: &SoapScalars,
    ) -> Vec<f64> {
        let mut direction = vec![0.0; g.data.len()];
        if !s.first {
            let (q, r) = (left.basis(), right.basis());
            let project = |a: &Matrix| q.transposed_times(a).times(&r);
            for (m, g) in m.iter_mut().zip(&g.data) {
                *m = T::from_f64(m.to_f64() + (1.0 - self.beta1) * (g - m.to_f64()));
            }
            let momentum = Matrix::new(g.rows, g.columns, m.iter().map(|m| m.to_f64()).collect());
            let (projected, mut scaled) = (project(&g), project(&momentum));
            for ((v, g), m) in v.iter_mut().zip(&projected.data).zip(&mut scaled.data) {
                let second = v.to_f64() + (1.0 - self.beta2) * (g * g - v.to_f64());
                *v = T::from_f64(second);
                *m /= second.sqrt() + self.eps;
            }
            direction = q.times(&scaled).times_transposed(&r).data;
        }
        left.observe(&g.times_transposed(&g), 1.0 - self.beta2);
        right.observe(&g.transposed_times(&g), 1.0 - self.beta2);
        if s.first {
            left.start();
            right.start();
        } else if s.renews {
            // Second moments follow the columns of the basis that they belong to.
            let (rows, columns) = (left.renew(), right.renew());
            let old = Matrix::new(g.rows, g.columns, v.iter().map(|v| v.to_f64()).collect());
            let old = old.columns_in(&columns);
            for (index, v) in v.iter_mut().enumerate() {
                let (row, column) = (index / g.columns, index % g.columns);
                *v = T::from_f64(old.data[rows[row] * g.columns + column]);
            }
        }
        direction
    }
}
