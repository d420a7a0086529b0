//! SOAP: Adam in the eigenbasis of Shampoo.

use serde::{Deserialize, Serialize};

use crate::error::{check_betas, check_positive};
use crate::linear::{Basis, Eigen, Matrix, Product};
use crate::tensor_rule::{LeafStep, Slot, TensorRule};
use crate::{Blend, Error, Initial, OptimizerBuilder, Real, StepContext};

/// SOAP (Vyas et al. 2024): Adam on the gradient of a matrix in the eigenbasis of the running
/// means of `G G'` and `G' G`, which one step of power iteration renews at every `interval`-th
/// step. Leaves of one axis or none follow Adam.
///
/// As its authors' code does, the first call only makes the basis: no parameter moves but by
/// decay, which comes after the update. Bases are computed in double precision: for sides up to some
/// hundreds.
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

/// What a step over one leaf computes in.
#[derive(Debug)]
pub struct SoapRoom<T> {
    step: Vec<T>,
    /// The gradient, then the direction; where the leaf is no matrix, in one row.
    direction: Matrix,
    matrix: Option<MatrixRoom>,
}

/// What a step over a matrix computes in, in double precision.
#[derive(Debug)]
struct MatrixRoom {
    /// Momentum, or second moments before their columns move.
    moment: Matrix,
    left: Side,
    right: Side,
    rotated: [Product; 2],
    projected: Product,
    projected_moment: Product,
    back: Product,
}

/// One side of the matrix.
#[derive(Debug)]
struct Side {
    square: Product,
    statistics: Matrix,
    basis: Matrix,
    eigen: Eigen,
    product: Product,
    sorted: Matrix,
    orthogonal: Basis,
    /// The columns of the last basis in the order in which the new one took them.
    order: Vec<usize>,
}

impl Side {
    fn new(size: usize, square: Product) -> Self {
        Self {
            square,
            statistics: Matrix::zeros(size, size),
            basis: Matrix::zeros(size, size),
            eigen: Eigen::new(size),
            product: Product::plain(size, size, size),
            sorted: Matrix::zeros(size, size),
            orthogonal: Basis::new(size),
            order: (0..size).collect(),
        }
    }

    /// Moves the statistics towards the square of the gradient.
    fn observe<T: Real>(&mut self, statistics: &mut [T], gradient: &Matrix, take: f64) {
        let square = self.square.of(gradient, gradient);
        for (s, p) in statistics.iter_mut().zip(&square.data) {
            *s = T::from_f64(s.to_f64() + take * (p - s.to_f64()));
        }
        self.statistics.read(statistics);
    }

    /// The first basis: eigenvectors, those of the largest values first.
    fn start<T: Real>(&mut self, basis: &mut [T]) {
        self.eigen.decompose(&self.statistics);
        descending(&mut self.order, &self.eigen.values);
        self.sorted.take_columns(&self.eigen.vectors, &self.order);
        self.sorted.write(basis);
    }

    /// A step of power iteration.
    fn renew<T: Real>(&mut self, basis: &mut [T]) {
        let product = self.product.of(&self.statistics, &self.basis);
        let size = product.rows;
        for (column, value) in self.eigen.values.iter_mut().enumerate() {
            let entries = (0..size).map(|row| row * size + column);
            *value = entries
                .map(|at| self.basis.data[at] * product.data[at])
                .sum();
        }
        descending(&mut self.order, &self.eigen.values);
        self.sorted.take_columns(product, &self.order);
        self.orthogonal.of(&self.sorted).write(basis);
    }
}

/// Sorts the numbers of `values` by their size, the largest first.
fn descending(order: &mut [usize], values: &[f64]) {
    // Equal ones by number: so a sort that allocates nothing is a stable one.
    order.sort_unstable_by(|&a, &b| values[b].total_cmp(&values[a]).then(a.cmp(&b)));
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
    type Room<T: Real> = SoapRoom<T>;

    fn validate(&self) -> Result<(), Error> {
        check_betas(self.beta1, self.beta2)?;
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

    fn room<T: Real>(&self, shape: &[usize]) -> SoapRoom<T> {
        let len = shape.iter().product();
        let [rows, columns] = matrix(shape).unwrap_or([1, len]);
        let room = |[m, n]: [usize; 2]| MatrixRoom {
            moment: Matrix::zeros(m, n),
            left: Side::new(m, Product::transposed_right(m, n, m)),
            right: Side::new(n, Product::transposed_left(n, m, n)),
            rotated: [Product::transposed_left(m, m, n), Product::plain(m, m, n)],
            projected: Product::plain(m, n, n),
            projected_moment: Product::plain(m, n, n),
            back: Product::transposed_right(m, n, n),
        };
        SoapRoom {
            step: vec![T::default(); len],
            direction: Matrix::zeros(rows, columns),
            matrix: matrix(shape).map(room),
        }
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
        room: &mut SoapRoom<T>,
    ) -> f64 {
        let SoapRoom {
            step,
            direction,
            matrix,
        } = room;
        blend.gradient_into(leaf.x, leaf.g, step);
        direction.read(step);
        let (m, rest) = leaf.slots.split_at_mut(step.len());
        let (v, bases) = rest.split_at_mut(step.len());
        match matrix {
            None if s.first => {}
            None => self.adam(m, v, &mut direction.data),
            Some(matrix) => self.matrix_direction(m, v, bases, direction, matrix, s),
        }
        let keep = T::from_f64(1.0 - s.decay);
        for ((u, x), d) in step.iter_mut().zip(&*leaf.x).zip(&direction.data) {
            // Decay follows the update: x (1 - decay) - keep step.
            let step = T::from_f64(s.rate * d);
            *u = if s.first {
                T::default()
            } else {
                *x - keep * (*x - step)
            };
        }
        blend.subtract(leaf.x, step)
    }
}

impl Soap {
    /// Replaces a gradient by Adam's direction, without bias correction.
    fn adam<T: Real>(&self, m: &mut [T], v: &mut [T], g: &mut [f64]) {
        for ((m, v), g) in m.iter_mut().zip(v).zip(g) {
            let (first, second) = (m.to_f64(), v.to_f64());
            let (first, second) = (
                first + (1.0 - self.beta1) * (*g - first),
                second + (1.0 - self.beta2) * (*g * *g - second),
            );
            (*m, *v) = (T::from_f64(first), T::from_f64(second));
            *g = first / (second.sqrt() + self.eps);
        }
    }

    /// As `adam`, in the basis; `slots` are statistics and basis of the left side and of the right
    /// one.
    fn matrix_direction<T: Real>(
        &self,
        m: &mut [T],
        v: &mut [T],
        slots: &mut [T],
        g: &mut Matrix,
        room: &mut MatrixRoom,
        s: &SoapScalars,
    ) {
        let (left, right) = slots.split_at_mut(2 * g.rows * g.rows);
        let (left_statistics, left_basis) = left.split_at_mut(g.rows * g.rows);
        let (right_statistics, right_basis) = right.split_at_mut(g.columns * g.columns);
        room.left.basis.read(left_basis);
        room.right.basis.read(right_basis);
        let (q, r) = (&room.left.basis, &room.right.basis);
        if !s.first {
            for (m, g) in m.iter_mut().zip(&g.data) {
                *m = T::from_f64(m.to_f64() + (1.0 - self.beta1) * (g - m.to_f64()));
            }
            room.moment.read(m);
            let [to, back] = &mut room.rotated;
            let projected = room.projected.of(to.of(q, g), r);
            let scaled = room.projected_moment.of(to.of(q, &room.moment), r);
            for ((v, g), m) in v.iter_mut().zip(&projected.data).zip(&mut scaled.data) {
                let second = v.to_f64() + (1.0 - self.beta2) * (g * g - v.to_f64());
                *v = T::from_f64(second);
                *m /= second.sqrt() + self.eps;
            }
            room.back.of(back.of(q, scaled), r);
        }
        let take = 1.0 - self.beta2;
        room.left.observe(left_statistics, g, take);
        room.right.observe(right_statistics, g, take);
        if !s.first {
            g.data.copy_from_slice(&room.back.result().data);
        }
        if s.first {
            room.left.start(left_basis);
            room.right.start(right_basis);
        } else if s.renews {
            // Second moments follow the columns of the basis that they belong to.
            room.left.renew(left_basis);
            room.right.renew(right_basis);
            room.moment.read(v);
            let rows = v.chunks_exact_mut(g.columns.max(1));
            for (v, &row) in rows.zip(&room.left.order) {
                let old = &room.moment.data[row * g.columns..][..g.columns];
                for (v, &column) in v.iter_mut().zip(&room.right.order) {
                    *v = T::from_f64(old[column]);
                }
            }
        }
    }
}
