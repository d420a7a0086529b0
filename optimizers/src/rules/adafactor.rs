//! Adafactor: second moments by row and column.

use serde::{Deserialize, Serialize};

use crate::error::{check_positive, check_range};
use crate::rules::factored::{Part, Scaling, Squares};
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

    /// What is added to the square of a gradient that enters a moment.
    fn added(&self) -> f64 {
        match self.form {
            Form::Torch => 0.0,
            Form::Keras | Form::Optax => self.eps,
        }
    }

    /// Inverse roots of the moments of rows, in units of their mean, and of columns.
    fn factors<T: Real>(&self, moments: [&[T]; 2], [row_factors, column_factors]: [&mut [T]; 2]) {
        let [rows, columns] = moments;
        let mean = rows.iter().map(|r| r.to_f64()).sum::<f64>() / rows.len() as f64;
        let mean = match self.form {
            Form::Torch => mean.max(self.eps),
            Form::Keras | Form::Optax => mean,
        };
        for (factor, moment) in row_factors.iter_mut().zip(rows) {
            *factor = T::from_f64((mean / moment.to_f64()).sqrt());
        }
        for (factor, moment) in column_factors.iter_mut().zip(columns) {
            *factor = T::from_f64(moment.to_f64().sqrt().recip());
        }
    }
}

impl TensorRule for Adafactor {
    const NAME: &'static str = "adafactor";
    type Prepared<T: Real> = AdafactorScalars;
    /// The factors of rows and columns of all matrices of a stack, and sums of columns.
    type Room<T: Real> = Vec<T>;

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

    fn room<T: Real>(&self, shape: &[usize]) -> Vec<T> {
        let len = |[stack, rows, columns]: [usize; 3]| stack * (rows + columns) + 2 * columns;
        vec![T::default(); self.matrices(shape).map_or(0, len)]
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
        room: &mut Vec<T>,
    ) -> f64 {
        let added = T::from_f64(self.added());
        let mut whole = Part {
            blend,
            x: leaf.x,
            g: leaf.g,
            least: T::from_f64(self.eps),
            delta: leaf.delta,
        };
        let Some([stack, height, width]) = self.matrices(leaf.shape) else {
            let take = T::from_f64(scalars.take);
            let squares = whole.observe_whole(leaf.slots, take, added);
            let scale = self.scale(scalars, squares, leaf.slots.len());
            return whole.subtract(Scaling::Whole(leaf.slots), T::from_f64(scale));
        };
        let len = height * width;
        let (rows, columns) = leaf.slots.split_at_mut(stack * height);
        let (row_factors, rest) = room.split_at_mut(stack * height);
        let (column_factors, work) = rest.split_at_mut(stack * width);
        let (mut parameters, mut update) = (0.0, 0.0);
        for index in 0..stack {
            let (of_rows, of_columns) = (index * height.., index * width..);
            let mut part = whole.matrix(index, len);
            let rows = &mut rows[of_rows.clone()][..height];
            let columns = &mut columns[of_columns.clone()][..width];
            parameters += part.observe_factored(rows, columns, work, scalars.take, added);
            let row_factors = &mut row_factors[of_rows][..height];
            let column_factors = &mut column_factors[of_columns][..width];
            self.factors([rows, columns], [row_factors, column_factors]);
            update += part.update_squares(Scaling::Factored {
                row_factors,
                column_factors,
            });
        }
        let squares = Squares { parameters, update };
        let scale = T::from_f64(self.scale(scalars, squares, stack * len));
        let mut changes = 0.0;
        for index in 0..stack {
            let scaling = Scaling::Factored {
                row_factors: &row_factors[index * height..][..height],
                column_factors: &column_factors[index * width..][..width],
            };
            changes += whole.matrix(index, len).subtract(scaling, scale);
        }
        changes
    }
}

impl Adafactor {
    /// The factor of an update of this size, for a leaf of this one.
    fn scale(&self, scalars: &AdafactorScalars, squares: Squares, len: usize) -> f64 {
        let root_mean_square = |squares: f64| (squares / len.max(1) as f64).sqrt();
        let length = if self.relative {
            root_mean_square(squares.parameters).max(self.least_rms)
        } else {
            1.0
        };
        let update = root_mean_square(squares.update);
        scalars.rate * length / (update / self.largest_update).max(1.0)
    }
}
