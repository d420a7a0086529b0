//! Shampoo: full-matrix preconditioning of both sides of a matrix.

use serde::{Deserialize, Serialize};

use crate::error::{check_positive, check_range};
use crate::linear::{Matrix, Power, Product};
use crate::tensor_rule::{LeafStep, Slot, TensorRule};
use crate::{Blend, Error, Initial, OptimizerBuilder, Real, StepContext};

/// Shampoo (Gupta et al. 2018): `L += G G'`, `R += G' G`, both from `eps I`, and
/// `x -= lr L^(-1/4) G R^(-1/4)`; a vector has one side, `x -= lr L^(-1/2) g`.
///
/// Leaves of more than two axes are matrices of their first axis by all others. The roots are
/// renewed at every `interval`-th step by eigenvalues in double precision: for sides up to some
/// hundreds.
///
/// ```
/// use cotangent_optimizers::Shampoo;
/// let mut x = vec![1.0_f64, 1.0];
/// Shampoo::new(0.1).build(&x)?.step(&mut x, &vec![30.0, 40.0])?;
/// assert!((x[0] - 0.94).abs() < 1e-6 && (x[1] - 0.92).abs() < 1e-6);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shampoo {
    momentum: f64,
    eps: f64,
    interval: u64,
}

impl Shampoo {
    /// The rule with this learning rate, without momentum, its roots renewed at every step.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(
            Self {
                momentum: 0.0,
                eps: 1e-6,
                interval: 1,
            },
            rate,
        )
    }
}

setters! { Shampoo {
    /// The part of the last direction in the gradient, in [0, 1).
    momentum: f64;
    /// What the diagonals start at, above 0.
    eps: f64;
    /// The number of steps between new roots, at least 1.
    interval: u64;
} }

/// The sides that are preconditioned.
fn sides(shape: &[usize]) -> (usize, Option<usize>) {
    match shape {
        [] => (1, None),
        [len] => (*len, None),
        [rows, rest @ ..] => (*rows, Some(rest.iter().product())),
    }
}

/// What a step over one matrix computes in, in double precision.
#[derive(Debug)]
pub struct ShampooRoom<T> {
    step: Vec<T>,
    gradient: Matrix,
    left: Side,
    right: Option<Side>,
}

/// One side of the matrix.
#[derive(Debug)]
struct Side {
    /// Of the gradient with itself.
    square: Product,
    statistics: Matrix,
    power: Power,
    root: Matrix,
    /// The gradient times the root.
    apply: Product,
}

impl Side {
    fn new(size: usize, square: Product, apply: Product) -> Self {
        Self {
            square,
            statistics: Matrix::zeros(size, size),
            power: Power::new(size),
            root: Matrix::zeros(size, size),
            apply,
        }
    }

    /// Adds the square of the gradient to the statistics, and renews the root; `slots` hold both.
    fn observe<T: Real>(&mut self, slots: &mut [T], gradient: &Matrix, renewal: Renewal) {
        let size = self.statistics.rows;
        let (statistics, root) = slots.split_at_mut(size * size);
        let added = self.square.of(gradient, gradient);
        for (index, (sum, added)) in statistics.iter_mut().zip(&added.data).enumerate() {
            let is_start = renewal.first && index % (size + 1) == 0;
            let old = if is_start { renewal.eps } else { sum.to_f64() };
            *sum = T::from_f64(old + added);
        }
        if renewal.due {
            self.statistics.read(statistics);
            let new = self
                .power
                .of(&self.statistics, renewal.exponent, renewal.eps);
            new.write(root);
        }
        self.root.read(root);
    }
}

/// What becomes of the roots in this step.
#[derive(Clone, Copy)]
struct Renewal {
    first: bool,
    due: bool,
    exponent: f64,
    eps: f64,
}

impl TensorRule for Shampoo {
    const NAME: &'static str = "shampoo";
    type Prepared<T: Real> = ();
    type Room<T: Real> = ShampooRoom<T>;

    fn validate(&self) -> Result<(), Error> {
        check_range("momentum", self.momentum, 0.0, 1.0)?;
        check_positive("eps", self.eps)?;
        check_positive("interval", self.interval as f64)
    }

    fn slots(&self, shape: &[usize]) -> Vec<Slot> {
        let square = |name, side| Slot {
            name,
            shape: vec![side, side],
            initial: Initial::Value(0.0),
        };
        let (left, right) = sides(shape);
        let mut slots = vec![square("left", left), square("left_root", left)];
        if let Some(right) = right {
            slots.extend([square("right", right), square("right_root", right)]);
        }
        slots.push(Slot {
            name: "direction",
            shape: shape.to_vec(),
            initial: Initial::Value(0.0),
        });
        slots
    }

    fn room<T: Real>(&self, shape: &[usize]) -> ShampooRoom<T> {
        let (left, right) = sides(shape);
        let width = right.unwrap_or(1);
        ShampooRoom {
            step: vec![T::default(); left * width],
            gradient: Matrix::zeros(left, width),
            left: Side::new(
                left,
                Product::transposed_right(left, width, left),
                Product::plain(left, left, width),
            ),
            right: right.map(|right| {
                Side::new(
                    right,
                    Product::transposed_left(right, left, right),
                    Product::plain(left, right, right),
                )
            }),
        }
    }

    fn prepare<T: Real>(&self, _context: &StepContext<'_>) {}

    fn update<T: Real>(
        &self,
        context: &StepContext<'_>,
        (): &(),
        blend: &Blend<T>,
        leaf: &mut LeafStep<'_, T>,
        room: &mut ShampooRoom<T>,
    ) -> f64 {
        let ShampooRoom {
            step,
            gradient,
            left,
            right,
        } = room;
        blend.gradient_into(leaf.x, leaf.g, step);
        let (rows, columns) = sides(leaf.shape);
        let (left_slots, rest) = leaf.slots.split_at_mut(2 * rows * rows);
        let (right_slots, direction) = rest.split_at_mut(columns.map_or(0, |side| 2 * side * side));
        for ((g, u), d) in gradient.data.iter_mut().zip(&*step).zip(&*direction) {
            *g = u.to_f64() + self.momentum * (d.to_f64() - u.to_f64());
        }
        let renewal = Renewal {
            first: context.step == 1,
            due: context.step.is_multiple_of(self.interval) || context.step == 1,
            exponent: if columns.is_some() { -0.25 } else { -0.5 },
            eps: self.eps,
        };
        left.observe(left_slots, gradient, renewal);
        let mut preconditioned = left.apply.of(&left.root, gradient);
        if let Some(right) = right {
            right.observe(right_slots, gradient, renewal);
            preconditioned = right.apply.of(preconditioned, &right.root);
        }
        for ((u, d), p) in step.iter_mut().zip(direction).zip(&preconditioned.data) {
            *d = T::from_f64(*p);
            *u = T::from_f64(context.rate * p);
        }
        blend.subtract(leaf.x, step)
    }
}
