//! Shampoo: full-matrix preconditioning of both sides of a matrix.

use serde::{Deserialize, Serialize};

use crate::error::{check_positive, check_range};
use crate::linear::Matrix;
use crate::tensor_rule::{LeafStep, Slot, TensorRule};
use crate::{Blend, Error, Initial, OptimizerBuilder, Real, StepContext};

/// Shampoo (Gupta et al. 2018): `L += G G'`, `R += G' G`, both from `eps I`, and
/// `x -= lr L^(-1/4) G R^(-1/4)`; a vector has one side, `x -= lr L^(-1/2) g`.
///
/// Leaves of more than two axes are matrices of their first axis by all others. The roots are
/// renewed at every `interval`-th step by eigenvalues in double precision, in temporary memory: for
/// sides up to some hundreds.
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

impl TensorRule for Shampoo {
    const NAME: &'static str = "shampoo";
    type Prepared<T: Real> = ();

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

    fn work(&self, shape: &[usize]) -> usize {
        shape.iter().product()
    }

    fn prepare<T: Real>(&self, _context: &StepContext<'_>) {}

    fn update<T: Real>(
        &self,
        context: &StepContext<'_>,
        (): &(),
        blend: &Blend<T>,
        leaf: &mut LeafStep<'_, T>,
    ) -> f64 {
        let u = &mut leaf.work[..leaf.x.len()];
        blend.gradient_into(leaf.x, leaf.g, u);
        let (left, right) = sides(leaf.shape);
        let (left_slots, rest) = leaf.slots.split_at_mut(2 * left * left);
        let (right_slots, direction) = rest.split_at_mut(right.map_or(0, |side| 2 * side * side));
        let mixed = u
            .iter()
            .zip(&*direction)
            .map(|(u, d)| u.to_f64() + self.momentum * (d.to_f64() - u.to_f64()));
        let g = Matrix::new(left, right.unwrap_or(1), mixed.collect());
        let exponent = if right.is_some() { -0.25 } else { -0.5 };
        let renews = context.step.is_multiple_of(self.interval) || context.step == 1;
        let root = self.side(
            left_slots,
            g.times_transposed(&g),
            exponent,
            context.step,
            renews,
        );
        let mut preconditioned = root.times(&g);
        if right.is_some() {
            let root = self.side(
                right_slots,
                g.transposed_times(&g),
                exponent,
                context.step,
                renews,
            );
            preconditioned = preconditioned.times(&root);
        }
        for ((u, d), p) in u.iter_mut().zip(direction).zip(&preconditioned.data) {
            *d = T::from_f64(*p);
            *u = T::from_f64(context.rate * p);
        }
        blend.subtract(leaf.x, u)
    }
}

impl Shampoo {
    /// Adds to the statistics of one side and gives its root; `slots` hold both.
    fn side<T: Real>(
        &self,
        slots: &mut [T],
        added: Matrix,
        exponent: f64,
        step: u64,
        renews: bool,
    ) -> Matrix {
        let side = added.rows;
        let (statistics, root) = slots.split_at_mut(side * side);
        for (index, (sum, added)) in statistics.iter_mut().zip(&added.data).enumerate() {
            let is_start = step == 1 && index % (side + 1) == 0;
            let old = if is_start { self.eps } else { sum.to_f64() };
            *sum = T::from_f64(old + added);
        }
        let read =
            |slots: &[T]| Matrix::new(side, side, slots.iter().map(|x| x.to_f64()).collect());
        if renews {
            let new = read(statistics).power(exponent, self.eps);
            for (root, new) in root.iter_mut().zip(&new.data) {
                *root = T::from_f64(*new);
            }
        }
        read(root)
    }
}
