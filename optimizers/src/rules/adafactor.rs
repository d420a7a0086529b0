//! Adafactor: second moments by row and column.

use serde::{Deserialize, Serialize};

use crate::error::{check_positive, check_range};
use crate::tensor_rule::{LeafStep, Slot, TensorRule};
use crate::{Blend, Error, Initial, OptimizerBuilder, Real, StepContext};

/// Adafactor (Shazeer and Stern 2018): the second moment of a matrix is the product of the means
/// of its rows and columns, `u = g / sqrt(v)` is scaled to a root mean square of at most 1, and
/// `x -= max(1e-3, rms(x)) rho_t u`, with moments that decay by `1 - t^-0.8`.
///
/// Leaves of more than two axes are stacks of matrices; those of fewer keep a whole moment. Torch
/// and Keras have `rho_t = min(lr, 1 / sqrt(t))`, [`optax`](OptimizerBuilder::optax) the rate as it
/// is.
///
/// ```
/// use cotangent_optimizers::Adafactor;
/// let mut x = vec![1.0_f64, 1.0];
/// Adafactor::new(0.1).build(&x)?.step(&mut x, &vec![5.0, -5.0])?;
/// assert!((x[0] - 0.9).abs() < 1e-12 && (x[1] - 1.1).abs() < 1e-12);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adafactor {
    decay_power: f64,
    eps: f64,
    least_rms: f64,
    largest_update: f64,
    form: Form,
    factored: bool,
    relative: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Form {
    Torch,
    Keras,
    Optax,
}

impl Adafactor {
    /// The rule with this learning rate and torch's defaults.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        let rule = Self {
            decay_power: 0.8,
            eps: 1e-30,
            least_rms: 1e-3,
            largest_update: 1.0,
            form: Form::Torch,
            factored: true,
            relative: true,
        };
        OptimizerBuilder::new(rule, rate)
    }
}

setters! { Adafactor {
    /// The exponent of the decay of moments, above 0.
    decay_power: f64;
    /// What keeps moments above 0.
    eps: f64;
    /// The least root mean square of a leaf that counts.
    least_rms: f64;
    /// The largest root mean square of an update, above 0.
    largest_update: f64;
    /// Whether matrices have moments by row and column rather than whole ones.
    factored: bool;
    /// Whether steps are relative to the root mean square of the leaf.
    relative: bool;
} }

impl OptimizerBuilder<Adafactor> {
    /// Optax's form: the rate as it is, eps added to squares.
    #[must_use]
    pub fn optax(mut self) -> Self {
        self.rule.form = Form::Optax;
        self
    }

    /// Keras's form: eps added to squares.
    #[must_use]
    pub fn keras(mut self) -> Self {
        self.rule.form = Form::Keras;
        self
    }
}

/// The per-step scalars of [`Adafactor`].
#[derive(Clone, Copy, Debug)]
pub struct AdafactorScalars {
    rate: f64,
    take: f64,
}

impl Adafactor {
    /// Stacked matrices, rows and columns of a leaf that is factored.
    fn matrices(&self, shape: &[usize]) -> Option<[usize; 3]> {
        match shape {
            [stack @ .., rows, columns] if self.factored => {
                Some([stack.iter().product(), *rows, *columns])
            }
            _ => None,
        }
    }

    /// The square of a gradient that enters a moment.
    fn square(&self, g: f64) -> f64 {
        match self.form {
            Form::Torch => g * g,
            Form::Keras | Form::Optax => g * g + self.eps,
        }
    }

    /// Renews the moments of one matrix and divides its gradient by their root.
    fn factor<T: Real>(&self, take: f64, g: &mut [T], rows: &mut [T], columns: &mut [T]) {
        let (height, width) = (rows.len(), columns.len());
        let mean_into = |slot: &mut T, sum: f64, count: usize| {
            let old = slot.to_f64();
            *slot = T::from_f64(old + take * (sum / count as f64 - old));
        };
        for (slot, row) in rows.iter_mut().zip(g.chunks_exact(width)) {
            let sum = row.iter().map(|g| self.square(g.to_f64())).sum();
            mean_into(slot, sum, width);
        }
        for (column, slot) in columns.iter_mut().enumerate() {
            let elements = g.iter().skip(column).step_by(width);
            mean_into(
                slot,
                elements.map(|g| self.square(g.to_f64())).sum(),
                height,
            );
        }
        let mean = rows.iter().map(|r| r.to_f64()).sum::<f64>() / height as f64;
        let mean = if self.form == Form::Torch {
            mean.max(self.eps)
        } else {
            mean
        };
        for (row, r) in g.chunks_exact_mut(width).zip(&*rows) {
            for (g, c) in row.iter_mut().zip(&*columns) {
                let moment = r.to_f64() / mean * c.to_f64();
                *g = self.divided(*g, moment);
            }
        }
    }

    fn divided<T: Real>(&self, g: T, moment: f64) -> T {
        T::from_f64(g.to_f64() / moment.max(self.eps * self.eps).sqrt())
    }
}

fn root_mean_square<T: Real>(values: &[T]) -> f64 {
    let squares: f64 = values.iter().map(|v| v.to_f64() * v.to_f64()).sum();
    (squares / values.len().max(1) as f64).sqrt()
}

impl TensorRule for Adafactor {
    const NAME: &'static str = "adafactor";
    type Prepared<T: Real> = AdafactorScalars;

    fn validate(&self) -> Result<(), Error> {
        check_positive("decay_power", self.decay_power)?;
        check_positive("eps", self.eps)?;
        check_range("least_rms", self.least_rms, 0.0, f64::INFINITY)?;
        check_positive("largest_update", self.largest_update)
    }

    fn slots(&self, shape: &[usize]) -> Vec<Slot> {
        let slot = |name, shape| Slot {
            name,
            shape,
            initial: Initial::Value(0.0),
        };
        match (self.matrices(shape), shape) {
            (Some(_), [stack @ .., rows, columns]) => vec![
                slot("rows", [stack, &[*rows]].concat()),
                slot("columns", [stack, &[*columns]].concat()),
            ],
            _ => vec![slot("v", shape.to_vec())],
        }
    }

    fn work(&self, shape: &[usize]) -> usize {
        shape.iter().product()
    }

    fn prepare<T: Real>(&self, context: &StepContext<'_>) -> AdafactorScalars {
        let time = context.step as f64;
        let rate = match self.form {
            Form::Optax => context.rate,
            Form::Torch | Form::Keras => context.rate.min(time.sqrt().recip()),
        };
        AdafactorScalars {
            rate,
            take: time.powf(-self.decay_power),
        }
    }

    fn update<T: Real>(
        &self,
        _context: &StepContext<'_>,
        scalars: &AdafactorScalars,
        blend: &Blend<T>,
        leaf: &mut LeafStep<'_, T>,
    ) -> f64 {
        let u = &mut leaf.work[..leaf.x.len()];
        blend.gradient_into(leaf.x, leaf.g, u);
        match self.matrices(leaf.shape) {
            Some([stack, height, width]) => {
                let (rows, columns) = leaf.slots.split_at_mut(stack * height);
                for index in 0..stack {
                    self.factor(
                        scalars.take,
                        &mut u[index * height * width..][..height * width],
                        &mut rows[index * height..][..height],
                        &mut columns[index * width..][..width],
                    );
                }
            }
            None => {
                for (u, v) in u.iter_mut().zip(&mut *leaf.slots) {
                    let old = v.to_f64();
                    *v = T::from_f64(old + scalars.take * (self.square(u.to_f64()) - old));
                    *u = self.divided(*u, v.to_f64());
                }
            }
        }
        let clip = (root_mean_square(u) / self.largest_update).max(1.0);
        let size = if self.relative {
            root_mean_square(leaf.x).max(self.least_rms)
        } else {
            1.0
        };
        let scale = T::from_f64(scalars.rate * size / clip);
        u.iter_mut().for_each(|u| *u *= scale);
        blend.subtract(leaf.x, u)
    }
}
