//! SM3: second moments by slices along every axis.

use serde::{Deserialize, Serialize};

use crate::error::{check_positive, check_range};
use crate::tensor_rule::{LeafStep, Slot, TensorRule};
use crate::{Blend, Error, Initial, OptimizerBuilder, Real, StepContext};

/// SM3 (Anil et al. 2019): the accumulator of an element is `g^2` plus the least of the maxima of
/// the slices that it lies in, one slice per axis; `m = mu m + (1 - mu) g / sqrt(accumulator +
/// eps)`, `x -= lr m`. Memory grows with the sum of the sizes, not with their product.
///
/// ```
/// use cotangent_optimizers::Sm3;
/// let mut x = vec![1.0_f64];
/// Sm3::new(0.1).momentum(0.0).build(&x)?.step(&mut x, &vec![4.0])?;
/// assert!((x[0] - 0.9).abs() < 1e-9);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sm3 {
    momentum: f64,
    eps: f64,
}

impl Sm3 {
    /// The rule with this learning rate and momentum 0.9.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(
            Self {
                momentum: 0.9,
                eps: 1e-8,
            },
            rate,
        )
    }
}

setters! { Sm3 {
    /// The momentum mu, in [0, 1).
    momentum: f64;
    /// What is added under the root, above 0.
    eps: f64;
} }

/// The coordinate along every axis, and the place of the axis's maxima, of one element.
fn slices(shape: &[usize], element: usize) -> impl Iterator<Item = usize> + '_ {
    let mut inner: usize = shape.iter().product();
    let mut start = 0;
    shape.iter().map(move |&size| {
        inner /= size.max(1);
        let place = start + element / inner.max(1) % size.max(1);
        start += size;
        place
    })
}

impl TensorRule for Sm3 {
    const NAME: &'static str = "sm3";
    type Prepared<T: Real> = T;

    fn validate(&self) -> Result<(), Error> {
        check_range("momentum", self.momentum, 0.0, 1.0)?;
        check_positive("eps", self.eps)
    }

    fn slots(&self, shape: &[usize]) -> Vec<Slot> {
        // A number is a slice of its own.
        let maxima = shape
            .iter()
            .sum::<usize>()
            .max(usize::from(shape.is_empty()));
        let slot = |name, shape| Slot {
            name,
            shape,
            initial: Initial::Value(0.0),
        };
        vec![
            slot("maxima", vec![maxima]),
            slot("momentum", shape.to_vec()),
        ]
    }

    fn work(&self, shape: &[usize]) -> usize {
        2 * shape.iter().product::<usize>() + shape.iter().sum::<usize>().max(1)
    }

    fn prepare<T: Real>(&self, context: &StepContext<'_>) -> T {
        T::from_f64(context.rate)
    }

    fn update<T: Real>(
        &self,
        _context: &StepContext<'_>,
        rate: &T,
        blend: &Blend<T>,
        leaf: &mut LeafStep<'_, T>,
    ) -> f64 {
        let len = leaf.x.len();
        let shape = if leaf.shape.is_empty() {
            &[1]
        } else {
            leaf.shape
        };
        let places = shape.iter().sum();
        let (maxima, momentum) = leaf.slots.split_at_mut(places);
        let (u, work) = leaf.work.split_at_mut(len);
        let new = &mut work[..places];
        new.fill(T::default());
        blend.gradient_into(leaf.x, leaf.g, u);
        let [keep, take, eps] = [self.momentum, 1.0 - self.momentum, self.eps].map(T::from_f64);
        for (element, (u, m)) in u.iter_mut().zip(momentum).enumerate() {
            let least = slices(shape, element)
                .map(|place| maxima[place].to_f64())
                .fold(f64::INFINITY, f64::min);
            let sum = *u * *u + T::from_f64(least);
            for place in slices(shape, element) {
                new[place] = new[place].max(sum);
            }
            let scaled = if sum > T::default() {
                *u / (sum + eps).sqrt()
            } else {
                T::default()
            };
            *m = keep * *m + take * scaled;
            *u = *rate * *m;
        }
        maxima.copy_from_slice(new);
        blend.subtract(leaf.x, u)
    }
}
