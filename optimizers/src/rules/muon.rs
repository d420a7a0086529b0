//! Muon: orthogonalised momentum for matrices.

use cotangent_runtime::cpu::MatMul;
use serde::{Deserialize, Serialize};

use crate::error::{check_betas, check_positive, check_range};
use crate::tensor_rule::{LeafStep, Slot, TensorRule};
use crate::{Blend, Error, Initial, OptimizerBuilder, Real, StepContext};

/// Muon (Jordan et al. 2024): the momentum of a matrix is moved to the nearest orthogonal matrix by
/// five Newton-Schulz steps, and `x -= lr scale O`. Leaves that aren't matrices follow Adam.
///
/// Computed in the precision of the leaf (torch itself uses bfloat16). Defaults are torch's: the
/// momentum is a mean and looks ahead, the scale is `sqrt(max(1, rows / columns))`; see
/// [`match_rms`](OptimizerBuilder::match_rms) and [`optax`](OptimizerBuilder::optax).
///
/// ```
/// use cotangent_optimizers::Muon;
/// use cotangent_runtime::Tensor;
/// let mut x = Tensor::<f64>::zeros(&[2, 2]);
/// let slope = Tensor::from_vec(&[2, 2], vec![3.0, 0.0, 0.0, 0.1]).unwrap();
/// Muon::new(0.1).build(&x)?.step(&mut x, &slope)?;
/// // Both directions move by about the rate, whatever the size of the gradient there.
/// assert!(x.data()[0] < -0.05 && x.data()[3] < -0.05);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Muon {
    momentum: f64,
    nesterov: bool,
    rounds: usize,
    eps: f64,
    matched_rms: Option<f64>,
    optax: bool,
    beta1: f64,
    beta2: f64,
    adam_eps: f64,
}

/// The polynomial of a Newton-Schulz step, tuned for speed over accuracy.
const COEFFICIENTS: [f64; 3] = [3.4445, -4.775, 2.0315];

impl Muon {
    /// The rule with this learning rate and torch's defaults.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        let rule = Self {
            momentum: 0.95,
            nesterov: true,
            rounds: 5,
            eps: 1e-7,
            matched_rms: None,
            optax: false,
            beta1: 0.9,
            beta2: 0.999,
            adam_eps: 1e-8,
        };
        OptimizerBuilder::new(rule, rate)
    }
}

setters! { Muon {
    /// The momentum, in [0, 1).
    momentum: f64;
    /// Whether the momentum looks ahead.
    nesterov: bool;
    /// The number of Newton-Schulz steps.
    rounds: usize;
    /// What keeps the norm of a matrix above 0.
    eps: f64;
    /// The eps of Adam for leaves that aren't matrices, above 0.
    adam_eps: f64;
} }

impl OptimizerBuilder<Muon> {
    /// The decays of Adam for leaves that aren't matrices, each in [0, 1).
    #[must_use]
    pub fn betas(mut self, beta1: f64, beta2: f64) -> Self {
        (self.rule.beta1, self.rule.beta2) = (beta1, beta2);
        self
    }

    /// Scales by `rms sqrt(max(rows, columns))`, so that updates have this root mean square: 0.2
    /// is that of AdamW, whose rates then serve.
    #[must_use]
    pub fn match_rms(mut self, rms: f64) -> Self {
        self.rule.matched_rms = Some(rms);
        self
    }

    /// Optax's form: the bias of the momentum is corrected, the scale is
    /// `sqrt(max(1, columns / rows))`, eps 1e-8 is added to the norm.
    #[must_use]
    pub fn optax(mut self) -> Self {
        (self.rule.optax, self.rule.eps) = (true, 1e-8);
        self
    }
}

/// The per-step scalars of [`Muon`].
#[derive(Clone, Copy, Debug)]
pub struct MuonScalars {
    rate: f64,
    /// What the direction takes of momentum and gradient.
    along: f64,
    direct: f64,
    adam_along: f64,
    adam_direct: f64,
    correction2: f64,
}

impl Muon {
    /// Weights of a running mean and the gradient, bias corrected, with the look-ahead.
    fn corrected(&self, context: &StepContext<'_>, beta: f64) -> (f64, f64) {
        let bias = context.bias_correction(beta);
        if !self.nesterov {
            return (bias.recip(), 0.0);
        }
        let next = 1.0 - beta * (1.0 - bias);
        (beta / next, (1.0 - beta) / bias)
    }

    fn scale(&self, rows: usize, columns: usize) -> f64 {
        let (rows, columns) = (rows as f64, columns as f64);
        match self.matched_rms {
            Some(rms) => rms * rows.max(columns).sqrt(),
            None if self.optax => (columns / rows).max(1.0).sqrt(),
            None => (rows / columns).max(1.0).sqrt(),
        }
    }

    /// Replaces the matrix in `x` by a nearly orthogonal one.
    fn orthogonalize<T: Real>(&self, x: &mut [T], room: &mut NewtonSchulz<T>) {
        let norm = x
            .iter()
            .map(|x| x.to_f64() * x.to_f64())
            .sum::<f64>()
            .sqrt();
        let norm = if self.optax {
            norm + self.eps
        } else {
            norm.max(self.eps)
        };
        x.iter_mut()
            .for_each(|x| *x = T::from_f64(x.to_f64() / norm));
        let [a, b, c] = COEFFICIENTS.map(T::from_f64);
        for _ in 0..self.rounds {
            room.to_gram.run(x, x, &mut room.gram);
            room.to_square.run(&room.gram, &room.gram, &mut room.square);
            for (gram, square) in room.gram.iter_mut().zip(&room.square) {
                *gram = b * *gram + c * *square;
            }
            let (left, right) = if room.wide {
                (&*room.gram, &*x)
            } else {
                (&*x, &*room.gram)
            };
            room.to_moved.run(left, right, &mut room.moved);
            for (x, moved) in x.iter_mut().zip(&room.moved) {
                *x = a * *x + *moved;
            }
        }
    }
}

/// What a step over one leaf computes in.
#[derive(Debug)]
pub struct MuonRoom<T: Real> {
    step: Vec<T>,
    /// Where the leaf is a matrix.
    matrix: Option<NewtonSchulz<T>>,
}

/// Newton-Schulz steps of matrices of one size.
#[derive(Debug)]
struct NewtonSchulz<T: Real> {
    /// The smaller side gives the smaller products: X X' if there are fewer rows, else X' X.
    wide: bool,
    to_gram: MatMul<T>,
    gram: Vec<T>,
    to_square: MatMul<T>,
    square: Vec<T>,
    to_moved: MatMul<T>,
    moved: Vec<T>,
}

impl<T: Real> NewtonSchulz<T> {
    fn new(rows: usize, columns: usize) -> Self {
        let wide = rows <= columns;
        let (side, other) = (rows.min(columns), rows.max(columns));
        let room = |len| vec![T::default(); len];
        Self {
            wide,
            to_gram: MatMul::with(side, other, side, [!wide, wide], false),
            gram: room(side * side),
            to_square: MatMul::new(side, side, side),
            square: room(side * side),
            to_moved: MatMul::new(rows, side, columns),
            moved: room(rows * columns),
        }
    }
}

impl TensorRule for Muon {
    const NAME: &'static str = "muon";
    type Prepared<T: Real> = MuonScalars;
    type Room<T: Real> = MuonRoom<T>;

    fn validate(&self) -> Result<(), Error> {
        check_range("momentum", self.momentum, 0.0, 1.0)?;
        check_positive("eps", self.eps)?;
        check_positive(
            "the matched root mean square",
            self.matched_rms.unwrap_or(1.0),
        )?;
        check_betas(self.beta1, self.beta2)?;
        check_positive("adam_eps", self.adam_eps)
    }

    fn slots(&self, shape: &[usize]) -> Vec<Slot> {
        let slot = |name| Slot {
            name,
            shape: shape.to_vec(),
            initial: Initial::Value(0.0),
        };
        match shape {
            [_, _] => vec![slot("momentum")],
            _ => vec![slot("m"), slot("v")],
        }
    }

    fn room<T: Real>(&self, shape: &[usize]) -> MuonRoom<T> {
        MuonRoom {
            step: vec![T::default(); shape.iter().product()],
            matrix: match *shape {
                [rows, columns] => Some(NewtonSchulz::new(rows, columns)),
                _ => None,
            },
        }
    }

    fn prepare<T: Real>(&self, context: &StepContext<'_>) -> MuonScalars {
        let (along, direct) = if self.optax {
            self.corrected(context, self.momentum)
        } else if self.nesterov {
            (self.momentum, 1.0 - self.momentum)
        } else {
            (1.0, 0.0)
        };
        let (adam_along, adam_direct) = if self.optax {
            self.corrected(context, self.beta1)
        } else {
            (context.bias_correction(self.beta1).recip(), 0.0)
        };
        MuonScalars {
            rate: context.rate,
            along,
            direct,
            adam_along,
            adam_direct,
            correction2: context.bias_correction(self.beta2).recip(),
        }
    }

    fn update<T: Real>(
        &self,
        _context: &StepContext<'_>,
        s: &MuonScalars,
        blend: &Blend<T>,
        leaf: &mut LeafStep<'_, T>,
        room: &mut MuonRoom<T>,
    ) -> f64 {
        let u = &mut room.step;
        blend.gradient_into(leaf.x, leaf.g, u);
        if let ([rows, columns], Some(matrix)) = (leaf.shape, &mut room.matrix) {
            let [take, along, direct] = [1.0 - self.momentum, s.along, s.direct].map(T::from_f64);
            for (u, m) in u.iter_mut().zip(&mut *leaf.slots) {
                *m += take * (*u - *m);
                *u = along * *m + direct * *u;
            }
            self.orthogonalize(u, matrix);
            let scale = T::from_f64(s.rate * self.scale(*rows, *columns));
            u.iter_mut().for_each(|u| *u *= scale);
        } else {
            let (m, v) = leaf.slots.split_at_mut(u.len());
            let constants = [
                1.0 - self.beta1,
                1.0 - self.beta2,
                s.rate * s.adam_along,
                s.rate * s.adam_direct,
                s.correction2,
                self.adam_eps,
            ];
            let [take1, take2, along, direct, correction2, eps] = constants.map(T::from_f64);
            for ((u, m), v) in u.iter_mut().zip(m).zip(v) {
                *m += take1 * (*u - *m);
                *v += take2 * (*u * *u - *v);
                *u = (along * *m + direct * *u) / ((*v * correction2).sqrt() + eps);
            }
        }
        blend.subtract(leaf.x, u)
    }
}
